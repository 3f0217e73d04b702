"""Adjustments and reversals as clients meet them: what they answer, what they store, and what they leave alone."""

from typing import Any

import pytest

from tests.harness import Caller, Gateway
from tests.writing.asking import ADJUST, PLAIN, adjust, adjustment, refused, reversal, reverse
from tests.writing.laws import broken
from tests.writing.tables import contents, everything, grown

MEMBER, RESTRICTED, BLOCKED = "CJ-000015", "CJ-000007", "CJ-000009"
REFUSED = {"audit_entries": 1, "audit_heads": 0}
"""What a refusal stores: its audit entry, and the head of the chain anew."""


async def balance(gateway: Gateway, support_id: str) -> int:
    """What the member holds now."""
    query = 'query ($id: ID!) { customer(by: {id: $id}) { pointAccounts(keys: ["points"]) { balance } } }'
    answer = await gateway.run(query, {"id": gateway.customer_id(support_id)})
    held: int = answer.data["customer"]["pointAccounts"][0]["balance"]
    return held


async def test_an_addition_is_one_entry_with_its_lot_event_and_audit_entry(gateway: Gateway) -> None:
    held, before = await balance(gateway, MEMBER), await contents(gateway, gateway.members[MEMBER])
    reason = {
        "code": "goodwill",
        "internalNote": "Called twice",
        "customerVisibleReason": "Thank you",
        "ticketId": "T1",
    }
    payload = await adjust(gateway, adjustment(gateway, MEMBER, 100, reason=reason, referenceId="CASE-1"))
    entry, audit = payload["entry"], payload["auditEntry"]
    assert (payload["userErrors"], payload["replayed"], payload["dryRun"]) == ([], False, False)
    assert entry | {"id": 0, "sequence": 0, "expiresAt": 0} == {
        "id": 0,
        "sequence": 0,
        "modification": 100,
        "amountSpent": 0,
        "amountExpired": 0,
        "remaining": 100,
        "kind": "COMP",
        "status": "POSTED",
        "balanceBefore": held,
        "balanceAfter": held + 100,
        "referenceType": "MANUAL_ADJUSTMENT",
        "referenceId": "CASE-1",
        "reasonCode": "goodwill",
        "internalNote": "Called twice",
        "customerVisibleReason": "Thank you",
        "expiresAt": 0,
        "actor": {"kind": "STAFF", "id": "admin"},
        "allocations": [],
    }
    assert entry["expiresAt"] == "2028-01-26T05:00:00Z"
    assert payload["account"]["balance"] == held + 100
    assert (audit["type"], audit["outcome"], audit["summary"]) == ("pointsAdjust", "SUCCEEDED", "+100 points")
    assert audit["changes"][0] == {"path": "pointAccounts.points.balance", "before": held, "after": held + 100}
    assert grown(before, await contents(gateway, gateway.members[MEMBER])) == {
        "point_entries": 1,
        "point_lots": 1,
        "point_accounts": 0,
        "point_days": 1,
        "events": 1,
        "event_keys": 1,
        "idempotency_keys": 1,
        **REFUSED,
    }
    assert await broken(gateway, gateway.members[MEMBER]) == []


async def test_the_event_of_an_adjustment_is_found_in_the_stream(gateway: Gateway) -> None:
    payload = await adjust(gateway, adjustment(gateway, MEMBER, 3, reason={"code": "goodwill"}))
    query = """query ($id: ID!) { customer(by: {id: $id}) { events(first: 1, search: "comped") { nodes {
        type details { ... on PointDetails { points entry { id } } } } } } }"""
    answer = await gateway.run(query, {"id": gateway.customer_id(MEMBER)})
    (event,) = answer.data["customer"]["events"]["nodes"]
    assert event == {"type": "points_comped", "details": {"points": 3, "entry": {"id": payload["entry"]["id"]}}}


async def test_a_deduction_names_its_lots_and_its_reversal_gives_back_to_them(gateway: Gateway) -> None:
    held = await balance(gateway, MEMBER)
    spent = await adjust(gateway, adjustment(gateway, MEMBER, -held))
    assert (spent["entry"]["balanceAfter"], spent["account"]["available"]) == (0, 0)
    assert sum(part["points"] for part in spent["entry"]["allocations"]) == held
    back = await reverse(gateway, reversal(spent["entry"]["id"]))
    assert (back["entry"]["kind"], back["entry"]["amountSpent"], back["entry"]["remaining"]) == ("REVERSAL", held, 0)
    assert back["entry"]["allocations"] == spent["entry"]["allocations"]
    assert back["account"]["lifetimeSpent"] == spent["account"]["lifetimeSpent"] - held
    assert await balance(gateway, MEMBER) == held
    again = await reverse(gateway, reversal(spent["entry"]["id"]))
    assert refused(again) == [("ALREADY_DONE", "entryId")]
    undone = await reverse(gateway, reversal(back["entry"]["id"]))
    assert refused(undone) == [("INVALID_TRANSITION", "entryId")]
    assert await broken(gateway, gateway.members[MEMBER]) == []


async def test_an_addition_is_reversed_only_while_none_of_it_is_spent(gateway: Gateway) -> None:
    soon = {"expiresAt": "2026-02-01T00:00:00Z"}
    added = await adjust(gateway, adjustment(gateway, MEMBER, 40, **soon))
    undone = await reverse(gateway, reversal(added["entry"]["id"]))
    assert undone["entry"]["modification"] == -40
    assert undone["account"]["lifetimeEarned"] == added["account"]["lifetimeEarned"] - 40
    touched = await adjust(gateway, adjustment(gateway, MEMBER, 40, **soon))
    await adjust(gateway, adjustment(gateway, MEMBER, -1))
    assert refused(await reverse(gateway, reversal(touched["entry"]["id"]))) == [("INSUFFICIENT_POINTS", "entryId")]
    assert await broken(gateway, gateway.members[MEMBER]) == []


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"points": 0}, ("INVALID", "points")),
        ({"points": -5}, ("INVALID", "points")),
        ({"points": 2**63 - 1}, ("LIMIT_EXCEEDED", "points")),
        ({"points": 2**63 - 1, "direction": "DEDUCT"}, ("INSUFFICIENT_POINTS", "points")),
        ({"points": 2**63 - 1, "accountKey": "tier_points"}, ("LIMIT_EXCEEDED", "points")),
        ({"accountKey": "miles"}, ("NOT_FOUND", "accountKey")),
        ({"sourceKey": "gift"}, ("NOT_FOUND", "sourceKey")),
        ({"sourceKey": "promotion", "accountKey": "tier_points"}, ("INVALID", "sourceKey")),
        ({"expiresAt": "2020-01-01T00:00:00Z"}, ("INVALID", "expiresAt")),
        ({"expiresAt": "2030-01-01T00:00:00Z", "direction": "DEDUCT"}, ("INVALID", "expiresAt")),
        ({"reason": {}}, ("REQUIRED", "reason.code")),
        ({"reason": {"code": "because"}}, ("INVALID", "reason.code")),
        ({"reason": {"code": "goodwill", "internalNote": "x" * 2_001}}, ("INVALID", "reason.internalNote")),
        ({"reason": {"code": "goodwill", "internalNote": ""}}, ("INVALID", "reason.internalNote")),
        ({"reason": {"code": "goodwill", "ticketId": "x" * 201}}, ("INVALID", "reason.ticketId")),
        ({"referenceId": "x" * 201}, ("INVALID", "referenceId")),
        ({"idempotencyKey": ""}, ("INVALID", "idempotencyKey")),
        ({"idempotencyKey": "x" * 256}, ("INVALID", "idempotencyKey")),
        ({"idempotencyKey": "a b"}, ("INVALID", "idempotencyKey")),
    ],
)
async def test_what_cant_be_done_is_refused_and_stores_nothing_but_that(
    gateway: Gateway, changed: dict[str, Any], told: tuple[str, str]
) -> None:
    before = await contents(gateway, gateway.members[MEMBER])
    payload = await adjust(gateway, adjustment(gateway, MEMBER, 5) | changed)
    assert refused(payload) == [told]
    assert {name: payload[name] for name in ("entry", "account", "customer", "auditEntry")} == dict.fromkeys(
        ("entry", "account", "customer", "auditEntry")
    )
    assert grown(before, await contents(gateway, gateway.members[MEMBER])) == REFUSED


@pytest.mark.parametrize(
    "changed",
    [{"points": 2**63}, {"referenceId": "a\0b"}, {"customerId": "Customer:x"}, {"idempotencyKey": "x" * 10_000}],
)
async def test_what_is_no_input_at_all_is_an_error_and_stores_nothing(
    gateway: Gateway, changed: dict[str, Any]
) -> None:
    before = await contents(gateway, gateway.members[MEMBER])
    answer = await gateway.run(ADJUST, {"input": adjustment(gateway, MEMBER, 5) | changed})
    assert [error["extensions"]["code"] for error in answer.errors] == ["BAD_USER_INPUT"]
    assert grown(before, await contents(gateway, gateway.members[MEMBER])) == {}


async def test_a_refused_key_can_be_used_again(gateway: Gateway) -> None:
    given = adjustment(gateway, MEMBER, 5, reason={})
    assert refused(await adjust(gateway, given)) == [("REQUIRED", "reason.code")]
    payload = await adjust(gateway, given | {"reason": {"code": "correction"}})
    assert (payload["userErrors"], payload["replayed"], payload["entry"]["modification"]) == ([], False, 5)


async def test_a_key_used_again_repeats_the_answer_and_refuses_anything_else(gateway: Gateway) -> None:
    given = adjustment(gateway, MEMBER, 7)
    first, before = await adjust(gateway, given), await contents(gateway, gateway.members[MEMBER])
    again = await adjust(gateway, given)
    assert (again["replayed"], again["entry"], again["auditEntry"]) == (True, first["entry"], first["auditEntry"])
    assert grown(before, await contents(gateway, gateway.members[MEMBER])) == {}
    other = await adjust(gateway, given | {"points": 8})
    assert refused(other) == [("IDEMPOTENCY_KEY_REUSED", "idempotencyKey")]
    assert grown(before, await contents(gateway, gateway.members[MEMBER])) == REFUSED
    elsewhere = await gateway.run(PLAIN, {"input": given}, "service")
    assert (elsewhere.errors, elsewhere.data["pointsAdjust"]["replayed"]) == ([], False)


async def test_a_repeated_answer_comes_before_any_state(gateway: Gateway) -> None:
    given = adjustment(gateway, MEMBER, 9, expiresAt="2026-02-01T00:00:00Z")
    first = await adjust(gateway, given)
    await reverse(gateway, reversal(first["entry"]["id"]))
    again = await adjust(gateway, given)
    assert (again["replayed"], again["entry"]) == (True, first["entry"])


@pytest.mark.parametrize("points", [5, -5])
async def test_a_dry_run_shows_what_would_be_and_leaves_every_table_as_it_was(gateway: Gateway, points: int) -> None:
    held, before = await balance(gateway, MEMBER), await everything(gateway)
    given = adjustment(gateway, MEMBER, points, dryRun=True)
    payload = await adjust(gateway, given)
    assert (payload["dryRun"], payload["userErrors"], payload["auditEntry"]) == (True, [], None)
    assert (payload["entry"]["balanceAfter"], payload["account"]["balance"]) == (held + points, held + points)
    assert sum(part["points"] for part in payload["entry"]["allocations"]) == max(0, -points)
    wrong = await adjust(gateway, given | {"points": 0})
    assert refused(wrong) == [("INVALID", "points")]
    assert await everything(gateway) == before


async def test_whoever_restricted_processing_gets_nothing_and_can_still_be_deducted(gateway: Gateway) -> None:
    assert refused(await adjust(gateway, adjustment(gateway, RESTRICTED, 5))) == [("CUSTOMER_RESTRICTED", "customerId")]
    spent = await adjust(gateway, adjustment(gateway, RESTRICTED, -5))
    assert spent["entry"]["modification"] == -5
    assert refused(await reverse(gateway, reversal(spent["entry"]["id"]))) == [("CUSTOMER_RESTRICTED", "entryId")]


async def test_whoever_is_blocked_gets_something_only_from_those_who_may(gateway: Gateway) -> None:
    given = adjustment(gateway, BLOCKED, 5)
    assert refused(await adjust(gateway, given, "care_agent")) == [("CUSTOMER_BLOCKED", "customerId")]
    assert (await adjust(gateway, given, "admin"))["entry"]["modification"] == 5
    spent = await adjust(gateway, adjustment(gateway, BLOCKED, -5), "care_agent")
    assert spent["entry"]["modification"] == -5
    wrong = await reverse(gateway, reversal(spent["entry"]["id"]), "care_agent")
    assert refused(wrong) == [("CUSTOMER_BLOCKED", "entryId")]


@pytest.mark.parametrize("role", ["analyst", "store_associate", "privacy_officer", "member"])
async def test_without_the_scope_nothing_is_done_and_the_attempt_is_told(gateway: Gateway, role: str) -> None:
    before = await contents(gateway, gateway.members[MEMBER])
    caller = Caller(role, customer=MEMBER if role == "member" else None)
    answer = await gateway.run(ADJUST, {"input": adjustment(gateway, MEMBER, 5)}, caller)
    assert (answer.data, answer.told) == ({"pointsAdjust": None}, ["FORBIDDEN@pointsAdjust"])
    after = await contents(gateway, gateway.members[MEMBER])
    assert grown(before, after) == REFUSED
    known = {row["id"] for row in before["audit_entries"]}
    (told,) = [row for row in after["audit_entries"] if row["id"] not in known]
    assert (told["customer_id"], told["type"], told["outcome"]) == (gateway.members[MEMBER], "pointsAdjust", "REFUSED")


async def test_a_customer_out_of_reach_does_not_exist(gateway: Gateway) -> None:
    before = await contents(gateway, gateway.members[MEMBER])
    payload = await adjust(gateway, adjustment(gateway, MEMBER, 5), Caller("care_agent", stores=("1",)))
    assert refused(payload) == [("NOT_FOUND", "customerId")]
    assert grown(before, await contents(gateway, gateway.members[MEMBER])) == REFUSED


async def test_beyond_the_limit_nothing_is_stored_but_the_request(gateway: Gateway) -> None:
    held, before = await balance(gateway, MEMBER), await contents(gateway, gateway.members[MEMBER])
    given = adjustment(gateway, MEMBER, 501, reason={"code": "correction", "internalNote": "Owed since May"})
    payload = await adjust(gateway, given, "care_agent")
    assert refused(payload) == [("APPROVAL_REQUIRED", "customerId")]
    assert payload["approval"] == {
        "state": "PENDING",
        "operation": "POINTS_ADD",
        "amount": 501,
        "requestedBy": {"id": "care_agent"},
        "customer": {"supportId": MEMBER},
        "reasonCode": "correction",
    }
    after = await contents(gateway, gateway.members[MEMBER])
    assert grown(before, after) == {"approvals": 1, "idempotency_keys": 1, **REFUSED}
    known = {row["id"] for row in before["approvals"]}
    (request,) = [row["request"] for row in after["approvals"] if row["id"] not in known]
    assert (request["points"], request["mutation"], "Owed" in str(request)) == (501, "pointsAdjust", False)
    again = await adjust(gateway, given, "care_agent")
    assert (again["replayed"], again["approval"]) == (True, payload["approval"])
    assert await balance(gateway, MEMBER) == held


async def test_what_a_day_allows_is_counted_over_all_customers(gateway: Gateway) -> None:
    caller = "care_agent"
    for number in range(10):
        payload = await adjust(gateway, adjustment(gateway, f"CJ-0000{20 + number}", 500), caller)
        if payload["userErrors"]:
            break
    before = await contents(gateway, gateway.members["CJ-000031"])
    beyond = await adjust(gateway, adjustment(gateway, "CJ-000031", 500), caller)
    assert refused(beyond) == [("APPROVAL_REQUIRED", "customerId")]
    after = await contents(gateway, gateway.members["CJ-000031"])
    assert grown(before, after) == {"approvals": 1, "idempotency_keys": 1, **REFUSED}
    deducted = await adjust(gateway, adjustment(gateway, "CJ-000021", -500), caller)
    assert (deducted["userErrors"], deducted["entry"]["modification"]) == ([], -500)


async def test_mutations_of_one_operation_see_what_came_before_them(gateway: Gateway) -> None:
    held = await balance(gateway, MEMBER)
    query = """mutation ($one: PointsAdjustInput!, $two: PointsAdjustInput!) {
        one: pointsAdjust(input: $one) { account { balance } }
        two: pointsAdjust(input: $two) { account { balance } } }"""
    variables = {"one": adjustment(gateway, MEMBER, 5), "two": adjustment(gateway, MEMBER, -2)}
    answer = await gateway.run(query, variables)
    assert [answer.data[name]["account"]["balance"] for name in ("one", "two")] == [held + 5, held + 3]


@pytest.mark.parametrize(("points", "role", "statements"), [(5, "admin", 4), (-5, "admin", 5), (-5, "care_agent", 6)])
async def test_an_adjustment_costs_few_statements_on_postgresql(
    gateway: Gateway, points: int, role: str, statements: int
) -> None:
    answer = await gateway.run(PLAIN, {"input": adjustment(gateway, "CJ-000040", points)}, role)
    on_sqlite = {4: 11, 5: 13, 6: 14}
    is_postgres = gateway.runtime.databases["main"].dialect.name == "postgresql"
    assert (answer.errors, answer.statements) == ([], statements if is_postgres else on_sqlite[statements])
