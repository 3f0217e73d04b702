"""Changes of tier as the tests ask for them, and what is stored of tiers."""

from collections.abc import Sequence
from typing import Any
from uuid import uuid4

from sqlalchemy import select
from sqlalchemy.engine import RowMapping

from datasources.sql.tables.tiers import customer_tiers, tier_changes
from tests.harness import Caller, Gateway
from tests.writing.tables import found

ADJUST = """
mutation ($input: TierAdjustInput!) {
  tierAdjust(input: $input) {
    replayed dryRun userErrors { code message path }
    tier {
      system { key } tier { key } status enteredAt expiresAt protectedUntil progress nextTier { key } nextThreshold
      remainingToNext
    }
    change { id system { key } from { key } to { key } direction reason note at actor { kind id } }
    customer { supportId }
    auditEntry { type outcome summary reasonCode changes { path before after } }
  }
}
"""
LADDER = ("base", "silver", "gold", "platinum")


def adjustment(gateway: Gateway, support_id: str, tier: str, **more: Any) -> dict[str, Any]:
    """The input of a change of tier."""
    return {
        "customerId": gateway.customer_id(support_id),
        "idempotencyKey": uuid4().hex,
        "systemKey": "journey",
        "tierKey": tier,
        "reason": {"code": "tier_exception"},
        **more,
    }


async def adjust(gateway: Gateway, given: dict[str, Any], caller: Caller | str = "admin") -> dict[str, Any]:
    """The payload of a change of tier that had no error."""
    answer = await gateway.run(ADJUST, {"input": given}, caller)
    assert answer.errors == []
    payload: dict[str, Any] = answer.data["tierAdjust"]
    return payload


async def current(gateway: Gateway, support_id: str) -> RowMapping:
    """The tier that the customer holds, as it is stored."""
    whose = customer_tiers.c.customer_id == gateway.members[support_id]
    ((row,),) = await found(gateway, select(customer_tiers).where(whose))
    return row


async def history(gateway: Gateway, support_id: str) -> Sequence[RowMapping]:
    """The customer's changes of tier, oldest first."""
    whose = tier_changes.c.customer_id == gateway.members[support_id]
    (rows,) = await found(gateway, select(tier_changes).where(whose).order_by(tier_changes.c.at, tier_changes.c.id))
    return rows


async def put_on(gateway: Gateway, support_id: str, tier: str) -> None:
    """Have the customer hold the tier, unprotected, wherever they were."""
    other = "base" if tier != "base" else "silver"
    for step in (other, tier):
        payload = await adjust(gateway, adjustment(gateway, support_id, step))
        assert {error["code"] for error in payload["userErrors"]} <= {"ALREADY_DONE"}


async def broken_ladder(gateway: Gateway, support_id: str) -> list[str]:
    """inv-T1 and inv-T3, from the raw tables: what the customer's rows break."""
    held, steps = await current(gateway, support_id), await history(gateway, support_id)
    wrong = []
    if [step["from_key"] for step in steps] != [None, *(step["to_key"] for step in steps[:-1])]:
        wrong.append("T1: the history has a gap, or steps that overlap")
    if (held["tier_key"], held["entered_at"]) != (steps[-1]["to_key"], steps[-1]["at"]):
        wrong.append("T1: the tier held is not the last one entered")
    ranks = {key: rank for rank, key in enumerate(LADDER, 1)}
    for step in steps:
        risen = ranks[step["to_key"]] - ranks.get(step["from_key"], 0)
        if step["direction"] != ("UP" if risen > 0 else "DOWN"):
            wrong.append("T3: a direction is not that of the ranks")
    return wrong
