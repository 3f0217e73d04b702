"""What is asked for under privacy law: processing stops and goes on at once, the rest is recorded and can be withdrawn."""

import asyncio
from collections import Counter
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import create_async_engine

from datasources.sql.tables.privacy import privacy_requests
from datasources.sql.tables.profiles import customers
from schema.ids import parse_id
from tests.harness import Caller, Gateway
from tests.writing.asking import adjust, adjustment, refused
from tests.writing.examples.privacy import act, action, cancellation, standing, withdrawn
from tests.writing.tables import contents, found, grown

MEMBER, OTHER, CLOSED = "CJ-000046", "CJ-000047", "CJ-000048"
REFUSED = {"audit_entries": 1, "audit_heads": 0}
SUBMITTED = ("privacyExport", "privacyForget", "customerAnonymize")
AT_ONCE = ("privacyRestrict", "privacyReinstate")
CANCEL = """
mutation ($input: PrivacyRequestCancelInput!) {
  privacyRequestCancel(input: $input) {
    replayed dryRun userErrors { code path } request { id type state completedAt } auditEntry { summary outcome }
  }
}
"""
SEEN = """
query ($id: ID!, $request: ID!) {
  customer(by: { id: $id }) {
    processing version
    privacy { processing statusText requests { nodes { id state } } }
    availableActions { action enabled }
  }
  node(id: $request) { ... on PrivacyRequest { type state submittedAt customer { supportId } } }
  privacyRequests(first: 1) { nodes { id requestedBy { kind id } } }
}
"""


async def cancel(gateway: Gateway, given: dict[str, Any], caller: Caller | str = "privacy_officer") -> dict[str, Any]:
    answer = await gateway.run(CANCEL, {"input": {"idempotencyKey": uuid4().hex} | given}, caller)
    assert answer.errors == []
    payload: dict[str, Any] = answer.data["privacyRequestCancel"]
    return payload


async def seen(gateway: Gateway, request_id: str, member: str = MEMBER) -> Any:
    about = {"id": gateway.customer_id(member), "request": request_id}
    answer = await gateway.run(SEEN, about, "privacy_officer")
    assert answer.errors == []
    return answer.data


async def put(gateway: Gateway, table: Any, key: UUID, **values: Any) -> None:
    """Set a row's state, whatever led to it."""
    engine = create_async_engine(gateway.runtime.databases["main"].url)
    async with engine.begin() as connection:
        (column,) = table.primary_key
        await connection.execute(table.update().where(column == key).values(**values))
    await engine.dispose()


def own_id(request_id: str) -> UUID:
    return parse_id(request_id, "id", "PrivacyRequest")[1][0]


async def test_processing_stops_and_goes_on_at_once(gateway: Gateway) -> None:
    before = await contents(gateway, gateway.members[MEMBER])
    version = before["customers"][0]["version"]
    done = await act(gateway, "privacyRestrict", action(gateway, MEMBER))
    request = done["request"]
    instant = request["submittedAt"]
    assert {name: request[name] for name in ("type", "state", "completedAt", "steps")} == {
        "type": "RESTRICT",
        "state": "COMPLETED",
        "completedAt": instant,
        "steps": [{"domain": "PROFILES", "state": "COMPLETED", "attempts": 1, "verifiedAt": instant}],
    }
    after = await contents(gateway, gateway.members[MEMBER])
    assert grown(before, after) == {
        "customers": 0,
        "profile_versions": 1,
        "privacy_requests": 1,
        "audit_entries": 1,
        "audit_heads": len(after["audit_heads"]) - len(before["audit_heads"]),
        "idempotency_keys": 1,
    }
    told = await seen(gateway, request["id"])
    assert (told["customer"]["processing"], told["customer"]["version"]) == ("RESTRICTED", version + 1)
    assert told["customer"]["privacy"]["statusText"] == "Processing is restricted."
    assert told["customer"]["privacy"]["requests"]["nodes"] == [{"id": request["id"], "state": "COMPLETED"}]
    assert told["node"] == {
        "type": "RESTRICT",
        "state": "COMPLETED",
        "submittedAt": instant,
        "customer": {"supportId": MEMBER},
    }
    assert told["privacyRequests"]["nodes"] == [{"id": request["id"], "requestedBy": {"kind": "STAFF", "id": "admin"}}]
    enabled = {action["action"]: action["enabled"] for action in told["customer"]["availableActions"]}
    assert (enabled["privacyRestrict"], enabled["privacyReinstate"]) == (False, True)
    assert refused(await adjust(gateway, adjustment(gateway, MEMBER, 5))) == [("CUSTOMER_RESTRICTED", "customerId")]
    back = await act(gateway, "privacyReinstate", action(gateway, MEMBER))
    assert (back["request"]["type"], back["request"]["state"]) == ("REINSTATE", "COMPLETED")
    told = await seen(gateway, back["request"]["id"])
    assert (told["customer"]["processing"], told["customer"]["version"]) == ("ACTIVE", version + 2)
    assert told["customer"]["privacy"]["statusText"] == "Processing goes on as usual."
    assert (await adjust(gateway, adjustment(gateway, MEMBER, 5)))["userErrors"] == []


async def test_the_audit_log_tells_what_was_and_what_became(gateway: Gateway) -> None:
    query = """mutation ($input: PrivacyActionInput!) { privacyRestrict(input: $input) {
        request { id } auditEntry { type outcome summary reasonCode changes { path before after } } } }"""
    given = action(gateway, OTHER, idempotencyKey=uuid4().hex)
    payload = (await gateway.run(query, {"input": given})).data["privacyRestrict"]
    assert payload["auditEntry"] == {
        "type": "privacyRestrict",
        "outcome": "SUCCEEDED",
        "summary": "Processing set to RESTRICTED",
        "reasonCode": "privacy_request",
        "changes": [
            {"path": "processing", "before": "ACTIVE", "after": "RESTRICTED"},
            {"path": f"privacyRequests.{own_id(payload['request']['id'])}", "before": None, "after": "COMPLETED"},
        ],
    }
    await act(gateway, "privacyReinstate", action(gateway, OTHER))


@pytest.mark.parametrize(("mutation", "first"), [("privacyRestrict", "privacyRestrict"), ("privacyReinstate", None)])
async def test_what_is_so_already_is_refused_and_changes_nothing(
    gateway: Gateway, mutation: str, first: str | None
) -> None:
    if first is not None:
        await act(gateway, first, action(gateway, MEMBER))
    before = await contents(gateway, gateway.members[MEMBER])
    payload = await act(gateway, mutation, action(gateway, MEMBER))
    assert ([error["code"] for error in payload["userErrors"]], payload["request"]) == (["ALREADY_DONE"], None)
    assert grown(before, await contents(gateway, gateway.members[MEMBER])) == REFUSED
    if first is not None:
        await act(gateway, "privacyReinstate", action(gateway, MEMBER))


@pytest.mark.parametrize(
    ("mutation", "type_", "sentence"),
    [
        ("privacyExport", "EXPORT", "An export was requested."),
        ("privacyForget", "FORGET", "An erasure was requested."),
        ("customerAnonymize", "ANONYMIZE", "An anonymization was requested."),
    ],
)
async def test_what_takes_longer_is_recorded_once_and_can_be_withdrawn(
    gateway: Gateway, mutation: str, type_: str, sentence: str
) -> None:
    await withdrawn(gateway, OTHER)
    before = await contents(gateway, gateway.members[OTHER])
    made = await act(gateway, mutation, action(gateway, OTHER))
    request = made["request"]
    assert {name: request[name] for name in ("type", "state", "completedAt", "steps")} == {
        "type": type_,
        "state": "SUBMITTED",
        "completedAt": None,
        "steps": [],
    }
    after = await contents(gateway, gateway.members[OTHER])
    assert grown(before, after) == {"privacy_requests": 1, "idempotency_keys": 1, **REFUSED}
    told = await seen(gateway, request["id"], OTHER)
    assert told["customer"]["privacy"]["statusText"] == f"Processing goes on as usual. {sentence}"
    assert told["node"]["state"] == "SUBMITTED"
    again = await act(gateway, mutation, action(gateway, OTHER))
    assert ([error["code"] for error in again["userErrors"]], again["request"]) == (["ALREADY_DONE"], None)
    assert grown(after, await contents(gateway, gateway.members[OTHER])) == REFUSED
    taken_back = await cancel(gateway, cancellation(request["id"]))
    assert taken_back["request"] == {
        "id": request["id"],
        "type": type_,
        "state": "CANCELLED",
        "completedAt": None,
    }
    assert taken_back["auditEntry"]["outcome"] == "SUCCEEDED"
    assert (await act(gateway, mutation, action(gateway, OTHER)))["userErrors"] == []


async def test_open_requests_of_other_kinds_do_not_stand_in_the_way(gateway: Gateway) -> None:
    await withdrawn(gateway, MEMBER)
    states = [(await act(gateway, name, action(gateway, MEMBER)))["request"]["state"] for name in SUBMITTED]
    assert states == ["SUBMITTED"] * 3
    await withdrawn(gateway, MEMBER)


@pytest.mark.parametrize("mutation", [*SUBMITTED, *AT_ONCE])
@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"identityVerified": False}, "IDENTITY_NOT_VERIFIED"),
        ({"reason": None}, "REQUIRED"),
        ({"reason": {"code": "because"}}, "INVALID"),
        ({"idempotencyKey": "a b"}, "INVALID"),
    ],
)
async def test_without_a_verified_customer_and_a_reason_nothing_is_done(
    gateway: Gateway, mutation: str, changed: dict[str, Any], code: str
) -> None:
    before = await contents(gateway, gateway.members[CLOSED])
    payload = await act(gateway, mutation, action(gateway, CLOSED) | changed)
    assert ([error["code"] for error in payload["userErrors"]], payload["request"]) == ([code], None)
    assert grown(before, await contents(gateway, gateway.members[CLOSED])) == REFUSED


async def test_the_refusal_names_the_input_that_confirms_the_customer(gateway: Gateway) -> None:
    query = """mutation ($input: PrivacyActionInput!) { privacyForget(input: $input) { userErrors { code path } } }"""
    given = action(gateway, CLOSED, identityVerified=False, idempotencyKey=uuid4().hex)
    payload = (await gateway.run(query, {"input": given})).data["privacyForget"]
    assert refused(payload) == [("IDENTITY_NOT_VERIFIED", "identityVerified")]


@pytest.mark.parametrize("mutation", [*SUBMITTED, "privacyRestrict"])
@pytest.mark.parametrize(
    ("membership", "codes"),
    [("DELETED", []), ("BLOCKED", []), ("ANONYMIZED", ["CUSTOMER_GONE"]), ("FORGOTTEN", ["CUSTOMER_GONE"])],
)
async def test_a_deleted_customer_still_has_these_rights_one_without_data_has_none(
    gateway: Gateway, mutation: str, membership: str, codes: list[str]
) -> None:
    customer = gateway.members[CLOSED]
    await withdrawn(gateway, CLOSED)
    await put(gateway, customers, customer, membership=membership, processing="ACTIVE")
    try:
        before = await contents(gateway, customer)
        payload = await act(gateway, mutation, action(gateway, CLOSED))
        assert [error["code"] for error in payload["userErrors"]] == codes
        if codes:
            assert grown(before, await contents(gateway, customer)) == REFUSED
    finally:
        await put(gateway, customers, customer, membership="ACTIVE", processing="ACTIVE")


@pytest.mark.parametrize(
    ("state", "codes"),
    [
        ("SUBMITTED", []),
        ("IN_PROGRESS", ["INVALID_TRANSITION"]),
        ("COMPLETED", ["INVALID_TRANSITION"]),
        ("PARTIALLY_FAILED", ["INVALID_TRANSITION"]),
        ("FAILED", ["INVALID_TRANSITION"]),
        ("CANCELLED", ["ALREADY_DONE"]),
    ],
)
async def test_only_a_request_that_has_not_begun_can_be_withdrawn(
    gateway: Gateway, state: str, codes: list[str]
) -> None:
    await withdrawn(gateway, MEMBER)
    made = await act(gateway, "privacyForget", action(gateway, MEMBER))
    id_ = own_id(made["request"]["id"])
    await put(gateway, privacy_requests, id_, state=state)
    before = await contents(gateway, gateway.members[MEMBER])
    payload = await cancel(gateway, cancellation(made["request"]["id"]))
    assert refused(payload) == [(code, "requestId") for code in codes]
    if codes:
        assert (payload["request"], payload["auditEntry"]) == (None, None)
        assert grown(before, await contents(gateway, gateway.members[MEMBER])) == REFUSED
    (row,) = (await found(gateway, select(privacy_requests.c.state).where(privacy_requests.c.id == id_)))[0]
    assert row["state"] == ("CANCELLED" if state == "SUBMITTED" else state)
    await put(gateway, privacy_requests, id_, state="CANCELLED")


async def test_a_withdrawal_needs_a_reason_and_its_key_repeats_the_answer(gateway: Gateway) -> None:
    await withdrawn(gateway, MEMBER)
    made = await act(gateway, "privacyExport", action(gateway, MEMBER))
    wrong = await cancel(gateway, cancellation(made["request"]["id"], reason=None))
    assert refused(wrong) == [("REQUIRED", "reason.code")]
    given = cancellation(made["request"]["id"], idempotencyKey=uuid4().hex)
    first = await cancel(gateway, given)
    assert first["request"]["state"] == "CANCELLED"
    assert await cancel(gateway, given) == first | {"replayed": True}


@pytest.mark.parametrize("caller", [Caller("privacy_officer", stores=("1",)), Caller("admin", customer=OTHER)])
async def test_a_request_out_of_reach_does_not_exist(gateway: Gateway, caller: Caller) -> None:
    await withdrawn(gateway, MEMBER)
    made = await act(gateway, "privacyExport", action(gateway, MEMBER))
    before = await contents(gateway, gateway.members[MEMBER])
    payload = await cancel(gateway, cancellation(made["request"]["id"]), caller)
    assert (refused(payload), payload["request"]) == ([("NOT_FOUND", "requestId")], None)
    assert grown(before, await contents(gateway, gateway.members[MEMBER])) == {}
    await withdrawn(gateway, MEMBER)


async def test_the_request_of_a_forgotten_customer_can_not_be_withdrawn(gateway: Gateway) -> None:
    made = await act(gateway, "privacyForget", action(gateway, MEMBER))
    id_ = own_id(made["request"]["id"])
    await put(gateway, privacy_requests, id_, customer_id=None, state="COMPLETED")
    payload = await cancel(gateway, cancellation(made["request"]["id"]))
    assert refused(payload) == [("INVALID_TRANSITION", "requestId")]
    await put(gateway, privacy_requests, id_, customer_id=gateway.members[MEMBER], state="CANCELLED")


@pytest.mark.parametrize("mutation", [*SUBMITTED, *AT_ONCE])
@pytest.mark.parametrize("role", ["care_agent", "service", "analyst"])
async def test_without_the_scope_nothing_is_done_and_the_attempt_is_told(
    gateway: Gateway, mutation: str, role: str
) -> None:
    before = await contents(gateway, gateway.members[MEMBER])
    query = f"mutation ($input: PrivacyActionInput!) {{ {mutation}(input: $input) {{ userErrors {{ code }} }} }}"
    given = action(gateway, MEMBER, idempotencyKey=uuid4().hex)
    answer = await gateway.run(query, {"input": given}, role)
    assert (answer.data, answer.told) == ({mutation: None}, [f"FORBIDDEN@{mutation}"])
    assert grown(before, await contents(gateway, gateway.members[MEMBER])) == REFUSED


async def test_of_many_requests_at_once_one_is_recorded(gateway: Gateway) -> None:
    await withdrawn(gateway, MEMBER)
    before = await contents(gateway, gateway.members[MEMBER])
    payloads = await asyncio.gather(*(act(gateway, "privacyForget", action(gateway, MEMBER)) for _ in range(16)))
    told = Counter("".join(error["code"] for error in payload["userErrors"]) or "done" for payload in payloads)
    assert told == {"done": 1, "ALREADY_DONE": 15}
    after = await contents(gateway, gateway.members[MEMBER])
    assert grown(before, after) == {
        "privacy_requests": 1,
        "audit_entries": 16,
        "audit_heads": 0,
        "idempotency_keys": 1,
    }


async def test_a_dry_run_shows_the_request_and_leaves_the_customer_as_they_are(gateway: Gateway) -> None:
    payload = await act(gateway, "privacyRestrict", action(gateway, OTHER, dryRun=True))
    assert (payload["request"]["state"], payload["auditEntry"]) == ("COMPLETED", None)
    assert (await standing(gateway, OTHER))["processing"] == "ACTIVE"
