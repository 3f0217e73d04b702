"""A thousand customers, two callers who reach half of them each, one cache: nobody is ever shown another's row."""

import asyncio
import random
from collections.abc import AsyncIterator, Coroutine
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import create_async_engine

from datasources.sql.sealing import MasterKey
from datasources.sql.tables.profiles import customer_places, customers
from datasources.sql.tables.tags import customer_tags
from schema.ids import global_id
from tests.caching.replicas import gateways, shared
from tests.demo import MASTER_KEY, SqliteDemo
from tests.harness import Caller, Gateway
from tests.writing.doing import do

pytestmark = pytest.mark.anyio

COUNT, AT_ONCE, ROUNDS = 1_000, 50, 3
STORES = ("north", "south")
IDS = [UUID(int=number + 1) for number in range(COUNT)]
QUERY = "query Seen($ids: [ID!]!) { nodes(ids: $ids) { ... on Customer { uuid tags { nodes { key } } } } }"


@pytest.fixture
async def pair(sqlite_demo: SqliteDemo, redis_url: str) -> AsyncIterator[list[Gateway]]:
    """Two gateways over a database with a thousand customers more, by turns of one store and of the other."""
    url = sqlite_demo.copy()
    await fill(url)
    sections = shared(redis_url, tags=600)
    async with gateways(url, sections, sections) as found:
        yield found


async def fill(url: str) -> None:
    """Copies of a customer, each with a tag and a store of their own."""
    engine = create_async_engine(url)
    async with engine.begin() as connection:
        row = (await connection.execute(select(customers).limit(1))).mappings().one()
        tag = (await connection.execute(select(customer_tags).limit(1))).mappings().one()
        place = (await connection.execute(select(customer_places).limit(1))).mappings().one()
        master = MasterKey(MASTER_KEY)
        made = [
            dict(row) | {"customer_id": id_, "support_id": f"CANARY-{n}", "wrapped_key": master.new_wrapped(id_)}
            for n, id_ in enumerate(IDS)
        ]
        await connection.execute(insert(customers), made)
        tags = [dict(tag) | {"customer_id": id_, "key": f"canary-{n}"} for n, id_ in enumerate(IDS)]
        await connection.execute(insert(customer_tags), tags)
        places = [dict(place) | {"customer_id": id_, "store_id": STORES[n % 2]} for n, id_ in enumerate(IDS)]
        await connection.execute(insert(customer_places), places)
    await engine.dispose()


async def test_nobody_is_ever_shown_a_row_of_anybody_else(pair: list[Gateway]) -> None:
    chance, hits, places = random.Random(1), [0, 0], asyncio.Semaphore(4)
    for gateway in pair:
        gateway.runtime.shared.cache.watch = lambda _domain, found, missing: hits.__setitem__(  # type: ignore[union-attr]
            slice(None), [hits[0] + found, hits[1] + missing]
        )
    for _ in range(ROUNDS):
        numbers = chance.sample(range(COUNT), COUNT)
        batches = [numbers[start : start + AT_ONCE] for start in range(0, COUNT, AT_ONCE)]
        asked = [(gateway, side, batch) for batch in batches for gateway in pair for side in (0, 1)]
        chance.shuffle(asked)
        written = chance.sample(range(COUNT), 10)
        work = [check(*one) for one in asked] + [apply(pair[n % 2], n) for n in written]
        chance.shuffle(work)
        await asyncio.gather(*(in_turn(places, one) for one in work))
    # The first of a customer's four questions asks the source, and each of the ten writes has it asked again.
    assert sum(hits) == COUNT * 2 * ROUNDS
    assert COUNT <= hits[1] < COUNT * 2


async def in_turn(places: asyncio.Semaphore, work: Coroutine[Any, Any, None]) -> None:
    """Do the work while few others do theirs."""
    async with places:
        await work


async def check(gateway: Gateway, side: int, numbers: list[int]) -> None:
    """Ask for customers as one who reaches those of one store."""
    ids = [global_id("Customer", IDS[number]) for number in numbers]
    answer = await gateway.run(QUERY, {"ids": ids}, Caller("care_agent", stores=(STORES[side],)))
    assert answer.errors == []
    assert answer.data["nodes"] == [
        {"uuid": str(IDS[number]), "tags": {"nodes": [{"key": f"canary-{number}"}]}} if number % 2 == side else None
        for number in numbers
    ]


async def apply(gateway: Gateway, number: int) -> None:
    """Apply the customer's own tag once more."""
    given = {"customerId": global_id("Customer", IDS[number]), "key": f"canary-{number}"}
    assert (await do(gateway, "tagAdd", given, "tag { count }"))["userErrors"] == []
