"""Mutations of offers as the tests ask for them."""

import datetime as dt
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import select
from sqlalchemy.ext.asyncio import create_async_engine

from datasources.sql.tables.offers import customer_offers, offers
from schema.ids import global_id, parse_id
from tests.harness import Answer, Caller, Gateway
from tests.writing.tables import found

Given = dict[str, Any]
ISSUE, ACTIVATE, REDEEM, REINSTATE, REVOKE, REMOVE, CHANGE_DATES, UPDATE_FIELDS = (
    "offerIssue",
    "offerActivate",
    "offerRedeem",
    "offerReinstate",
    "offerRevoke",
    "offerRemove",
    "offerRedemptionDatesChange",
    "offerFlexFieldsUpdate",
)
INPUTS = {
    ISSUE: "OfferIssueInput",
    ACTIVATE: "CustomerOfferActionInput",
    REDEEM: "CustomerOfferActionInput",
    REINSTATE: "OfferReinstateInput",
    REVOKE: "OfferRevokeInput",
    REMOVE: "CustomerOfferActionInput",
    CHANGE_DATES: "OfferRedemptionDatesInput",
    UPDATE_FIELDS: "OfferFlexFieldsInput",
}
SHOWN = """
    id state issuedAt issuedBy { kind id } distributedAt activatedAt redeemableFrom redeemableUntil redeemedAt
    isVisibleToCustomer hiddenReason isExcluded flexFields { key value } transactionId variant displayTitle
    offer { id name inventoryRemaining perCustomerLimit }
    availableActions { action enabled }
"""
PLAIN = "id state"
"""For callers who may not read everything, and for whom every statement counts."""
LATER = "2026-06-01T00:00:00Z"
STATES = ("ISSUED", "ACTIVATED", "REDEEMED", "EXPIRED", "REVOKED", "REMOVED")
ACTIONS: dict[str, Given] = {
    ACTIVATE: {},
    REDEEM: {},
    REINSTATE: {"extendTo": LATER},
    REVOKE: {"exclude": False},
    REMOVE: {},
    CHANGE_DATES: {"redeemableUntil": LATER},
    UPDATE_FIELDS: {"fields": [{"key": "till", "value": "7"}]},
}
MOVES = {
    ("ISSUED", ACTIVATE): "ACTIVATED",
    ("ISSUED", REDEEM): "REDEEMED",
    ("ACTIVATED", REDEEM): "REDEEMED",
    ("REDEEMED", REINSTATE): "ISSUED",
    ("ISSUED", REVOKE): "REVOKED",
    ("ACTIVATED", REVOKE): "REVOKED",
    ("ISSUED", REMOVE): "REMOVED",
    ("ACTIVATED", REMOVE): "REMOVED",
    ("ISSUED", CHANGE_DATES): "ISSUED",
    ("ACTIVATED", CHANGE_DATES): "ACTIVATED",
    ("EXPIRED", CHANGE_DATES): "ISSUED",
    ("ISSUED", UPDATE_FIELDS): "ISSUED",
    ("ACTIVATED", UPDATE_FIELDS): "ACTIVATED",
    ("REDEEMED", UPDATE_FIELDS): "REDEEMED",
    ("EXPIRED", UPDATE_FIELDS): "EXPIRED",
}
THERE = {
    ("ACTIVATED", ACTIVATE),
    ("REDEEMED", REDEEM),
    ("ISSUED", REINSTATE),
    ("REVOKED", REVOKE),
    ("REMOVED", REMOVE),
}
"""What is so already."""


def document(mutation: str, shown: str = SHOWN) -> str:
    """The operation, with all of the payload."""
    audited = "auditEntry { type outcome summary reasonCode changes { path before after } }" if shown == SHOWN else ""
    return f"""mutation ($input: {INPUTS[mutation]}!) {{ {mutation}(input: $input) {{
        replayed dryRun userErrors {{ code message path }} customerOffer {{ {shown} }} {audited} }} }}"""


async def catalogue(gateway: Gateway) -> dict[str, UUID]:
    """The ids of all offers by their key."""
    (rows,) = await found(gateway, select(offers.c.key, offers.c.id))
    return {row["key"]: row["id"] for row in rows}


async def asked(
    gateway: Gateway, mutation: str, given: Given, caller: Caller | str = "admin", shown: str = SHOWN
) -> Answer:
    """The answer to a mutation under a key of its own."""
    return await gateway.run(document(mutation, shown), {"input": {"idempotencyKey": uuid4().hex} | given}, caller)


async def done(
    gateway: Gateway, mutation: str, given: Given, caller: Caller | str = "admin", shown: str = SHOWN
) -> dict[str, Any]:
    """The payload of a mutation that had no error."""
    answer = await asked(gateway, mutation, given, caller, shown)
    assert answer.errors == []
    payload: dict[str, Any] = answer.data[mutation]
    return payload


async def issue_of(gateway: Gateway, support_id: str, key: str) -> Given:
    """The input of an issue."""
    offer = (await catalogue(gateway))[key]
    return {"customerId": gateway.customer_id(support_id), "offerId": global_id("Offer", offer)}


async def issued(gateway: Gateway, support_id: str, key: str = "bonus-100") -> str:
    """The id of an offer that was issued just now."""
    payload = await done(gateway, ISSUE, await issue_of(gateway, support_id, key), shown=PLAIN)
    assert payload["userErrors"] == []
    made: str = payload["customerOffer"]["id"]
    return made


async def held(gateway: Gateway, customer_offer: str) -> dict[str, Any]:
    """The customer's offer as it is read."""
    query = "query ($id: ID!) { node(id: $id) { ... on CustomerOffer { " + SHOWN + " } } }"
    answer = await gateway.run(query, {"id": customer_offer})
    assert answer.errors == []
    node: dict[str, Any] = answer.data["node"]
    return node


WAYS: dict[str, tuple[tuple[str, Given], ...]] = {
    "ISSUED": (),
    "ACTIVATED": ((ACTIVATE, {}),),
    "REDEEMED": ((REDEEM, {}),),
    "REVOKED": ((REVOKE, {"exclude": False}),),
    "REMOVED": ((REMOVE, {}),),
}
"""How an offer that was just issued comes into each state but EXPIRED, which the clock brings."""


async def brought(gateway: Gateway, support_id: str, state: str, key: str = "bonus-100") -> str:
    """The id of an offer of the customer in that state; one that EXPIRED had been activated."""
    made = await issued(gateway, support_id, key)
    for mutation, given in WAYS["ACTIVATED" if state == "EXPIRED" else state]:
        payload = await done(gateway, mutation, {"customerOfferId": made, **given}, shown=PLAIN)
        assert payload["userErrors"] == []
    if state == "EXPIRED":
        await expire(gateway, made)
    return made


async def expire(gateway: Gateway, customer_offer_id: str) -> None:
    """Have the offer's window end a second ago."""
    ended_at = gateway.now - dt.timedelta(seconds=1)
    await put(gateway, customer_offer_id, redeemable_from=ended_at, redeemable_until=ended_at)


async def put(gateway: Gateway, customer_offer_id: str, **columns: Any) -> None:
    """Set columns of a customer's offer, as only time would."""
    _, (customer, own) = parse_id(customer_offer_id, "id", "CustomerOffer")
    whose = (customer_offers.c.customer_id == customer, customer_offers.c.id == own)
    await _execute(gateway, customer_offers.update().where(*whose).values(**columns))


async def change_offer(gateway: Gateway, key: str, **columns: Any) -> None:
    """Set columns of an offer of the catalogue, as an import would."""
    await _execute(gateway, offers.update().where(offers.c.key == key).values(**columns))


async def _execute(gateway: Gateway, statement: Any) -> None:
    engine = create_async_engine(gateway.url_of(offers))
    async with engine.begin() as connection:
        await connection.execute(statement)
    await engine.dispose()
