"""Tickets of a customer at a support desk, which keeps them. Rules: requirements 1.U."""

import datetime as dt
from collections.abc import Sequence
from typing import Protocol
from uuid import UUID

import msgspec

from datasources.ids import CustomerId, OwnedId
from datasources.paging import Page, PageRequest


class TicketRow(msgspec.Struct, frozen=True, array_like=True):
    """A ticket; status and type are the desk's own words."""

    customer_id: CustomerId
    id: UUID
    external_id: str
    system: str
    status: str
    type: str | None
    subject: str | None
    submitted_at: dt.datetime
    updated_at: dt.datetime | None
    url: str


class TicketReader(Protocol):
    """Serves tickets. Raises SourceUnavailable, SourceTimedOut."""

    async def of_customers(self, customers: Sequence[CustomerId], page: PageRequest) -> Sequence[Page[TicketRow]]:
        """Tickets, the last submitted first, one page per customer in the order given."""
        ...

    async def tickets(self, keys: Sequence[OwnedId]) -> Sequence[TicketRow | None]:
        """Tickets by their id, in the order given."""
        ...
