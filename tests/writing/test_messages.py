"""Direct messages that are sent and campaign messages that are read, and all that tells of it."""

import asyncio
from collections import Counter
from typing import Any
from uuid import UUID

import pytest

from schema.ids import global_id, parse_id
from tests.harness import Caller, Gateway
from tests.writing.asking import refused
from tests.writing.doing import AUDITED, REFUSED, do, document
from tests.writing.examples.messages import inbox
from tests.writing.tables import contents, grown

MEMBER, RESTRICTED, BLOCKED = "CJ-000022", "CJ-000007", "CJ-000009"
SEND, READ = "directMessageSend", "messageMarkRead"
SENT = f"""message {{ id direction author {{ kind id }} body sentAt readAt supportRequestId
    deliveries {{ channel sentAt deliveredAt openedAt failureReason }} }} {AUDITED}"""
OWN = "message { id direction author { kind id } body supportRequestId }"
"""What a member may see: they have no scope for the audit log."""
SEEN = "id status readAt endsAt deliveries { channel openedAt }"
MARKED = f"message {{ {SEEN} }}"
STORED = {"direct_messages": 1, "events": 1, "event_keys": 1, "idempotency_keys": 1, **REFUSED}
WORKERS = 16


def of_member(member: str) -> Caller:
    return Caller("member", customer=member)


async def send(gateway: Gateway, member: str = MEMBER, caller: Caller | str = "admin", **more: Any) -> dict[str, Any]:
    given = {"customerId": gateway.customer_id(member), "body": "Your parcel has come", **more}
    return await do(gateway, SEND, given, SENT if caller == "admin" else OWN, caller)


async def read(gateway: Gateway, message_id: str, caller: Caller | str) -> dict[str, Any]:
    return await do(gateway, READ, {"messageId": message_id}, MARKED, caller)


def own_id(global_: str, type_: str) -> UUID:
    """A message's own part of its global id."""
    _, (_, found) = parse_id(global_, "id", type_)
    return found


async def test_a_message_of_staff_is_sealed_delivered_in_the_app_and_told_of_without_its_text(
    gateway: Gateway,
) -> None:
    customer = gateway.members[MEMBER]
    before = await contents(gateway, customer)
    payload = await send(gateway, body="  Your parcel is at the store \n")
    message = payload["message"]
    at = message["sentAt"]
    assert message == {
        "id": message["id"],
        "direction": "OUTBOUND",
        "author": {"kind": "STAFF", "id": "admin"},
        "body": "Your parcel is at the store",
        "sentAt": at,
        "readAt": None,
        "supportRequestId": None,
        "deliveries": [{"channel": "IN_APP", "sentAt": at, "deliveredAt": at, "openedAt": None, "failureReason": None}],
    }
    own = own_id(message["id"], "DirectMessage")
    assert payload["auditEntry"] == {
        "type": SEND,
        "outcome": "SUCCEEDED",
        "summary": "Direct message sent",
        "reasonCode": None,
        "changes": [{"path": f"directMessages.{own}.direction", "before": None, "after": "OUTBOUND"}],
    }
    after = await contents(gateway, customer)
    assert grown(before, after) == STORED
    assert "at the store" not in str(after)
    (event,) = [row for row in after["events"] if row["reference_id"] == own]
    assert (event["type"], event["facts"]) == (
        "communication",
        {"message_title": "Direct message", "channel": "IN_APP", "direction": "OUTBOUND"},
    )


async def test_readers_find_what_was_sent(gateway: Gateway) -> None:
    sent = (await send(gateway))["message"]
    query = """query ($id: ID!) { customer(by: { id: $id }) { directMessages(first: 1) { nodes {
        id direction author { kind id } body sentAt readAt supportRequestId
        deliveries { channel sentAt deliveredAt openedAt failureReason } } } } }"""
    answer = await gateway.run(query, {"id": gateway.customer_id(MEMBER)})
    assert answer.data["customer"]["directMessages"]["nodes"] == [sent]


async def test_a_members_own_token_writes_to_staff(gateway: Gateway) -> None:
    payload = await send(gateway, MEMBER, of_member(MEMBER), body="Where is it?", supportRequestId="SR-22")
    assert payload["message"] | {"id": ""} == {
        "id": "",
        "direction": "INBOUND",
        "author": {"kind": "MEMBER", "id": "member"},
        "body": "Where is it?",
        "supportRequestId": "SR-22",
    }


async def test_a_member_writes_in_no_conversation_but_their_own(gateway: Gateway) -> None:
    before = await contents(gateway, gateway.members[MEMBER])
    payload = await send(gateway, MEMBER, of_member("CJ-000023"))
    assert refused(payload) == [("NOT_FOUND", "customerId")]
    assert grown(before, await contents(gateway, gateway.members[MEMBER])) == REFUSED


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"body": ""}, ("INVALID", "body")),
        ({"body": " \n "}, ("INVALID", "body")),
        ({"body": "x" * 5_001}, ("INVALID", "body")),
        ({"supportRequestId": "SR-0"}, ("NOT_FOUND", "supportRequestId")),
        ({"supportRequestId": "SR-23"}, ("NOT_FOUND", "supportRequestId")),
        ({"supportRequestId": ""}, ("NOT_FOUND", "supportRequestId")),
    ],
)
async def test_what_cant_be_sent_is_refused_and_stores_nothing_but_that(
    gateway: Gateway, changed: dict[str, Any], told: tuple[str, str]
) -> None:
    before = await contents(gateway, gateway.members[MEMBER])
    payload = await send(gateway, **changed)
    assert (refused(payload), payload["message"], payload["auditEntry"]) == ([told], None, None)
    assert grown(before, await contents(gateway, gateway.members[MEMBER])) == REFUSED


async def test_the_longest_text_is_sent_once_trimmed(gateway: Gateway) -> None:
    payload = await send(gateway, body=f" {'é' * 5_000} ")
    assert payload["message"]["body"] == "é" * 5_000


@pytest.mark.parametrize(
    ("member", "request_id", "code"),
    [(RESTRICTED, "SR-7", "CUSTOMER_RESTRICTED"), (BLOCKED, "SR-9", "CUSTOMER_BLOCKED")],
)
async def test_the_restricted_and_the_blocked_get_an_answer_to_what_they_asked_and_nothing_else(
    gateway: Gateway, member: str, request_id: str, code: str
) -> None:
    assert refused(await send(gateway, member)) == [(code, "customerId")]
    assert refused(await send(gateway, member, of_member(member))) == [(code, "customerId")]
    assert refused(await send(gateway, member, supportRequestId="SR-0")) == [("NOT_FOUND", "supportRequestId")]
    answered = await send(gateway, member, supportRequestId=request_id)
    assert (answered["userErrors"], answered["message"]["supportRequestId"]) == ([], request_id)


@pytest.mark.parametrize("role", ["analyst", "store_associate", "privacy_officer", "service"])
async def test_without_the_scope_nothing_is_sent_and_the_attempt_is_told(gateway: Gateway, role: str) -> None:
    before = await contents(gateway, gateway.members[MEMBER])
    given = {"customerId": gateway.customer_id(MEMBER), "body": "No", "idempotencyKey": "k"}
    answer = await gateway.run(document(SEND, "replayed"), {"input": given}, role)
    assert (answer.data, answer.told) == ({SEND: None}, [f"FORBIDDEN@{SEND}"])
    assert grown(before, await contents(gateway, gateway.members[MEMBER])) == REFUSED


async def test_a_dry_run_shows_the_message_and_sends_nothing(gateway: Gateway) -> None:
    before = await contents(gateway, gateway.members[MEMBER])
    payload = await send(gateway, dryRun=True)
    assert (payload["message"]["body"], payload["auditEntry"]) == ("Your parcel has come", None)
    assert await contents(gateway, gateway.members[MEMBER]) == before


async def test_the_customer_reads_a_new_message(gateway: Gateway) -> None:
    message_id = (await inbox(gateway, MEMBER))["NEW"]
    before = await contents(gateway, gateway.members[MEMBER])
    payload = await read(gateway, message_id, of_member(MEMBER))
    message = payload["message"]
    assert (payload["userErrors"], payload["replayed"], payload["dryRun"]) == ([], False, False)
    assert (message["id"], message["status"], message["readAt"] is None) == (message_id, "READ", False)
    assert message["deliveries"][0] == {"channel": "IN_APP", "openedAt": message["readAt"]}
    after = await contents(gateway, gateway.members[MEMBER])
    assert grown(before, after) == {"messages": 0, **REFUSED}
    query = f"query ($id: ID!) {{ node(id: $id) {{ ... on Message {{ {SEEN} }} }} }}"
    answer = await gateway.run(query, {"id": message_id})
    assert answer.data["node"] == message
    log = await gateway.run(
        """query ($id: ID!) { customer(by: { id: $id }) { accountAudit(first: 1) { nodes {
        type outcome summary changes { path before after } } } } }""",
        {"id": gateway.customer_id(MEMBER)},
    )
    assert log.data["customer"]["accountAudit"]["nodes"] == [
        {
            "type": READ,
            "outcome": "SUCCEEDED",
            "summary": "Message read",
            "changes": [{"path": f"messages.{own_id(message_id, 'Message')}.status", "before": "NEW", "after": "READ"}],
        }
    ]


@pytest.mark.parametrize(("status", "code"), [("READ", "ALREADY_DONE"), ("EXPIRED", "INVALID_TRANSITION")])
async def test_only_a_new_message_is_read(gateway: Gateway, status: str, code: str) -> None:
    message_id = (await inbox(gateway, "CJ-000023"))[status]
    before = await contents(gateway, gateway.members["CJ-000023"])
    payload = await read(gateway, message_id, of_member("CJ-000023"))
    assert (refused(payload), payload["message"]) == ([(code, "messageId")], None)
    assert grown(before, await contents(gateway, gateway.members["CJ-000023"])) == REFUSED


async def test_a_message_that_is_not_there_is_not_found(gateway: Gateway) -> None:
    message_id = global_id("Message", gateway.members[MEMBER], UUID(int=7))
    payload = await read(gateway, message_id, of_member(MEMBER))
    assert refused(payload) == [("NOT_FOUND", "messageId")]


@pytest.mark.parametrize("role", ["admin", "care_agent", "store_associate", "analyst", "privacy_officer", "service"])
async def test_nobody_else_marks_a_message_read(gateway: Gateway, role: str) -> None:
    message_id = (await inbox(gateway, "CJ-000023"))["NEW"]
    before = await contents(gateway, gateway.members["CJ-000023"])
    assert refused(await read(gateway, message_id, role)) == [("FORBIDDEN", "messageId")]
    bound = await read(gateway, message_id, Caller(role, customer="CJ-000023"))
    assert refused(bound) == [("FORBIDDEN", "messageId")]
    after = await contents(gateway, gateway.members["CJ-000023"])
    assert grown(before, after) == {"audit_entries": 2, "audit_heads": 0}


async def test_another_customers_message_does_not_exist(gateway: Gateway) -> None:
    message_id = (await inbox(gateway, "CJ-000023"))["NEW"]
    payload = await read(gateway, message_id, of_member(MEMBER))
    assert refused(payload) == [("NOT_FOUND", "messageId")]


async def test_of_many_who_read_at_once_one_does(gateway: Gateway) -> None:
    member = "CJ-000024"
    message_id = (await inbox(gateway, member))["NEW"]
    payloads = await asyncio.gather(*(read(gateway, message_id, of_member(member)) for _ in range(WORKERS)))
    told = Counter(code for payload in payloads for code, _ in refused(payload) or [("done", "")])
    assert told == {"done": 1, "ALREADY_DONE": WORKERS - 1}
