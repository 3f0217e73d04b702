"""Mutations of offers as clients meet them: what they answer, what they store, and what they leave alone."""

import datetime as dt
from typing import Any

import pytest
from sqlalchemy import select

from datasources.sql.tables.offers import offers
from schema.ids import global_id
from tests.harness import Caller, Gateway
from tests.writing.asking import refused
from tests.writing.offer_laws import broken
from tests.writing.offering import (
    ACTIONS,
    ACTIVATE,
    ISSUE,
    MOVES,
    PLAIN,
    REDEEM,
    REINSTATE,
    REMOVE,
    REVOKE,
    STATES,
    THERE,
    UPDATE_FIELDS,
    Given,
    asked,
    brought,
    change_offer,
    done,
    held,
    issue_of,
    issued,
    put,
)
from tests.writing.tables import around, contents, found, grown

MEMBER, OTHER = "CJ-000015", "CJ-000016"
NOW = "2026-01-26T05:00:00Z"
REFUSED = {"audit_entries": 1, "audit_heads": 0}
"""What a refusal stores: its audit entry, and the head of the chain anew."""
CHANGED = {**REFUSED, "customer_offers": 0, "customer_offer_changes": 1, "idempotency_keys": 1}
TOLD = {"events": 1, "event_keys": 1}

TAKING = (REVOKE, REMOVE, UPDATE_FIELDS)
"""What stays open for those who may be granted nothing."""


async def left(gateway: Gateway, key: str) -> int | None:
    """How many of an offer there are."""
    (rows,) = await found(gateway, select(offers.c.inventory_remaining).where(offers.c.key == key))
    (row,) = rows
    number: int | None = row["inventory_remaining"]
    return number


async def test_an_issued_offer_is_in_the_wallet_at_once(gateway: Gateway) -> None:
    stock, before = await left(gateway, "double-points-week"), await contents(gateway, gateway.members[MEMBER])
    given = await issue_of(gateway, MEMBER, "double-points-week") | {"reason": {"code": "goodwill", "ticketId": "T1"}}
    payload = await done(gateway, ISSUE, given)
    offer, audit = payload["customerOffer"], payload["auditEntry"]
    assert (payload["userErrors"], payload["replayed"], payload["dryRun"]) == ([], False, False)
    assert offer | {"id": 0, "availableActions": 0} == {
        "id": 0,
        "state": "ISSUED",
        "issuedAt": NOW,
        "issuedBy": {"kind": "STAFF", "id": "admin"},
        "distributedAt": NOW,
        "activatedAt": None,
        "redeemableFrom": NOW,
        "redeemableUntil": "2026-02-25T05:00:00Z",
        "redeemedAt": None,
        "isVisibleToCustomer": True,
        "hiddenReason": None,
        "isExcluded": False,
        "flexFields": [],
        "transactionId": None,
        "variant": None,
        "displayTitle": "Double points for a week",
        "offer": {
            "id": given["offerId"],
            "name": "Double points for a week",
            "inventoryRemaining": stock - 1 if stock is not None else None,
            "perCustomerLimit": 2,
        },
        "availableActions": 0,
    }
    assert offer == await held(gateway, offer["id"])
    assert (audit["type"], audit["outcome"], audit["summary"]) == (ISSUE, "SUCCEEDED", "Offer issued")
    assert [change["after"] for change in audit["changes"]] == ["ISSUED"]
    after = await contents(gateway, gateway.members[MEMBER])
    assert grown(before, after) == {**CHANGED, **TOLD, "customer_offers": 1}
    assert await left(gateway, "double-points-week") == (stock or 0) - 1
    assert await broken(gateway, gateway.members[MEMBER]) == []


async def test_an_offer_can_be_redeemed_until_its_own_end_where_no_days_are_counted(gateway: Gateway) -> None:
    ends_at = gateway.now + dt.timedelta(days=3)
    await change_offer(gateway, "five-off-fifty", redeemable_days=None, ends_at=ends_at)
    made = await held(gateway, await issued(gateway, MEMBER, "five-off-fifty"))
    assert made["redeemableUntil"] == "2026-01-29T05:00:00Z"
    await change_offer(gateway, "five-off-fifty", ends_at=None)
    made = await held(gateway, await issued(gateway, MEMBER, "five-off-fifty"))
    assert (made["redeemableUntil"], made["offer"]["inventoryRemaining"]) == (None, None)
    await change_offer(gateway, "five-off-fifty", redeemable_days=30)


@pytest.mark.parametrize(
    ("mutation", "given", "event"),
    [
        (ISSUE, {}, "offer_issued"),
        (ACTIVATE, {}, "offer_activated"),
        (REDEEM, {}, "offer_redeemed"),
        (REVOKE, {"exclude": False}, "offer_revoked"),
    ],
)
async def test_the_event_stream_tells_what_happened_to_an_offer(
    gateway: Gateway, mutation: str, given: Given, event: str
) -> None:
    if mutation == ISSUE:
        named = await issue_of(gateway, OTHER, "bonus-100")
    else:
        named = {"customerOfferId": await issued(gateway, OTHER)}
    payload = await done(gateway, mutation, named | given, shown=PLAIN)
    query = """query ($id: ID!) { customer(by: {id: $id}) { events(first: 1) { nodes {
        type details { ... on OfferDetails { offerName action offer { id } } } } } } }"""
    answer = await gateway.run(query, {"id": gateway.customer_id(OTHER)})
    details = {
        "offerName": "100 bonus points",
        "action": event.removeprefix("offer_"),
        "offer": {"id": payload["customerOffer"]["id"]},
    }
    assert answer.data["customer"]["events"]["nodes"] == [{"type": event, "details": details}]


@pytest.mark.parametrize(
    ("changed", "blockers"),
    [
        ({"is_active": False}, "INACTIVE"),
        ({"ends_at": dt.datetime(2026, 1, 26, 5, tzinfo=dt.UTC)}, "ENDED"),
        ({"starts_at": dt.datetime(2026, 1, 27, tzinfo=dt.UTC)}, "NOT_STARTED"),
        ({"is_issuable": False, "inventory_remaining": 0}, "NOT_ISSUABLE, NO_INVENTORY"),
        ({"per_customer_limit": 0}, "PER_CUSTOMER_LIMIT"),
    ],
)
async def test_what_keeps_an_offer_from_being_issued_is_what_available_offers_show(
    gateway: Gateway, changed: dict[str, Any], blockers: str
) -> None:
    key, before = "flowers", await contents(gateway, gateway.members[MEMBER])
    (rows,) = await found(gateway, select(offers).where(offers.c.key == key))
    await change_offer(gateway, key, **changed)
    payload = await done(gateway, ISSUE, await issue_of(gateway, MEMBER, key))
    (error,) = payload["userErrors"]
    told = f"The offer can't be issued to the customer ({blockers}): pick another of `availableOffers`."
    assert error == {"code": "OFFER_NOT_ISSUABLE", "path": ["offerId"], "message": told}
    assert (payload["customerOffer"], payload["auditEntry"]) == (None, None)
    if "is_active" not in changed and "ends_at" not in changed:
        shown = await available(gateway, key)
        assert shown["blockers"] == blockers.split(", ")
    assert grown(before, await contents(gateway, gateway.members[MEMBER])) == REFUSED
    await change_offer(gateway, key, **{name: rows[0][name] for name in changed})
    assert (await available(gateway, key)) == {"isIssuable": True, "blockers": []}


async def available(gateway: Gateway, key: str) -> dict[str, Any]:
    """What is shown of an offer that the member could get."""
    query = """query ($id: ID!) { customer(by: {id: $id}) { availableOffers(first: 200) { nodes {
        isIssuable blockers offer { id } } } } }"""
    answer = await gateway.run(query, {"id": gateway.customer_id(MEMBER)})
    wanted = (await issue_of(gateway, MEMBER, key))["offerId"]
    (node,) = [
        node for node in answer.data["customer"]["availableOffers"]["nodes"] if node.pop("offer")["id"] == wanted
    ]
    shown: dict[str, Any] = node
    return shown


async def test_an_offer_that_does_not_exist_is_not_found(gateway: Gateway) -> None:
    before = await contents(gateway, gateway.members[MEMBER])
    nowhere = global_id("Offer", gateway.members[MEMBER])
    given = {"customerId": gateway.customer_id(MEMBER), "offerId": nowhere}
    assert refused(await done(gateway, ISSUE, given)) == [("NOT_FOUND", "offerId")]
    unheld = global_id("CustomerOffer", gateway.members[MEMBER], gateway.members[MEMBER])
    for mutation, more in ACTIONS.items():
        payload = await done(gateway, mutation, {"customerOfferId": unheld, **more})
        assert refused(payload) == [("NOT_FOUND", "customerOfferId")]
    after = grown(before, await contents(gateway, gateway.members[MEMBER]))
    assert after == REFUSED | {"audit_entries": 1 + len(ACTIONS)}


async def test_a_customer_gets_an_offer_as_often_as_its_limit_says_and_again_once_one_is_revoked(
    gateway: Gateway,
) -> None:
    key = "double-points-week"
    stock, first, second = await left(gateway, key), *[await issued(gateway, OTHER, key) for _ in range(2)]
    given = await issue_of(gateway, OTHER, key)
    assert refused(await done(gateway, ISSUE, given)) == [("OFFER_NOT_ISSUABLE", "offerId")]
    await done(gateway, REMOVE, {"customerOfferId": first})
    assert refused(await done(gateway, ISSUE, given)) == [("OFFER_NOT_ISSUABLE", "offerId")]
    payload = await done(gateway, REVOKE, {"customerOfferId": second, "exclude": False})
    assert payload["customerOffer"]["offer"]["inventoryRemaining"] == await left(gateway, key) == (stock or 0) - 1
    assert (await done(gateway, ISSUE, given))["userErrors"] == []
    assert await left(gateway, key) == (stock or 0) - 2
    assert await broken(gateway, gateway.members[OTHER]) == []


async def test_revoking_bars_the_customer_for_good_unless_told_otherwise(gateway: Gateway) -> None:
    key = "cheese-tasting"
    made, before = await issued(gateway, MEMBER, key), await contents(gateway, gateway.members[MEMBER])
    payload = await done(gateway, REVOKE, {"customerOfferId": made})
    offer = payload["customerOffer"]
    assert (offer["state"], offer["isExcluded"], offer["hiddenReason"]) == ("REVOKED", True, "REVOKED")
    assert offer == await held(gateway, made)
    changes = {change["path"].split(".")[-1]: change["after"] for change in payload["auditEntry"]["changes"]}
    assert changes == {"state": "REVOKED", "isExcluded": True}
    after = await contents(gateway, gateway.members[MEMBER])
    assert grown(before, after) == {**CHANGED, **TOLD, "offer_exclusions": 1}
    again = await done(gateway, ISSUE, await issue_of(gateway, MEMBER, key))
    assert refused(again) == [("OFFER_NOT_ISSUABLE", "offerId")]
    assert "(EXCLUDED)" in again["userErrors"][0]["message"]
    assert (await available(gateway, key))["blockers"] == ["EXCLUDED"]


async def test_a_customer_who_is_barred_already_stays_so(gateway: Gateway) -> None:
    held_before = [await issued(gateway, MEMBER, "fuel-three-cents")]
    await change_offer(gateway, "fuel-three-cents", per_customer_limit=2)
    held_before.append(await issued(gateway, MEMBER, "fuel-three-cents"))
    await change_offer(gateway, "fuel-three-cents", per_customer_limit=1)
    for made in held_before:
        payload = await done(gateway, REVOKE, {"customerOfferId": made, "exclude": True})
        assert (payload["userErrors"], payload["customerOffer"]["isExcluded"]) == ([], True)
    assert await broken(gateway, gateway.members[MEMBER]) == []


@pytest.mark.parametrize("mutation", ACTIONS)
@pytest.mark.parametrize("state", STATES)
async def test_an_offer_moves_as_the_state_machine_says_and_no_other_way(
    gateway: Gateway, state: str, mutation: str
) -> None:
    made = await brought(gateway, MEMBER, state)
    shown = await held(gateway, made)
    assert shown["state"] == state
    enabled = {one["action"]: one["enabled"] for one in shown["availableActions"]}
    assert enabled[mutation] == ((state, mutation) in MOVES)
    before = await contents(gateway, gateway.members[MEMBER])
    payload = await done(gateway, mutation, {"customerOfferId": made, **ACTIONS[mutation]})
    after = grown(before, await contents(gateway, gateway.members[MEMBER]))
    if (state, mutation) in MOVES:
        assert payload["customerOffer"]["state"] == MOVES[state, mutation]
        assert payload["customerOffer"] == await held(gateway, made)
        assert after == CHANGED | (TOLD if mutation in (ACTIVATE, REDEEM, REVOKE) else {})
    else:
        code = "ALREADY_DONE" if (state, mutation) in THERE else "INVALID_TRANSITION"
        assert refused(payload) == [(code, "customerOfferId")]
        assert after == REFUSED
    assert await broken(gateway, gateway.members[MEMBER]) == []


@pytest.mark.parametrize("role", ["analyst", "member"])
async def test_without_the_scope_nothing_is_done_and_the_attempt_is_told(gateway: Gateway, role: str) -> None:
    made, before = await issued(gateway, MEMBER), await contents(gateway, gateway.members[MEMBER])
    caller = Caller(role, customer=MEMBER if role == "member" else None)
    for mutation in (ACTIVATE, REDEEM):
        answer = await asked(gateway, mutation, {"customerOfferId": made}, caller, PLAIN)
        assert (answer.data, answer.told) == ({mutation: None}, [f"FORBIDDEN@{mutation}"])
    after = grown(before, await contents(gateway, gateway.members[MEMBER]))
    assert after == REFUSED | {"audit_entries": 2}


async def test_whoever_serves_in_a_store_issues_offers_and_does_no_more(gateway: Gateway) -> None:
    given = await issue_of(gateway, MEMBER, "bonus-100")
    payload = await done(gateway, ISSUE, given, "store_associate", PLAIN)
    assert payload["userErrors"] == []
    given = {"customerOfferId": payload["customerOffer"]["id"]}
    answer = await asked(gateway, REVOKE, given, "store_associate", PLAIN)
    assert answer.told == [f"FORBIDDEN@{REVOKE}"]


@pytest.mark.parametrize(("support_id", "code"), [("CJ-000007", "RESTRICTED"), ("CJ-000009", "BLOCKED")])
async def test_those_who_may_be_granted_nothing_can_only_lose_offers(
    gateway: Gateway, support_id: str, code: str
) -> None:
    given = await issue_of(gateway, support_id, "bonus-100")
    assert refused(await done(gateway, ISSUE, given)) == [(f"CUSTOMER_{code}", "customerId")]
    query = (
        "query ($id: ID!) { customer(by: {id: $id}) { offers(state: [ISSUED, EXPIRED], first: 3) { nodes { id } } } }"
    )
    answer = await gateway.run(query, {"id": gateway.customer_id(support_id)})
    own = [node["id"] for node in answer.data["customer"]["offers"]["nodes"]]
    for made, mutation in zip(own, TAKING, strict=False):
        await put(gateway, made, redeemable_until=gateway.now + dt.timedelta(days=1))
        for granting in ACTIONS.keys() - set(TAKING):
            payload = await done(gateway, granting, {"customerOfferId": made, **ACTIONS[granting]})
            assert refused(payload) == [(f"CUSTOMER_{code}", "customerOfferId")]
        payload = await done(gateway, mutation, {"customerOfferId": made, **ACTIONS[mutation]})
        assert payload["userErrors"] == []


async def test_a_dry_run_shows_what_would_be_and_leaves_every_table_as_it_was(gateway: Gateway) -> None:
    made, key = await issued(gateway, MEMBER), "flowers"
    stock, before = await left(gateway, key), await around(gateway, gateway.members[MEMBER])
    payload = await done(gateway, ISSUE, await issue_of(gateway, MEMBER, key) | {"dryRun": True})
    assert (payload["dryRun"], payload["customerOffer"]["offer"]["inventoryRemaining"]) == (True, (stock or 0) - 1)
    payload = await done(gateway, REVOKE, {"customerOfferId": made, "dryRun": True})
    assert (payload["customerOffer"]["state"], payload["customerOffer"]["isExcluded"]) == ("REVOKED", True)
    assert await around(gateway, gateway.members[MEMBER]) == before


async def test_a_repeated_answer_shows_the_offer_as_it_is_now(gateway: Gateway) -> None:
    given = await issue_of(gateway, MEMBER, "bonus-100") | {"idempotencyKey": "offer-once"}
    first = await done(gateway, ISSUE, given)
    made = {"customerOfferId": first["customerOffer"]["id"]}
    used = await done(gateway, REDEEM, made | {"idempotencyKey": "redeem-once"})
    again = await done(gateway, ISSUE, given)
    assert (again["replayed"], again["auditEntry"]) == (True, first["auditEntry"])
    assert again["customerOffer"] == used["customerOffer"]
    await done(gateway, REINSTATE, made)
    again = await done(gateway, REDEEM, made | {"idempotencyKey": "redeem-once"})
    assert (again["replayed"], again["customerOffer"]["state"]) == (True, "ISSUED")


@pytest.mark.parametrize(("mutation", "statements"), [(ISSUE, 5), (REDEEM, 4), (REVOKE, 5)])
async def test_a_change_costs_few_statements_on_postgresql(gateway: Gateway, mutation: str, statements: int) -> None:
    named: Given = await issue_of(gateway, MEMBER, "bonus-100")
    if mutation != ISSUE:
        named = {"customerOfferId": await issued(gateway, MEMBER)}
    answer = await asked(gateway, mutation, named | ({"exclude": False} if mutation == REVOKE else {}), shown="id")
    assert answer.errors == []
    if gateway.runtime.databases["main"].dialect.name == "postgresql":
        assert answer.statements == statements
