"""Mutations of tiers."""

from tests.harness import Gateway
from tests.writing.examples.example import Example, Given
from tests.writing.tiers import LADDER, adjustment, current, put_on


async def _promotion(gateway: Gateway, member: str) -> Given:
    """To the tier above the one held; from the first one where the highest is held."""
    if (await current(gateway, member))["tier_key"] == LADDER[-1]:
        await put_on(gateway, member, LADDER[0])
    held = (await current(gateway, member))["tier_key"]
    given = adjustment(gateway, member, LADDER[LADDER.index(held) + 1], awardEntryOutcomes=True)
    del given["idempotencyKey"]
    return given


EXAMPLES = (Example("tierAdjust", _promotion, "tier { tier { key } } change { id }", grants=True),)
