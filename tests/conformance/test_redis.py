"""Readers behind the cache keep every law, all that can be cached being cached in Redis."""

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy.ext.asyncio import create_async_engine

from datasources.cache import Cache
from datasources.caching import Changed
from datasources.conformance import Subject
from datasources.conformance.laws import *  # noqa: F403  # that is how an implementation joins
from datasources.ids import CustomerId
from datasources.paging import Page
from datasources.registry import Domain
from gateway.cache_sections import TtlSettings
from tests.conformance.hiding import SqlHiding
from tests.demo import SqliteDemo
from tests.harness import opened

DOMAINS = tuple(domain for domain in Domain if domain.value.lower() in TtlSettings.model_fields)
TTL_S = dict.fromkeys(TtlSettings.model_fields, 600)
KEY = "c" * 40


class ToldHiding:
    """Rows taken out and put back as a writer does: the cache is told."""

    def __init__(self, hiding: SqlHiding, cache: Cache) -> None:
        self._hiding, self._cache = hiding, cache

    @asynccontextmanager
    async def __call__(self, domain: Domain, page: Page[Any], row: Any) -> AsyncIterator[None]:
        async with self._hiding(domain, page, row):
            await self._cache.changed(Changed(everything=True))
            yield
        await self._cache.changed(Changed(everything=True))


@pytest.fixture(scope="session")
async def subject(sqlite_demo: SqliteDemo, redis_url: str) -> AsyncIterator[Subject]:
    """The readers of all domains that can be cached, over a copy of the demo program."""
    engine = create_async_engine(sqlite_demo.copy())
    sections = {"redis": {"url": redis_url, "prefix": uuid4().hex}, "cache": {"key": KEY, "ttl_s": TTL_S}}
    async with opened(engine.url.render_as_string(hide_password=False), **sections) as gateway:
        cache = gateway.runtime.shared.cache
        assert cache is not None
        found: Counter[bool] = Counter()
        cache.watch = lambda _domain, hits, misses: found.update({True: hits, False: misses})
        yield Subject(
            readers={domain: getattr(gateway.runtime.sources, domain.value.lower()) for domain in DOMAINS},
            customers=[CustomerId(uuid) for uuid in gateway.members.values()],
            now=gateway.now,
            hiding=ToldHiding(SqlHiding(engine), cache),
        )
        assert min(found[True], found[False]) > 0
    await engine.dispose()
