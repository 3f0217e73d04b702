"""Tables as they are stored, to see what a write did, and that it did nothing else."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.engine import RowMapping
from sqlalchemy.ext.asyncio import create_async_engine

from datasources.sql.tables import metadata
from datasources.sql.tables.writing import adjustment_days, idempotency_keys
from datasources.sql.unit_of_work import PROGRAM
from tests.harness import Gateway

SHARED = (idempotency_keys, adjustment_days)
Contents = Mapping[str, Sequence[RowMapping]]


async def found(gateway: Gateway, *statements: Select[Any]) -> list[Sequence[RowMapping]]:
    """The rows of each statement, all of a database read in one transaction."""
    rows: dict[int, Sequence[RowMapping]] = {}
    urls = [gateway.url_of(statement.get_final_froms()[0]) for statement in statements]
    for url in dict.fromkeys(urls):
        engine = create_async_engine(url)
        try:
            async with engine.connect() as connection:
                for index, statement in enumerate(statements):
                    if urls[index] == url:
                        rows[index] = (await connection.execute(statement)).mappings().all()
        finally:
            await engine.dispose()
    return [rows[index] for index in range(len(statements))]


async def contents(gateway: Gateway, customer: UUID) -> Contents:
    """All that is stored of a customer, and what writes share, in the order of the keys."""
    tables = [table for table in metadata.sorted_tables if "customer_id" in table.c or table in SHARED]
    statements = [select(table).order_by(*table.primary_key) for table in tables]
    own = [
        statement.where(table.c.customer_id == customer) if "customer_id" in table.c else statement
        for table, statement in zip(tables, statements, strict=True)
    ]
    return {table.name: rows for table, rows in zip(tables, await found(gateway, *own), strict=True)}


async def around(gateway: Gateway, customer: UUID) -> Contents:
    """All that a write about a customer may touch: their own rows, those of no customer, and the program's audit log."""
    whose = (customer, PROGRAM)
    statements = [
        statement.where(table.c.customer_id.in_(whose)) if "customer_id" in table.c else statement
        for table in metadata.sorted_tables
        for statement in (select(table).order_by(*table.primary_key),)
    ]
    rows = await found(gateway, *statements)
    return {table.name: of_table for table, of_table in zip(metadata.sorted_tables, rows, strict=True)}


async def everything(gateway: Gateway) -> Contents:
    """All that is stored."""
    tables = metadata.sorted_tables
    rows = await found(gateway, *(select(table).order_by(*table.primary_key) for table in tables))
    return {table.name: of_table for table, of_table in zip(tables, rows, strict=True)}


def grown(before: Contents, after: Contents) -> dict[str, int]:
    """By how many rows each table grew, of those whose content is another."""
    return {name: len(after[name]) - len(before[name]) for name in before if before[name] != after[name]}
