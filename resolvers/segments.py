"""Segments, those a customer is in, and what changes that."""

from typing import Any
from uuid import UUID

import msgspec

from datasources.ids import CustomerId, EntityId
from datasources.paging import Page, PageRequest
from datasources.segments import MembershipShown, SegmentMember, SegmentMembershipRow, SegmentRow
from datasources.writing import Reason
from resolvers.command import Command, Payload, carried_out
from resolvers.context import Context
from resolvers.customer_lists import Asked, CustomerList


@CustomerList
def memberships(context: Context, page: PageRequest) -> Asked[SegmentMembershipRow]:
    """The segments that the customer is in, last entered first."""
    return context.sources.segments.memberships, page


async def segments(_root: object, context: Context, page: PageRequest) -> Page[SegmentRow]:
    """The program's segments by key."""
    return await context.call(context.sources.segments.segments, page)


async def segment(context: Context, id: UUID) -> SegmentRow | None:
    """A segment by its id."""
    return await context.load(context.sources.segments.by_id, EntityId(id))


class SegmentMemberInput(msgspec.Struct, frozen=True):
    """A customer and a segment as they are asked for."""

    customer_id: CustomerId
    segment_id: EntityId
    idempotency_key: str | None = None
    dry_run: bool | None = False
    reason: Reason | None = None


class SegmentPayload(Payload[MembershipShown], frozen=True):
    """What came of a write of segments."""

    segment_id: EntityId


async def add_member(command: Command[SegmentMemberInput]) -> SegmentPayload:
    """Put the customer into a segment (V1)."""
    return await _written(command, command.context.sources.writers.segments.add)


async def remove_member(command: Command[SegmentMemberInput]) -> SegmentPayload:
    """Take the customer out of a segment (V1)."""
    return await _written(command, command.context.sources.writers.segments.remove)


async def _written(command: Command[SegmentMemberInput], method: Any) -> SegmentPayload:
    asked = command.asked
    member = SegmentMember(asked.customer_id, asked.segment_id)
    return SegmentPayload(*await carried_out(command, method, member), asked.segment_id)


async def written_membership(payload: SegmentPayload, context: Context) -> SegmentMembershipRow | None:
    """The membership as it is now, as it would be after a dry run; None for who is not in the segment."""
    shown = payload.written.shown
    if shown is not None or not payload.replayed or payload.customer_id is None:
        return None if shown is None else shown.membership
    return await context.load(context.sources.segments.members, (payload.customer_id, payload.segment_id))
