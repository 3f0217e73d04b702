"""Mutations of points."""

from tests.harness import Gateway
from tests.writing.asking import adjust, adjustment
from tests.writing.examples.example import Example, Given


async def _adjustment(gateway: Gateway, member: str) -> Given:
    given = adjustment(gateway, member, 7)
    del given["idempotencyKey"]
    return given


async def _reversal(gateway: Gateway, member: str) -> Given:
    """Of a deduction, which gives points."""
    await adjust(gateway, adjustment(gateway, member, 5))
    made = await adjust(gateway, adjustment(gateway, member, -5))
    return {"entryId": made["entry"]["id"], "reason": {"code": "entered_in_error"}}


EXAMPLES = (
    Example("pointsAdjust", _adjustment, "entry { id modification }", grants=True),
    Example("pointsAdjustmentReverse", _reversal, "entry { id modification }", grants=True),
)
