"""Mutations as the tests ask for them."""

from typing import Any
from uuid import uuid4

from tests.harness import Answer, Caller, Gateway

ADJUST = """
mutation ($input: PointsAdjustInput!) {
  pointsAdjust(input: $input) {
    replayed dryRun userErrors { code message path }
    entry {
      id sequence modification amountSpent amountExpired remaining kind status balanceBefore balanceAfter
      referenceType referenceId reasonCode internalNote customerVisibleReason expiresAt
      actor { kind id } allocations { points lot { modification } }
    }
    account { key balance available lifetimeEarned lifetimeSpent }
    customer { supportId }
    auditEntry { type outcome summary reasonCode correlationId changes { path before after } }
    approval { state operation amount requestedBy { id } customer { supportId } reasonCode }
  }
}
"""
REVERSE = ADJUST.replace("PointsAdjustInput", "PointsAdjustmentReverseInput").replace(
    "pointsAdjust(", "pointsAdjustmentReverse("
)
PLAIN = """
mutation ($input: PointsAdjustInput!) {
  pointsAdjust(input: $input) { replayed userErrors { code path } entry { id modification balanceAfter } }
}
"""
"""For callers who may not read everything, and for whom every statement counts."""


def adjustment(gateway: Gateway, support_id: str, points: int, **more: Any) -> dict[str, Any]:
    """The input of an adjustment: positive adds, negative deducts."""
    return {
        "customerId": gateway.customer_id(support_id),
        "idempotencyKey": uuid4().hex,
        "accountKey": "points",
        "sourceKey": "manual",
        "direction": "ADD" if points > 0 else "DEDUCT",
        "points": abs(points),
        "reason": {"code": "correction"},
        **more,
    }


def reversal(entry_id: str, **more: Any) -> dict[str, Any]:
    """The input of a reversal."""
    return {"entryId": entry_id, "idempotencyKey": uuid4().hex, "reason": {"code": "entered_in_error"}, **more}


async def adjust(gateway: Gateway, given: dict[str, Any], caller: Caller | str = "admin") -> dict[str, Any]:
    """The payload of an adjustment that had no error."""
    return _payload(await gateway.run(ADJUST, {"input": given}, caller), "pointsAdjust")


async def reverse(gateway: Gateway, given: dict[str, Any], caller: Caller | str = "admin") -> dict[str, Any]:
    """The payload of a reversal that had no error."""
    return _payload(await gateway.run(REVERSE, {"input": given}, caller), "pointsAdjustmentReverse")


def _payload(answer: Answer, name: str) -> dict[str, Any]:
    assert answer.errors == []
    payload: dict[str, Any] = answer.data[name]
    return payload


def refused(payload: dict[str, Any]) -> list[tuple[str, str]]:
    """Code and path of each user error."""
    return [(error["code"], ".".join(error["path"])) for error in payload["userErrors"]]


ASK = """
mutation ($input: PointsAdjustInput!) { pointsAdjust(input: $input) { userErrors { code } approval { id } } }
"""
DECIDE = """
mutation ($input: ApprovalDecisionInput!) {
  %s(input: $input) {
    replayed dryRun userErrors { code message path }
    approval { id state decidedBy { kind id } decidedAt comment failureCode }
  }
}
"""


async def requested_approval(gateway: Gateway, given: dict[str, Any], caller: Caller | str = "care_agent") -> str:
    """The id of the approval that an adjustment beyond the caller's limit waits for."""
    payload = _payload(await gateway.run(ASK, {"input": given}, caller), "pointsAdjust")
    assert [error["code"] for error in payload["userErrors"]] == ["APPROVAL_REQUIRED"]
    approval_id: str = payload["approval"]["id"]
    return approval_id


async def decide(
    gateway: Gateway, mutation: str, approval_id: str, caller: Caller | str = "admin", **more: Any
) -> dict[str, Any]:
    """The payload of a decision that had no error."""
    variables = {"input": {"approvalId": approval_id, **more}}
    return _payload(await gateway.run(DECIDE % mutation, variables, caller), mutation)
