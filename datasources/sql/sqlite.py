"""SQLite as the SQL source sees it, by aiosqlite."""

import asyncio
import datetime as dt
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import quote
from uuid import UUID

import aiosqlite
from sqlalchemy import (
    ColumnElement,
    FromClause,
    LargeBinary,
    Select,
    Table,
    Text,
    and_,
    bindparam,
    func,
    literal_column,
    select,
    tuple_,
)
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.dialects.sqlite.aiosqlite import dialect as sqlite_dialect
from sqlalchemy.engine import URL
from sqlalchemy.engine import Dialect as SqlDialect
from sqlalchemy.sql.expression import column
from sqlalchemy.types import TypeEngine

from datasources.errors import SourceCrowded, SourceTimedOut, SourceUnavailable
from datasources.sql.dialect import Ordered, Values
from datasources.sql.failures import SQLITE_ERRORS, of_sqlite
from datasources.sql.transacting import BYTES, Made, Rows, SqliteWriter, Steps
from datasources.sql.types import to_micros

STATEMENT_TIMEOUT_S = 5.0
CONNECTIONS = 2
INTERRUPTED_EVERY_S = 0.01
CHECKOUT_S = 5.0
"""Longer than for PostgreSQL, since few connections serve all requests that run, and waiting for one is waiting for this process to compute."""


class Sqlite:
    """SQLite by aiosqlite: a few reading connections, each with its own thread; WAL lets them read beside a writer."""

    name = "sqlite"
    joins_reads = is_stepped = False

    def __init__(self, url: URL, source: str, pool_size: int) -> None:
        self.compiler: SqlDialect = sqlite_dialect(paramstyle="qmark")
        self._path, self._source = url.database or ":memory:", source
        self._size = max(1, min(pool_size, CONNECTIONS))
        self._idle: asyncio.LifoQueue[aiosqlite.Connection | None] | None = None
        self._connections: set[aiosqlite.Connection] = set()
        self._stopping: set[asyncio.Task[None]] = set()
        self._writer: SqliteWriter | None = None
        self.trips = 0

    def keys(self, named: str = "keys", /, **columns: TypeEngine[Any]) -> FromClause:
        """`json_each` of a list of values, or of lists of values where a key has several columns."""
        table = func.json_each(bindparam(named, type_=Text())).table_valued("key", "value", name="sent")
        paths = ["sent.value"] if len(columns) == 1 else [f"sent.value ->> {index}" for index in range(len(columns))]
        parts = [
            literal_column(f"{BYTES}({path})" if isinstance(type_, LargeBinary) else path, type_).label(name)
            for path, (name, type_) in zip(paths, columns.items(), strict=True)
        ]
        return select(table.c.key.label("position"), *parts).select_from(table).subquery("keys")

    def bind_keys(self, columns: Mapping[str, Sequence[Any]], named: str = "keys") -> dict[str, Any]:
        """One JSON document for all."""
        values = [[_plain(value) for value in values] for values in columns.values()]
        return {named: json.dumps(values[0] if len(values) == 1 else list(zip(*values, strict=True)))}

    def rows(self, named: str, /, **columns: TypeEngine[Any]) -> FromClause:
        """The table of keys, which is one document already."""
        return self.keys(named, **columns)

    def bind_rows(self, columns: Mapping[str, Sequence[Any]], named: str) -> dict[str, Any]:
        """A list of values for each row."""
        return self.bind_keys(columns, named)

    def any_of(self, column: ColumnElement[Any], name: str) -> ColumnElement[bool]:
        """`column IN (SELECT value FROM json_each(…))`."""
        table = func.json_each(bindparam(name, type_=Text())).table_valued("value")
        return column.in_(select(table.c.value))

    def each_of(self, name: str, type_: TypeEngine[Any]) -> FromClause:
        """`json_each` of the list."""
        return func.json_each(bindparam(name, type_=Text())).table_valued(column("value", type_), name="each_value")

    def bind_list(self, values: Sequence[Any]) -> str:
        """The values as JSON."""
        return json.dumps([_plain(value) for value in values])

    def first_of_each(
        self, listed: Ordered, keys: FromClause, first: Select[Any], *, optional: bool
    ) -> tuple[FromClause, Sequence[ColumnElement[Any]]]:
        """Rows whose unique columns are IN the limited select: SQLite has no LATERAL, and this keeps to the index too."""
        table, unique = listed.rows.table, [listed.rows.table.c[name] for name in listed.unique]
        told: ColumnElement[Any] = unique[0] if len(unique) == 1 else tuple_(*unique)
        on: ColumnElement[bool] = told.in_(first.with_only_columns(*unique).select_from(table))
        if listed.owner is not None:
            on = and_(listed.owner == keys.c.owner, on)
        return listed.rows.joined_to(keys, on, optional=optional), list(first.selected_columns)

    def for_reading(self, statement: Select[Any]) -> Select[Any]:
        """As it is: SQLite knows texts and numbers alone."""
        return statement

    def insert(self, table: Table) -> Any:
        """SQLite's own INSERT."""
        return sqlite_insert(table)

    def together(self, changes: Sequence[Any]) -> Sequence[Any]:
        """One after another: SQLite changes nothing in a CTE, and a statement costs no round trip."""
        return changes

    def gate(self, *, alone: bool) -> ColumnElement[Any]:
        """Nothing: whoever writes is alone."""
        return literal_column("''", Text()).label("gate")

    async def open(self) -> None:
        """Make room for the connections."""
        self._writer = SqliteWriter(self._path, self._source)
        self._idle = asyncio.LifoQueue()
        for _ in range(self._size):
            self._idle.put_nowait(None)

    async def close(self) -> None:
        """Close the connections."""
        self._idle = None
        writer, self._writer = self._writer, None
        if writer is not None:
            await writer.close()
        await asyncio.gather(*self._stopping, return_exceptions=True)
        for connection in tuple(self._connections):
            await self._drop(connection)

    async def fetch(self, sql: str, values: Values) -> Rows:
        """All rows of a read: one hop to the connection's thread."""
        self.trips += 1
        idle = self._idle
        if idle is None:
            raise SourceUnavailable(self._source, "reading")
        connection, is_free = await self._free(idle), True
        try:
            connection = connection or await self._connected()
            async with asyncio.timeout(STATEMENT_TIMEOUT_S):
                return await connection.execute_fetchall(sql, values)  # type: ignore[return-value]  # a list in fact
        except (TimeoutError, asyncio.CancelledError) as error:
            if connection is not None:
                is_free = False
                self._stop(connection, idle)
            if isinstance(error, TimeoutError):
                raise SourceTimedOut(self._source, "reading") from error
            raise
        except SQLITE_ERRORS as error:
            failure = of_sqlite(error, self._source, "reading")
            if connection is not None and isinstance(failure, SourceUnavailable):
                # It may hold a file that is no longer there.
                await self._drop(connection)
                connection = None
            raise failure from error
        finally:
            if is_free:
                idle.put_nowait(connection)

    def _stop(self, connection: aiosqlite.Connection, idle: asyncio.Queue[aiosqlite.Connection | None]) -> None:
        """Have a statement that nobody waits for stopped, and its connection used again."""
        stopping = asyncio.ensure_future(self._stopped(connection, idle))
        self._stopping.add(stopping)
        stopping.add_done_callback(self._stopping.discard)

    async def _stopped(
        self, connection: aiosqlite.Connection, idle: asyncio.Queue[aiosqlite.Connection | None]
    ) -> None:
        """Interrupt until the thread comes to what is asked of it next: a statement that it has not begun yet is not
        stopped by an interrupt, and begins afterwards."""
        behind = asyncio.ensure_future(connection.execute_fetchall("SELECT 1"))
        while not behind.done():
            await connection.interrupt()
            await asyncio.wait((behind,), timeout=INTERRUPTED_EVERY_S)
        behind.exception()
        idle.put_nowait(connection)

    async def fetch_all(self, statements: Sequence[tuple[str, Values]]) -> Sequence[Rows]:
        """One after another."""
        return [await self.fetch(sql, values) for sql, values in statements]

    async def transact(self, begin: Callable[[], Steps[Made]], *, keep: bool) -> Made:
        """One hop to the thread that writes."""
        if self._writer is None:
            raise SourceUnavailable(self._source, "writing")
        return await self._writer.run(begin, keep=keep)

    async def _free(self, idle: asyncio.Queue[aiosqlite.Connection | None]) -> aiosqlite.Connection | None:
        """A connection that nobody uses, or room for one."""
        try:
            async with asyncio.timeout(CHECKOUT_S):
                return await idle.get()
        except TimeoutError as error:
            raise SourceCrowded(self._source, "reading") from error

    async def _connected(self) -> aiosqlite.Connection:
        """A new connection that can't write; WAL lets it read beside a writer of another process."""
        file = f"file:{quote(self._path)}?mode=ro"
        connection = await aiosqlite.connect(file, uri=True, isolation_level=None, timeout=STATEMENT_TIMEOUT_S)
        self._connections.add(connection)
        return connection

    async def _drop(self, connection: aiosqlite.Connection) -> None:
        self._connections.discard(connection)
        await connection.close()


def _plain(value: Any) -> Any:  # a key of any type
    """A key as SQLite stores it, but that JSON has bytes as hexadecimal digits."""
    if isinstance(value, UUID):
        return value.hex
    if isinstance(value, bytes):
        return value.hex()
    return to_micros(value) if isinstance(value, dt.datetime) else value
