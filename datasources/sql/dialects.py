"""All that differs between the databases: how keys are sent, how the first of each are taken, and the driver below.

Statements are written once in SQLAlchemy Core, compiled once, and run on the driver's own connection: going through
SQLAlchemy for every call costs several times the call itself (`../shared/notes/performance.md`, last section).
"""

import asyncio
import datetime as dt
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import quote
from uuid import UUID

import aiosqlite
import asyncpg
import orjson
from sqlalchemy import (
    ARRAY,
    JSON,
    Column,
    ColumnElement,
    FromClause,
    LargeBinary,
    Select,
    Table,
    Text,
    and_,
    bindparam,
    cast,
    func,
    literal_column,
    select,
    true,
    tuple_,
)
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.postgresql.asyncpg import dialect as postgresql_dialect
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.dialects.sqlite.aiosqlite import dialect as sqlite_dialect
from sqlalchemy.engine import URL
from sqlalchemy.engine import Dialect as SqlDialect
from sqlalchemy.sql.expression import column
from sqlalchemy.sql.visitors import replacement_traverse
from sqlalchemy.types import TypeEngine

from datasources.errors import SourceTimedOut, SourceUnavailable
from datasources.sql.connections import Connections
from datasources.sql.dialect import Dialect, Joined, Ordered, Values
from datasources.sql.failures import POSTGRES_ERRORS, SQLITE_ERRORS, of_postgres, of_sqlite
from datasources.sql.transacting import BYTES, Made, Rows, SqliteWriter, Steps, on_postgres
from datasources.sql.types import to_micros

STATEMENT_TIMEOUT_S = 5.0
SQLITE_CONNECTIONS = 2
INTERRUPTED_EVERY_S = 0.01
SQLITE_CHECKOUT_S = 5.0
"""Longer, since few connections serve all requests that run, and waiting for one is waiting for this process to compute."""

GATE = 0x6576656E7473
"""The key of the advisory lock."""


class Postgres:
    """PostgreSQL by asyncpg: a pool whose connections are not reset at each release, since reads leave nothing behind."""

    name = "postgresql"

    def __init__(self, url: URL, source: str, pool_size: int) -> None:
        self.compiler: SqlDialect = postgresql_dialect()  # type: ignore[no-untyped-call]  # SQLAlchemy's dialects are untyped
        self._url, self._source, self._pool_size = url, source, pool_size
        self._connections: Connections | None = None

    def keys(self, named: str = "keys", /, **columns: TypeEngine[Any]) -> FromClause:
        """`unnest` of one array a column, in parallel, with ordinality."""
        arrays = [bindparam(f"{named}_{name}", type_=ARRAY(type_)) for name, type_ in columns.items()]
        table = (
            func.unnest(*arrays)
            .table_valued(
                *(column(name, type_) for name, type_ in columns.items()), with_ordinality="ordinal", name="sent"
            )
            .render_derived()
        )
        return (
            select((table.c.ordinal - 1).label("position"), *(table.c[name] for name in columns))
            .select_from(table)
            .subquery("keys")
        )

    def bind_keys(self, columns: Mapping[str, Sequence[Any]], named: str = "keys") -> dict[str, Any]:
        """One list a column."""
        return {f"{named}_{name}": list(values) for name, values in columns.items()}

    def rows(self, named: str, /, **columns: TypeEngine[Any]) -> FromClause:
        """A JSON array a column, unpacked in parallel: asyncpg looks at every element of an array of its own, which costs
        five times as much."""
        arrays = [
            func.json_array_elements_text(cast(bindparam(f"{named}_{name}", type_=Text()), JSON())).label(name)
            for name in columns
        ]
        sent = select(*arrays).subquery("sent")
        return select(*(cast(sent.c[name], type_).label(name) for name, type_ in columns.items())).subquery("rows")

    def bind_rows(self, columns: Mapping[str, Sequence[Any]], named: str) -> dict[str, Any]:
        """An array for each column."""
        return {
            f"{named}_{name}": orjson.dumps(list(values), default=_in_words).decode()
            for name, values in columns.items()
        }

    def any_of(self, column: ColumnElement[Any], name: str) -> ColumnElement[bool]:
        """`column = ANY(array)`: one text of statement, however many values."""
        return column == func.any(bindparam(name, type_=ARRAY(column.type)))

    def each_of(self, name: str, type_: TypeEngine[Any]) -> FromClause:
        """`unnest` of the array."""
        values = func.unnest(bindparam(name, type_=ARRAY(type_)))
        return values.table_valued(column("value", type_), name="each_value").render_derived()

    def bind_list(self, values: Sequence[Any]) -> list[Any]:
        """The array."""
        return list(values)

    def first_of_each(
        self, listed: Ordered, keys: FromClause, first: Select[Any], *, optional: bool
    ) -> tuple[FromClause, Sequence[ColumnElement[Any]]]:
        """LATERAL: walks the index of each key as far as the limit, whatever the length of the history.

        What is looked up beside a row is joined behind the limit: inside, the planner takes a customer's history to be of
        average length and reads all of it once instead of one row for each of the page.
        """
        table = listed.rows.table
        page = first.with_only_columns(*table.c).select_from(table).lateral("page")

        def of_page(element: Any, **_options: Any) -> Any:  # as SQLAlchemy's traversal has it
            return page.c[element.key] if isinstance(element, Column) and element.table is table else None

        found: FromClause = keys.join(page, true(), isouter=optional)
        for other, condition in listed.rows.joined:
            found = found.outerjoin(other, replacement_traverse(condition, {}, of_page))
        return found, [replacement_traverse(column, {}, of_page) for column in listed.rows.columns]

    def insert(self, table: Table) -> Any:
        """PostgreSQL's own INSERT."""
        return postgresql_insert(table)

    def together(self, changes: Sequence[Any]) -> Sequence[Any]:
        """One statement: all but the last are data-modifying CTEs of it."""
        *others, last = changes
        return (last.add_cte(*(change.cte(f"change_{index}") for index, change in enumerate(others))),)

    def gate(self, *, alone: bool) -> ColumnElement[Any]:
        """An advisory lock, which no row is in the way of."""
        lock = func.pg_advisory_xact_lock if alone else func.pg_advisory_xact_lock_shared
        return cast(lock(literal_column(str(GATE))), Text()).label("gate")

    async def open(self) -> None:
        """Make the pool, as yet without a connection."""
        pool = await asyncpg.create_pool(
            host=self._url.query.get("host") or self._url.host,
            port=self._url.port,
            user=self._url.username,
            password=self._url.password,
            database=self._url.database,
            min_size=0,
            max_size=self._pool_size,
            command_timeout=STATEMENT_TIMEOUT_S,
            statement_cache_size=1024,
            max_inactive_connection_lifetime=300,
            reset=_leave_as_is,
            server_settings={
                "application_name": "customer-graph",
                "timezone": "UTC",
                "jit": "off",
                # The server's own bound, for statements whose cancellation does not reach it.
                "statement_timeout": f"{STATEMENT_TIMEOUT_S:g}s",
            },
        )
        self._connections = Connections(pool, self._pool_size)

    async def close(self) -> None:
        """Close the connections."""
        if self._connections is not None:
            await self._connections.close()

    async def fetch(self, sql: str, values: Values) -> Rows:
        """All rows of a read, as asyncpg records."""
        connections, is_sound = self._connections, False
        if connections is None:
            raise SourceUnavailable(self._source, "reading")
        try:
            connection = await connections.take()
            try:
                rows: Rows = await connection.fetch(sql, *values)
                is_sound = True
                return rows
            finally:
                connections.give(connection, is_sound=is_sound)
        except POSTGRES_ERRORS as error:
            raise of_postgres(error, self._source, "reading") from error

    async def transact(self, begin: Callable[[], Steps[Made]], *, keep: bool) -> Made:
        """One connection of the pool, READ COMMITTED."""
        if self._connections is None:
            raise SourceUnavailable(self._source, "writing")
        return await on_postgres(self._connections, begin, keep=keep, source=self._source)


def _in_words(value: Any) -> str:
    """What JSON has no form of, as PostgreSQL reads it from text: bytes, and the UUIDs that asyncpg makes."""
    return f"\\x{value.hex()}" if isinstance(value, bytes) else str(value)


async def _leave_as_is(_connection: object) -> None:
    """Reads change no session state, so there is nothing to reset."""


class Sqlite:
    """SQLite by aiosqlite: a few reading connections, each with its own thread; WAL lets them read beside a writer."""

    name = "sqlite"

    def __init__(self, url: URL, source: str, pool_size: int) -> None:
        self.compiler: SqlDialect = sqlite_dialect(paramstyle="qmark")
        self._path, self._source = url.database or ":memory:", source
        self._size = max(1, min(pool_size, SQLITE_CONNECTIONS))
        self._idle: asyncio.LifoQueue[aiosqlite.Connection | None] | None = None
        self._connections: set[aiosqlite.Connection] = set()
        self._stopping: set[asyncio.Task[None]] = set()
        self._writer: SqliteWriter | None = None

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
        return listed.rows.joined_to(keys, on, optional=optional), listed.rows.columns

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

    async def transact(self, begin: Callable[[], Steps[Made]], *, keep: bool) -> Made:
        """One hop to the thread that writes."""
        if self._writer is None:
            raise SourceUnavailable(self._source, "writing")
        return await self._writer.run(begin, keep=keep)

    async def _free(self, idle: asyncio.Queue[aiosqlite.Connection | None]) -> aiosqlite.Connection | None:
        """A connection that nobody uses, or room for one."""
        try:
            async with asyncio.timeout(SQLITE_CHECKOUT_S):
                return await idle.get()
        except TimeoutError as error:
            raise SourceTimedOut(self._source, "waiting for a connection") from error

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


DIALECTS: Mapping[str, Callable[[URL, str, int], Dialect]] = {"postgresql": Postgres, "sqlite": Sqlite}

__all__ = ["DIALECTS", "Dialect", "Joined", "Postgres", "Sqlite"]
