"""The builders that every table module uses."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Column, Index, MetaData, PrimaryKeyConstraint, String, Table
from sqlalchemy.schema import SchemaItem
from sqlalchemy.types import TypeEngine

from datasources.sql.types import Id

metadata = MetaData()


def required(name: str, type_: TypeEngine[Any]) -> Column[Any]:
    """A column that is never null."""
    return Column(name, type_, nullable=False)


def optional(name: str, type_: TypeEngine[Any]) -> Column[Any]:
    """A column that may be null."""
    return Column(name, type_, nullable=True)


def keyword(name: str, *, nullable: bool = False) -> Column[str]:
    """A key of the program or a value of an enum, compared by bytes on every dialect."""
    return Column(name, String().with_variant(String(collation="C"), "postgresql"), nullable=nullable)


def owned(name: str, *items: SchemaItem, key: Sequence[str] = ("id",)) -> Table:
    """A table of rows that belong to a customer, with the primary key (customer_id, *key)."""
    identity: list[SchemaItem] = [required("customer_id", Id())]
    if "id" in key:
        identity.append(required("id", Id()))
    return Table(name, metadata, *identity, *items, PrimaryKeyConstraint("customer_id", *key), sqlite_with_rowid=False)


def shared(name: str, *items: SchemaItem, key: Sequence[str] = ("id",)) -> Table:
    """A table of the program itself, such as a catalogue."""
    identity: list[SchemaItem] = [required("id", Id())] if "id" in key else []
    return Table(name, metadata, *identity, *items, PrimaryKeyConstraint(*key), sqlite_with_rowid=False)


def actor(prefix: str = "actor", *, nullable: bool = True) -> tuple[Column[str], Column[str]]:
    """Who did it: the kind (STAFF, MEMBER, SERVICE, SYSTEM) and id; both null where nobody is known."""
    return keyword(f"{prefix}_kind", nullable=nullable), keyword(f"{prefix}_id", nullable=nullable)


def by(table: Table, *columns: str) -> Index:
    """An index over a customer's rows in the order given, then by id."""
    names = ["customer_id", *columns, *(["id"] if "id" in table.c else [])]
    return Index(f"ix_{table.name}_{'_'.join(columns)}", *(table.c[name] for name in names))
