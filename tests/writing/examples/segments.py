"""Mutations of segments."""

from sqlalchemy import select

from datasources.sql.tables.segments import segments
from schema.ids import global_id
from tests.harness import Gateway
from tests.writing.doing import do
from tests.writing.examples.example import Example, Given
from tests.writing.tables import found

MEMBERSHIP = "membership { segment { key } since addedBy { kind id } variant } auditEntry { id }"


async def member_of(gateway: Gateway, member: str, segment: str) -> Given:
    """The input of a mutation of a segment, by its key."""
    (rows,) = await found(gateway, select(segments.c.id).where(segments.c.key == segment))
    return {"customerId": gateway.customer_id(member), "segmentId": global_id("Segment", rows[0]["id"])}


async def _addition(gateway: Gateway, member: str) -> Given:
    """Into a segment that the customer is not in, any more."""
    given = await member_of(gateway, member, "beta-testers")
    await do(gateway, "segmentMemberRemove", given, MEMBERSHIP)
    return given


async def _removal(gateway: Gateway, member: str) -> Given:
    given = await member_of(gateway, member, "beta-testers")
    await do(gateway, "segmentMemberAdd", given, MEMBERSHIP)
    return given


EXAMPLES = (
    Example("segmentMemberAdd", _addition, MEMBERSHIP, grants=True),
    Example("segmentMemberRemove", _removal, MEMBERSHIP),
)
