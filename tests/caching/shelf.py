"""A source of tags in memory that can be held up, fail and be written to, and a cache before it."""

import asyncio
import datetime as dt
from collections.abc import Callable, Sequence
from typing import Any, ClassVar
from uuid import UUID, uuid4

from datasources.cache import Cache
from datasources.cache_entries import Vault
from datasources.caching import Store
from datasources.ids import CustomerId
from datasources.layers import Layered
from datasources.paging import Page, PageRequest
from datasources.redis.cache import RedisStore
from datasources.registry import Domain
from datasources.tags import CustomerTagRow, TagOrigin

NOW = dt.datetime(2026, 1, 31, tzinfo=dt.UTC)
PAGE = PageRequest(NOW, first=20)
SECRET = b"s" * 40
TTL_S = 60.0
ONE, TWO, THREE = (CustomerId(UUID(int=number)) for number in (1, 2, 3))


class Shelf:
    """Serves part of `datasources.tags.TagReader`: every customer has one tag, counted by `put`."""

    domain: ClassVar[Domain] = Domain.TAGS
    source = "shelf"
    is_stepped = asks_together = False

    def __init__(self) -> None:
        self.counts: dict[CustomerId, int] = {}
        self.asked: list[Sequence[Any]] = []
        """The keys of every call."""
        self.columns: set[frozenset[str] | None] = set()
        """What was asked for of pages."""
        self.gate: asyncio.Event | None = None
        """What calls wait for once they have read."""
        self.failure: Exception | None = None
        self.failures = 0
        """How many calls fail by it."""
        self._news = asyncio.Event()

    def put(self, customer: CustomerId, count: int) -> None:
        """Write."""
        self.counts[customer] = count

    async def tags(self, customers: Sequence[CustomerId], page: PageRequest) -> Sequence[Page[CustomerTagRow]]:
        """See TagReader."""
        self.asked.append(tuple(customers))
        self.columns.add(page.columns)
        found = [Page(self._rows(customer), ("count",), total=page.size) for customer in customers]
        await self._held_up()
        return found

    async def held(self, keys: Sequence[tuple[CustomerId, str]]) -> Sequence[Sequence[CustomerTagRow]]:
        """See TagReader."""
        self.asked.append(tuple(keys))
        found = [self._rows(customer) for customer, _ in keys]
        await self._held_up()
        return found

    async def in_use(self, prefixes: Sequence[str]) -> Sequence[Sequence[str]]:
        """See TagReader."""
        self.asked.append(tuple(prefixes))
        found = [[f"{prefix}{len(self.counts)}"] for prefix in prefixes]
        await self._held_up()
        return found

    def _rows(self, customer: CustomerId) -> tuple[CustomerTagRow, ...]:
        count = self.counts.get(customer)
        if count is None:
            return ()
        return (CustomerTagRow(customer, "visits", "", count, TagOrigin.AUTOMATIC, NOW, NOW),)

    async def begun(self, calls: int) -> None:
        """Wait until there were so many calls."""
        while len(self.asked) < calls:
            self._news.clear()
            await self._news.wait()

    async def _held_up(self) -> None:
        self._news.set()
        if self.gate is not None:
            await self.gate.wait()
        if self.failure is not None and self.failures:
            self.failures -= 1
            raise self.failure


class Wall:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


class Cached:
    """A shelf behind a cache of its own, in a store that others may share."""

    def __init__(self, store: Store, shelf: Shelf | None = None, secret: bytes = SECRET, prefix: str = "test") -> None:
        self.shelf, self.wall = shelf or Shelf(), Wall()
        # Nobody comes early but where a test is about that.
        self.cache = Cache(store, Vault(secret, prefix), {Domain.TAGS: TTL_S}, clock=self.wall, chance=lambda: 0.0)
        self.reader: Any = Layered(self.shelf, self.cache)

    async def finished(self) -> None:
        """Wait until what was answered is kept."""
        if isinstance(self.cache.store, RedisStore):
            await self.cache.store.finish()

    async def counts(self, *customers: CustomerId, page: PageRequest = PAGE) -> list[int | None]:
        """What the reader tells of each customer."""
        pages = await self.reader.tags(customers, page)
        await self.finished()
        return [counted(page) for page in pages]


def counted(page: Page[CustomerTagRow]) -> int | None:
    return page.rows[0].count if page.rows else None


async def until(holds: Callable[[], bool]) -> None:
    """Wait for something, five seconds at most."""
    async with asyncio.timeout(5):
        while not holds():  # noqa: ASYNC110  # what it is tells nobody
            await asyncio.sleep(0.01)


def prefix() -> str:
    """Of keys that nobody else has."""
    return f"test-{uuid4().hex[:12]}"
