"""Customers in states that no mutation leads to at the moment that a test needs."""

from typing import Any

from sqlalchemy.ext.asyncio import create_async_engine

from datasources.sql.tables.profiles import customers
from tests.harness import Gateway


async def put(gateway: Gateway, support_id: str, **state: Any) -> None:
    """Set columns of the customer's row, whatever led to them."""
    if not state:
        return
    engine = create_async_engine(gateway.url_of(customers))
    async with engine.begin() as connection:
        whose = customers.c.customer_id == gateway.members[support_id]
        await connection.execute(customers.update().where(whose).values(**state))
    await engine.dispose()
