"""News between the gateways of a program: `datasources.topics.Topics` over Redis' PUBLISH and SUBSCRIBE."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import structlog
from redis.asyncio.client import PubSub
from redis.exceptions import RedisError

from datasources.redis.client import CALL_S, RedisClient, RedisDown
from datasources.topics import MISSED, Subscribers, Subscription, check_size

SILENCE_S = 2.0
"""After so long without a word Redis is asked whether it is there, and after as long again given up; at once where it has
not confirmed what it was asked."""
AGAIN_S = 1.0
BROKEN = (RedisError, OSError, TimeoutError)

log = structlog.get_logger()


class Heard:
    """A topic that this process listens to."""

    def __init__(self) -> None:
        self.is_asked = False
        """True where Redis was asked to tell of it, and not since then to be silent."""
        self.awaited = 0
        """How often Redis was asked to tell of it and has not confirmed that yet."""
        self.confirmed = asyncio.Event()
        """Set while Redis tells what is published on it."""
        self.entering: set[Subscription] = set()
        """Those who are just subscribing, and so have missed nothing."""


class RedisTopics:
    """Serves `datasources.topics.Topics`: one connection listens to all topics of this process.

    While Redis is down, a message comes to the subscribers of this process alone; once it is back, all are told that
    they may have missed some.
    """

    def __init__(self, client: RedisClient, prefix: str) -> None:
        self._client, self._prefix = client, f"{prefix}:news:"
        self._subscribers = Subscribers()
        self._heard: dict[str, Heard] = {}
        self._pubsub: PubSub | None = None
        self._listening: asyncio.Task[None] | None = None

    async def publish(self, topic: str, message: bytes) -> None:
        """See Topics."""
        check_size(message)
        try:
            await self._client.send(("PUBLISH", self._prefix + topic, message))
        except RedisDown:
            self._subscribers.deliver(topic, message)

    @asynccontextmanager
    async def subscribed(self, topic: str) -> AsyncIterator[Subscription]:
        """See Topics."""
        with self._subscribers.subscribed(topic) as subscription:
            try:
                await self._enter(topic, subscription)
                yield subscription
            finally:
                if len(self._subscribers.by_topic[topic]) == 1:
                    await self._leave(topic)

    async def close(self) -> None:
        """Listen no more."""
        if self._listening is not None:
            self._listening.cancel()
            with suppress(asyncio.CancelledError):
                await self._listening

    async def _enter(self, topic: str, subscription: Subscription) -> None:
        """Wait until Redis tells of the topic; where that takes too long, it is told as `MISSED` later."""
        heard = self._heard.setdefault(topic, Heard())
        heard.entering.add(subscription)
        if self._listening is None:
            self._listening = asyncio.create_task(self._listen())
        elif self._pubsub is not None and not heard.is_asked:
            await self._ask(self._pubsub, topic)
        with suppress(TimeoutError):
            async with asyncio.timeout(CALL_S):
                await heard.confirmed.wait()
        heard.entering.discard(subscription)

    async def _leave(self, topic: str) -> None:
        """Listen to the topic no more; it is forgotten once Redis confirms that, so that nothing is confirmed twice."""
        heard = self._heard[topic]
        heard.is_asked = False
        heard.confirmed.clear()
        if self._pubsub is None:
            del self._heard[topic]
            return
        with suppress(*BROKEN):
            await self._pubsub.unsubscribe(self._prefix + topic)

    async def _ask(self, pubsub: PubSub, *topics: str) -> None:
        for topic in topics:
            self._heard[topic].is_asked = True
            self._heard[topic].awaited += 1
        with suppress(*BROKEN):  # whoever listens finds the connection broken
            await pubsub.subscribe(*(self._prefix + topic for topic in topics))

    async def _listen(self) -> None:
        while True:
            try:
                async with self._client.pubsub() as pubsub:
                    await self._follow(pubsub)
            except BROKEN as error:
                log.warning("news.cut", error=type(error).__name__)
            self._pubsub = None
            for topic, heard in list(self._heard.items()):
                heard.is_asked, heard.awaited = False, 0
                heard.confirmed.clear()
                if topic not in self._subscribers.by_topic:
                    del self._heard[topic]
            await asyncio.sleep(AGAIN_S)

    async def _follow(self, pubsub: PubSub) -> None:
        """Take what is told until the connection breaks. Raises RedisError, OSError, TimeoutError."""
        async with asyncio.timeout(CALL_S):
            await pubsub.connect()  # type: ignore[no-untyped-call]  # redis-py leaves it untyped
            self._pubsub = pubsub
            if self._heard:
                await self._ask(pubsub, *self._heard)
        is_asked = False
        while True:
            told = await pubsub.get_message(timeout=SILENCE_S)
            if told is not None:
                is_asked = False
                self._take(told["type"], told["channel"], told["data"])
            elif is_asked or any(heard.awaited for heard in self._heard.values()):
                raise TimeoutError
            else:
                is_asked = True
                await pubsub.ping()

    def _take(self, kind: str, channel: bytes | None, data: bytes) -> None:
        topic = (channel or b"").decode().removeprefix(self._prefix)
        heard = self._heard.get(topic)
        if kind == "message" and heard is not None:
            # What comes before Redis confirms was told before whoever is subscribing had come.
            early = frozenset() if heard.confirmed.is_set() else heard.entering
            self._subscribers.deliver(topic, data, but=early)
        elif kind == "unsubscribe" and topic not in self._subscribers.by_topic:
            self._heard.pop(topic, None)
        elif kind == "subscribe" and heard is not None:
            heard.awaited -= 1
            if heard.is_asked and not heard.awaited:
                heard.confirmed.set()
                self._subscribers.deliver(topic, MISSED, but=heard.entering)
