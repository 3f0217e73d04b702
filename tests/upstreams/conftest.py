"""The two upstreams, and a gateway over the demo program whose tickets and cards they keep."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from sqlalchemy import delete, update
from sqlalchemy.ext.asyncio import create_async_engine

from datasources.sql.tables.profiles import customers
from datasources.sql.tables.writing import adjustment_days
from tests.demo import Demo, SqliteDemo
from tests.harness import Gateway, opened
from tests.upstreams.configs import helpdesk_section, processor_section
from tests.upstreams.helpdesk import Desk, helpdesk
from tests.upstreams.processor import Processor, processor
from tests.upstreams.serving import Upstream, serving


class Desked:
    """The help desk as it is served, and what can be changed in it."""

    def __init__(self, upstream: Upstream, desk: Desk) -> None:
        self.upstream, self.desk = upstream, desk


class Processing:
    """The processor as it is served, and its state."""

    def __init__(self, upstream: Upstream, state: Processor) -> None:
        self.upstream, self.state = upstream, state


@pytest.fixture(scope="session")
def served_desk() -> Iterator[Desked]:
    app, desk = helpdesk()
    with serving(app) as upstream:
        yield Desked(upstream, desk)


@pytest.fixture(scope="session")
def served_processor() -> Iterator[Processing]:
    app, state = processor()
    with serving(app) as upstream:
        yield Processing(upstream, state)


@pytest.fixture
def desk(served_desk: Desked) -> Iterator[Desked]:
    """The help desk, of which nothing was asked yet and nothing goes wrong."""
    served_desk.upstream.forget()
    served_desk.desk.forget()
    yield served_desk
    served_desk.upstream.forget()


@pytest.fixture
def cards(served_processor: Processing) -> Iterator[Processing]:
    """The processor, the same."""
    served_processor.upstream.forget()
    served_processor.state.forget()
    yield served_processor
    served_processor.upstream.forget()


@asynccontextmanager
async def gateway_over(url: str, **sources: dict[str, Any]) -> AsyncIterator[Gateway]:
    """A gateway over a demo database, whose tickets and cards are kept by the sources `helpdesk` and `processor`."""
    bound = {"tickets": "helpdesk", "cards": "processor"}
    domains = {domain: name for domain, name in bound.items() if name in sources}
    main = {"kind": "sql", "url": url}
    async with opened(url, sources={"main": main, **sources}, domains={"default": "main", **domains}) as gateway:
        yield gateway


@pytest.fixture(scope="session")
async def gateway(sqlite_demo: SqliteDemo, served_desk: Desked, served_processor: Processing) -> AsyncIterator[Gateway]:
    """A gateway over both upstreams, through which nobody writes."""
    async with gateway_over(
        sqlite_demo.url,
        helpdesk=helpdesk_section(served_desk.upstream.url),
        processor=processor_section(served_processor.upstream.url),
    ) as opened_gateway:
        yield opened_gateway


@pytest.fixture(scope="module")
async def shared_writing(demo: Demo, served_processor: Processing) -> AsyncIterator[Gateway]:
    """A gateway over the processor that the tests of a module may write through, on each database in turn."""
    async with gateway_over(demo.copy(), processor=processor_section(served_processor.upstream.url)) as opened_gateway:
        yield opened_gateway


@pytest.fixture
async def writing(shared_writing: Gateway, cards: Processing) -> Gateway:
    """The same, where everybody is as they were, and nobody adjusted anything today."""
    engine = create_async_engine(shared_writing.runtime.databases["main"].url)
    async with engine.begin() as connection:
        await connection.execute(delete(adjustment_days))
        await connection.execute(update(customers).values(membership="ACTIVE", processing="ACTIVE"))
    await engine.dispose()
    return shared_writing
