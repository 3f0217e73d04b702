"""`db`, `sources` and `config`: what stands behind the graph."""

import shutil
from pathlib import Path

import pytest

from datasources.registry import Domain
from tests.cli.conftest import Run

DOMAINS = [domain.value.lower() for domain in Domain]


def test_a_database_is_upgraded_once(run: Run, state: Path) -> None:
    assert run("db", "upgrade") == (0, "demo: upgraded\n", "")
    assert run("db", "upgrade") == (0, "demo: is up to date\n", "")
    assert (state / "demo.sqlite").exists()


def test_a_database_can_be_named(run: Run, tmp_path: Path) -> None:
    assert run("db", "upgrade", "--database-url", f"sqlite:///{tmp_path / 'own.sqlite'}").out == "demo: upgraded\n"
    assert (tmp_path / "own.sqlite").exists()


def test_an_upgrade_that_fails_is_told_in_a_line(run: Run, tmp_path: Path) -> None:
    broken = tmp_path / "broken.sqlite"
    broken.write_bytes(b"no database " * 100)
    assert run("db", "upgrade", "--database-url", f"sqlite:///{broken}") == (
        1,
        "",
        "error: upgrading the schema of demo failed, nothing was changed (DatabaseError: file is not a database)\n",
    )


def test_sources_lists_every_domain(run: Run, config: Path) -> None:
    ended = run("sources", "--config", str(config))
    rows = [line.strip("│").split("│") for line in ended.out.splitlines() if line.startswith("│")]
    expected = [(domain, "loyalty", "sql", "ok") for domain in DOMAINS]
    expected[DOMAINS.index("tickets")] = ("tickets", "none", "", "not set up")
    assert [tuple(cell.strip() for cell in row) for row in rows] == expected
    assert (ended.code, ended.err) == (0, "")


def test_a_source_that_does_not_answer_is_shown(run: Run) -> None:
    ended = run("sources", "--database-url", "postgresql://nobody@127.0.0.1:1/none")
    assert ended.code == 1
    assert ended.out.count("SOURCE_UNAVAILABLE") == len(DOMAINS)


def test_config_and_database_url_exclude_each_other(run: Run, config: Path) -> None:
    ended = run("sources", "--config", str(config), "--database-url", "sqlite://")
    assert ended.code == 2
    assert ended.err.endswith("Error: Invalid value for --database-url: give either --config or --database-url\n")


def test_a_good_config_passes(run: Run, config: Path) -> None:
    config.write_text(config.read_text() + '[sources.spare]\nkind = "sql"\nurl = "sqlite:///spare.sqlite"\n')
    assert run("config", "check", str(config)) == (
        0,
        f"{config}: nothing is wrong (1 sources, 7 roles)\n"
        "notifier: messages are told to the log and sent to nobody\n"
        "signing: no key, so nobody can sign in as a test persona\n"
        "sources.spare: serves no domain\n",
        "",
    )


@pytest.fixture
def split(filled: Path, config: Path, tmp_path: Path) -> Path:
    """A config of a program whose audit log and points are kept in other databases than the rest."""
    for name in ("trail", "points"):
        shutil.copy(filled / "demo.sqlite", tmp_path / f"{name}.sqlite")
    sources = "".join(
        f'[sources.{name}]\nkind = "sql"\nurl = "sqlite:///{tmp_path / name}.sqlite"\n' for name in ("trail", "points")
    )
    bound = '[domains]\naudit = "trail"\npoints = "points"'
    config.write_text(config.read_text().replace("[domains]", f"{sources}{bound}"))
    return config


def test_the_databases_of_a_split_program_are_told_anew_and_what_waits_is_shown(run: Run, split: Path) -> None:
    assert run("db", "tell", "--config", str(split)) == (0, "loyalty: 3 customers are told of\n", "")
    ended = run("sources", "--config", str(split))
    told = [line.rpartition(", ")[0] for line in ended.out.splitlines() if " wait for " in line]
    assert told == [f"loyalty: 3 messages wait for source:{name}" for name in ("points", "trail")]
    assert ended.code == 0


def test_nobody_is_told_where_one_database_serves_all(run: Run, config: Path) -> None:
    assert run("db", "tell", "--config", str(config)) == (
        1,
        "",
        "error: all domains are served from one database, which tells nobody\n",
    )


def test_a_config_tells_what_one_database_cant_change_together(run: Run, split: Path) -> None:
    refused = ("transactions", "tiers", "campaigns", "promo_codes")
    assert run("config", "check", str(split)).out.splitlines()[3:] == [
        f"domains.{domain}: what changes points as well is refused, loyalty does not serve that" for domain in refused
    ]


def test_every_fault_of_a_config_is_told(run: Run, config: Path) -> None:
    config.write_text(config.read_text().replace("port = 0", "prot = 0").replace('"none"', '"elsewhere"'))
    assert run("config", "check", str(config)) == (
        2,
        "",
        "error: server.prot: unknown key\nerror: domains.tickets: unknown source 'elsewhere'\n",
    )


def test_a_config_that_is_not_there_is_told(run: Run, tmp_path: Path) -> None:
    ended = run("config", "check", str(tmp_path / "none.toml"))
    assert (ended.code, ended.out, ended.err.count("\n")) == (2, "", 1)
