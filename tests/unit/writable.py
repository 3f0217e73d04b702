"""A copy of the demo program that a test may change, read through the source's own readers."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

from sqlalchemy import Delete, Insert, Update, select
from sqlalchemy.ext.asyncio import create_async_engine

from datasources.ids import CustomerId
from datasources.sql.engine import Database
from datasources.sql.sealing import MasterKey
from datasources.sql.tables.profiles import customers
from tests.demo import MASTER_KEY, Demo


@asynccontextmanager
async def changed(demo: Demo, *statements: Insert | Update | Delete) -> AsyncIterator[Database]:
    """A database in which the statements were run; the demo itself where there are none."""
    url = await asyncio.to_thread(demo.copy) if statements else demo.url
    engine = create_async_engine(url)
    async with engine.begin() as connection:
        for statement in statements:
            await connection.execute(statement)
    await engine.dispose()
    database = Database("main", url, MasterKey(MASTER_KEY))
    await database.open()
    try:
        yield database
    finally:
        await database.close()


async def customer_of(demo: Demo, support_id: str) -> CustomerId:
    """The id of the customer with a support id."""
    engine = create_async_engine(demo.url)
    async with engine.connect() as connection:
        query = select(customers.c.customer_id).where(customers.c.support_id == support_id)
        found: UUID = (await connection.execute(query)).scalar_one()
    await engine.dispose()
    return CustomerId(found)
