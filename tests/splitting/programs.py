"""The demo program split over several databases: each is a copy that keeps the rows of its own domains alone."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Table, false, func, or_, select
from sqlalchemy.ext.asyncio import create_async_engine

from datasources.registry import Domain
from datasources.sql.retelling import retold
from datasources.sql.tables import metadata
from datasources.sql.tables.audit import approvals
from datasources.sql.tables.profiles import identifiers
from datasources.sql.tables.writing import inbox, outbox, outbox_lanes
from tests.demo import Demo
from tests.harness import OWNERS, Gateway, opened

PLUMBING = (outbox, outbox_lanes, inbox)


class Layout(msgspec.Struct, frozen=True):
    """Which source serves which domains; the first serves all that are not named."""

    name: str
    sources: tuple[str, ...]
    domains: Mapping[str, str]

    @property
    def bound(self) -> dict[Domain, str]:
        """The source of every domain."""
        return {domain: self.domains.get(domain.value.lower(), self.sources[0]) for domain in Domain}

    def sections(self, urls: Mapping[str, str]) -> dict[str, Any]:
        """The sections of the config."""
        return {
            "sources": {name: {"kind": "sql", "url": url} for name, url in urls.items()},
            "domains": {"default": self.sources[0], **self.domains},
        }


GRANTING = ("points", "tiers", "offers", "transactions", "campaigns", "promo_codes")
"""The domains that one transaction changes together."""
THREE = Layout(
    "three",
    ("members", "loyalty", "trail"),
    dict.fromkeys((*GRANTING, "cards"), "loyalty") | dict.fromkeys(("audit", "events"), "trail"),
)
FOUR = Layout(
    "four",
    ("members", "loyalty", "wallet", "trail"),
    dict.fromkeys((*GRANTING, "events"), "loyalty")
    | dict.fromkeys(("cards", "tags", "segments", "notes"), "wallet")
    | {"audit": "trail"},
)


@asynccontextmanager
async def parted(
    demo: Demo, layout: Layout, empty: Mapping[str, str] | None = None, **sections: Any
) -> AsyncIterator[Gateway]:
    """A gateway over databases of its own, all of which know what the others told them; `empty` ones have nothing else."""
    urls = {name: demo.copy() for name in layout.sources if name not in (empty or {})}
    for name, url in urls.items():
        await _pruned(url, layout, name)
    urls |= empty or {}
    async with opened(urls[layout.sources[0]], **layout.sections(urls), **sections) as gateway:
        for database in gateway.runtime.databases.values():
            _ = [done async for done in retold(database)]
        await drained(gateway)
        yield gateway


async def _pruned(url: str, layout: Layout, source: str) -> None:
    """Delete what other sources serve."""
    engine = create_async_engine(url)
    async with engine.begin() as connection:
        for table in reversed(metadata.sorted_tables):
            if not _kept(layout, table, source):
                await connection.execute(table.delete().where(*_deleted(layout, table, source)))
    await engine.dispose()


def _kept(layout: Layout, table: Table, source: str) -> bool:
    """True for what the source serves, and what all of them have."""
    domain = OWNERS.get(table.name)
    home = layout.bound[Domain.PROFILES]
    if table is approvals:
        return False
    if domain is None:
        return table not in PLUMBING
    # The profiles keep copies of what they are filtered by.
    return layout.bound.get(domain or Domain.PROFILES) == source or (
        source == home and table.name in ("customer_tags", "segment_members")
    )


def _deleted(layout: Layout, table: Table, source: str) -> list[ColumnElement[bool]]:
    """Approvals are kept where their operation is, numbers of loyalty cards where those are."""
    if table is approvals:
        own = [
            approvals.c.operation.startswith(start)
            for start, domain in (("POINTS", Domain.POINTS), ("CARD", Domain.CARDS))
            if layout.bound[domain] == source
        ]
        return [~or_(false(), *own)]
    if table is identifiers and layout.bound[Domain.CARDS] == source:
        return [identifiers.c.kind != "LOYALTY_NUMBER"]
    return []


async def drained(gateway: Gateway) -> int:
    """Deliver what waits until nothing does; how many messages that were."""
    told, couriers = 0, gateway.runtime.couriers
    async with asyncio.timeout(20):
        while sum([(await courier.outbox.backlog()).waiting for courier in couriers]):
            delivered = sum([await courier.round() for courier in couriers])
            told += delivered
            # What was not taken at once is tried again a second later.
            await asyncio.sleep(0 if delivered else 0.05)
    return told


async def rows(url: str, *tables: Table) -> list[Sequence[Any]]:
    """All rows of each table of one database, in the order of the keys."""
    engine = create_async_engine(url)
    try:
        async with engine.connect() as connection:
            return [
                (await connection.execute(select(table).order_by(*table.primary_key))).mappings().all()
                for table in tables
            ]
    finally:
        await engine.dispose()


async def size(url: str, table: Table) -> int:
    """How many rows a table has."""
    engine = create_async_engine(url)
    try:
        async with engine.connect() as connection:
            return (await connection.execute(select(func.count()).select_from(table))).scalar_one()
    finally:
        await engine.dispose()
