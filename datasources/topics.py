"""News by topic, from any gateway of a program to all: that something happened, not what.

Nothing is kept: who was not there when it was told, or was cut off, has to look for themselves where it is kept. So each
subscription is told when it may have missed something.
"""

import asyncio
from collections.abc import Iterator, Set
from contextlib import AbstractAsyncContextManager, contextmanager
from typing import Protocol

LARGEST = 8_192
"""Bytes of a message. It holds ids, and nothing personal: Redis has it in clear."""
QUEUED = 100
"""Messages that a subscriber may be behind; then they are cut off."""

MISSED = None
"""Comes in the place of a message where some may have been lost: look where what they tell of is kept."""


class TooSlow(Exception):
    """The subscriber was so far behind that they were cut off: subscribe again, and look for what was missed."""


class Subscription:
    """What is published on a topic from now on: `async for message in subscription`, each bytes or `MISSED`."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[bytes | None] = asyncio.Queue(QUEUED)
        self._is_cut_off = False

    def put(self, message: bytes | None) -> None:
        """Have it come next; a subscriber who is too far behind is cut off."""
        try:
            self._queue.put_nowait(message)
        except asyncio.QueueFull:
            self._is_cut_off = True

    def __aiter__(self) -> "Subscription":
        return self

    async def __anext__(self) -> bytes | None:
        """The next message. Raises TooSlow."""
        if self._is_cut_off:
            raise TooSlow
        return await self._queue.get()


class Topics(Protocol):
    """Tells and listens. Never raises but for a message that is too long."""

    async def publish(self, topic: str, message: bytes) -> None:
        """Tell all who have subscribed to the topic."""
        ...

    def subscribed(self, topic: str) -> AbstractAsyncContextManager[Subscription]:
        """Be subscribed to a topic meanwhile: what is published once this was entered comes, or `MISSED` does."""
        ...


class Subscribers:
    """The subscriptions of one process, by topic."""

    def __init__(self) -> None:
        self.by_topic: dict[str, set[Subscription]] = {}

    def deliver(self, topic: str, message: bytes | None, *, but: Set[Subscription] = frozenset()) -> None:
        """Give it to all subscriptions of the topic but these."""
        for subscription in self.by_topic.get(topic, set()) - but:
            subscription.put(message)

    @contextmanager
    def subscribed(self, topic: str) -> Iterator[Subscription]:
        """One more subscription meanwhile."""
        subscription = Subscription()
        self.by_topic.setdefault(topic, set()).add(subscription)
        try:
            yield subscription
        finally:
            self.by_topic[topic].discard(subscription)
            if not self.by_topic[topic]:
                del self.by_topic[topic]


def check_size(message: bytes) -> None:
    """Pass for a message that is short enough. Raises ValueError."""
    if len(message) > LARGEST:
        raise ValueError(f"a message has at most {LARGEST} bytes: tell where what happened is kept")
