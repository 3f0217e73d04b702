"""Tickets and cards of the upstreams keep every law of readers, and so do all methods of their domains, but that they are
erased elsewhere."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import pytest

from datasources.conformance import Subject
from datasources.conformance.laws import *  # noqa: F403  # that is how an implementation joins
from datasources.http.ids import text_of
from datasources.ids import CustomerId
from datasources.paging import Page
from datasources.registry import Domain
from datasources.resilience.guarded import Guarded
from tests.demo import SqliteDemo
from tests.upstreams.configs import helpdesk_section, processor_section
from tests.upstreams.conftest import Desked, Processing, gateway_over

HOUSEHOLDS = (1, 2, 5, 7, 8, 9, 12, 16, 17)
"""Between them they have no, few and many tickets and cards."""
DOMAINS = (Domain.TICKETS, Domain.CARDS)


class Hiding:
    """Has the upstreams leave a row out of their lists."""

    def __init__(self, desk: Desked, cards: Processing) -> None:
        self._desk, self._cards = desk.desk, cards.state

    @asynccontextmanager
    async def __call__(self, domain: Domain, _page: Page[Any], row: Any) -> AsyncIterator[None]:
        id_ = text_of(row.id)
        assert id_ is not None
        hidden: set[Any] = self._desk.hidden if domain is Domain.TICKETS else self._cards.hidden
        hidden.add(int(id_) if domain is Domain.TICKETS else id_)
        try:
            yield
        finally:
            hidden.clear()


class Upstreams:
    """Both sources as one, which the laws open and close."""

    name, reads, writes = "upstreams", frozenset(DOMAINS), frozenset[Domain]()

    def __init__(self, each: Mapping[str, Guarded]) -> None:
        self._of = {Domain.TICKETS: each["helpdesk"].source, Domain.CARDS: each["processor"].source}

    def reader(self, domain: Domain) -> Any:
        """See Source."""
        return self._of[domain].reader(domain)

    def writer(self, domain: Domain) -> Any:
        """See Source: no law writes here."""
        return self._of[domain].writer(domain)

    async def open(self) -> None:
        """See Source."""
        for source in self._of.values():
            await source.open()

    async def close(self) -> None:
        """See Source."""
        for source in self._of.values():
            await source.close()

    async def ping(self) -> None:
        """See Source."""
        for source in self._of.values():
            await source.ping()


@pytest.fixture(scope="session")
async def subject(sqlite_demo: SqliteDemo, served_desk: Desked, served_processor: Processing) -> AsyncIterator[Subject]:
    """The readers of both domains over their upstreams, asked about some customers of the demo."""
    served_desk.desk.forget()
    served_processor.state.forget()
    helpdesk, processor = helpdesk_section(served_desk.upstream.url), processor_section(served_processor.upstream.url)

    @asynccontextmanager
    async def fresh() -> AsyncIterator[Upstreams]:
        async with gateway_over(sqlite_demo.url, helpdesk=helpdesk, processor=processor) as another:
            yield Upstreams(another.runtime.each)

    async with gateway_over(sqlite_demo.url, helpdesk=helpdesk, processor=processor) as gateway:
        sources = gateway.runtime.sources
        yield Subject(
            readers={Domain.TICKETS: sources.tickets, Domain.CARDS: sources.cards},
            customers=[CustomerId(gateway.members[f"CJ-{number:06d}"]) for number in HOUSEHOLDS],
            now=gateway.now,
            hiding=Hiding(served_desk, served_processor),
            fresh=fresh,
            gaps={"erasure": "tickets and cards are erased where they are kept"},
        )
