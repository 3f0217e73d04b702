"""`demo` and `serve` in processes of their own: what they print, what they refuse, and that they stop when told."""

import signal
import socket
from pathlib import Path

import httpx2
import pytest

from gateway.development import DevelopmentKey
from tests.cli.conftest import Run, serving


def ask(url: str, token: str, query: str) -> object:
    response = httpx2.post(url, json={"query": query}, headers={"authorization": f"Bearer {token}"}, timeout=60)
    return response.json()


def test_the_demo_loads_serves_and_gives_a_token_for_every_role() -> None:
    with serving("demo", "--households", "2", "--port", "0") as first:
        assert first.lines[0].startswith("Loaded 2 households, ")
        rows = [line.split() for line in first.lines[2:9]]
        tokens = {row[0]: row[-1] for row in rows}
        assert [(row[0], " ".join(row[1:-1])) for row in rows] == [
            ("admin", "everyone"),
            ("care_agent", "everyone"),
            ("store_associate", "store 401"),
            ("analyst", "everyone"),
            ("privacy_officer", "everyone"),
            ("service", "everyone"),
            ("member", "customer CJ-000002"),
        ]
        for role, token in tokens.items():
            assert ask(first.url, token, "{ viewer { roles } }") == {"data": {"viewer": {"roles": [role]}}}
        found = ask(first.url, tokens["member"], "{ me { supportId } }")
        assert found == {"data": {"me": {"supportId": "CJ-000002"}}}
        assert httpx2.get(first.url, headers={"accept": "text/html"}).status_code == 200
        first.process.send_signal(signal.SIGINT)
        assert first.process.wait(30) == 130
    with serving("demo", "--port", "0") as again:
        assert again.lines[0].startswith("role ")
        count = ask(again.url, tokens["admin"], "{ customers(first: 25) { totalCount } }")
        assert count == {"data": {"customers": {"totalCount": 2}}}


def test_serve_serves_and_ends_when_told(config: Path) -> None:
    with serving("serve", "--config", str(config)) as served:
        health = httpx2.get(served.url.replace("/graphql", "/readyz"))
        assert (health.status_code, health.json()) == (200, {"status": "ok"})
        token = DevelopmentKey().mint("admin")
        answer = httpx2.post(served.url, json={"query": "{ __typename }"}, headers={"authorization": f"Bearer {token}"})
        assert answer.status_code == 401, "a production config does not believe the development key"
        served.process.send_signal(signal.SIGINT)
        assert served.process.wait(30) == 130


def test_workers_that_would_each_keep_a_cache_of_their_own_are_refused(config: Path, run: Run) -> None:
    config.write_text(config.read_text() + "[cache.ttl_s]\nnotes = 60\n")
    ended = run("serve", "--config", str(config), "--workers", "2")
    assert (ended.code, ended.out) == (1, "")
    assert ended.err == (
        "error: without [redis] each worker keeps its own cache, and serves what another has changed: configure one, "
        "cache nothing, or serve with one worker\n"
    )


def test_serve_for_development_believes_the_development_key_and_opens_the_search_asked_for(
    demo_state: Path, config: Path
) -> None:
    options = ("--dev", "--workers", "2", "--search-mode", "exact")
    with serving("serve", "--config", str(config), *options) as served:
        token = DevelopmentKey(demo_state).mint("analyst")
        found = ask(served.url, token, '{ viewer { roles } customerLookup(value: "2") { outcome } }')
        assert found == {"data": {"viewer": {"roles": ["analyst"]}, "customerLookup": {"outcome": "FOUND"}}}


def test_serve_refuses_a_database_without_schema_and_makes_it_when_asked(
    run: Run, config: Path, tmp_path: Path
) -> None:
    file = tmp_path / "new.sqlite"
    lines = [line for line in config.read_text().splitlines() if not line.startswith("url")]
    lines.insert(lines.index('kind = "sql"'), f'url = "sqlite:///{file}"')
    config.write_text("\n".join(lines))
    assert run("serve", "--config", str(config)) == (
        1,
        "",
        "error: the database of the source loyalty has no schema yet: run `customer-graph db upgrade` first, "
        "or serve with --migrate\n",
    )
    assert not file.exists()
    with serving("serve", "--config", str(config), "--migrate") as served:
        assert served.lines == [f"Serving {served.url}"]


def test_a_wrong_master_key_is_told_before_anything_is_loaded(
    run: Run, demo_state: Path, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CUSTOMER_GRAPH_STATE", str(state))
    url = f"sqlite:///{demo_state / 'demo.sqlite'}"
    assert run("demo", "--households", "9", "--port", "0", "--database-url", url) == (
        1,
        "",
        "error: the database of the source demo was filled with another master key: set that one\n",
    )


def test_a_port_in_use_is_told_before_loading(run: Run, state: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert run("demo", "--port", str(port)) == (
            1,
            "",
            f"error: port {port} of 127.0.0.1 is in use: choose another one (0 takes any that is free)\n",
        )
    assert [file.name for file in state.iterdir()] == ["development.key"]


def test_a_database_that_is_not_there_is_told(run: Run) -> None:
    assert run("demo", "--port", "0", "--database-url", "postgresql://nobody@127.0.0.1:1/none") == (
        1,
        "",
        "error: opening the database: the source demo is not available, try again later (ConnectionRefusedError)\n",
    )


@pytest.mark.parametrize("command", ["demo", "serve", "import", "token", "sources", "db", "audit", "schema", "config"])
def test_every_command_explains_itself(run: Run, command: str) -> None:
    ended = run(command, "--help")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.startswith(f"Usage: root {command} ")


def test_an_old_schema_is_told_whichever_other_database_is_down(config: Path, run: Run, tmp_path: Path) -> None:
    down, empty = "postgresql+asyncpg://nobody@127.0.0.1:1/none", f"sqlite:///{tmp_path / 'none.sqlite'}"
    sections = f'[sources.main]\nkind = "sql"\nurl = "{down}"\n[sources.other]\nkind = "sql"\nurl = "{empty}"\n'
    config.write_text(config.read_text() + sections)
    assert run("serve", "--config", str(config)) == (
        1,
        "",
        "error: the database of the source other has no schema yet: run `customer-graph db upgrade` first, or serve with --migrate\n",
    )
