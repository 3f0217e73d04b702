"""The kit's rows in the tables of a database, where a row lies in its table as it is."""

import datetime as dt
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from enum import Enum
from importlib import import_module
from typing import Any

import msgspec
from sqlalchemy import Column, insert
from sqlalchemy.ext.asyncio import create_async_engine

from datasources.conformance.factories import Rows as Given
from datasources.conformance.making import NOW, rows_of
from datasources.profiles import CustomerRow
from datasources.registry import Domain
from datasources.sql.engine import Database
from datasources.sql.profiles import CUSTOMER
from datasources.sql.sealing import CustomerKey, MasterKey
from datasources.sql.source import SqlSource
from datasources.sql.statements import Keyed, Paged, Rows
from datasources.sql.tables import metadata
from datasources.sql.types import Sealed
from tests.demo import MASTER_KEY, Demo

MASTER = MasterKey(MASTER_KEY)
PROGRAM = "program"
"""The table that a database is not emptied of."""
MADE_UP = {dt.datetime: NOW, str: "any", int: 0, bool: False}


@asynccontextmanager
async def source_of(demo: Demo, given: Given) -> AsyncIterator[SqlSource]:
    """A source over a database that holds these rows, and the customers that they belong to."""
    url = demo.copy()
    await fill(url, given)
    source = SqlSource(Database("rows", url, MASTER))
    await source.open()
    try:
        yield source
    finally:
        await source.close()


async def fill(url: str, given: Given) -> None:
    """Empty the tables and insert the rows."""
    engine = create_async_engine(url)
    keys: dict[Any, CustomerKey] = {}
    async with engine.begin() as connection:
        for table in metadata.sorted_tables:
            if table.name != PROGRAM:
                await connection.execute(table.delete())
        for customer in (row for row in rows_of(Domain.PROFILES) if isinstance(row, CustomerRow)):
            wrapped = MASTER.new_wrapped(customer.customer_id)
            keys[customer.customer_id] = MASTER.unwrap(customer.customer_id, wrapped)
            row = msgspec.structs.replace(customer, wrapped_key=wrapped)
            await connection.execute(insert(CUSTOMER.table).values(**columns_of(CUSTOMER, row, keys)))
        for domain, rows in given.items():
            for row in rows:
                shape = shape_of(domain, type(row))
                await connection.execute(insert(shape.table).values(**columns_of(shape, row, keys)))
    await engine.dispose()


def shape_of(domain: Domain, row: type) -> Rows[Any]:
    """How the rows of a type are read."""
    return next(shape for shape in shapes(domain) if shape.make.row is row)


def shapes(domain: Domain) -> Iterator[Rows[Any]]:
    """How each type of rows of a domain is read."""
    for found in vars(import_module(f"datasources.sql.{domain.value.lower()}")).values():
        rows = found.rows if isinstance(found, (Keyed, Paged)) else found
        if isinstance(rows, Rows):
            yield rows


def columns_of(shape: Rows[Any], row: Any, keys: dict[Any, CustomerKey]) -> dict[str, Any]:
    """What the table holds of a row: what the row is told of other tables is left out, what it does not tell made up."""
    values: dict[str, Any] = {
        column.name: MADE_UP[column.type.python_type]
        for column in shape.table.columns
        if not column.nullable and column.type.python_type in MADE_UP
    }
    for label in shape.columns:
        column = label.element
        if isinstance(column, Column) and column.table is shape.table:
            value = getattr(row, label.key)
            values[column.name] = sealed(column, row, value, keys) if isinstance(column.type, Sealed) else plain(value)
    return values


def sealed(column: Column[Any], row: Any, text: Any, keys: dict[Any, CustomerKey]) -> Any:
    """A text under the key of its customer; keys themselves are stored as they are."""
    if text is None or isinstance(text, bytes):
        return text
    return keys[row.customer_id].seal(text, f"{column.table.name}.{column.name}")


def plain(value: Any) -> Any:
    return value.value if isinstance(value, Enum) else value
