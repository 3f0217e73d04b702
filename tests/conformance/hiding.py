"""Rows of a SQL source taken out of their list and put back."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from importlib import import_module
from typing import Any

from sqlalchemy import Table, and_, insert, select
from sqlalchemy.ext.asyncio import AsyncEngine

from datasources.events import UnmatchedEventRow
from datasources.offers import AvailableOfferRow
from datasources.paging import Page
from datasources.registry import Domain
from datasources.sql.statements import Paged, Rows
from datasources.sql.tables.events import unmatched_events
from datasources.sql.tables.offers import offers
from datasources.sql.tables.tiers import customer_tiers
from datasources.tiers import CustomerTierRow

MADE_ANEW: Mapping[type, Table] = {
    AvailableOfferRow: offers,
    CustomerTierRow: customer_tiers,
    UnmatchedEventRow: unmatched_events,
}
"""The tables of rows that are put together anew from what a statement reads."""


class SqlHiding:
    """Deletes the row that a list is ordered by and inserts it again as it was."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    @asynccontextmanager
    async def __call__(self, domain: Domain, page: Page[Any], row: Any) -> AsyncIterator[None]:
        table = table_of(domain, row)
        names = [column.name for column in table.primary_key if hasattr(row, column.name)]
        at = and_(*(table.c[name] == getattr(row, name) for name in {*names, page.order[-1]}))
        async with self._engine.begin() as connection:
            (stored,) = (await connection.execute(select(table).where(at))).mappings().all()
            await connection.execute(table.delete().where(at))
        try:
            yield
        finally:
            async with self._engine.begin() as connection:
                await connection.execute(insert(table).values(**stored))


def table_of(domain: Domain, row: Any) -> Table:
    """The table that the rows of a list come from."""
    if type(row) in MADE_ANEW:
        return MADE_ANEW[type(row)]
    for found in vars(import_module(f"datasources.sql.{domain.value.lower()}")).values():
        rows = found.rows if isinstance(found, Paged) else found
        if isinstance(rows, Rows) and tuple(column.key for column in rows.columns) == row.__struct_fields__:
            return rows.table
    raise LookupError(f"the SQL source has no rows like {type(row)}")
