"""What one database tells another through its outbox, for programs that are split over several."""

import datetime as dt
from enum import Enum
from typing import Any
from uuid import UUID

import msgspec


class News(Enum):
    """What one database tells another. Of those without a payload the state is read the moment it is told."""

    AUDIT = "audit"
    """An entry of the audit log, sealed."""
    EVENT = "event"
    """An event of the stream."""
    SEEN = "seen"
    """A customer was active, maybe at a place."""
    CUSTOMER = "customer"
    """How a customer may be dealt with, their key, their places and what they are found by: another than before."""
    LOYALTY = "loyalty"
    """Numbers of loyalty cards are others than before."""
    TAGS = "tags"
    SEGMENTS = "segments"


class ToldEntry(msgspec.Struct, frozen=True):
    """An entry of the audit log as it is stored but for its number and hash: it gets those where the chain is."""

    id: UUID
    type: str
    at: dt.datetime
    actor_kind: str
    actor_id: str
    outcome: str
    summary: bytes
    changes: bytes
    reason_code: str | None
    ticket_id: str | None
    correlation_id: str


class ToldEvent(msgspec.Struct, frozen=True):
    """An event that the gateway recorded; its key is its own id."""

    id: UUID
    type: str
    occurred_at: dt.datetime
    recorded_at: dt.datetime
    reference_id: UUID | None
    facts: dict[str, Any]  # whatever its type tells
    search_text: str


class Sighting(msgspec.Struct, frozen=True):
    """When a customer was active, and at which store where that is known."""

    at: dt.datetime
    location_id: UUID | None = None
    store_id: str | None = None
