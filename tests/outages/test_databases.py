"""What a database may do to the gateway: be slow, refuse, be full, and be left in the middle of a read."""

import asyncio
import sqlite3
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from datasources.errors import SourceCrowded, SourceRefused, SourceTimedOut, SourceUnavailable
from datasources.sql.engine import Database
from datasources.sql.sealing import MasterKey

MASTER = MasterKey(b"k" * 32)
PERSON = "jane@example.com"
COUNTING = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n"
"""Never ends."""
WRITER = """
import sqlite3, sys
file = sqlite3.connect(sys.argv[1], isolation_level=None)
file.execute("PRAGMA synchronous = OFF")
for number in range(300):
    file.execute("INSERT INTO numbers VALUES (?)", (number,))
file.execute("BEGIN IMMEDIATE")
file.execute("DELETE FROM numbers")
print("writing", flush=True)
sys.stdin.read()
"""


@pytest.fixture
async def postgres(postgres_url: str) -> AsyncIterator[Database]:
    database = Database("main", postgres_url, MASTER, pool_size=2)
    await database.open()
    yield database
    await database.close()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "a file %41?#.sqlite"
    with sqlite3.connect(path) as made:
        made.execute("PRAGMA journal_mode = WAL")
        made.execute("CREATE TABLE numbers (number INTEGER)")
    made.close()
    return path


@pytest.fixture
async def sqlite(file: Path) -> AsyncIterator[Database]:
    database = Database("main", f"sqlite+aiosqlite:///{str(file).replace('?', '%3F').replace('%41', '%2541')}", MASTER)
    await database.open()
    yield database
    await database.close()


async def test_reads_that_are_cancelled_leave_the_pool_idle_and_answers_to_their_own_askers(postgres: Database) -> None:
    await asyncio.gather(*(postgres.dialect.fetch("SELECT pg_sleep(0.05)", ()) for _ in range(2)))
    for number in range(200):
        running = asyncio.create_task(postgres.dialect.fetch("SELECT pg_sleep(0.05), $1::int", [number]))
        await asyncio.sleep(number % 7 / 1_000)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
    connections = postgres.dialect._connections  # type: ignore[attr-defined]  # of PostgreSQL
    await asyncio.gather(*connections._returning)
    assert connections.idle == connections.taken <= 2
    answers = await asyncio.gather(*(postgres.dialect.fetch("SELECT $1::int", [number]) for number in range(20)))
    assert [rows[0][0] for rows in answers] == list(range(20))


async def test_reads_that_are_cancelled_are_stopped_in_sqlite_too(sqlite: Database) -> None:
    for _ in range(20):
        running = asyncio.create_task(sqlite.dialect.fetch(COUNTING, ()))
        await asyncio.sleep(0.01)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
    answers = await asyncio.gather(*(sqlite.dialect.fetch("SELECT ?", [number]) for number in range(20)))
    assert [rows[0][0] for rows in answers] == list(range(20))


async def test_a_statement_that_takes_too_long_is_ended_and_the_connection_used_again(
    postgres_url: str, sqlite: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    for dialect in ("postgres", "sqlite"):
        monkeypatch.setattr(f"datasources.sql.{dialect}.STATEMENT_TIMEOUT_S", 0.2)
    postgres = Database("main", postgres_url, MASTER, pool_size=1)
    await postgres.open()
    for database, slow in ((postgres, "SELECT pg_sleep(5)"), (sqlite, COUNTING)):
        began = time.monotonic()
        with pytest.raises(SourceTimedOut) as raised:
            await database.dialect.fetch(slow, ())
        assert time.monotonic() - began < 4
        assert str(raised.value) == "reading: the source main did not answer in time, try again later."
        assert [tuple(row) for row in await database.dialect.fetch("SELECT 1", ())] == [(1,)]
    await postgres.close()


async def test_the_server_bounds_statements_as_well(postgres: Database) -> None:
    assert (await postgres.dialect.fetch("SHOW statement_timeout", ()))[0][0] == "5s"


async def test_who_gets_no_connection_within_a_second_waits_no_longer(
    postgres: Database, sqlite: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("datasources.sql.sqlite.CHECKOUT_S", 1.0)
    for database, slow in ((postgres, "SELECT pg_sleep(2)"), (sqlite, COUNTING)):
        busy = [asyncio.create_task(database.dialect.fetch(slow, ())) for _ in range(2)]
        await asyncio.sleep(0.1)
        began = time.monotonic()
        with pytest.raises(SourceCrowded):
            await database.ping()
        assert 0.9 < time.monotonic() - began < 4
        for task in busy:
            task.cancel()
        await asyncio.gather(*busy, return_exceptions=True)
        await database.ping()


async def test_a_process_that_was_held_up_does_not_hold_it_against_who_waits(postgres_url: str) -> None:
    postgres = Database("main", postgres_url, MASTER, pool_size=1)
    await postgres.open()
    slow = asyncio.create_task(postgres.dialect.fetch("SELECT pg_sleep(0.2)", ()))
    await asyncio.sleep(0.1)
    waiting = asyncio.create_task(postgres.dialect.fetch("SELECT 1", ()))
    await asyncio.sleep(0)
    time.sleep(1.5)  # noqa: ASYNC251  # as rows that are made of many records do
    assert [tuple(row) for row in await waiting] == [(1,)]
    await slow
    await postgres.close()


async def test_what_a_database_refuses_is_told_without_the_values(postgres: Database, sqlite: Database) -> None:
    refusals: list[tuple[Database, str, list[object]]] = [
        (postgres, "SELECT $1::int", [PERSON]),
        (postgres, "SELECT $1::int", [2**40]),
        (postgres, "SELECT $1::text", ["\x00"]),
        (postgres, "SELECT $1::text", ["\ud800"]),
        (postgres, "SELECT $1::text::int", [PERSON]),
        (postgres, "SELECT * FROM missing", []),
        (postgres, "SELECT FROM WHERE", []),
        (sqlite, "SELECT * FROM missing", []),
        (sqlite, "SELECT FROM WHERE", []),
        (sqlite, "SELECT ?", [2**70]),
        (sqlite, "SELECT ?", ["\ud800"]),
        (sqlite, "SELECT ?", [object()]),
    ]
    for database, statement, values in refusals:
        with pytest.raises(SourceRefused) as raised:
            await database.dialect.fetch(statement, values)
        assert (str(raised.value), raised.value.retryable) == ("reading: the source main can't do this.", False)


async def test_a_database_that_is_not_there_is_unavailable_and_its_url_not_told() -> None:
    urls = ["postgresql+asyncpg://jane:secret@127.0.0.1:1/none", "sqlite+aiosqlite:////nowhere/jane.sqlite"]
    for database in [Database("main", url, MASTER) for url in urls]:
        await database.open()
        with pytest.raises(SourceUnavailable) as raised:
            await database.ping()
        assert str(raised.value) == "reading: the source main is not available, try again later."
        await database.close()


async def test_a_file_that_comes_later_is_read(tmp_path: Path) -> None:
    database = Database("main", f"sqlite+aiosqlite:///{tmp_path / 'late.sqlite'}", MASTER)
    await database.open()
    with pytest.raises(SourceUnavailable):
        await database.ping()
    sqlite3.connect(tmp_path / "late.sqlite").close()
    await database.ping()
    await database.close()


@pytest.fixture
def writer(file: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process that writes 300 rows one by one, begins to delete them, and says so."""
    command = [sys.executable, "-c", WRITER, str(file)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        yield process
        process.communicate()


async def test_a_file_is_read_beside_the_process_that_writes_it(
    sqlite: Database, writer: subprocess.Popen[bytes]
) -> None:
    assert writer.stdout is not None
    counts = []
    said = asyncio.create_task(asyncio.to_thread(writer.stdout.readline))
    while not said.done():
        counts.append((await sqlite.dialect.fetch("SELECT count(*) FROM numbers", ()))[0][0])
    assert await said == b"writing\n"
    assert counts == sorted(counts)
    assert (await sqlite.dialect.fetch("SELECT count(*) FROM numbers", ()))[0][0] == 300


async def test_nothing_can_be_written(sqlite: Database) -> None:
    with pytest.raises(SourceUnavailable):
        await sqlite.dialect.fetch("DELETE FROM numbers", ())
