"""Customers who are put into segments and taken out of them, and all that tells of it."""

import asyncio
from collections import Counter
from typing import Any
from uuid import UUID

import pytest

from schema.ids import global_id
from tests.harness import Caller, Gateway
from tests.writing.asking import refused
from tests.writing.doing import AUDITED, REFUSED, do, document
from tests.writing.examples.segments import member_of
from tests.writing.tables import contents, grown

MEMBER, RESTRICTED, BLOCKED = "CJ-000022", "CJ-000007", "CJ-000009"
ADD, REMOVE = "segmentMemberAdd", "segmentMemberRemove"
SHOWN = f"""membership {{ segment {{ key name kind isTest }} since addedBy {{ kind id }} variant }} {AUDITED}"""
STORED = {"segment_members": 1, "events": 1, "event_keys": 1, "idempotency_keys": 1, **REFUSED}
WORKERS = 16


async def segments(gateway: Gateway, member: str = MEMBER) -> set[str]:
    """The keys of the segments that the customer is in, as readers see them."""
    query = "query ($id: ID!) { customer(by: { id: $id }) { segments(first: 50) { nodes { segment { key } } } } }"
    answer = await gateway.run(query, {"id": gateway.customer_id(member)})
    return {node["segment"]["key"] for node in answer.data["customer"]["segments"]["nodes"]}


def new(before: Any, after: Any, table: str, key: str = "id") -> Any:
    """The one row that a table gained."""
    known = {row[key] for row in before[table]}
    (row,) = [row for row in after[table] if row[key] not in known]
    return row


async def test_who_enters_a_segment_is_a_member_with_an_event_and_an_audit_entry(gateway: Gateway) -> None:
    before = await contents(gateway, gateway.members[MEMBER])
    given = await member_of(gateway, MEMBER, "vip-circle")
    payload = await do(gateway, ADD, given | {"reason": {"code": "other"}}, SHOWN)
    assert payload == {
        "userErrors": [],
        "replayed": False,
        "dryRun": False,
        "membership": {
            "segment": {"key": "vip-circle", "name": "VIP circle", "kind": "MANUAL", "isTest": False},
            "since": payload["membership"]["since"],
            "addedBy": {"kind": "STAFF", "id": "admin"},
            "variant": None,
        },
        "auditEntry": {
            "type": ADD,
            "outcome": "SUCCEEDED",
            "summary": "Added to the segment VIP circle",
            "reasonCode": "other",
            "changes": [{"path": "segments.vip-circle", "before": False, "after": True}],
        },
    }
    after = await contents(gateway, gateway.members[MEMBER])
    assert grown(before, after) == STORED
    event = new(before, after, "events")
    assert (event["type"], event["facts"]) == (
        "segment_entered",
        {"segment_key": "vip-circle", "segment_name": "VIP circle", "variant": None},
    )
    assert "vip-circle" in await segments(gateway)


async def test_who_leaves_a_segment_is_no_member_any_more(gateway: Gateway) -> None:
    given = await member_of(gateway, MEMBER, "care-watchlist")
    await do(gateway, ADD, given, SHOWN)
    before = await contents(gateway, gateway.members[MEMBER])
    payload = await do(gateway, REMOVE, given, SHOWN)
    assert (payload["userErrors"], payload["membership"]) == ([], None)
    assert payload["auditEntry"]["changes"] == [{"path": "segments.care-watchlist", "before": True, "after": False}]
    after = await contents(gateway, gateway.members[MEMBER])
    assert grown(before, after) == STORED | {"segment_members": -1}
    assert new(before, after, "events")["type"] == "segment_left"
    assert "care-watchlist" not in await segments(gateway)


STATES = [
    (False, ADD, None),
    (True, ADD, "ALREADY_DONE"),
    (True, REMOVE, None),
    (False, REMOVE, "ALREADY_DONE"),
]


@pytest.mark.parametrize(("is_member", "mutation", "code"), STATES)
async def test_every_state_has_one_way_out(gateway: Gateway, is_member: bool, mutation: str, code: str | None) -> None:
    given = await member_of(gateway, MEMBER, "beta-testers")
    await do(gateway, ADD if is_member else REMOVE, given, SHOWN)
    before = await contents(gateway, gateway.members[MEMBER])
    payload = await do(gateway, mutation, given, SHOWN)
    after = await contents(gateway, gateway.members[MEMBER])
    if code is None:
        assert payload["userErrors"] == []
        assert ("beta-testers" in await segments(gateway)) is (mutation == ADD)
        return
    assert refused(payload) == [(code, "segmentId")]
    assert grown(before, after) == REFUSED
    assert after["segment_members"] == before["segment_members"]


@pytest.mark.parametrize("mutation", [ADD, REMOVE])
@pytest.mark.parametrize("key", ["coupon-redeemers", "big-baskets", "lapsing", "families"])
async def test_a_segment_of_a_rule_is_only_read(gateway: Gateway, mutation: str, key: str) -> None:
    before = await contents(gateway, gateway.members[MEMBER])
    payload = await do(gateway, mutation, await member_of(gateway, MEMBER, key), SHOWN)
    assert refused(payload) == [("INVALID_TRANSITION", "segmentId")]
    assert grown(before, await contents(gateway, gateway.members[MEMBER])) == REFUSED


@pytest.mark.parametrize("mutation", [ADD, REMOVE])
async def test_a_segment_that_is_not_there_is_not_found(gateway: Gateway, mutation: str) -> None:
    before = await contents(gateway, gateway.members[MEMBER])
    given = await member_of(gateway, MEMBER, "vip-circle") | {"segmentId": global_id("Segment", UUID(int=7))}
    payload = await do(gateway, mutation, given, SHOWN)
    assert refused(payload) == [("NOT_FOUND", "segmentId")]
    assert grown(before, await contents(gateway, gateway.members[MEMBER])) == REFUSED


async def test_an_id_of_another_type_is_no_input(gateway: Gateway) -> None:
    before = await contents(gateway, gateway.members[MEMBER])
    given = {"customerId": gateway.customer_id(MEMBER), "segmentId": gateway.customer_id(MEMBER)}
    answer = await gateway.run(document(ADD, "replayed"), {"input": given})
    assert answer.told == ["BAD_USER_INPUT@segmentMemberAdd"]
    assert grown(before, await contents(gateway, gateway.members[MEMBER])) == {}


async def test_nobody_is_kept_in_a_segment_by_a_restriction_or_a_block(gateway: Gateway) -> None:
    for member, code in ((RESTRICTED, "CUSTOMER_RESTRICTED"), (BLOCKED, "CUSTOMER_BLOCKED")):
        given = await member_of(gateway, member, "care-watchlist")
        assert (await do(gateway, REMOVE, given, SHOWN))["userErrors"] == []
        assert refused(await do(gateway, ADD, given, SHOWN)) == [(code, "customerId")]


@pytest.mark.parametrize("mutation", [ADD, REMOVE])
@pytest.mark.parametrize("role", ["analyst", "store_associate", "privacy_officer", "service", "member"])
async def test_without_the_scope_nothing_is_done_and_the_attempt_is_told(
    gateway: Gateway, mutation: str, role: str
) -> None:
    given = await member_of(gateway, MEMBER, "vip-circle")
    before = await contents(gateway, gateway.members[MEMBER])
    caller = Caller(role, customer=MEMBER if role == "member" else None)
    answer = await gateway.run(document(mutation, "replayed"), {"input": given}, caller)
    assert (answer.data, answer.told) == ({mutation: None}, [f"FORBIDDEN@{mutation}"])
    assert grown(before, await contents(gateway, gateway.members[MEMBER])) == REFUSED


async def test_of_many_who_add_at_once_one_does(gateway: Gateway) -> None:
    member = "CJ-000026"
    given = await member_of(gateway, member, "vip-circle")
    await do(gateway, REMOVE, given, SHOWN)
    before = await contents(gateway, gateway.members[member])
    payloads = await asyncio.gather(*(do(gateway, ADD, given, SHOWN) for _ in range(WORKERS)))
    told = Counter(code for payload in payloads for code, _ in refused(payload) or [("done", "")])
    assert told == {"done": 1, "ALREADY_DONE": WORKERS - 1}
    after = grown(before, await contents(gateway, gateway.members[member]))
    assert (after["segment_members"], after["events"], after["audit_entries"]) == (1, 1, WORKERS)


async def test_the_replay_shows_the_membership_as_it_is_now(gateway: Gateway) -> None:
    given = await member_of(gateway, "CJ-000027", "beta-testers")
    keyed = given | {"idempotencyKey": "segments-replayed"}
    first = await do(gateway, ADD, keyed, SHOWN)
    assert await do(gateway, ADD, keyed, SHOWN) == first | {"replayed": True}
    await do(gateway, REMOVE, given, SHOWN)
    again = await do(gateway, ADD, keyed, SHOWN)
    assert (again["replayed"], again["membership"], again["auditEntry"]) == (True, None, first["auditEntry"])
