"""Changes of tables that are sent together: each is declared once, and compiled once with those it is sent with."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import BindParameter, FromClause, Table, and_, bindparam
from sqlalchemy.types import TypeEngine

from datasources.sql.dialects import Dialect
from datasources.sql.engine import Database, Prepared, Sent, Statements

Build = Callable[["Place"], Any]
"""Makes an INSERT, UPDATE or DELETE for its place among the others."""


class Place(msgspec.Struct, frozen=True):
    """Where a change stands among those that it is sent with, so that their parameters stay apart."""

    dialect: Dialect
    prefix: str

    def bind(self, name: str, type_: TypeEngine[Any]) -> BindParameter[Any]:
        """A parameter of the change."""
        return bindparam(f"{self.prefix}_{name}", type_=type_)

    def keys(self, **columns: TypeEngine[Any]) -> FromClause:
        """The rows that the change is made for, of these columns."""
        return self.dialect.rows(f"{self.prefix}_rows", **columns)

    def row(self, table: Table) -> dict[str, BindParameter[Any]]:
        """A parameter for each column of a new row of the table; those left out of columns that may be null are null."""
        return {
            column.name: bindparam(f"{self.prefix}_{column.name}", None, column.type, required=not column.nullable)
            for column in table.c
        }


class Change:
    """A change as it is declared, once a process; several statements are made with the same parameters."""

    def __init__(self, *builds: Build) -> None:
        self.builds = builds


def inserted(table: Table) -> Change:
    """One more row, given by all its columns; those left out are null."""
    return Change(lambda place: place.dialect.insert(table).values(place.row(table)))


def upserted(table: Table, *, added: Sequence[str] = ()) -> Change:
    """A row by its primary key: put in its place, but that numbers in `added` are added to what is there."""

    def build(place: Place) -> Any:
        key = [column.name for column in table.primary_key]
        row = place.dialect.insert(table).values(place.row(table))
        new = {
            column.name: (column + row.excluded[column.name] if column.name in added else row.excluded[column.name])
            for column in table.c
            if column.name not in key
        }
        return row.on_conflict_do_update(index_elements=key, set_=new)

    return Change(build)


def updated(table: Table, *columns: str) -> Change:
    """These columns of a row by its primary key."""

    def build(place: Place) -> Any:
        mine = and_(*(column == place.bind(column.name, column.type) for column in table.primary_key))
        return table.update().where(mine).values({name: place.bind(name, table.c[name].type) for name in columns})

    return Change(build)


class Asked(msgspec.Struct, frozen=True):
    """A change with its parameters: by name, and for each of several rows by column."""

    change: Change
    values: Mapping[str, Any]
    rows: Mapping[str, Sequence[Any]]


def sent(database: Database, asked: Sequence[Asked]) -> Statements[None]:
    """Make all the changes: one statement on PostgreSQL, one each on SQLite."""
    dialect = database.dialect
    parameters: dict[str, Any] = {}
    for index, one in enumerate(asked):
        parameters |= {f"c{index}_{name}": value for name, value in one.values.items()}
        if one.rows:
            parameters |= dialect.bind_rows(one.rows, f"c{index}_rows")
    for prepared in _prepared(database, tuple(one.change for one in asked)):
        yield Sent(prepared, parameters)


def _prepared(database: Database, changes: tuple[Change, ...]) -> Sequence[Prepared[Any]]:
    """The statements of these changes, compiled the first time."""
    found = database.changes.get(changes)
    if found is None:
        dialect = database.dialect
        built = [build(Place(dialect, f"c{index}")) for index, change in enumerate(changes) for build in change.builds]
        found = [Prepared(statement, _nothing, dialect) for statement in dialect.together(built)]
        database.changes[changes] = found
    return found


def _nothing(*_values: object) -> None:
    """Changes tell nothing."""
