"""Tags that are added, counted, reset and taken off, and all that tells of it."""

import asyncio
from collections import Counter
from typing import Any
from uuid import UUID

import pytest

from tests.harness import Caller, Gateway
from tests.writing.asking import refused
from tests.writing.doing import AUDITED, REFUSED, do, document
from tests.writing.examples.tags import tag
from tests.writing.tables import contents, grown

MEMBER, NEWCOMER, CROWDED, BLOCKED = "CJ-000022", "CJ-000023", "CJ-000024", "CJ-000009"
SHOWN = f"tag {{ key value name count cap origin firstAppliedAt lastAppliedAt }} {AUDITED}"
TAGGED = {"customer_tags": 1, "tag_changes": 1, "events": 1, "event_keys": 1, "idempotency_keys": 1, **REFUSED}
"""What a tag that is new stores."""
WORKERS = 16


async def add(gateway: Gateway, key: str, member: str = MEMBER, **more: Any) -> dict[str, Any]:
    return await do(gateway, "tagAdd", tag(gateway, member, key, **more), SHOWN)


async def held(gateway: Gateway, key: str, member: str = MEMBER) -> list[tuple[str | None, int]]:
    """Value and count of each tag of a key, as readers see them."""
    query = "query ($id: ID!) { customer(by: { id: $id }) { tags(first: 100) { nodes { key value count } } } }"
    answer = await gateway.run(query, {"id": gateway.customer_id(member)})
    nodes = answer.data["customer"]["tags"]["nodes"]
    return sorted(((node["value"], node["count"]) for node in nodes if node["key"] == key), key=str)


async def log(gateway: Gateway, key: str, member: str = MEMBER) -> list[tuple[str, str | None]]:
    """What happened to a key, the last first."""
    query = "query ($id: ID!) { customer(by: { id: $id }) { tagHistory(first: 100) { nodes { key value action } } } }"
    answer = await gateway.run(query, {"id": gateway.customer_id(member)})
    nodes = answer.data["customer"]["tagHistory"]["nodes"]
    return [(node["action"], node["value"]) for node in nodes if node["key"] == key]


async def test_a_tag_is_a_row_with_its_history_event_and_audit_entry(gateway: Gateway) -> None:
    before = await contents(gateway, gateway.members[MEMBER])
    payload = await add(gateway, "interest", value="wine", reason={"code": "other"})
    assert payload == {
        "userErrors": [],
        "replayed": False,
        "dryRun": False,
        "tag": {
            "key": "interest",
            "value": "wine",
            "name": "interest=wine",
            "count": 1,
            "cap": None,
            "origin": "MANUAL",
            "firstAppliedAt": payload["tag"]["lastAppliedAt"],
            "lastAppliedAt": payload["tag"]["lastAppliedAt"],
        },
        "auditEntry": {
            "type": "tagAdd",
            "outcome": "SUCCEEDED",
            "summary": "Tag interest=wine added",
            "reasonCode": "other",
            "changes": [
                {"path": "tags.interest.value", "before": None, "after": "wine"},
                {"path": "tags.interest.count", "before": None, "after": 1},
            ],
        },
    }
    after = await contents(gateway, gateway.members[MEMBER])
    assert grown(before, after) == TAGGED
    known = {row["id"] for row in before["tag_changes"]}
    (change,) = [row for row in after["tag_changes"] if row["id"] not in known]
    assert {name: change[name] for name in ("key", "value", "action", "origin", "actor_kind", "actor_id")} == {
        "key": "interest",
        "value": "wine",
        "action": "ADDED",
        "origin": "MANUAL",
        "actor_kind": "STAFF",
        "actor_id": "admin",
    }
    told = {row["id"] for row in before["events"]}
    (event,) = [row for row in after["events"] if row["id"] not in told]
    assert (event["type"], event["facts"]) == (
        "tag_added",
        {"key": "interest", "value": "wine", "origin": "MANUAL"},
    )


async def test_adding_again_counts_and_changes_nothing_else(gateway: Gateway) -> None:
    first = (await add(gateway, "coupon_user", NEWCOMER))["tag"]
    before = await contents(gateway, gateway.members[NEWCOMER])
    again = (await add(gateway, "coupon_user", NEWCOMER))["tag"]
    assert again == first | {"count": first["count"] + 1, "lastAppliedAt": again["lastAppliedAt"]}
    assert grown(before, await contents(gateway, gateway.members[NEWCOMER])) == TAGGED | {"customer_tags": 0}


async def test_another_value_takes_the_place_of_the_one_before_and_does_not_count(gateway: Gateway) -> None:
    assert await held(gateway, "USER_AFFILIATION") == [("CUSTOMER", 1)]
    payload = await add(gateway, "USER_AFFILIATION", value="INVESTOR")
    assert (payload["tag"]["value"], payload["tag"]["count"]) == ("INVESTOR", 1)
    assert payload["auditEntry"]["summary"] == "Tag USER_AFFILIATION=INVESTOR given another value"
    assert payload["auditEntry"]["changes"] == [
        {"path": "tags.USER_AFFILIATION.value", "before": "CUSTOMER", "after": "INVESTOR"}
    ]
    assert (await add(gateway, "USER_AFFILIATION"))["tag"]["name"] == "USER_AFFILIATION=INVESTOR"
    assert await held(gateway, "USER_AFFILIATION") == [("INVESTOR", 2)]
    assert await log(gateway, "USER_AFFILIATION") == [
        ("ADDED", "INVESTOR"),
        ("VALUE_SET", "INVESTOR"),
        ("ADDED", "CUSTOMER"),
    ]


async def test_a_tag_without_a_value_gets_one(gateway: Gateway) -> None:
    assert (await add(gateway, "nickname"))["tag"]["value"] is None
    assert (await add(gateway, "nickname", value="Ace"))["tag"]["name"] == "nickname=Ace"
    assert await held(gateway, "nickname") == [("Ace", 1)]


async def test_a_tag_of_several_values_has_them_beside_each_other(gateway: Gateway) -> None:
    for value in ("baking", "gardening", "baking"):
        await add(gateway, "interest", CROWDED, value=value)
    await add(gateway, "interest", CROWDED)
    assert await held(gateway, "interest", CROWDED) == [("baking", 2), ("gardening", 1), (None, 1)]
    wrong = await do(gateway, "tagRemove", tag(gateway, CROWDED, "interest"), SHOWN)
    assert refused(wrong) == [("REQUIRED", "value")]
    await do(gateway, "tagRemove", tag(gateway, CROWDED, "interest", value="baking"), SHOWN)
    assert await held(gateway, "interest", CROWDED) == [("gardening", 1), (None, 1)]


async def test_pages_walk_through_values_of_one_key_that_were_applied_at_once(gateway: Gateway) -> None:
    """The order ends with the value: each page of one goes on behind the one before."""
    for value in ("d", "a", "c", "b"):
        await add(gateway, "interest", "CJ-000026", value=value)
    query = """query ($id: ID!, $after: String) { customer(by: { id: $id }) { tags(first: 1, after: $after) {
        totalCount nodes { name } pageInfo { endCursor hasNextPage } } } }"""
    names, after, more = [], None, True
    while more:
        answer = await gateway.run(query, {"id": gateway.customer_id("CJ-000026"), "after": after})
        page = answer.data["customer"]["tags"]
        names += [node["name"] for node in page["nodes"]]
        after, more = page["pageInfo"]["endCursor"], page["pageInfo"]["hasNextPage"]
    assert [name for name in names if name.startswith("interest")] == [f"interest={value}" for value in "dcba"]
    assert len(names) == len(set(names)) == page["totalCount"]


async def test_customers_are_found_by_each_value_and_by_none_that_is_empty(gateway: Gateway) -> None:
    await add(gateway, "interest", "CJ-000027", value="pottery")
    await add(gateway, "interest", "CJ-000027", value="chess")
    query = """query ($value: String) { customers(filter: { tag: { key: "interest", value: $value } }) {
        totalCount nodes { supportId } } }"""
    for value in ("pottery", "chess"):
        found = (await gateway.run(query, {"value": value})).data["customers"]
        assert found == {"totalCount": 1, "nodes": [{"supportId": "CJ-000027"}]}
    assert (await gateway.run(query, {"value": ""})).data["customers"] == {"totalCount": 0, "nodes": []}
    everyone = (await gateway.run(query, {"value": None})).data["customers"]
    assert [node["supportId"] for node in everyone["nodes"]].count("CJ-000027") == 1


async def test_a_capped_tag_is_applied_up_to_its_cap_and_again_after_a_reset(gateway: Gateway) -> None:
    member, key = "CJ-000028", "goodwill_credit"
    counts = [(await add(gateway, key, member))["tag"]["count"] for _ in range(3)]
    assert counts == [1, 2, 3]
    before = await contents(gateway, gateway.members[member])
    assert refused(await add(gateway, key, member)) == [("TAG_CAP_REACHED", "key")]
    assert grown(before, await contents(gateway, gateway.members[member])) == REFUSED
    payload = await do(gateway, "tagCountReset", tag(gateway, member, key), SHOWN)
    assert (payload["tag"]["count"], payload["tag"]["cap"]) == (0, 3)
    assert payload["auditEntry"]["changes"] == [{"path": f"tags.{key}.count", "before": 3, "after": 0}]
    again = await do(gateway, "tagCountReset", tag(gateway, member, key), SHOWN)
    assert refused(again) == [("ALREADY_DONE", "key")]
    assert (await add(gateway, key, member))["tag"]["count"] == 1
    assert [action for action, _ in await log(gateway, key, member)] == ["ADDED", "COUNT_RESET", *["ADDED"] * 3]


async def test_a_reset_stores_its_history_and_tells_no_event(gateway: Gateway) -> None:
    await add(gateway, "goodwill_credit", "CJ-000029")
    before = await contents(gateway, gateway.members["CJ-000029"])
    await do(gateway, "tagCountReset", tag(gateway, "CJ-000029", "goodwill_credit"), SHOWN)
    assert grown(before, await contents(gateway, gateway.members["CJ-000029"])) == {
        "customer_tags": 0,
        "tag_changes": 1,
        "idempotency_keys": 1,
        **REFUSED,
    }


async def test_a_removed_tag_is_gone_and_keeps_its_history(gateway: Gateway) -> None:
    await add(gateway, "interest", NEWCOMER, value="chess")
    before = await contents(gateway, gateway.members[NEWCOMER])
    payload = await do(gateway, "tagRemove", tag(gateway, NEWCOMER, "interest"), SHOWN)
    assert (payload["tag"], payload["auditEntry"]["summary"]) == (None, "Tag interest=chess removed")
    after = await contents(gateway, gateway.members[NEWCOMER])
    assert grown(before, after) == TAGGED | {"customer_tags": -1}
    assert await held(gateway, "interest", NEWCOMER) == []
    assert await log(gateway, "interest", NEWCOMER) == [("REMOVED", "chess"), ("ADDED", "chess")]
    again = await do(gateway, "tagRemove", tag(gateway, NEWCOMER, "interest"), SHOWN)
    assert refused(again) == [("ALREADY_DONE", "key")]
    assert (await add(gateway, "interest", NEWCOMER, value="chess"))["tag"]["count"] == 1


@pytest.mark.parametrize(
    ("mutation", "named", "told"),
    [
        ("tagAdd", {"key": ""}, ("INVALID", "key")),
        ("tagAdd", {"key": "x" * 101}, ("INVALID", "key")),
        ("tagAdd", {"key": "interest", "value": ""}, ("INVALID", "value")),
        ("tagAdd", {"key": "interest", "value": "x" * 201}, ("INVALID", "value")),
        ("tagAdd", {"key": "interest", "reason": {"code": "because"}}, ("INVALID", "reason.code")),
        ("tagCountReset", {"key": "USER_AFFILIATION"}, ("NO_CAP", "key")),
        ("tagCountReset", {"key": "no such tag"}, ("NO_CAP", "key")),
        ("tagCountReset", {"key": "goodwill_credit"}, ("NOT_FOUND", "key")),
        ("tagRemove", {"key": "no such tag"}, ("ALREADY_DONE", "key")),
        ("tagRemove", {"key": "USER_AFFILIATION", "value": "EMPEROR"}, ("ALREADY_DONE", "key")),
    ],
)
async def test_what_cant_be_done_is_refused_and_stores_nothing_but_that(
    gateway: Gateway, mutation: str, named: dict[str, Any], told: tuple[str, str]
) -> None:
    before = await contents(gateway, gateway.members[MEMBER])
    given = {"customerId": gateway.customer_id(MEMBER), **named}
    payload = await do(gateway, mutation, given, SHOWN)
    assert (refused(payload), payload["tag"], payload["auditEntry"]) == ([told], None, None)
    assert grown(before, await contents(gateway, gateway.members[MEMBER])) == REFUSED


async def test_the_longest_key_and_value_are_kept(gateway: Gateway) -> None:
    payload = await add(gateway, "k" * 100, value="v" * 200)
    assert payload["tag"]["name"] == f"{'k' * 100}={'v' * 200}"


async def test_a_new_name_needs_the_scope_for_it(gateway: Gateway) -> None:
    before = await contents(gateway, gateway.members[MEMBER])
    given = tag(gateway, MEMBER, "brand new")
    answer = await gateway.run(document("tagAdd", "tag { key }"), {"input": given}, "care_agent")
    assert (answer.data, answer.told) == ({"tagAdd": None}, ["FORBIDDEN@tagAdd"])
    assert grown(before, await contents(gateway, gateway.members[MEMBER])) == REFUSED
    assert (await add(gateway, "brand new"))["tag"]["cap"] is None
    taken = await do(gateway, "tagRemove", given, "tag { key }", "care_agent")
    assert taken["userErrors"] == []
    known = await do(gateway, "tagAdd", tag(gateway, MEMBER, "coupon_user"), "tag { count }", "care_agent")
    assert known["userErrors"] == []


@pytest.mark.parametrize("mutation", ["tagAdd", "tagCountReset", "tagRemove"])
@pytest.mark.parametrize("role", ["analyst", "store_associate", "privacy_officer", "service", "member"])
async def test_without_the_scope_nothing_is_done_and_the_attempt_is_told(
    gateway: Gateway, mutation: str, role: str
) -> None:
    before = await contents(gateway, gateway.members[MEMBER])
    caller = Caller(role, customer=MEMBER if role == "member" else None)
    answer = await gateway.run(document(mutation, "replayed"), {"input": tag(gateway, MEMBER, "coupon_user")}, caller)
    assert (answer.data, answer.told) == ({mutation: None}, [f"FORBIDDEN@{mutation}"])
    assert grown(before, await contents(gateway, gateway.members[MEMBER])) == REFUSED


async def test_a_tag_is_taken_off_and_reset_whatever_the_customers_standing(gateway: Gateway) -> None:
    assert refused(await add(gateway, "coupon_user", BLOCKED)) == [("CUSTOMER_BLOCKED", "customerId")]
    taken = await do(gateway, "tagRemove", tag(gateway, BLOCKED, "favorite_department"), SHOWN)
    assert taken["userErrors"] == []


@pytest.mark.parametrize(("key", "expected"), [("coupon_user", WORKERS), ("goodwill_credit", 3)])
async def test_counts_are_exact_whatever_many_workers_do_at_once(gateway: Gateway, key: str, expected: int) -> None:
    member = "CJ-000031"
    customer: UUID = gateway.members[member]
    before = await contents(gateway, customer)
    assert await held(gateway, key, member) == []
    payloads = await asyncio.gather(*(add(gateway, key, member) for _ in range(WORKERS)))
    told = Counter(code for payload in payloads for code, _ in refused(payload) or [("done", "")])
    assert told == Counter({"done": expected, "TAG_CAP_REACHED": WORKERS - expected}) - Counter()
    assert sorted(one["tag"]["count"] for one in payloads if one["tag"]) == list(range(1, expected + 1))
    assert await held(gateway, key, member) == [(None, expected)]
    after = grown(before, await contents(gateway, customer))
    assert (after["tag_changes"], after["audit_entries"]) == (expected, WORKERS)


async def test_the_replay_shows_the_tag_as_it_is_now(gateway: Gateway) -> None:
    given = tag(gateway, "CJ-000032", "USER_AFFILIATION", value="PARTNER", idempotencyKey="tags-replayed")
    first = await do(gateway, "tagAdd", given, SHOWN)
    await add(gateway, "USER_AFFILIATION", "CJ-000032", value="EMPLOYEE")
    again = await do(gateway, "tagAdd", given, SHOWN)
    assert (again["replayed"], again["tag"]["value"], again["auditEntry"]) == (True, "EMPLOYEE", first["auditEntry"])
    await do(gateway, "tagRemove", tag(gateway, "CJ-000032", "USER_AFFILIATION"), SHOWN)
    assert (await do(gateway, "tagAdd", given, SHOWN))["tag"] is None


async def test_a_dry_run_shows_the_tag_as_it_would_be(gateway: Gateway) -> None:
    before = await contents(gateway, gateway.members["CJ-000033"])
    payload = await add(gateway, "interest", "CJ-000033", value="dry", dryRun=True)
    assert (payload["dryRun"], payload["tag"]["name"], payload["auditEntry"]) == (True, "interest=dry", None)
    assert await contents(gateway, gateway.members["CJ-000033"]) == before
