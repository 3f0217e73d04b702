"""Segments and who is in them. Rules: requirements F22, J9, O21."""

import datetime as dt
from collections.abc import Sequence
from enum import Enum
from typing import Protocol
from uuid import UUID

import msgspec

from datasources.ids import CustomerId, EntityId
from datasources.paging import Page, PageRequest
from datasources.values import ActorRef, actor_of


class SegmentKind(Enum):
    """Who decides on the members of a segment."""

    MANUAL = "MANUAL"
    RULE = "RULE"


class SegmentRow(msgspec.Struct, frozen=True):
    """A segment of the program."""

    id: UUID
    key: str
    name: str
    kind: SegmentKind
    is_test: bool


class SegmentMembershipRow(msgspec.Struct, frozen=True):
    """A customer is in a segment."""

    customer_id: CustomerId
    segment_id: UUID
    segment_key: str
    segment_name: str
    segment_kind: SegmentKind
    segment_is_test: bool
    since: dt.datetime
    added_by_kind: str | None
    added_by_id: str | None
    variant: str | None

    @property
    def segment(self) -> SegmentRow:
        """The segment."""
        return SegmentRow(self.segment_id, self.segment_key, self.segment_name, self.segment_kind, self.segment_is_test)

    @property
    def added_by(self) -> ActorRef | None:
        """Who, or what rule, put the customer into it."""
        return actor_of(self.added_by_kind, self.added_by_id)


class SegmentReader(Protocol):
    """Serves segments. Methods with keys answer one result per key, in key order; raises SourceUnavailable,
    SourceTimedOut.
    """

    async def memberships(
        self, customers: Sequence[CustomerId], page: PageRequest
    ) -> Sequence[Page[SegmentMembershipRow]]:
        """The segments that each customer is in, last entered first, one page per customer."""
        ...

    async def segments(self, page: PageRequest) -> Page[SegmentRow]:
        """A page of all segments, by key."""
        ...

    async def by_id(self, ids: Sequence[EntityId]) -> Sequence[SegmentRow | None]:
        """Segments by their id."""
        ...
