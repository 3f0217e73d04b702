"""The demo program's database: loaded once a run, copied for whoever writes."""

import asyncio
import datetime as dt
import shutil
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol
from uuid import uuid4

import asyncpg
from sqlalchemy import URL, make_url

from datasources.importing import load_completejourney
from datasources.sql.schema import analyze, upgrade

AS_OF = dt.date(2026, 1, 31)
HOUSEHOLDS = 60
MASTER_KEY = b"k" * 32


class Demo(Protocol):
    """A loaded database that nobody writes to."""

    name: str
    url: str

    def copy(self) -> str:
        """The URL of a database of one's own with the same content."""
        ...


def load(url: str) -> None:
    """Make the schema and load the demo program."""
    asyncio.run(upgrade("demo", url))
    load_completejourney(url, as_of=AS_OF, master_key=MASTER_KEY, households=HOUSEHOLDS)
    asyncio.run(analyze("demo", url))


class SqliteDemo:
    """A file, and files copied from it."""

    name = "sqlite"

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file = folder / "demo.sqlite"
        self.url = f"sqlite+aiosqlite:///{self._file}"
        load(self.url)

    def copy(self) -> str:
        file = self._folder / f"{uuid4().hex}.sqlite"
        shutil.copyfile(self._file, file)
        return f"sqlite+aiosqlite:///{file}"


class PostgresDemo:
    """A template that nobody is connected to, and databases made from it."""

    name = "postgres"

    def __init__(self, server: str) -> None:
        self._server = make_url(server)
        self._made: list[str] = []
        self._template = self._make()
        load(self._url_of(self._template))
        self.url = self.copy()

    def copy(self) -> str:
        return self._url_of(self._make(self._template))

    def drop(self) -> None:
        """Drop all that was made."""
        for name in reversed(self._made):
            finished(execute(self._server, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'))

    def _make(self, template: str = "template1") -> str:
        name = f"customer_graph_test_{uuid4().hex}"
        finished(execute(self._server, f'CREATE DATABASE "{name}" TEMPLATE "{template}"'))
        self._made.append(name)
        return name

    def _url_of(self, database: str) -> str:
        return self._server.set(database=database).render_as_string(hide_password=False)


def finished(work: Coroutine[Any, Any, None]) -> None:
    """Wait for the work in a thread of its own: whoever copies a database may be in a loop already."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, work).result()


async def execute(server: URL, statement: str) -> None:
    """Run a statement outside any transaction."""
    connection = await asyncpg.connect(
        host=server.query.get("host") or server.host,
        port=server.port,
        user=server.username,
        password=server.password,
        database=server.database,
    )
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


@contextmanager
def postgres_demo(server: str) -> Iterator[PostgresDemo]:
    """The demo on a PostgreSQL server, gone afterwards."""
    demo = PostgresDemo(server)
    try:
        yield demo
    finally:
        demo.drop()
