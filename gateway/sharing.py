"""What the gateways of a program share: kept answers, counts and news. In Redis where the config names one; else each
process has its own."""

import os
from collections.abc import Iterable
from typing import Any

from datasources.cache import Cache, Watch
from datasources.cache_entries import Vault
from datasources.caching import Changed
from datasources.counting import Counters
from datasources.layers import Layer
from datasources.local.cache import LocalStore
from datasources.local.counters import LocalCounters
from datasources.local.topics import LocalTopics
from datasources.redis.cache import RedisStore
from datasources.redis.client import RedisClient
from datasources.redis.counters import RedisCounters
from datasources.redis.pubsub import RedisTopics
from datasources.registry import Domain, Source
from datasources.sql.source import SqlSource
from datasources.telling import Telling
from datasources.topics import Topics
from gateway.config import Settings

MEGABYTE = 1_048_576
ALONE = "alone"
"""Stands for the prefix of a process that shares nothing."""


class Shared:
    """Made without asking anybody: whether Redis is there shows when it is asked, and it need not be."""

    def __init__(self, settings: Settings) -> None:
        self.counters: Counters = LocalCounters()
        self.topics: Topics = LocalTopics()
        self.cache: Cache | None = None
        self._client = self._store = self._news = None
        ttl_s, secret = settings.cache.ttl_s.by_domain, settings.cache.secret or os.urandom(32)
        if settings.redis is None:
            if ttl_s:
                store = LocalStore(settings.cache.memory_mb * MEGABYTE)
                self.cache = Cache(store, Vault(secret, ALONE), ttl_s)
            return
        prefix = settings.redis.prefix
        self._client = RedisClient(settings.redis.address)
        self.counters = RedisCounters(self._client, prefix, settings.cursors.key, self.counters)
        self.topics = self._news = RedisTopics(self._client, prefix)
        if ttl_s:
            self._store = RedisStore(self._client, prefix)
            self.cache = Cache(self._store, Vault(secret, prefix), ttl_s)

    def layers(self, domain: Domain) -> tuple[Layer, ...]:
        """What stands before the readers of a domain."""
        return () if self.cache is None or domain not in self.cache.ttl_s else (self.cache,)

    def watch(self, sources: Iterable[Source]) -> None:
        """Have the cache learn of what is written into databases, whoever writes it in this process."""
        for source in sources:
            if isinstance(source, SqlSource):
                source.database.tell = None if self.cache is None else self.cache.changed

    def measure(self, watch: Watch) -> None:
        """Have somebody told of what the cache answers."""
        if self.cache is not None:
            self.cache.watch = watch

    def writer(self, source: Source, writer: Any) -> Any:
        """The writer of a domain; the cache learns of what it changes."""
        return writer if self.cache is None or isinstance(source, SqlSource) else Telling(writer, self.cache.changed)

    @property
    def is_told(self) -> bool:
        """False while something was changed that Redis could not be told of."""
        return self._store is None or not self._store.is_owing

    async def close(self) -> None:
        """Finish what was begun, and disconnect."""
        if self._store is not None:
            await self._store.close()
        if self._news is not None:
            await self._news.close()
        if self._client is not None:
            await self._client.close()


async def forget_kept(settings: Settings) -> bool:
    """Give nothing any more that was kept before an import; False where Redis could not be told."""
    shared = Shared(settings)
    try:
        if shared.cache is not None:
            await shared.cache.changed(Changed(everything=True))
        return shared.is_told
    finally:
        await shared.close()
