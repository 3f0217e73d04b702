"""Mutations of campaigns."""

from tests.harness import Gateway
from tests.writing.completing import RULE, completion, put
from tests.writing.examples.example import Example, Given


async def _completion(gateway: Gateway, member: str) -> Given:
    """With what it grants, of a campaign in progress."""
    await put(gateway, member, RULE, status="IN_PROGRESS")
    given = await completion(gateway, member, RULE, awardOutcomes=True)
    del given["idempotencyKey"]
    return given


EXAMPLES = (Example("campaignComplete", _completion, "campaign { id status completedAt }", grants=True),)
