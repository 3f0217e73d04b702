"""Readers over the upstreams as the tests ask them."""

import asyncio
import datetime as dt
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

from datasources.http.ids import text_of
from datasources.http.source import KIND, HttpSource
from datasources.ids import CustomerId
from datasources.paging import Page, PageRequest
from datasources.profiles import ProfileReader
from datasources.registry import Domain
from datasources.surroundings import Surroundings
from tests.harness import Gateway

NOW = dt.datetime(2026, 1, 31, 12, tzinfo=dt.UTC)


@asynccontextmanager
async def source(section: dict[str, Any], profiles: ProfileReader) -> AsyncIterator[HttpSource]:
    """The source of a section beside these profiles, open."""
    made = KIND.make("upstream", KIND.settings.model_validate(section), b"")
    assert isinstance(made, HttpSource)
    made.connect(Surroundings(profiles, None))
    await made.open()
    try:
        yield made
    finally:
        await made.close()


@asynccontextmanager
async def reader(section: dict[str, Any], domain: Domain, gateway: Gateway) -> AsyncIterator[Any]:
    """The domain's reader, over the profiles of the gateway."""
    async with source(section, gateway.runtime.sources.profiles) as opened:
        yield opened.reader(domain)


def members(gateway: Gateway, *households: int) -> list[CustomerId]:
    """Customers of the demo by their household."""
    return [CustomerId(gateway.members[f"CJ-{household:06d}"]) for household in households]


def first(rows: int, **more: Any) -> PageRequest:
    """A request for the first rows of a list."""
    return PageRequest(NOW, first=rows, **more)


def ids(page: Page[Any]) -> list[str | None]:
    """What the upstream calls the rows of a page."""
    return [text_of(row.id) for row in page.rows]


def told(answers: Sequence[Any]) -> list[Any]:
    """The ids of each page, or the message of what stands in its place."""
    return [str(answer) if isinstance(answer, Exception) else ids(answer) for answer in answers]


async def until(holds: Callable[[], bool]) -> None:
    """Wait until it holds, five seconds at most."""
    for _ in range(500):
        if holds():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it never held")
