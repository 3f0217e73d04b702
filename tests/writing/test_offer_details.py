"""Redemption windows and flex fields of customers' offers: what may be said of them, and what comes of it."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

import pytest

from schema.ids import parse_id
from tests.harness import Gateway
from tests.writing.asking import refused
from tests.writing.offer_laws import broken
from tests.writing.offering import (
    CHANGE_DATES,
    LATER,
    REDEEM,
    REINSTATE,
    UPDATE_FIELDS,
    Given,
    brought,
    done,
    expire,
    held,
    issued,
    put,
)
from tests.writing.tables import contents, grown

MEMBER = "CJ-000017"
NOW, TOMORROW = "2026-01-26T05:00:00Z", "2026-01-27T05:00:00Z"
REFUSED = {"audit_entries": 1, "audit_heads": 0}


@pytest.mark.parametrize(
    ("given", "since"),
    [({}, NOW), ({"redeemableFrom": None}, None), ({"redeemableFrom": TOMORROW}, TOMORROW)],
    ids=["left out", "null", "given"],
)
async def test_the_begin_of_a_window_stays_unless_it_is_named(
    gateway: Gateway, given: Given, since: str | None
) -> None:
    made = await issued(gateway, MEMBER)
    payload = await done(gateway, CHANGE_DATES, {"customerOfferId": made, "redeemableUntil": LATER, **given})
    offer = payload["customerOffer"]
    assert (offer["state"], offer["redeemableFrom"], offer["redeemableUntil"]) == ("ISSUED", since, LATER)
    assert offer == await held(gateway, made)
    told = {change["path"].split(".")[-1]: change["after"] for change in payload["auditEntry"]["changes"]}
    assert told == {"redeemableUntil": LATER} | ({} if since == NOW else {"redeemableFrom": since})


async def test_an_expired_offer_with_a_new_window_is_issued_again_and_can_be_redeemed(gateway: Gateway) -> None:
    made = await brought(gateway, MEMBER, "EXPIRED")
    assert (await held(gateway, made))["activatedAt"] == NOW
    payload = await done(gateway, CHANGE_DATES, {"customerOfferId": made, "redeemableUntil": TOMORROW})
    assert (payload["customerOffer"]["state"], payload["customerOffer"]["activatedAt"]) == ("ISSUED", None)
    assert (await done(gateway, REDEEM, {"customerOfferId": made}))["customerOffer"]["redeemedAt"] == NOW
    assert await steps(gateway, made) == [
        (None, "ISSUED"),
        ("ISSUED", "ACTIVATED"),
        ("EXPIRED", "ISSUED"),
        ("ISSUED", "REDEEMED"),
    ]
    assert await broken(gateway, gateway.members[MEMBER]) == []


async def steps(gateway: Gateway, customer_offer: str) -> list[tuple[str | None, str]]:
    """The history of an offer of the member."""
    rows = (await contents(gateway, gateway.members[MEMBER]))["customer_offer_changes"]
    _, (_, own) = parse_id(customer_offer, "id", "CustomerOffer")
    found = sorted((row for row in rows if row["customer_offer_id"] == own), key=lambda row: (row["at"], row["id"]))
    return [(row["from_state"], row["to_state"]) for row in found]


@pytest.mark.parametrize(
    "given",
    [
        {"redeemableUntil": NOW},
        {"redeemableUntil": "2020-01-01T00:00:00Z"},
        {"redeemableUntil": TOMORROW, "redeemableFrom": "2026-01-27T05:00:01Z"},
    ],
    ids=["ends now", "ended", "ends before it begins"],
)
@pytest.mark.parametrize("state", ["ISSUED", "EXPIRED"])
async def test_a_window_that_nobody_could_redeem_in_is_refused(gateway: Gateway, state: str, given: Given) -> None:
    made, before = await brought(gateway, MEMBER, state), await contents(gateway, gateway.members[MEMBER])
    payload = await done(gateway, CHANGE_DATES, {"customerOfferId": made, **given})
    assert refused(payload) == [("INVALID", "redeemableUntil")]
    assert grown(before, await contents(gateway, gateway.members[MEMBER])) == REFUSED


async def test_an_offer_can_be_redeemed_from_the_first_to_the_last_moment_of_its_window(gateway: Gateway) -> None:
    early, on_time, late = [await issued(gateway, MEMBER) for _ in range(3)]
    await put(gateway, early, redeemable_from=gateway.now + dt.timedelta(seconds=1))
    await put(gateway, on_time, redeemable_from=gateway.now, redeemable_until=gateway.now)
    await expire(gateway, late)
    payload = await done(gateway, REDEEM, {"customerOfferId": early})
    assert refused(payload) == [("INVALID_TRANSITION", "customerOfferId")]
    assert payload["userErrors"][0]["message"].startswith("The offer can't be redeemed yet.")
    assert (await done(gateway, REDEEM, {"customerOfferId": on_time}))["userErrors"] == []
    assert refused(await done(gateway, REDEEM, {"customerOfferId": late})) == [
        ("INVALID_TRANSITION", "customerOfferId")
    ]


async def test_a_reinstated_offer_is_as_it_was_issued_and_its_history_keeps_what_was(gateway: Gateway) -> None:
    made = await brought(gateway, MEMBER, "ACTIVATED")
    until = (await held(gateway, made))["redeemableUntil"]
    await done(gateway, REDEEM, {"customerOfferId": made})
    await put(gateway, made, transaction_id="basket-1")
    payload = await done(gateway, REINSTATE, {"customerOfferId": made})
    offer = payload["customerOffer"]
    gone = {name: offer[name] for name in ("activatedAt", "redeemedAt", "transactionId")}
    assert (offer["state"], offer["redeemableUntil"]) == ("ISSUED", until)
    assert gone == dict.fromkeys(gone)
    told = {change["path"].split(".")[-1]: change["before"] for change in payload["auditEntry"]["changes"]}
    was = {"state": "REDEEMED", "activatedAt": NOW, "redeemedAt": NOW, "transactionId": "basket-1"}
    assert told == was
    assert (await steps(gateway, made))[-2:] == [("ACTIVATED", "REDEEMED"), ("REDEEMED", "ISSUED")]
    assert await broken(gateway, gateway.members[MEMBER]) == []


async def test_an_offer_whose_window_has_passed_is_reinstated_only_with_another_end(gateway: Gateway) -> None:
    made = await brought(gateway, MEMBER, "REDEEMED")
    await put(gateway, made, redeemable_until=gateway.now - dt.timedelta(days=1), redeemable_from=None)
    before = await contents(gateway, gateway.members[MEMBER])
    assert refused(await done(gateway, REINSTATE, {"customerOfferId": made})) == [
        ("REDEMPTION_WINDOW_PASSED", "extendTo")
    ]
    assert refused(await done(gateway, REINSTATE, {"customerOfferId": made, "extendTo": NOW})) == [
        ("INVALID", "extendTo")
    ]
    after = await contents(gateway, gateway.members[MEMBER])
    assert grown(before, after) == REFUSED | {"audit_entries": 2}
    payload = await done(gateway, REINSTATE, {"customerOfferId": made, "extendTo": TOMORROW})
    assert (payload["customerOffer"]["state"], payload["customerOffer"]["redeemableUntil"]) == ("ISSUED", TOMORROW)


async def test_flex_fields_are_set_and_deleted_by_key_and_others_stay(gateway: Gateway) -> None:
    made = await issued(gateway, MEMBER)
    for fields, expected in (
        ([("till", "7"), ("clerk", "Ann")], [("till", "7"), ("clerk", "Ann")]),
        ([("clerk", "Bob"), ("lane", "2")], [("till", "7"), ("clerk", "Bob"), ("lane", "2")]),
        ([("till", None), ("unknown", None)], [("clerk", "Bob"), ("lane", "2")]),
    ):
        payload = await change(gateway, made, fields)
        offer = payload["customerOffer"]
        assert [(field["key"], field["value"]) for field in offer["flexFields"]] == expected
        assert offer == await held(gateway, made)
    (told,) = payload["auditEntry"]["changes"]
    assert (told["path"].split(".", 2)[-1], told["before"], told["after"]) == ("flexFields.till", "7", None)


async def change(gateway: Gateway, made: str, fields: Sequence[tuple[str, str | None]]) -> dict[str, Any]:
    """The payload of a change of flex fields."""
    given = [{"key": key, "value": value} for key, value in fields]
    return await done(gateway, UPDATE_FIELDS, {"customerOfferId": made, "fields": given})


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ([], ("REQUIRED", "fields")),
        ([("", "7")], ("INVALID", "fields.0.key")),
        ([("k" * 101, "7")], ("INVALID", "fields.0.key")),
        ([("till", "7"), ("lane", "x" * 2_001)], ("INVALID", "fields.1.value")),
        ([("till", "7"), ("till", None)], ("INVALID", "fields.1.key")),
        ([(f"key {number}", "7") for number in range(51)], ("INVALID", "fields")),
    ],
    ids=["none", "no key", "long key", "long value", "twice", "too many"],
)
async def test_flex_fields_are_bounded(
    gateway: Gateway, fields: Sequence[tuple[str, str | None]], told: tuple[str, str]
) -> None:
    made, before = await issued(gateway, MEMBER), await contents(gateway, gateway.members[MEMBER])
    assert refused(await change(gateway, made, fields)) == [told]
    assert grown(before, await contents(gateway, gateway.members[MEMBER])) == REFUSED


async def test_the_longest_flex_fields_and_the_most_are_kept(gateway: Gateway) -> None:
    made = await issued(gateway, MEMBER)
    fields = [(f"{number:0100}", "x" * 2_000) for number in range(50)]
    payload = await change(gateway, made, fields)
    assert [(field["key"], field["value"]) for field in payload["customerOffer"]["flexFields"]] == fields
