"""Segments and who is in them. Rules: requirements 1.V, F22, J9, O21."""

import datetime as dt
from collections.abc import Sequence
from enum import Enum
from typing import Protocol
from uuid import UUID

import msgspec

from datasources.ids import CustomerId, EntityId, OwnedId
from datasources.paging import Page, PageRequest
from datasources.refusals import UserErrorCode
from datasources.values import ActorRef, actor_of
from datasources.writing import Refusal, Write, Writer, Written


class SegmentKind(Enum):
    """Who decides on the members of a segment."""

    MANUAL = "MANUAL"
    RULE = "RULE"


class SegmentRow(msgspec.Struct, frozen=True, array_like=True):
    """A segment of the program."""

    id: UUID
    key: str
    name: str
    kind: SegmentKind
    is_test: bool


class SegmentMembershipRow(msgspec.Struct, frozen=True, array_like=True):
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

    async def members(self, keys: Sequence[OwnedId]) -> Sequence[SegmentMembershipRow | None]:
        """Whether each customer is in a segment, by (customer, segment)."""
        ...

    async def segments(self, page: PageRequest) -> Page[SegmentRow]:
        """A page of all segments, by key."""
        ...

    async def by_id(self, ids: Sequence[EntityId]) -> Sequence[SegmentRow | None]:
        """Segments by their id."""
        ...


class SegmentMember(msgspec.Struct, frozen=True):
    """A customer and a segment."""

    customer_id: CustomerId
    segment_id: EntityId


class MembershipShown(msgspec.Struct, frozen=True):
    """How a write of segments came out: the membership as it is then, None for who left."""

    membership: SegmentMembershipRow | None


class SegmentWriter(Writer, Protocol):
    """Changes who is in a segment that staff decide on. Makes `audit`.

    Raises Refusal, SourceUnavailable, SourceTimedOut, OutcomeUnknown.
    """

    async def add(self, write: Write, asked: SegmentMember) -> Written[MembershipShown]:
        """Put the customer into a segment (V1)."""
        ...

    async def remove(self, write: Write, asked: SegmentMember) -> Written[MembershipShown]:
        """Take the customer out of a segment (V1)."""
        ...


def check_by_hand(segment: SegmentRow | None) -> SegmentRow:
    """The segment, where there is one that staff decide on (V1). Raises Refusal."""
    if segment is None:
        raise Refusal(UserErrorCode.NOT_FOUND, "There is no such segment.", "segmentId")
    if segment.kind is not SegmentKind.MANUAL:
        message = "A rule decides who is in this segment: choose one that staff decide on."
        raise Refusal(UserErrorCode.INVALID_TRANSITION, message, "segmentId")
    return segment
