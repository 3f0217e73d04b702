"""What adjustments of points made in one database, and what another one was told of them."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import create_async_engine

from datasources.sql.audit_walking import chains
from datasources.sql.tables.audit import audit_entries
from datasources.sql.tables.events import events
from datasources.sql.tables.points import point_entries
from datasources.sql.tables.writing import idempotency_keys
from tests.harness import Gateway
from tests.writing.tables import found


async def posted_and_told(gateway: Gateway, member: str) -> tuple[list[UUID], list[UUID], set[UUID]]:
    """Of the entries of points that a test made, in their order: the audit entries that the idempotency keys name, the
    audit entries that are there, and what the events refer to."""
    whose = gateway.members[member]
    entries, audited, happened = await found(
        gateway,
        select(point_entries).where(point_entries.c.customer_id == whose).order_by(point_entries.c.sequence),
        select(audit_entries).where(audit_entries.c.customer_id == whose).order_by(audit_entries.c.sequence),
        select(events).where(events.c.customer_id == whose, events.c.type == "points_adjusted"),
    )
    made = {UUID(row["made"]["entry"]): UUID(row["made"]["audit"]) for row in await keys_of(gateway)}
    own = [row["id"] for row in entries if row["id"] in made]
    told = [row["id"] for row in audited if row["id"] in set(made.values())]
    referred = [row["reference_id"] for row in happened if row["reference_id"] in made]
    assert len(referred) == len(set(referred))
    return [made[entry] for entry in own], told, set(referred)


async def keys_of(gateway: Gateway) -> Sequence[Any]:
    """The idempotency keys of the points' database."""
    engine = create_async_engine(gateway.url_of(point_entries))
    async with engine.connect() as connection:
        statement = select(idempotency_keys).where(idempotency_keys.c.operation == "pointsAdjust")
        rows = (await connection.execute(statement)).mappings().all()
    await engine.dispose()
    return rows


async def broken(gateway: Gateway) -> list[UUID]:
    """Whose audit chain is."""
    return [one.customer_id async for one in chains(gateway.runtime.databases["trail"]) if one.broken_at is not None]
