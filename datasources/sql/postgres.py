"""PostgreSQL as the SQL source sees it, by asyncpg."""

import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache, partial
from itertools import chain
from typing import Any

import asyncpg
import orjson
from sqlalchemy import (
    ARRAY,
    JSON,
    Column,
    ColumnElement,
    FromClause,
    Select,
    Table,
    Text,
    bindparam,
    cast,
    func,
    literal_column,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.postgresql.asyncpg import dialect as postgresql_dialect
from sqlalchemy.engine import URL
from sqlalchemy.engine import Dialect as SqlDialect
from sqlalchemy.sql.expression import column
from sqlalchemy.sql.visitors import replacement_traverse
from sqlalchemy.types import TypeEngine

from datasources.errors import SourceUnavailable
from datasources.sql.connections import Connections
from datasources.sql.dialect import Ordered, Values
from datasources.sql.failures import POSTGRES_ERRORS, of_postgres
from datasources.sql.transacting import Made, Rows, Steps, on_postgres
from datasources.sql.types import Instant, InstantText

STATEMENT_TIMEOUT_S = 5.0
JOINED_HELD = 512
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
PARAMETER = re.compile(r"\$(\d+)")

GATE = 0x6576656E7473
"""The key of the advisory lock."""


class Postgres:
    """PostgreSQL by asyncpg: a pool whose connections are not reset at each release, since reads leave nothing behind."""

    name = "postgresql"
    joins_reads = is_stepped = True

    def __init__(self, url: URL, source: str, pool_size: int) -> None:
        self.compiler: SqlDialect = postgresql_dialect()  # type: ignore[no-untyped-call]  # SQLAlchemy's dialects are untyped
        self._url, self._source, self._pool_size = url, source, pool_size
        self._connections: Connections | None = None
        self.trips = 0

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
        return found, [replacement_traverse(column, {}, of_page) for column in first.selected_columns]

    def for_reading(self, statement: Select[Any]) -> Select[Any]:
        """Instants as text: see InstantText."""
        return statement.with_only_columns(
            *(
                cast(column, InstantText()).label(column.key) if isinstance(column.type, Instant) else column
                for column in statement.selected_columns
            )
        )

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
            ssl=_encryption(self._url),
            min_size=0,
            max_size=self._pool_size,
            command_timeout=STATEMENT_TIMEOUT_S,
            statement_cache_size=1024,
            max_cacheable_statement_size=0,  # a customer with all connections is one statement of over 20 kB
            max_inactive_connection_lifetime=300,
            reset=_leave_as_is,
            server_settings={
                "application_name": "customer-graph",
                "timezone": "UTC",
                "datestyle": "ISO",
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
        self.trips += 1
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

    async def fetch_all(self, statements: Sequence[tuple[str, Values]]) -> Sequence[Rows]:
        """One statement with an array of rows for each: a round trip costs as much as a page of rows."""
        if len(statements) == 1:
            return (await self.fetch(*statements[0]),)
        texts, values = zip(*statements, strict=True)
        (answers,) = await self.fetch(joined(texts), list(chain.from_iterable(values)))
        return answers

    async def transact(self, begin: Callable[[], Steps[Made]], *, keep: bool) -> Made:
        """One connection of the pool, READ COMMITTED."""
        if self._connections is None:
            raise SourceUnavailable(self._source, "writing")
        return await on_postgres(self._connections, begin, keep=keep, source=self._source)


def _encryption(url: URL) -> str | None:
    """As the URL's `ssl` says, by the words of libpq's sslmode; else where the server offers it, but not on this machine."""
    asked = url.query.get("ssl")
    if asked is None and url.host in LOOPBACK:
        return "disable"
    return None if asked is None else str(asked)


@lru_cache(JOINED_HELD)
def joined(texts: Sequence[str]) -> str:
    """One statement of several, which answers an array of each one's rows; their parameters come one after another."""
    arrays, count = [], 0
    for text in texts:
        numbers = {int(number) for number in PARAMETER.findall(text)}
        arrays.append(f"ARRAY(SELECT one FROM ({PARAMETER.sub(partial(_moved, by=count), text)}) AS one)")  # noqa: S608  # our own texts
        count += max(numbers, default=0)
    return f"SELECT {', '.join(arrays)}"


def _moved(parameter: re.Match[str], *, by: int) -> str:
    return f"${int(parameter[1]) + by}"


def _in_words(value: Any) -> str:
    """What JSON has no form of, as PostgreSQL reads it from text: bytes, and the UUIDs that asyncpg makes."""
    return f"\\x{value.hex()}" if isinstance(value, bytes) else str(value)


async def _leave_as_is(_connection: object) -> None:
    """Reads change no session state, so there is nothing to reset."""
