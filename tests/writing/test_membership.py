"""What becomes of memberships and statuses: every action in every state, and what each leaves behind."""

import datetime as dt
from typing import Any

import pytest

from tests.harness import Gateway
from tests.writing.asking import refused
from tests.writing.doing import AUDITED, REFUSED, do
from tests.writing.states import put
from tests.writing.tables import contents, grown

MEMBER, PENDING = "CJ-000033", "CJ-000021"
STATES = ("PENDING_VERIFICATION", "ACTIVE", "BLOCKED", "DELETED", "ANONYMIZED", "FORGOTTEN")
REASONS = {
    "customerVerify": "identity_confirmed",
    "customerBlock": "suspected_fraud",
    "customerUnblock": "fraud_cleared",
    "customerDelete": "customer_request",
    "customerRestore": "deleted_in_error",
}
REACHED = {
    ("PENDING_VERIFICATION", "customerVerify"): "ACTIVE",
    ("ACTIVE", "customerBlock"): "BLOCKED",
    ("BLOCKED", "customerUnblock"): "ACTIVE",
    ("PENDING_VERIFICATION", "customerDelete"): "DELETED",
    ("ACTIVE", "customerDelete"): "DELETED",
    ("BLOCKED", "customerDelete"): "DELETED",
    ("DELETED", "customerRestore"): "BLOCKED",
}
DONE = {
    "customerVerify": "ACTIVE",
    "customerBlock": "BLOCKED",
    "customerUnblock": "ACTIVE",
    "customerDelete": "DELETED",
}
SHOWN = f"""customer {{
    version updatedAt status {{ key }}
    membership {{ state verifiedAt blockedAt blockReason isActive }}
    availableActions {{ action enabled disabledReason }}
}} {AUDITED}"""
CHANGED = {"customers": 0, "profile_versions": 1, "idempotency_keys": 1, "audit_entries": 1, "audit_heads": 0}


async def act(gateway: Gateway, action: str, member: str = MEMBER, **more: Any) -> dict[str, Any]:
    """The payload of an action."""
    given = {"customerId": gateway.customer_id(member), "reason": {"code": REASONS[action]}}
    return await do(gateway, action, given | more, SHOWN)


async def moved(gateway: Gateway, action: str, member: str = MEMBER, **more: Any) -> dict[str, Any]:
    """The customer behind an action that was carried out."""
    payload = await act(gateway, action, member, **more)
    assert payload["userErrors"] == []
    customer: dict[str, Any] = payload["customer"]
    return customer


def told(state: str, action: str) -> str:
    """The code of an action that is not open in this state."""
    if DONE.get(action) == state:
        return "ALREADY_DONE"
    return "CUSTOMER_GONE" if state in ("DELETED", "ANONYMIZED", "FORGOTTEN") else "INVALID_TRANSITION"


@pytest.mark.parametrize("action", REASONS)
@pytest.mark.parametrize("state", STATES)
async def test_every_action_is_open_in_its_states_and_leaves_the_others_as_they_are(
    gateway: Gateway, state: str, action: str
) -> None:
    before = {"state_before": "BLOCKED" if state == "DELETED" else None}
    await put(gateway, MEMBER, membership=state, deleted_at=gateway.now if state == "DELETED" else None, **before)
    query = (
        "query ($id: ID!) { customer(by: {id: $id}) { version availableActions { action enabled disabledReason } } }"
    )
    seen = (await gateway.run(query, {"id": gateway.customer_id(MEMBER)})).data["customer"]
    offered = next(one for one in seen["availableActions"] if one["action"] == action)
    rows = await contents(gateway, gateway.members[MEMBER])
    payload = await act(gateway, action)
    changed = grown(rows, await contents(gateway, gateway.members[MEMBER]))
    if (state, action) in REACHED:
        assert (payload["userErrors"], offered["enabled"]) == ([], True)
        customer = payload["customer"]
        assert (customer["membership"]["state"], customer["version"]) == (REACHED[state, action], seen["version"] + 1)
        events = {"events": 1, "event_keys": 1} if action == "customerVerify" else {}
        assert changed == CHANGED | events
    else:
        assert (refused(payload), offered["enabled"]) == ([(told(state, action), "customerId")], False)
        assert (payload["customer"], changed) == (None, REFUSED)


async def test_verifying_tells_when_and_joins_the_event_stream(gateway: Gateway) -> None:
    payload = await act(gateway, "customerVerify", PENDING)
    now = gateway.now.isoformat().replace("+00:00", "Z")
    membership = payload["customer"]["membership"]
    assert membership == {
        "state": "ACTIVE",
        "verifiedAt": now,
        "blockedAt": None,
        "blockReason": None,
        "isActive": True,
    }
    assert payload["auditEntry"] == {
        "type": "customerVerify",
        "outcome": "SUCCEEDED",
        "summary": "Verified by hand",
        "reasonCode": "identity_confirmed",
        "changes": [{"path": "membership.state", "before": "PENDING_VERIFICATION", "after": "ACTIVE"}],
    }
    query = """query ($id: ID!) { customer(by: {id: $id}) { events(first: 1) { nodes {
        type title channel details { ... on GenericDetails { attributes } } } } } }"""
    answer = await gateway.run(query, {"id": gateway.customer_id(PENDING)})
    (event,) = answer.data["customer"]["events"]["nodes"]
    assert (event["type"], event["title"], event["channel"]) == ("account_verified", "Account verified", "GATEWAY")


async def test_blocking_tells_since_when_and_why_until_it_ends(gateway: Gateway) -> None:
    await put(gateway, MEMBER, membership="ACTIVE")
    blocked = (await moved(gateway, "customerBlock", reason={"code": "terms_violation"}))["membership"]
    now = gateway.now.isoformat().replace("+00:00", "Z")
    assert (blocked["blockedAt"], blocked["blockReason"], blocked["isActive"]) == (now, "terms_violation", False)
    unblocked = (await moved(gateway, "customerUnblock"))["membership"]
    assert (unblocked["blockedAt"], unblocked["blockReason"], unblocked["isActive"]) == (None, None, True)


@pytest.mark.parametrize("state", ["PENDING_VERIFICATION", "ACTIVE", "BLOCKED"])
async def test_restoring_brings_back_the_state_before(gateway: Gateway, state: str) -> None:
    await put(gateway, MEMBER, membership=state, deleted_at=None, state_before=None)
    deleted = await moved(gateway, "customerDelete")
    assert (deleted["membership"]["state"], deleted["membership"]["isActive"]) == ("DELETED", False)
    restored = await moved(gateway, "customerRestore")
    assert restored["membership"]["state"] == state


@pytest.mark.parametrize(("ago", "codes"), [(dt.timedelta(days=30), ["INVALID_TRANSITION"]), (dt.timedelta(29), [])])
async def test_a_membership_can_be_restored_for_thirty_days(
    gateway: Gateway, ago: dt.timedelta, codes: list[str]
) -> None:
    await put(gateway, MEMBER, membership="DELETED", state_before="ACTIVE", deleted_at=gateway.now - ago)
    query = "query ($id: ID!) { customer(by: {id: $id}) { availableActions { action enabled disabledReason } } }"
    answer = await gateway.run(query, {"id": gateway.customer_id(MEMBER)})
    offered = {one["action"]: one for one in answer.data["customer"]["availableActions"]}["customerRestore"]
    payload = await act(gateway, "customerRestore")
    assert [code for code, _ in refused(payload)] == codes
    told = [error["message"] for error in payload["userErrors"]]
    assert (offered["enabled"], [offered["disabledReason"]]) == (not codes, told or [None])


async def test_the_deleted_are_not_listed_and_found_by_their_id(gateway: Gateway) -> None:
    await put(gateway, MEMBER, membership="ACTIVE", deleted_at=None, state_before=None)
    search = """query ($id: String!, $gone: Boolean) {
        customers(filter: {customerId: $id, includeInactive: $gone}) { nodes { supportId } } }"""

    async def listed(gone: bool) -> list[dict[str, str]]:
        answer = await gateway.run(search, {"id": MEMBER, "gone": gone})
        nodes: list[dict[str, str]] = answer.data["customers"]["nodes"]
        return nodes

    assert await listed(False) == [{"supportId": MEMBER}]
    await moved(gateway, "customerDelete")
    assert (await listed(False), await listed(True)) == ([], [{"supportId": MEMBER}])
    await moved(gateway, "customerRestore")
    assert await listed(False) == [{"supportId": MEMBER}]


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"reason": None}, ("REQUIRED", "reason.code")),
        ({"reason": {}}, ("REQUIRED", "reason.code")),
        ({"reason": {"code": "whim"}}, ("INVALID", "reason.code")),
        ({"expectedVersion": 0}, ("CONFLICT", "expectedVersion")),
        ({"idempotencyKey": "a b"}, ("INVALID", "idempotencyKey")),
    ],
)
@pytest.mark.parametrize("action", REASONS)
async def test_an_action_needs_a_reason_and_the_version_that_is(
    gateway: Gateway, action: str, changed: dict[str, Any], code: tuple[str, str]
) -> None:
    state = next(state for state, known in REACHED if known == action)
    await put(gateway, MEMBER, membership=state, deleted_at=None)
    before = await contents(gateway, gateway.members[MEMBER])
    assert refused(await act(gateway, action, **changed)) == [code]
    assert grown(before, await contents(gateway, gateway.members[MEMBER])) == REFUSED


@pytest.mark.parametrize("wanted", ["active", "vip", "watch", "closed", "gold"])
@pytest.mark.parametrize("current", ["active", "vip", "watch", "closed"])
async def test_a_status_follows_where_the_program_says_so(gateway: Gateway, current: str, wanted: str) -> None:
    await put(gateway, MEMBER, membership="ACTIVE", status_key=current)
    before = await contents(gateway, gateway.members[MEMBER])
    given = {"customerId": gateway.customer_id(MEMBER), "statusKey": wanted, "reason": {"code": "status_review"}}
    payload = await do(gateway, "customerStatusSet", given, SHOWN)
    changed = grown(before, await contents(gateway, gateway.members[MEMBER]))
    if wanted == "gold":
        codes = ["NOT_FOUND"]
    elif current == wanted:
        codes = ["ALREADY_DONE"]
    else:
        codes = ["INVALID_TRANSITION"] if current == "closed" else []
    assert refused(payload) == [(code, "statusKey") for code in codes]
    assert changed == (REFUSED if codes else CHANGED)
    if not codes:
        assert payload["customer"]["status"] == {"key": wanted}
        assert payload["auditEntry"]["changes"] == [{"path": "status", "before": current, "after": wanted}]


async def test_a_status_is_set_for_the_blocked_and_the_restricted_and_not_for_the_deleted(gateway: Gateway) -> None:
    given = {"customerId": gateway.customer_id(MEMBER), "reason": {"code": "status_review"}}
    await put(gateway, MEMBER, membership="BLOCKED", processing="RESTRICTED", status_key="active")
    done = await do(gateway, "customerStatusSet", given | {"statusKey": "watch"}, SHOWN)
    assert done["userErrors"] == []
    await put(gateway, MEMBER, membership="DELETED", processing="ACTIVE")
    gone = await do(gateway, "customerStatusSet", given | {"statusKey": "vip"}, SHOWN)
    assert refused(gone) == [("CUSTOMER_GONE", "customerId")]
    await put(gateway, MEMBER, membership="ACTIVE", status_key="active")
