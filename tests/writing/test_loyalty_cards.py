"""Loyalty cards as clients change them, and whom their numbers find."""

from collections.abc import Mapping
from typing import Any

import pytest

from datasources.program import SearchMode
from tests.harness import Gateway
from tests.writing.asking import refused
from tests.writing.card_asking import KEPT, ask, new_number
from tests.writing.card_laws import broken
from tests.writing.doing import REFUSED
from tests.writing.tables import Contents, contents, grown

MEMBER, OTHER, REPLACED = "CJ-000022", "CJ-000023", "CJ-000018"
LOOKUP = """query ($value: String!) { customerLookup(value: $value, by: LOYALTY_NUMBER) {
    outcome matchedOnReplacedCard customer { supportId totalPoints } } }"""

ACTIONS = {"replace": "loyaltyCardReplace", "remove": "loyaltyCardRemove"}
TABLE: Mapping[tuple[str, str], str] = {
    ("ACTIVE", "replace"): "REPLACED",
    ("ACTIVE", "remove"): "REMOVED",
    ("REPLACED", "replace"): "ALREADY_DONE",
    ("REPLACED", "remove"): "INVALID_TRANSITION",
    ("REMOVED", "replace"): "INVALID_TRANSITION",
    ("REMOVED", "remove"): "ALREADY_DONE",
}
"""Requirements section 2: where a loyalty card goes from each status, or how that is refused."""


async def held(gateway: Gateway, support_id: str = MEMBER) -> Contents:
    return await contents(gateway, gateway.members[support_id])


async def add(gateway: Gateway, number: str, support_id: str = MEMBER) -> dict[str, Any]:
    return await ask(gateway, "loyaltyCardAdd", {"customerId": gateway.customer_id(support_id), "number": number})


async def card_in(gateway: Gateway, status: str) -> str:
    """The id of a new loyalty card of the member in that status."""
    card_id: str = (await add(gateway, new_number()))["loyaltyCard"]["id"]
    action = {"REPLACED": "replace", "REMOVED": "remove"}.get(status)
    if action is not None:
        assert (await ask(gateway, ACTIONS[action], given(action, card_id)))["userErrors"] == []
    return card_id


def given(action: str, card_id: str) -> dict[str, Any]:
    return {"loyaltyCardId": card_id} | ({"newNumber": new_number()} if action == "replace" else {})


async def found(gateway: Gateway, number: str) -> tuple[str, str | None, bool]:
    """How an exact search for the number ends, whom it finds, and whether by a replaced card."""
    answer = await gateway.run(LOOKUP, {"value": number}, search=SearchMode.EXACT)
    assert answer.errors == []
    told = answer.data["customerLookup"]
    return told["outcome"], told["customer"] and told["customer"]["supportId"], told["matchedOnReplacedCard"]


async def number_shown(gateway: Gateway, support_id: str) -> str | None:
    """What the customer goes by."""
    (row,) = (await held(gateway, support_id))["customers"]
    number: str | None = row["loyalty_number"]
    return number


@pytest.mark.parametrize(("status", "action"), TABLE)
async def test_a_loyalty_card_goes_where_the_table_says_and_nowhere_else(
    gateway: Gateway, status: str, action: str
) -> None:
    card_id, wanted = await card_in(gateway, status), TABLE[status, action]
    before = await held(gateway)
    payload = await ask(gateway, ACTIONS[action], given(action, card_id))
    after = await held(gateway)
    if wanted in ("ALREADY_DONE", "INVALID_TRANSITION"):
        assert (refused(payload), payload["loyaltyCard"]) == ([(wanted, "loyaltyCardId")], None)
        assert grown(before, after) == REFUSED
    else:
        query = "query ($id: ID!) { node(id: $id) { ... on LoyaltyCard { status } } }"
        assert (await gateway.run(query, {"id": card_id})).data == {"node": {"status": wanted}}
    assert await broken(gateway, gateway.members[MEMBER]) == []


async def test_a_number_that_is_added_finds_the_customer(gateway: Gateway) -> None:
    number = new_number()
    before = await held(gateway)
    payload = await add(gateway, f" {number[:8]}-{number[8:]} ")
    assert payload["loyaltyCard"] | {"id": 0} == {
        "id": 0,
        "number": number,
        "status": "ACTIVE",
        "issuedAt": "2026-01-26T05:00:00Z",
        "replacedAt": None,
        "replacedBy": None,
    }
    after = await held(gateway)
    assert grown(before, after) == {"loyalty_cards": 1, "identifiers": 1, "customers": 0, **KEPT}
    assert await found(gateway, number) == ("FOUND", MEMBER, False)
    assert await number_shown(gateway, MEMBER) == number
    assert number not in str(after["audit_entries"])


async def test_a_replaced_number_finds_the_customer_still_with_all_points(gateway: Gateway) -> None:
    points = "query ($id: ID!) { customer(by: {id: $id}) { totalPoints pointAudit(first: 200) { totalCount } } }"
    owner = {"id": gateway.customer_id(MEMBER)}
    first, second, third = new_number(), new_number(), new_number()
    card = (await add(gateway, first))["loyaltyCard"]
    points_before, before = (await gateway.run(points, owner)).data, await held(gateway)
    payload = await ask(gateway, "loyaltyCardReplace", {"loyaltyCardId": card["id"], "newNumber": second})
    new = payload["loyaltyCard"]
    assert (new["number"], new["status"], new["replacedBy"]) == (second, "ACTIVE", None)
    assert grown(before, await held(gateway)) == {"loyalty_cards": 1, "identifiers": 1, "customers": 0, **KEPT}
    query = """query ($id: ID!) { node(id: $id) { ... on LoyaltyCard {
        status replacedAt replacedBy { id number } } } }"""
    assert (await gateway.run(query, {"id": card["id"]})).data["node"] == {
        "status": "REPLACED",
        "replacedAt": "2026-01-26T05:00:00Z",
        "replacedBy": {"id": new["id"], "number": second},
    }
    await ask(gateway, "loyaltyCardReplace", {"loyaltyCardId": new["id"], "newNumber": third})
    assert [await found(gateway, number) for number in (first, second, third)] == [
        ("FOUND", MEMBER, True),
        ("FOUND", MEMBER, True),
        ("FOUND", MEMBER, False),
    ]
    assert (await gateway.run(points, owner)).data == points_before
    assert await number_shown(gateway, MEMBER) == third


async def test_a_removed_number_finds_nobody_and_is_free(gateway: Gateway) -> None:
    earlier, number = new_number(), new_number()
    await add(gateway, earlier)
    card = (await add(gateway, number))["loyaltyCard"]["id"]
    before = await held(gateway)
    payload = await ask(gateway, "loyaltyCardRemove", {"loyaltyCardId": card})
    assert (payload["loyaltyCard"]["id"], payload["loyaltyCard"]["status"]) == (card, "REMOVED")
    after = await held(gateway)
    assert grown(before, after) == {"loyalty_cards": 0, "identifiers": -1, "customers": 0, **KEPT}
    assert await found(gateway, number) == ("NOT_FOUND", None, False)
    assert await number_shown(gateway, MEMBER) == earlier
    assert (await add(gateway, number, OTHER))["userErrors"] == []
    assert await found(gateway, number) == ("FOUND", OTHER, False)
    assert await broken(gateway, gateway.members[OTHER]) == []


async def test_who_has_no_card_left_goes_by_none(gateway: Gateway) -> None:
    query = "query ($id: ID!) { customer(by: {id: $id}) { loyaltyCards { nodes { id status } } } }"
    shown = (await gateway.run(query, {"id": gateway.customer_id(REPLACED)})).data["customer"]["loyaltyCards"]["nodes"]
    (in_use,) = [card["id"] for card in shown if card["status"] == "ACTIVE"]
    assert (await ask(gateway, "loyaltyCardRemove", {"loyaltyCardId": in_use}))["userErrors"] == []
    assert await number_shown(gateway, REPLACED) is None
    assert await found(gateway, "590000000018") == ("FOUND", REPLACED, True)
    assert await broken(gateway, gateway.members[REPLACED]) == []


async def test_a_number_is_one_live_customers(gateway: Gateway) -> None:
    mine, replaced, theirs = new_number(), new_number(), new_number()
    card = (await add(gateway, replaced))["loyaltyCard"]["id"]
    await ask(gateway, "loyaltyCardReplace", {"loyaltyCardId": card, "newNumber": mine})
    await add(gateway, theirs, OTHER)
    own = (await add(gateway, new_number()))["loyaltyCard"]["id"]
    before = await held(gateway)
    refusals = {
        mine: "ALREADY_DONE",
        replaced: "INVALID_TRANSITION",
        theirs: "IDENTIFIER_TAKEN",
        "": "INVALID",
        " - ": "INVALID",
        "x" * 201: "INVALID",
    }
    for number, code in refusals.items():
        assert refused(await add(gateway, number)) == [(code, "number")]
        payload = await ask(gateway, "loyaltyCardReplace", {"loyaltyCardId": own, "newNumber": number})
        assert refused(payload) == [(code, "newNumber")]
    assert grown(before, await held(gateway)) == {"audit_entries": 12, "audit_heads": 0}


async def test_an_unknown_loyalty_card_is_not_found(gateway: Gateway) -> None:
    query = "query ($id: ID!) { customer(by: {id: $id}) { cards { nodes { id } } } }"
    card = (await gateway.run(query, {"id": gateway.customer_id(MEMBER)})).data["customer"]["cards"]["nodes"][0]["id"]
    unknown = f"Loyalty{card}"
    before = await held(gateway)
    for action, mutation in ACTIONS.items():
        assert refused(await ask(gateway, mutation, given(action, unknown))) == [("NOT_FOUND", "loyaltyCardId")]
    assert grown(before, await held(gateway)) == {"audit_entries": 2, "audit_heads": 0}
