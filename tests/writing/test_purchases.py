"""Purchases as their sources meet them: what they answer, what follows from them, and what keeps them out."""

import asyncio
import datetime as dt
from typing import Any

import pytest
from sqlalchemy import select

from datasources.sql.tables.events import events
from datasources.sql.tables.profiles import customer_places, customers
from datasources.sql.tables.tiers import tier_days
from datasources.sql.tables.writing import idempotency_keys
from tests.harness import Gateway
from tests.writing.asking import adjust, adjustment, refused
from tests.writing.buying import INGEST, bring_back, buy, item, money, moved, purchase, returning
from tests.writing.laws import broken
from tests.writing.offering import brought, held, issued
from tests.writing.states import put
from tests.writing.tables import around, contents, everything, found, grown

MEMBER, BUYER, RESTRICTED, BLOCKED, PENDING = "CJ-000015", "CJ-000021", "CJ-000007", "CJ-000009", "CJ-000022"
STORE = "367"
REFUSED = {"audit_entries": 1, "audit_heads": 0}


async def balances(gateway: Gateway, support_id: str) -> dict[str, int]:
    """What the member's accounts hold."""
    rows = await contents(gateway, gateway.members[support_id])
    return {row["account_key"]: row["balance"] for row in rows["point_accounts"]}


async def test_a_purchase_tells_what_it_came_to_and_what_followed_from_it(gateway: Gateway) -> None:
    held, before = await balances(gateway, MEMBER), await contents(gateway, gateway.members[MEMBER])
    given = purchase(
        gateway, MEMBER, item("tea", 3, 1_050), item("pot", 1, 4_999), locationStoreId=STORE, externalId="till-1",
        discounts=[{"label": "Summer", "amount": money(500)}], taxTotal=money(100),
        payments=[{"method": "card", "amount": money(7_749)}], pointsSpent=[{"accountKey": "points", "points": 40}],
    )  # fmt: skip
    payload = await buy(gateway, given)
    bought, entries = payload["transaction"], payload["pointEntries"]
    assert (payload["userErrors"], payload["replayed"], payload["dryRun"]) == ([], False, False)
    assert bought | {"id": 0, "items": 0} == {
        "id": 0,
        "externalId": "till-1",
        "occurredAt": given["occurredAt"],
        "orderSource": "IN_STORE",
        "state": "COMPLETED",
        "nonAccruing": False,
        "location": {"storeId": STORE},
        "subtotal": {"amountMinor": 8_149},
        "discountTotal": {"amountMinor": 500},
        "taxTotal": {"amountMinor": 100},
        "total": {"amountMinor": 7_749},
        "basketValue": money(7_649),
        "items": 0,
        "payments": [{"method": "card", "amount": {"amountMinor": 7_749}, "cardLastFour": None}],
        "discounts": [{"label": "Summer", "amount": {"amountMinor": 500}, "offerName": None}],
    }
    assert bought["items"] == [
        {
            "sku": sku,
            "name": f"Product {sku}",
            "quantity": quantity,
            "unitPrice": {"amountMinor": price},
            "total": {"amountMinor": quantity * price},
            "returnedQuantity": 0,
        }
        for sku, quantity, price in (("tea", 3, 1_050), ("pot", 1, 4_999))
    ]
    assert moved(payload) == [("points", "SPEND", -40), ("points", "EARN", 76), ("tier_points", "EARN", 76)]
    told = {(entry["referenceType"], entry["referenceId"], entry["description"]) for entry in entries}
    assert told == {("purchase", "till-1", f"Store {STORE}")}
    assert {(entry["transactionId"], entry["pointSource"]["key"]) for entry in entries} == {("till-1", "purchase")}
    assert [entry["expiresAt"] for entry in entries] == [None, "2028-01-26T05:00:00Z", None]
    assert await balances(gateway, MEMBER) == {
        "points": held["points"] + 36,
        "tier_points": held["tier_points"] + 76,
    }
    audit = payload["auditEntry"]
    assert (audit["type"], audit["outcome"]) == ("transactionIngest", "SUCCEEDED")
    assert audit["summary"] == "Purchase of 77.49 USD"
    assert [change["after"] for change in audit["changes"]] == ["COMPLETED", -40, 76, 76]
    assert await broken(gateway, gateway.members[MEMBER]) == []
    spent = sum(1 for entry in entries for _ in entry["allocations"])
    assert grown(before, await contents(gateway, gateway.members[MEMBER])) == {
        "transactions": 1,
        "transaction_items": 2,
        "point_entries": 3,
        "point_lots": 2,
        "point_allocations": spent,
        "point_accounts": 0,
        "point_days": 3,
        "tier_days": 1,
        "customers": 0,
        "customer_places": len([row for row in before["customer_places"] if row["store_id"] == STORE]) == 0,
        "events": 3,
        "event_keys": 3,
        "idempotency_keys": 1,
        **REFUSED,
    }


async def test_everything_that_reads_derive_from_follows_as_after_an_import(gateway: Gateway) -> None:
    who, at = gateway.members[BUYER], gateway.now - dt.timedelta(hours=3)
    when = at.isoformat().replace("+00:00", "Z")
    (before,) = await found(gateway, select(tier_days).where(tier_days.c.customer_id == who))
    payload = await buy(gateway, purchase(gateway, BUYER, locationStoreId=STORE, occurredAt=when))
    person, places, days, told = await found(
        gateway,
        select(customers).where(customers.c.customer_id == who),
        select(customer_places).where(customer_places.c.customer_id == who, customer_places.c.store_id == STORE),
        select(tier_days).where(tier_days.c.customer_id == who, tier_days.c.day == at.date()),
        select(events).where(events.c.customer_id == who, events.c.occurred_at == at).order_by(events.c.type),
    )
    assert (person[0]["last_active_at"], person[0]["active_key"]) == (at, at)
    assert {row["last_seen_at"] for row in places if row["relation"] != "LAST_CHECK_IN"} == {at}
    assert "PURCHASED" in {row["relation"] for row in places}
    spent = sum(row["amount_minor"] for row in before if row["day"] == at.date())
    assert [row["amount_minor"] for row in days] == [spent + 2_000]
    assert [row["type"] for row in told] == ["points_earned", "purchase"]
    facts = told[1]["facts"]
    assert (facts["total_minor"], facts["currency"], facts["points_earned"]) == (2_000, "USD", 20)
    assert (facts["points_spent"], facts["location_name"]) == (0, f"Store {STORE}")
    assert facts["external_id"] == payload["transaction"]["externalId"]
    assert facts["tier"] is not None


async def test_an_older_purchase_leaves_the_last_activity_where_it_is(gateway: Gateway) -> None:
    who = gateway.members[BUYER]
    await buy(gateway, purchase(gateway, BUYER, locationStoreId=STORE))
    before = await contents(gateway, who)
    await buy(gateway, purchase(gateway, BUYER, locationStoreId=STORE, occurredAt="2025-06-01T00:00:00Z"))
    changed = grown(before, await contents(gateway, who))
    assert {"customers", "customer_places"} & set(changed) == set()


async def test_what_is_told_to_lie_ahead_counts_now(gateway: Gateway) -> None:
    payload = await buy(gateway, purchase(gateway, BUYER, occurredAt="2026-02-03T00:00:00Z"))
    assert payload["transaction"]["occurredAt"] == "2026-02-03T00:00:00Z"
    now = gateway.now.isoformat().replace("+00:00", "Z")
    assert {entry["occurredAt"] for entry in payload["pointEntries"]} == {now}


async def test_a_purchase_is_stored_once_whoever_sends_it_and_however_the_customer_is_named(gateway: Gateway) -> None:
    given = purchase(gateway, MEMBER)
    first = await buy(gateway, given)
    before = await everything(gateway)
    answer = await gateway.run(INGEST, {"input": given}, "service")
    assert answer.told == ["FORBIDDEN@transactionIngest.auditEntry"]
    assert answer.data["transactionIngest"] == first | {"replayed": True, "auditEntry": None}
    named = given | {"customer": {"uuid": str(gateway.members[MEMBER])}}
    assert await buy(gateway, named) == first | {"replayed": True}
    assert await everything(gateway) == before


async def test_a_replay_shows_the_entries_as_made_and_the_purchase_as_it_is(gateway: Gateway) -> None:
    given = purchase(gateway, MEMBER)
    first = await buy(gateway, given)
    await bring_back(gateway, returning(first["transaction"]["id"]))
    again = await buy(gateway, given)
    assert again["transaction"]["state"] == "RETURNED"
    assert again["pointEntries"] == first["pointEntries"]


@pytest.mark.parametrize(
    "change",
    [{"occurredAt": "2026-01-01T00:00:00Z"}, {"items": [item("tea", 2, 2_000)]}, {"taxTotal": money(1)}],
    ids=["time", "items", "tax"],
)
async def test_other_content_under_the_same_id_is_a_conflict(gateway: Gateway, change: dict[str, Any]) -> None:
    given = purchase(gateway, MEMBER)
    await buy(gateway, given)
    before = await around(gateway, gateway.members[MEMBER])
    assert refused(await buy(gateway, given | change)) == [("CONFLICT", "externalId")]
    assert grown(before, await around(gateway, gateway.members[MEMBER])) == REFUSED


async def test_another_customers_purchase_under_the_same_id_is_a_conflict(gateway: Gateway) -> None:
    given = purchase(gateway, MEMBER)
    await buy(gateway, given)
    other = given | {"customer": {"id": gateway.customer_id(BUYER)}}
    assert refused(await buy(gateway, other)) == [("CONFLICT", "externalId")]
    assert refused(await buy(gateway, given | {"source": "shop"})) == []


async def test_a_purchase_that_was_imported_is_a_conflict(gateway: Gateway) -> None:
    rows = await contents(gateway, gateway.members[MEMBER])
    imported = next(row for row in rows["transactions"] if row["source"] == "completejourney")
    given = purchase(gateway, MEMBER, source="completejourney", externalId=imported["external_id"])
    assert refused(await buy(gateway, given)) == [("CONFLICT", "externalId")]


async def test_its_id_is_kept_for_ever(gateway: Gateway) -> None:
    payload = await buy(gateway, purchase(gateway, MEMBER, externalId="kept"))
    (keys,) = await found(gateway, select(idempotency_keys).where(idempotency_keys.c.key == '["pos","kept"]'))
    ((caller, lapses),) = [(row["caller"], row["expires_at"].year) for row in keys]
    assert (caller, lapses, payload["userErrors"]) == ("PURCHASE", 9999, [])


async def test_a_dry_run_shows_the_purchase_with_all_that_hangs_on_it(gateway: Gateway) -> None:
    document = INGEST.replace("id externalId", "pointEntries { kind modification } id externalId", 1)
    answer = await gateway.run(document, {"input": purchase(gateway, MEMBER, dryRun=True)})
    payload = answer.data["transactionIngest"]
    assert (payload["dryRun"], moved(payload)) == (True, [("points", "EARN", 20), ("tier_points", "EARN", 20)])
    assert payload["transaction"]["pointEntries"] == [{"kind": "EARN", "modification": 20}] * 2
    assert [line["sku"] for line in payload["transaction"]["items"]] == ["tea"]


@pytest.mark.parametrize(
    ("change", "code", "path"),
    [
        ({"locationStoreId": "nowhere"}, "NOT_FOUND", "locationStoreId"),
        ({"items": []}, "REQUIRED", "items"),
        ({"items": [item("tea", 1, 100) | {"unitPrice": money(100, "EUR")}]}, "CURRENCY_MISMATCH",
         "items.0.unitPrice.currency"),
        ({"pointsSpent": [{"accountKey": "points", "points": 10**9}]}, "INSUFFICIENT_POINTS", "pointsSpent.0.points"),
        ({"pointsSpent": [{"accountKey": "miles", "points": 1}]}, "NOT_FOUND", "pointsSpent.0.accountKey"),
        ({"pointsSpent": [{"accountKey": "tier_points", "points": 1}]}, "INVALID", "pointsSpent.0.accountKey"),
    ],
)  # fmt: skip
async def test_what_can_not_be_taken_in_leaves_nothing(
    gateway: Gateway, change: dict[str, Any], code: str, path: str
) -> None:
    before = await around(gateway, gateway.members[MEMBER])
    payload = await buy(gateway, purchase(gateway, MEMBER, **change))
    assert (refused(payload), payload["transaction"], payload["pointEntries"]) == ([(code, path)], None, None)
    assert grown(before, await around(gateway, gateway.members[MEMBER])) == REFUSED


async def test_a_refused_purchase_can_be_sent_again_as_it_should_have_been(gateway: Gateway) -> None:
    given = purchase(gateway, MEMBER)
    assert refused(await buy(gateway, given | {"items": []})) == [("REQUIRED", "items")]
    assert refused(await buy(gateway, given)) == []


async def test_the_restricted_earn_nothing_but_can_pay_with_points(gateway: Gateway) -> None:
    spent = [{"accountKey": "points", "points": 1}]
    payload = await buy(gateway, purchase(gateway, RESTRICTED, pointsSpent=spent))
    assert (payload["transaction"]["nonAccruing"], moved(payload)) == (True, [("points", "SPEND", -1)])
    days = (await contents(gateway, gateway.members[RESTRICTED]))["tier_days"]
    assert gateway.now.date() not in {row["day"] for row in days}


async def test_the_blocked_earn_nothing_and_spend_nothing(gateway: Gateway) -> None:
    payload = await buy(gateway, purchase(gateway, BLOCKED))
    assert (payload["transaction"]["nonAccruing"], moved(payload)) == (True, [])
    before = await around(gateway, gateway.members[BLOCKED])
    spent = [{"accountKey": "points", "points": 1}]
    assert refused(await buy(gateway, purchase(gateway, BLOCKED, pointsSpent=spent))) == [
        ("CUSTOMER_BLOCKED", "pointsSpent")
    ]
    assert grown(before, await around(gateway, gateway.members[BLOCKED])) == REFUSED


async def test_those_whose_address_is_not_verified_yet_earn(gateway: Gateway) -> None:
    await put(gateway, PENDING, membership="PENDING_VERIFICATION")
    payload = await buy(gateway, purchase(gateway, PENDING))
    assert moved(payload) == [("points", "EARN", 20), ("tier_points", "EARN", 20)]


async def test_an_offer_is_redeemed_with_the_purchase_that_names_it(gateway: Gateway) -> None:
    offer = await issued(gateway, MEMBER)
    discounts = [
        {"label": "Coupon", "amount": money(300), "customerOfferId": offer},
        {"label": "Loyalty", "amount": money(50)},
    ]
    given = purchase(gateway, MEMBER, discounts=discounts)
    before = await contents(gateway, gateway.members[MEMBER])
    payload = await buy(gateway, given)
    used = await held(gateway, offer)
    assert (used["state"], used["transactionId"], used["redeemedAt"]) == (
        "REDEEMED",
        given["externalId"],
        given["occurredAt"],
    )
    named = [discount["offerName"] for discount in payload["transaction"]["discounts"]]
    assert (named, moved(payload)) == (
        [used["offer"]["name"], None],
        [("points", "EARN", 16), ("tier_points", "EARN", 16)],
    )
    after = grown(before, await contents(gateway, gateway.members[MEMBER]))
    assert (after["customer_offers"], after["customer_offer_changes"], after["events"]) == (0, 1, 3)
    query = "query ($id: ID!) { node(id: $id) { ... on Transaction { redeemedOffers { id } } } }"
    answer = await gateway.run(query, {"id": payload["transaction"]["id"]})
    assert answer.data["node"]["redeemedOffers"] == [{"id": offer}]


@pytest.mark.parametrize("state", ["REDEEMED", "EXPIRED", "REVOKED", "REMOVED"])
async def test_an_offer_that_can_not_be_redeemed_keeps_the_purchase_out(gateway: Gateway, state: str) -> None:
    offer = await brought(gateway, MEMBER, state)
    before = await around(gateway, gateway.members[MEMBER])
    discounts = [{"label": "Coupon", "amount": money(300), "customerOfferId": offer}]
    payload = await buy(gateway, purchase(gateway, MEMBER, discounts=discounts))
    assert (refused(payload), payload["transaction"]) == (
        [("INVALID_TRANSITION", "discounts.0.customerOfferId")],
        None,
    )
    assert grown(before, await around(gateway, gateway.members[MEMBER])) == REFUSED


async def test_offers_are_those_of_the_customer_who_buys_and_of_nobody_who_takes_no_part(gateway: Gateway) -> None:
    discounts = [{"label": "Coupon", "amount": money(300), "customerOfferId": await issued(gateway, MEMBER)}]
    other = await buy(gateway, purchase(gateway, BUYER, discounts=discounts))
    assert refused(other) == [("NOT_FOUND", "discounts.0.customerOfferId")]
    for state, code in (
        ({"processing": "RESTRICTED"}, "CUSTOMER_RESTRICTED"),
        ({"membership": "BLOCKED"}, "CUSTOMER_BLOCKED"),
    ):
        await put(gateway, MEMBER, **state)
        assert refused(await buy(gateway, purchase(gateway, MEMBER, discounts=discounts))) == [(code, "customer")]
        await put(gateway, MEMBER, processing="ACTIVE", membership="ACTIVE")


async def test_a_full_account_takes_no_more_and_the_purchase_is_stored(gateway: Gateway) -> None:
    held = (await balances(gateway, BUYER))["points"]
    await adjust(gateway, adjustment(gateway, BUYER, 1_000_000 - held - 7))
    payload = await buy(gateway, purchase(gateway, BUYER))
    assert moved(payload) == [("points", "EARN", 7), ("tier_points", "EARN", 20)]
    assert moved(await buy(gateway, purchase(gateway, BUYER))) == [("tier_points", "EARN", 20)]
    returned = await bring_back(gateway, returning(payload["transaction"]["id"]))
    assert moved(returned) == [("points", "RETURN", -7), ("tier_points", "RETURN", -20)]
    await adjust(gateway, adjustment(gateway, BUYER, held - (1_000_000 - 7)))
    assert await broken(gateway, gateway.members[BUYER]) == []


async def test_a_purchase_worth_nothing_earns_nothing(gateway: Gateway) -> None:
    assert moved(await buy(gateway, purchase(gateway, MEMBER, item("leaflet", 1, 0)))) == []
    cents = await buy(gateway, purchase(gateway, MEMBER, item("bag", 1, 99)))
    assert moved(cents) == []


async def test_a_purchase_that_reaches_a_threshold_lifts_the_tier_at_once(gateway: Gateway) -> None:
    given = purchase(gateway, PENDING, item("ring", 1, 500_000))
    payload = await buy(gateway, given)
    step = payload["tierChange"]
    assert (step["to"]["key"], step["reason"]) == ("platinum", "QUALIFIED")
    assert (await buy(gateway, given))["tierChange"] == step
    back = await bring_back(gateway, returning(payload["transaction"]["id"]))
    assert back["tierChange"]["from"] == {"key": "platinum"}
    assert (back["tierChange"]["to"], back["tierChange"]["reason"]) == (step["from"], "RETURN")


async def test_many_tills_at_once_store_a_purchase_once(gateway: Gateway) -> None:
    given, before = purchase(gateway, MEMBER), await contents(gateway, gateway.members[MEMBER])
    payloads = await asyncio.gather(*(buy(gateway, given) for _ in range(16)))
    assert sorted(payload["replayed"] for payload in payloads) == [False] + [True] * 15
    assert len({payload["transaction"]["id"] for payload in payloads}) == 1
    after = grown(before, await contents(gateway, gateway.members[MEMBER]))
    assert (after["transactions"], after["point_entries"], after["audit_entries"]) == (1, 2, 1)
    assert await broken(gateway, gateway.members[MEMBER]) == []
