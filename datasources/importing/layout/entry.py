"""A row on its way into tables: whose it is, its id, and what its properties mean to a column."""

import datetime as dt
from collections.abc import Mapping
from uuid import UUID

import msgspec
from sqlalchemy import Column, Date, Integer, Table

from datasources.ids import derived_id
from datasources.importing.sheet import Row
from datasources.sql.types import Instant, Sealed

from .book import REFERENCES, Book, Person
from .files import Line
from .problems import BadValue
from .shapes import Shape, Values, instant


class Made(msgspec.Struct, frozen=True):
    """A row of a table, and the property of the entry that it comes from, where that is one."""

    table: Table
    row: Row
    column: str = ""


class Entry:
    """A row of a file with what it refers to."""

    def __init__(self, line: Line, shape: Shape, values: Values, book: Book) -> None:
        self.line = line
        self.shape = shape
        self.values = values
        self.book = book
        self.id: UUID | None = None
        self._owner: Person | None = book.person(values) if "customer" in values else None
        self._references: Mapping[str, UUID] = {
            name: book.thing(REFERENCES[name], values[name], name).id
            for name in values.keys() & REFERENCES.keys()
            if "customer" in values or name == "favorite_location"
        }
        self._check_keys()

    @property
    def person(self) -> Person:
        """Whose it is; only rows of customers are asked."""
        if self._owner is None:
            raise TypeError(f"{self.shape.record} belongs to nobody")
        return self._owner

    def belong(self, person: Person) -> None:
        """Makes a new customer the owner of the row that tells of them."""
        self._owner = person

    @property
    def owner(self) -> str:
        """The customer's id, or nothing."""
        return "" if self._owner is None else str(self._owner.id)

    def at(self, name: str) -> dt.datetime:
        """The instant that a property holds."""
        return instant(self.values[name])

    def derived(self, at: dt.datetime, *names: str) -> UUID:
        """The id of what the row makes under these names, the same at every import."""
        return derived_id(at, "layout", self.shape.domain, self.shape.record, self.owner, *names)

    def made(self, table: Table, column: str = "", **more: object) -> Made:
        """A row of the table: its columns by the properties of their name, and what is given besides."""
        row: Row = {} if self._owner is None else {"customer_id": self._owner.id}
        if self.id is not None and "id" in table.c:
            row["id"] = self.id
        for part in table.columns:
            value = self._value(table, part)
            if value is not None:
                row[part.name] = value
        return Made(table, row | more, column)

    def seal(self, text: str, field: str) -> bytes:
        """The text, encrypted for the column `field`."""
        return self.book.key_of(self.person).seal(text, field)

    def actor(self, text: str | None) -> tuple[str | None, str | None]:
        """Kind and id of an actor as the layout writes one."""
        if text is None:
            return None, None
        kind, _, id_ = text.partition(":")
        return (kind, id_) if id_ else (kind, self.owner)

    def _value(self, table: Table, column: Column[object]) -> object:
        name = column.name
        if name in ("id", "customer_id"):
            return None
        if name in self.values:
            return self._converted(table, column, self.values[name])
        stem, _, ending = name.rpartition("_")
        if ending in ("kind", "id") and self.shape.properties.get(stem, {}).get("pattern", "").startswith("^(MEMBER"):
            return self.actor(self.values.get(stem))[ending == "id"]
        if ending == "id":
            return self._references.get(stem)
        return self.values.get(stem) if ending == "key" else None

    def _converted(self, table: Table, column: Column[object], value: object) -> object:
        if isinstance(column.type, Instant):
            return instant(str(value))
        if isinstance(column.type, Date):
            return dt.date.fromisoformat(str(value))
        if isinstance(column.type, Sealed):
            text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
            return self.seal(text, f"{table.name}.{column.name}")
        # A schema's whole number may be written 1.0.
        return int(value) if isinstance(column.type, Integer) and isinstance(value, float) else value

    def _check_keys(self) -> None:
        for (domain, name), keys in self.book.keys.items():
            if domain in ("", self.shape.domain) and self.values.get(name, None) not in (None, *keys):
                raise BadValue("is no key of the program", name)
