"""News within one process: `datasources.topics.Topics` where there is no Redis."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from datasources.topics import Subscribers, Subscription, check_size


class LocalTopics:
    """Serves `datasources.topics.Topics`."""

    def __init__(self) -> None:
        self._subscribers = Subscribers()

    async def publish(self, topic: str, message: bytes) -> None:
        """See Topics."""
        check_size(message)
        self._subscribers.deliver(topic, message)

    @asynccontextmanager
    async def subscribed(self, topic: str) -> AsyncIterator[Subscription]:
        """See Topics."""
        with self._subscribers.subscribed(topic) as subscription:
            yield subscription
