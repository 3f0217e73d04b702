"""What a database is to the SQL source: how keys and rows are sent, what is locked, and the driver below."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from sqlalchemy import ColumnElement, FromClause, Select, Table
from sqlalchemy.engine import Dialect as SqlDialect
from sqlalchemy.types import TypeEngine

from datasources.sql.transacting import Made, Rows, Steps

Values = Sequence[Any]  # whatever the driver takes

Joined = Sequence[tuple[FromClause, ColumnElement[bool]]]
"""What is looked up beside each row: another table, and on what."""


class Joining(Protocol):
    """A table, with what is joined beside it."""

    table: Table
    joined: Joined

    def joined_to(self, keys: FromClause, on: ColumnElement[bool], *, optional: bool = False) -> FromClause:
        """The keys with the table's rows that match, then what is looked up beside each."""
        ...


class Ordered(Protocol):
    """A list of such rows: how it is ordered, what tells them apart, and whose it is."""

    order: tuple[str, ...]
    unique: tuple[str, ...]
    owner: ColumnElement[Any] | None

    @property
    def rows(self) -> Joining:
        """What is listed."""
        ...


class Dialect(Protocol):
    """A database as the SQL source sees it."""

    name: str
    compiler: SqlDialect
    joins_reads: bool
    """Several small reads cost less together than one by one."""
    trips: int
    """How often something was read: tests count it."""
    is_stepped: bool
    """Its reads need no task to run in: see `datasources.stepping`."""

    def keys(self, named: str = "keys", /, **columns: TypeEngine[Any]) -> FromClause:
        """A table of the keys bound as `<named>_<column>`, with `position` (0, 1, …) first."""
        ...

    def bind_keys(self, columns: Mapping[str, Sequence[Any]], named: str = "keys") -> dict[str, Any]:
        """The parameters that fill the table of keys."""
        ...

    def rows(self, named: str, /, **columns: TypeEngine[Any]) -> FromClause:
        """A table of the rows bound as `named`, for many rows of many columns."""
        ...

    def bind_rows(self, columns: Mapping[str, Sequence[Any]], named: str) -> dict[str, Any]:
        """The parameter that fills the table of rows."""
        ...

    def any_of(self, column: ColumnElement[Any], name: str) -> ColumnElement[bool]:
        """True where the column is one of the values bound as `name`."""
        ...

    def each_of(self, name: str, type_: TypeEngine[Any]) -> FromClause:
        """A table with one column, `value`: the values bound as `name`."""
        ...

    def bind_list(self, values: Sequence[Any]) -> Any:
        """The parameter that `any_of` and `each_of` read."""
        ...

    def first_of_each(
        self, listed: Ordered, keys: FromClause, first: Select[Any], *, optional: bool
    ) -> tuple[FromClause, Sequence[ColumnElement[Any]]]:
        """The keys joined to the rows that `first` (ordered, limited, correlated to the keys) finds for each, and what it
        selects of them."""
        ...

    async def open(self) -> None:
        """Be ready to connect. A connection is made when something is read and again when it was lost, so a database that
        is down stops nobody from starting and is found again as soon as it is back."""
        ...

    async def close(self) -> None:
        """Disconnect."""
        ...

    async def fetch(self, sql: str, values: Values) -> Rows:
        """All rows of a read. Raises SourceUnavailable, SourceTimedOut, SourceRefused."""
        ...

    async def fetch_all(self, statements: Sequence[tuple[str, Values]]) -> Sequence[Rows]:
        """All rows of each of several reads. Raises as `fetch` does, where one of them can't be done."""
        ...

    def for_reading(self, statement: Select[Any]) -> Select[Any]:
        """The same, selecting values in the form that is read fastest."""
        ...

    def insert(self, table: Table) -> Any:
        """An INSERT that can say what happens ON CONFLICT."""
        ...

    def together(self, changes: Sequence[Any]) -> Sequence[Any]:
        """The statements that make all the changes, of which none sees another."""
        ...

    def gate(self, *, alone: bool) -> ColumnElement[Any]:
        """Selected, it lets the transaction through the gate until it ends: with others, or `alone`, when they have left."""
        ...

    async def transact(self, begin: Callable[[], Steps[Made]], *, keep: bool) -> Made:
        """What the steps made, in one transaction; rolled back where they raise, or are not to be kept."""
        ...
