"""The profiles' index in a split program: what other databases feed to it, and what it gives to those that match by it."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from structlog.testing import capture_logs

from datasources.program import SearchMode
from tests.demo import Demo
from tests.harness import Caller, Gateway
from tests.splitting.programs import FOUR, drained, parted
from tests.writing.buying import buy, purchase
from tests.writing.card_asking import ask, new_number
from tests.writing.doing import do
from tests.writing.examples.segments import member_of
from tests.writing.ingesting import STORE, outcomes, sent, visit
from tests.writing.profile_asking import email, newcomer, update

MEMBER, OTHER, THIRD = "CJ-000036", "CJ-000037", "CJ-000038"


@pytest.fixture(scope="module")
async def gateway(demo: Demo) -> AsyncIterator[Gateway]:
    """Profiles; points and events; cards, tags and segments; and the audit log in four databases."""
    async with parted(demo, FOUR) as opened:
        yield opened


async def found_by(gateway: Gateway, number: str) -> str | None:
    """The support id of the customer with this loyalty number."""
    query = """query ($value: String!) { customerLookup(value: $value, by: LOYALTY_NUMBER) {
        customer { supportId } } }"""
    answer = await gateway.run(query, {"value": number}, search=SearchMode.EXACT)
    assert answer.errors == []
    result = answer.data["customerLookup"]
    return None if result is None or result["customer"] is None else str(result["customer"]["supportId"])


async def listed(gateway: Gateway, filter_: dict[str, Any], caller: Caller | str = "admin") -> list[str]:
    """The support ids of the customers whom a filter finds."""
    query = "query ($filter: CustomerFilter) { customers(filter: $filter, first: 200) { nodes { supportId } } }"
    answer = await gateway.run(query, {"filter": filter_}, caller)
    assert answer.errors == []
    return [node["supportId"] for node in answer.data["customers"]["nodes"]]


async def added(gateway: Gateway, member: str, number: str) -> Any:
    """The payload of a loyalty card that was added."""
    return await ask(gateway, "loyaltyCardAdd", {"customerId": gateway.customer_id(member), "number": number})


async def test_a_loyalty_number_finds_its_customer_once_that_was_told_and_until_it_is_removed(gateway: Gateway) -> None:
    number, other = new_number(), new_number()
    card = (await added(gateway, MEMBER, number))["loyaltyCard"]
    await drained(gateway)
    assert await found_by(gateway, number) == MEMBER
    replaced = await ask(gateway, "loyaltyCardReplace", {"loyaltyCardId": card["id"], "newNumber": other})
    await drained(gateway)
    assert (await found_by(gateway, number), await found_by(gateway, other)) == (MEMBER, MEMBER)
    await ask(gateway, "loyaltyCardRemove", {"loyaltyCardId": replaced["loyaltyCard"]["id"]})
    await drained(gateway)
    assert (await found_by(gateway, number), await found_by(gateway, other)) == (MEMBER, None)


async def test_a_number_is_given_once_even_where_nobody_else_was_told_of_it(gateway: Gateway) -> None:
    number = new_number()
    assert (await added(gateway, MEMBER, number))["userErrors"] == []
    refused = (await added(gateway, OTHER, number))["userErrors"]
    assert [error["code"] for error in refused] == ["IDENTIFIER_TAKEN"]
    await drained(gateway)


async def test_numbers_that_change_hands_end_with_whom_they_were_given_to(gateway: Gateway) -> None:
    """Two customers exchange their numbers, and it is told of the one before the other."""
    first, second = new_number(), new_number()
    cards = [(await added(gateway, MEMBER, first))["loyaltyCard"], (await added(gateway, OTHER, second))["loyaltyCard"]]
    await drained(gateway)
    for card in cards:
        await ask(gateway, "loyaltyCardRemove", {"loyaltyCardId": card["id"]})
    await added(gateway, OTHER, first)
    await added(gateway, MEMBER, second)
    with capture_logs() as logs:
        await drained(gateway)
    assert ("outbox.postponed", "NotTaken") in {(line["event"], line["error"]) for line in logs}
    assert (await found_by(gateway, first), await found_by(gateway, second)) == (OTHER, MEMBER)


async def test_customers_are_filtered_by_tags_and_segments_that_are_kept_elsewhere(gateway: Gateway) -> None:
    member = await newcomer(gateway)
    await drained(gateway)
    tag = {"customerId": gateway.customer_id(member), "key": "interest", "value": "archery"}
    segment = await member_of(gateway, member, "beta-testers")
    await do(gateway, "tagAdd", tag, "tag { key }")
    await do(gateway, "segmentMemberAdd", segment, "membership { since }")
    by_tag, by_segment = {"tag": {"key": "interest", "value": "archery"}}, {"segmentId": segment["segmentId"]}
    assert await listed(gateway, by_tag) == []
    others = await listed(gateway, by_segment)
    assert member not in others
    await drained(gateway)
    assert await listed(gateway, by_tag) == [member]
    assert sorted(await listed(gateway, by_segment)) == sorted([*others, member])
    await do(gateway, "tagRemove", tag, "tag { key }")
    await do(gateway, "segmentMemberRemove", segment, "membership { since }")
    await drained(gateway)
    assert (await listed(gateway, by_tag), await listed(gateway, by_segment)) == ([], others)


async def test_a_purchase_moves_activity_and_reach_on(gateway: Gateway) -> None:
    member = await newcomer(gateway)
    await drained(gateway)
    query = "query ($id: ID!) { customer(by: { id: $id }) { lastActiveAt } }"
    clerk = Caller("store_associate", stores=(STORE,))
    given = purchase(gateway, member, locationStoreId=STORE)
    assert (await buy(gateway, given))["userErrors"] == []
    own = {"id": gateway.customer_id(member)}
    assert (await gateway.run(query, own)).data["customer"] == {"lastActiveAt": None}
    assert (await gateway.run(query, own, clerk)).data["customer"] is None
    await drained(gateway)
    assert (await gateway.run(query, own, clerk)).data["customer"] == {"lastActiveAt": given["occurredAt"]}


async def test_events_are_matched_by_identifiers_that_are_kept_elsewhere(gateway: Gateway) -> None:
    member, address = await newcomer(gateway), email()
    await drained(gateway)
    waits = visit(gateway, {"email": address})
    assert outcomes(await sent(gateway, waits)) == ["UNMATCHED"]
    assert (await update(gateway, {"email": address}, member))["userErrors"] == []
    events = """query ($id: ID!) { customer(by: { id: $id }) { lastActiveAt
        events(filter: { types: ["store_visit"] }) { nodes { id type } } } }"""
    own = {"id": gateway.customer_id(member)}
    answer = await gateway.run(events, own)
    assert (answer.errors, answer.data["customer"]["events"]["nodes"]) == ([], [])
    await drained(gateway)
    found = (await gateway.run(events, own)).data["customer"]
    assert ([node["type"] for node in found["events"]["nodes"]], found["lastActiveAt"]) == (
        ["store_visit"],
        waits["occurredAt"],
    )
    assert outcomes(await sent(gateway, visit(gateway, {"email": address}))) == ["STORED"]
    assert outcomes(await sent(gateway, waits)) == ["DUPLICATE"]
    number = new_number()
    await added(gateway, member, number)
    await drained(gateway)
    assert outcomes(await sent(gateway, visit(gateway, {"loyaltyNumber": number}))) == ["STORED"]
