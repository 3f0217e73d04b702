"""Decisions on what was beyond somebody's limit: who may decide, what is done then, once, and what can't be done any more."""

import asyncio
import datetime as dt
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import create_async_engine

from datasources.audit import DECIDED, ApprovalState, Decision
from datasources.refusals import UserErrorCode
from datasources.sql.tables.profiles import customers
from datasources.sql.tables.writing import adjustment_days
from schema.ids import global_id
from tests.demo import Demo
from tests.harness import Caller, Gateway, opened
from tests.writing.asking import adjust, adjustment, decide, refused, requested_approval, reversal, reverse
from tests.writing.laws import broken
from tests.writing.tables import Contents, around, found, grown

MEMBER = "CJ-000015"
CAP = 1_000_000
WORKERS = 16
DAYS = dt.timedelta(days=7)


def limited(points: int) -> dict[str, dict[str, int]]:
    """The limits of a role on points."""
    return {name: {"per_operation": points} for name in ("points_add", "points_deduct")}


ROLES = {
    "director": {"scopes": ["*"]},
    "senior": {"scopes": ["*"], "limits": limited(2_000)},
    "junior": {"scopes": ["*"], "limits": limited(1_000)},
    "clerk": {"extends": "analyst", "scopes": ["approvals:*"]},
}
REFUSED = {"audit_entries": 1, "audit_heads": 0}
"""What a refusal stores: its audit entry, and the head of the chain anew."""
NOTED = {"approvals": 0, "audit_entries": 1, "audit_heads": 0}
"""What a decision stores that executes nothing."""
ASK_REVERSAL = """mutation ($input: PointsAdjustmentReverseInput!) {
    pointsAdjustmentReverse(input: $input) { approval { id } } }"""
ENTRY = """query ($id: ID!) { node(id: $id) { ... on PointAuditEntry {
    actor { id } recordedAt reasonCode internalNote customerVisibleReason
    approval { id state requestedBy { id } decidedBy { id } } } } }"""


@pytest.fixture(scope="module")
async def gateway(demo: Demo) -> AsyncIterator[Gateway]:
    """A gateway with people who may decide, to some extent."""
    async with opened(demo.copy(), roles=ROLES) as found:
        yield found


def newest(entries: Any, customer: UUID) -> list[Any]:
    """The customer's audit entries, the newest last."""
    return sorted((row for row in entries if row["customer_id"] == customer), key=lambda row: int(row["sequence"]))


async def balance(gateway: Gateway, support_id: str) -> int:
    """What the member holds now."""
    query = 'query ($id: ID!) { customer(by: {id: $id}) { pointAccounts(keys: ["points"]) { balance } } }'
    answer = await gateway.run(query, {"id": gateway.customer_id(support_id)})
    held: int = answer.data["customer"]["pointAccounts"][0]["balance"]
    return held


@asynccontextmanager
async def earlier(gateway: Gateway, by: dt.timedelta) -> AsyncIterator[None]:
    """The gateway's clock set back."""
    now = gateway.now
    gateway.now = now - by
    try:
        yield
    finally:
        gateway.now = now


async def put(gateway: Gateway, **state: str) -> None:
    """Set the member's state, whatever led to it."""
    engine = create_async_engine(gateway.runtime.databases["main"].url)
    async with engine.begin() as connection:
        whose = customers.c.customer_id == gateway.members[MEMBER]
        await connection.execute(customers.update().where(whose).values(**state))
    await engine.dispose()


async def test_what_is_approved_is_done_in_the_requesters_name_and_tells_who_approved(gateway: Gateway) -> None:
    customer, held = gateway.members[MEMBER], await balance(gateway, MEMBER)
    reason = {"code": "goodwill", "internalNote": "Owed since May", "customerVisibleReason": "Sorry", "ticketId": "T-9"}
    given = adjustment(gateway, MEMBER, 700, reason=reason, referenceId="CASE-9")
    approval = await requested_approval(gateway, given)
    before = await around(gateway, customer)
    payload = await decide(gateway, "approvalApprove", approval, comment="Well deserved")
    assert (payload["userErrors"], payload["replayed"], payload["dryRun"]) == ([], False, False)
    assert payload["approval"] | {"decidedAt": 0} == {
        "id": approval,
        "state": "EXECUTED",
        "decidedBy": {"kind": "STAFF", "id": "admin"},
        "decidedAt": 0,
        "comment": "Well deserved",
        "failureCode": None,
    }
    after = await around(gateway, customer)
    assert grown(before, after) == {
        "approvals": 0,
        "point_entries": 1,
        "point_lots": 1,
        "point_accounts": 0,
        "point_days": 1,
        "events": 1,
        "event_keys": 1,
        "audit_entries": 2,
        "audit_heads": 0,
    }
    assert await balance(gateway, MEMBER) == held + 700
    told = newest(after["audit_entries"], customer)[-2:]
    assert [(row["type"], row["actor_id"], row["outcome"], row["reason_code"]) for row in told] == [
        ("pointsAdjust", "care_agent", "SUCCEEDED", "goodwill"),
        ("approvalApprove", "admin", "SUCCEEDED", None),
    ]
    replay = await adjust(gateway, given, "care_agent")
    assert (refused(replay), replay["replayed"]) == ([("APPROVAL_REQUIRED", "customerId")], True)
    assert (replay["approval"]["state"], replay["entry"]["modification"], replay["entry"]["kind"]) == (
        "EXECUTED",
        700,
        "COMP",
    )
    answer = await gateway.run(ENTRY, {"id": replay["entry"]["id"]})
    assert answer.data["node"] == {
        "actor": {"id": "care_agent"},
        "recordedAt": answer.data["node"]["recordedAt"],
        "reasonCode": "goodwill",
        "internalNote": "Owed since May",
        "customerVisibleReason": "Sorry",
        "approval": {
            "id": approval,
            "state": "EXECUTED",
            "requestedBy": {"id": "care_agent"},
            "decidedBy": {"id": "admin"},
        },
    }
    assert await broken(gateway, customer) == []


async def test_a_reversal_can_be_approved_too(gateway: Gateway) -> None:
    added = await adjust(gateway, adjustment(gateway, MEMBER, 600))
    given = reversal(added["entry"]["id"])
    asked = await gateway.run(ASK_REVERSAL, {"input": given}, "care_agent")
    approval = asked.data["pointsAdjustmentReverse"]["approval"]["id"]
    assert (await decide(gateway, "approvalApprove", approval))["approval"]["state"] == "EXECUTED"
    again = await reverse(gateway, given, "care_agent")
    assert (again["replayed"], again["entry"]["modification"], again["entry"]["kind"]) == (True, -600, "REVERSAL")
    assert await broken(gateway, gateway.members[MEMBER]) == []


async def test_a_rejection_changes_nothing_but_the_approval(gateway: Gateway) -> None:
    approval = await requested_approval(gateway, adjustment(gateway, MEMBER, 800))
    before = await around(gateway, gateway.members[MEMBER])
    payload = await decide(gateway, "approvalReject", approval, comment="Too much")
    assert (payload["userErrors"], payload["approval"]["state"], payload["approval"]["comment"]) == (
        [],
        "REJECTED",
        "Too much",
    )
    after = await around(gateway, gateway.members[MEMBER])
    assert grown(before, after) == NOTED
    stored = [row["comment"] for row in after["approvals"] if row not in before["approvals"]]
    assert [b"Too much" in comment for comment in stored] == [False]


@pytest.mark.parametrize(
    "caller",
    [
        pytest.param("senior", id="who asked"),
        pytest.param("clerk", id="who may not adjust"),
        pytest.param("junior", id="who may not go as far either"),
    ],
)
async def test_only_who_could_do_it_alone_and_did_not_ask_can_approve(gateway: Gateway, caller: str) -> None:
    asked = adjustment(gateway, MEMBER, 2_001)
    approval = await requested_approval(gateway, asked, "senior")
    before = await around(gateway, gateway.members[MEMBER])
    payload = await decide(gateway, "approvalApprove", approval, caller)
    assert (refused(payload), payload["approval"]) == ([("FORBIDDEN", "approvalId")], None)
    await only_told(gateway, before)
    done = await decide(gateway, "approvalApprove", approval, "director")
    assert (done["userErrors"], done["approval"]["state"]) == ([], "EXECUTED")


async def only_told(gateway: Gateway, before: Contents) -> None:
    """Nothing was kept but that somebody tried, in the member's own audit log."""
    after = await around(gateway, gateway.members[MEMBER])
    assert grown(before, after) == REFUSED
    last = newest(after["audit_entries"], gateway.members[MEMBER])[-1]
    assert (last["type"], last["outcome"]) == ("approvalApprove", "REFUSED")


async def test_who_asked_may_withdraw_it(gateway: Gateway) -> None:
    approval = await requested_approval(gateway, adjustment(gateway, MEMBER, 2_001), "senior")
    payload = await decide(gateway, "approvalReject", approval, "senior")
    assert (payload["userErrors"], payload["approval"]["state"]) == ([], "REJECTED")


async def test_without_the_scope_nothing_is_decided_and_the_customers_log_tells(gateway: Gateway) -> None:
    approval = await requested_approval(gateway, adjustment(gateway, MEMBER, 800))
    before = await around(gateway, gateway.members[MEMBER])
    query = "mutation ($i: ApprovalDecisionInput!) { approvalApprove(input: $i) { replayed } }"
    answer = await gateway.run(query, {"i": {"approvalId": approval}}, "care_agent")
    assert (answer.data, answer.told) == ({"approvalApprove": None}, ["FORBIDDEN@approvalApprove"])
    await only_told(gateway, before)


@pytest.mark.parametrize(
    ("approval", "code"),
    [(global_id("Approval", UUID(int=1)), "NOT_FOUND"), (None, "NOT_FOUND")],
    ids=["unknown", "out of reach"],
)
async def test_an_approval_that_is_not_there_or_out_of_reach_is_not_found(
    gateway: Gateway, approval: str | None, code: str
) -> None:
    there = approval or await requested_approval(gateway, adjustment(gateway, MEMBER, 800))
    before = await around(gateway, gateway.members[MEMBER])
    payload = await decide(gateway, "approvalApprove", there, Caller("admin", stores=("1",)))
    assert (refused(payload), payload["approval"]) == ([(code, "approvalId")], None)
    found = grown(before, await around(gateway, gateway.members[MEMBER]))
    assert found["audit_entries"] == 1
    assert found.keys() == REFUSED.keys()


@pytest.mark.parametrize("mutation", ["approvalApprove", "approvalReject"])
async def test_a_comment_has_a_length(gateway: Gateway, mutation: str) -> None:
    approval = await requested_approval(gateway, adjustment(gateway, MEMBER, 800))
    before = await around(gateway, gateway.members[MEMBER])
    for comment in ("", "x" * 2_001):
        payload = await decide(gateway, mutation, approval, comment=comment)
        assert refused(payload) == [("INVALID", "comment")]
    after = await around(gateway, gateway.members[MEMBER])
    assert grown(before, after) == {"audit_entries": 2, "audit_heads": 0}


def possible(state: ApprovalState, decision: Decision) -> UserErrorCode | None:
    """How a decision on a request in a state is refused (requirements section 2): only what is PENDING can be decided on."""
    if state is ApprovalState.PENDING:
        return None
    done = {
        (ApprovalState.EXECUTED, Decision.APPROVE),
        (ApprovalState.FAILED, Decision.APPROVE),
        (ApprovalState.REJECTED, Decision.REJECT),
    }
    return UserErrorCode.ALREADY_DONE if (state, decision) in done else UserErrorCode.INVALID_TRANSITION


@pytest.mark.parametrize("decision", Decision)
@pytest.mark.parametrize("state", ApprovalState)
async def test_every_state_takes_the_decisions_of_the_table_and_no_others(
    gateway: Gateway, state: ApprovalState, decision: Decision
) -> None:
    approval = await in_state(gateway, state)
    mutation = f"approval{decision.value.capitalize()}"
    before = await around(gateway, gateway.members[MEMBER])
    payload = await decide(gateway, mutation, approval)
    code = possible(state, decision)
    if code is None:
        assert (payload["userErrors"], payload["approval"]["state"]) == ([], DECIDED[decision][0].value)
        return
    assert refused(payload) == [(code.value, "approvalId")]
    assert grown(before, await around(gateway, gateway.members[MEMBER])) == REFUSED


async def in_state(gateway: Gateway, state: ApprovalState) -> str:
    """A request in that state."""
    if state is ApprovalState.EXPIRED:
        async with earlier(gateway, DAYS):
            return await requested_approval(gateway, adjustment(gateway, MEMBER, 800))
    if state is ApprovalState.FAILED:
        approval = await beyond_the_cap(gateway)
    else:
        approval = await requested_approval(gateway, adjustment(gateway, MEMBER, 800))
    if state is not ApprovalState.PENDING:
        mutation = "approvalReject" if state is ApprovalState.REJECTED else "approvalApprove"
        assert (await decide(gateway, mutation, approval))["approval"]["state"] == state.value
    return approval


async def beyond_the_cap(gateway: Gateway) -> str:
    """A request that went beyond what the account can hold since it was made."""
    room = CAP - await balance(gateway, MEMBER)
    approval = await requested_approval(gateway, adjustment(gateway, MEMBER, room))
    await adjust(gateway, adjustment(gateway, MEMBER, 1))
    return approval


async def test_a_request_can_be_decided_on_until_seven_days_have_passed(gateway: Gateway) -> None:
    async with earlier(gateway, DAYS - dt.timedelta(microseconds=1)):
        approval = await requested_approval(gateway, adjustment(gateway, MEMBER, 800))
    assert (await decide(gateway, "approvalApprove", approval))["approval"]["state"] == "EXECUTED"


async def test_what_is_approved_and_can_not_be_done_any_more_has_failed_for_good(gateway: Gateway) -> None:
    held = await balance(gateway, MEMBER)
    await adjust(gateway, adjustment(gateway, MEMBER, max(0, 600 - held) + 1))
    held = await balance(gateway, MEMBER)
    approval = await requested_approval(gateway, adjustment(gateway, MEMBER, -held))
    await adjust(gateway, adjustment(gateway, MEMBER, -1))
    before = await around(gateway, gateway.members[MEMBER])
    payload = await decide(gateway, "approvalApprove", approval, comment="Go on")
    assert (payload["userErrors"], payload["approval"]["state"], payload["approval"]["failureCode"]) == (
        [],
        "FAILED",
        "INSUFFICIENT_POINTS",
    )
    after = await around(gateway, gateway.members[MEMBER])
    assert grown(before, after) == NOTED
    last = newest(after["audit_entries"], gateway.members[MEMBER])[-1]
    assert (last["type"], last["outcome"]) == ("approvalApprove", "FAILED")
    await adjust(gateway, adjustment(gateway, MEMBER, 1))
    assert refused(await decide(gateway, "approvalApprove", approval)) == [("ALREADY_DONE", "approvalId")]


@pytest.mark.parametrize(
    ("state", "points", "told"),
    [
        ({"processing": "RESTRICTED"}, 800, ("FAILED", "CUSTOMER_RESTRICTED")),
        ({"membership": "BLOCKED"}, 800, ("FAILED", "CUSTOMER_BLOCKED")),
        ({"membership": "BLOCKED"}, -501, ("EXECUTED", None)),
    ],
)
async def test_standing_is_judged_when_it_is_executed(
    gateway: Gateway, state: dict[str, str], points: int, told: tuple[str, str | None]
) -> None:
    await adjust(gateway, adjustment(gateway, MEMBER, 600))
    approval = await requested_approval(gateway, adjustment(gateway, MEMBER, points))
    await put(gateway, **state)
    try:
        payload = await decide(gateway, "approvalApprove", approval)
    finally:
        await put(gateway, membership="ACTIVE", processing="ACTIVE")
    assert (payload["approval"]["state"], payload["approval"]["failureCode"]) == told
    assert await broken(gateway, gateway.members[MEMBER]) == []


async def test_what_is_executed_counts_toward_no_day(gateway: Gateway) -> None:
    before = await found(gateway, select(adjustment_days))
    approval = await requested_approval(gateway, adjustment(gateway, MEMBER, 1_900))
    await decide(gateway, "approvalApprove", approval, "senior")
    assert await found(gateway, select(adjustment_days)) == before


async def test_of_many_who_approve_at_once_one_does_it(gateway: Gateway) -> None:
    held = await balance(gateway, MEMBER)
    approval = await requested_approval(gateway, adjustment(gateway, MEMBER, 800))
    callers = ["admin", "director"] * (WORKERS // 2)
    payloads = await asyncio.gather(*(decide(gateway, "approvalApprove", approval, one) for one in callers))
    told = Counter(code for payload in payloads for code, _ in refused(payload) or [("DONE", "")])
    assert told == {"DONE": 1, "ALREADY_DONE": WORKERS - 1}
    assert await balance(gateway, MEMBER) == held + 800
    assert await broken(gateway, gateway.members[MEMBER]) == []


async def test_approved_or_rejected_at_once_is_one_of_them(gateway: Gateway) -> None:
    held = await balance(gateway, MEMBER)
    approval = await requested_approval(gateway, adjustment(gateway, MEMBER, 800))
    mutations = ["approvalApprove", "approvalReject"] * (WORKERS // 2)
    payloads = await asyncio.gather(*(decide(gateway, one, approval) for one in mutations))
    (state,) = [payload["approval"]["state"] for payload in payloads if payload["approval"]]
    codes = Counter(code for payload in payloads for code, _ in refused(payload))
    assert codes == {"ALREADY_DONE": WORKERS // 2 - 1, "INVALID_TRANSITION": WORKERS // 2}
    assert await balance(gateway, MEMBER) == held + (800 if state == "EXECUTED" else 0)


async def test_what_the_demo_has_waiting_can_be_executed(gateway: Gateway) -> None:
    query = (
        "{ approvals(state: PENDING, first: 200) { nodes { id amount requestedBy { id } customer { supportId } } } }"
    )
    nodes = (await gateway.run(query)).data["approvals"]["nodes"]
    (node,) = [one for one in nodes if one["requestedBy"]["id"].startswith("agent")]
    member = node["customer"]["supportId"]
    held = await balance(gateway, member)
    payload = await decide(gateway, "approvalApprove", node["id"])
    assert payload["approval"]["state"] == "EXECUTED"
    assert await balance(gateway, member) == held + node["amount"]
    assert await broken(gateway, gateway.members[member]) == []
