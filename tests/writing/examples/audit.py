"""Decisions on approvals."""

from tests.harness import Gateway
from tests.writing.asking import adjustment, requested_approval
from tests.writing.examples.example import Example, Given


async def _decision(gateway: Gateway, member: str) -> Given:
    """On what a care agent asked for."""
    return {"approvalId": await requested_approval(gateway, adjustment(gateway, member, 600)), "comment": "Seen"}


SELECTION = "approval { id state comment }"

EXAMPLES = (
    Example("approvalApprove", _decision, SELECTION, keyed=False, dry=False),
    Example("approvalReject", _decision, SELECTION, keyed=False, dry=False),
)
