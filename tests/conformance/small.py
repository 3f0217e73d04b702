"""Factories as authors write them: of a source of tickets that has gaps, and of one that says so wrongly."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from datasources.conformance import Rows
from datasources.registry import Domain
from tests.conformance.held import Held

GAPS = {
    "backward tickets.of_customers": "told to fail, and does not",
    "erasure": "tickets are erased at the desk",
}


class Tickets:
    """Serves tickets, and can't erase them."""

    reads, writes = frozenset({Domain.TICKETS}), frozenset[Domain]()

    def __init__(self, rows: Rows) -> None:
        held = Held(rows)
        self.name, self.reader, self.writer = held.name, held.reader, held.writer
        self.open, self.close, self.ping = held.open, held.close, held.ping


@asynccontextmanager
async def factory(rows: Rows) -> AsyncIterator[Tickets]:
    yield Tickets(rows)
