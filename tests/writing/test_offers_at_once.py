"""Many writers at once on an offer's last inventory, on a customer's limit, and on one customer's offer."""

import asyncio
from collections import Counter
from typing import Any

from sqlalchemy import select

from datasources.sql.tables.offers import offers
from tests.harness import Answer, Gateway
from tests.writing.offer_laws import broken
from tests.writing.offering import (
    ISSUE,
    PLAIN,
    REDEEM,
    REINSTATE,
    REMOVE,
    REVOKE,
    Given,
    asked,
    brought,
    held,
    issue_of,
    issued,
)
from tests.writing.tables import contents, found, grown

WORKERS = 16
MEMBER = "CJ-000022"


def outcomes(mutation: str, answers: list[Answer]) -> Counter[str]:
    """How many were done, or refused with a code."""
    told: list[str] = []
    for answer in answers:
        assert answer.errors == []
        told += [error["code"] for error in answer.data[mutation]["userErrors"]] or ["done"]
    return Counter(told)


async def at_once(gateway: Gateway, mutation: str, inputs: list[Given]) -> Counter[str]:
    """What came of mutations that were all asked for at the same instant."""
    return outcomes(mutation, await asyncio.gather(*(asked(gateway, mutation, given, shown=PLAIN) for given in inputs)))


async def left(gateway: Gateway, key: str) -> int:
    (rows,) = await found(gateway, select(offers.c.inventory_remaining).where(offers.c.key == key))
    number: int = rows[0]["inventory_remaining"]
    return number


async def test_the_last_of_an_inventory_go_to_as_many_customers_and_no_more(gateway: Gateway) -> None:
    members = [f"CJ-0000{20 + number}" for number in range(WORKERS)]
    assert await left(gateway, "bakery-duo") == 8
    told = await at_once(gateway, ISSUE, [await issue_of(gateway, one, "bakery-duo") for one in members])
    assert told == {"done": 8, "OFFER_NOT_ISSUABLE": 8}
    assert await left(gateway, "bakery-duo") == 0
    for one in members:
        assert await broken(gateway, gateway.members[one]) == []


async def test_what_is_returned_and_what_is_issued_at_once_add_up(gateway: Gateway) -> None:
    members = [f"CJ-0000{20 + number}" for number in range(WORKERS)]
    made = [await issued(gateway, one, "cheese-tasting") for one in members]
    assert await left(gateway, "cheese-tasting") == 24 - WORKERS
    others = [f"CJ-0000{40 + number}" for number in range(WORKERS)]
    returning = at_once(gateway, REVOKE, [{"customerOfferId": one, "exclude": True} for one in made])
    issuing = at_once(gateway, ISSUE, [await issue_of(gateway, one, "cheese-tasting") for one in others])
    returned, taken = await asyncio.gather(returning, issuing)
    assert returned == {"done": WORKERS}
    assert taken["done"] + taken["OFFER_NOT_ISSUABLE"] == WORKERS
    assert await left(gateway, "cheese-tasting") == 24 - taken["done"]
    assert await broken(gateway, gateway.members[MEMBER]) == []


async def test_a_customer_gets_no_more_than_the_limit_by_asking_at_once(gateway: Gateway) -> None:
    stock = await left(gateway, "double-points-week")
    before = await contents(gateway, gateway.members[MEMBER])
    given = await issue_of(gateway, MEMBER, "double-points-week")
    assert await at_once(gateway, ISSUE, [given] * WORKERS) == {"done": 2, "OFFER_NOT_ISSUABLE": WORKERS - 2}
    assert await left(gateway, "double-points-week") == stock - 2
    assert grown(before, await contents(gateway, gateway.members[MEMBER]))["customer_offers"] == 2
    assert await broken(gateway, gateway.members[MEMBER]) == []


async def test_of_many_who_redeem_one_offer_at_once_one_does(gateway: Gateway) -> None:
    given = {"customerOfferId": await issued(gateway, MEMBER)}
    assert await at_once(gateway, REDEEM, [given] * WORKERS) == {"done": 1, "ALREADY_DONE": WORKERS - 1}
    assert await at_once(gateway, REINSTATE, [given] * WORKERS) == {"done": 1, "ALREADY_DONE": WORKERS - 1}
    assert await broken(gateway, gateway.members[MEMBER]) == []


async def test_an_offer_that_is_redeemed_and_taken_back_at_once_ends_as_one_of_them(gateway: Gateway) -> None:
    ends = {REDEEM: "REDEEMED", REVOKE: "REVOKED", REMOVE: "REMOVED"}
    stock = await left(gateway, "bonus-100")
    returned = 0
    for _ in range(WORKERS // 2):
        given: dict[str, Any] = {"customerOfferId": await brought(gateway, MEMBER, "ACTIVATED")}
        inputs = {mutation: given | ({"exclude": False} if mutation == REVOKE else {}) for mutation in ends}
        told = await asyncio.gather(*(at_once(gateway, mutation, [inputs[mutation]] * 2) for mutation in ends))
        (won,) = [mutation for mutation, counted in zip(ends, told, strict=True) if counted["done"]]
        assert sum(told, Counter()) == {"done": 1, "ALREADY_DONE": 1, "INVALID_TRANSITION": 4}
        assert (await held(gateway, given["customerOfferId"]))["state"] == ends[won]
        returned += won == REVOKE
    assert await left(gateway, "bonus-100") == stock - WORKERS // 2 + returned
    assert await broken(gateway, gateway.members[MEMBER]) == []
