"""Segments, and those a customer is in."""

from uuid import UUID

from datasources.ids import EntityId
from datasources.paging import Page, PageRequest
from datasources.profiles import CustomerRow
from datasources.segments import SegmentMembershipRow, SegmentRow
from resolvers.context import Context


async def memberships(customer: CustomerRow, context: Context, page: PageRequest) -> Page[SegmentMembershipRow]:
    """The segments that the customer is in, last entered first."""
    return await context.load(context.sources.segments.memberships, customer.customer_id, page)


async def segments(_root: object, context: Context, page: PageRequest) -> Page[SegmentRow]:
    """The program's segments by key."""
    return await context.call(context.sources.segments.segments, page)


async def segment(context: Context, id: UUID) -> SegmentRow | None:
    """A segment by its id."""
    return await context.load(context.sources.segments.by_id, EntityId(id))
