"""Many writers at once on one card, on two cards in both directions, and on one number."""

import asyncio
import random
from collections import Counter
from typing import Any

from tests.harness import Gateway
from tests.writing import laws
from tests.writing.asking import refused
from tests.writing.card_asking import adjustment, ask, card_in, key_of, new_number, transfer
from tests.writing.card_laws import broken
from tests.writing.tables import contents, grown

WORKERS, EACH = 16, 5
MEMBER = "CJ-000022"


def outcomes(payloads: list[dict[str, Any]]) -> Counter[str]:
    """How many were done, repeated, or refused with a code."""
    told: list[str] = []
    for payload in payloads:
        codes = [code for code, _ in refused(payload)]
        told += codes or (["replayed"] if payload["replayed"] else ["done"])
    return Counter(told)


async def balances(gateway: Gateway, *card_ids: str) -> list[int]:
    """What the cards hold."""
    rows = {row["id"]: row["balance_minor"] for row in (await contents(gateway, gateway.members[MEMBER]))["cards"]}
    return [rows[key_of(card_id)[1]] for card_id in card_ids]


async def test_the_laws_hold_whatever_many_workers_do_to_one_card(gateway: Gateway) -> None:
    chance = random.Random(16)
    card = await card_in(gateway, MEMBER, balance=50)
    amounts = [[chance.choice((1, 5, 40, -3, -20, -90)) for _ in range(EACH)] for _ in range(WORKERS)]
    before = await contents(gateway, gateway.members[MEMBER])

    async def work(own: list[int]) -> list[tuple[int, dict[str, Any]]]:
        return [(amount, await ask(gateway, "cardBalanceAdjust", adjustment(card, amount))) for amount in own]

    answers = [answer for done in await asyncio.gather(*map(work, amounts)) for answer in done]
    told = outcomes([payload for _, payload in answers])
    assert set(told) == {"done", "INSUFFICIENT_BALANCE"}
    after = grown(before, await contents(gateway, gateway.members[MEMBER]))
    assert (after["card_history"], after["audit_entries"]) == (told["done"], WORKERS * EACH)
    moved = sum(amount for amount, payload in answers if payload["userErrors"] == [])
    assert await balances(gateway, card) == [50 + moved]
    assert await broken(gateway, gateway.members[MEMBER]) == []
    assert await laws.broken(gateway, gateway.members[MEMBER]) == []


async def test_transfers_in_both_directions_at_once_conserve_the_sum(gateway: Gateway) -> None:
    chance = random.Random(17)
    pair = [await card_in(gateway, MEMBER, balance=300) for _ in range(2)]

    async def work(number: int) -> list[dict[str, Any]]:
        giving, receiving = pair if number % 2 else reversed(pair)
        amounts = [chance.choice((1, 40, 250, None)) for _ in range(EACH)]
        return [await ask(gateway, "cardBalanceTransfer", transfer(giving, receiving, amount)) for amount in amounts]

    payloads = [payload for done in await asyncio.gather(*map(work, range(WORKERS))) for payload in done]
    assert set(outcomes(payloads)) <= {"done", "INSUFFICIENT_BALANCE"}
    assert outcomes(payloads)["done"] > WORKERS
    assert sum(await balances(gateway, *pair)) == 600
    assert await broken(gateway, gateway.members[MEMBER]) == []


async def test_a_card_is_emptied_once(gateway: Gateway) -> None:
    card, other = await card_in(gateway, MEMBER, balance=700), await card_in(gateway, MEMBER, balance=0)
    asked = [("cardBalanceTransfer", transfer(card, other))] * 8 + [("cardExpire", {"cardId": card})] * 8
    payloads = await asyncio.gather(*(ask(gateway, mutation, given) for mutation, given in asked))
    done = [payload for payload in payloads if payload["userErrors"] == []]
    moved, expired = (
        [payload for payload in done if bool(payload["counterpart"]) is wanted] for wanted in (True, False)
    )
    assert (len(expired), sum(await balances(gateway, card, other))) == (1, 700 if moved else 0)
    assert len(moved) <= 1
    assert await broken(gateway, gateway.members[MEMBER]) == []


async def test_one_key_at_the_same_instant_is_one_effect(gateway: Gateway) -> None:
    given = adjustment(await card_in(gateway, MEMBER), 5, idempotencyKey="sixteen-at-once")
    payloads = await asyncio.gather(*(ask(gateway, "cardBalanceAdjust", given) for _ in range(WORKERS)))
    assert outcomes(payloads) == {"done": 1, "replayed": WORKERS - 1}
    assert {payload["card"]["balance"]["amountMinor"] for payload in payloads} == {505}


async def test_of_those_who_register_one_number_at_once_one_has_it(gateway: Gateway) -> None:
    members, number = sorted(gateway.members)[20 : 20 + WORKERS], new_number()
    asked = [{"customerId": gateway.customer_id(member), "cardNumber": number} for member in members]
    payloads = await asyncio.gather(*(ask(gateway, "cardRegister", given) for given in asked))
    assert outcomes(payloads) == {"done": 1, "IDENTIFIER_TAKEN": WORKERS - 1}
    for member in members:
        assert await broken(gateway, gateway.members[member]) == []


async def test_of_those_who_add_one_loyalty_number_at_once_one_has_it(gateway: Gateway) -> None:
    members, number = sorted(gateway.members)[20 : 20 + WORKERS], new_number()
    asked = [{"customerId": gateway.customer_id(member), "number": number} for member in members]
    payloads = await asyncio.gather(*(ask(gateway, "loyaltyCardAdd", given) for given in asked))
    assert outcomes(payloads) == {"done": 1, "IDENTIFIER_TAKEN": WORKERS - 1}
    for member in members:
        assert await broken(gateway, gateway.members[member]) == []


async def test_a_loyalty_card_is_replaced_by_one_of_those_who_try_at_once(gateway: Gateway) -> None:
    customer = {"customerId": gateway.customer_id(MEMBER), "number": new_number()}
    card = (await ask(gateway, "loyaltyCardAdd", customer))["loyaltyCard"]["id"]
    asked = [{"loyaltyCardId": card, "newNumber": new_number()} for _ in range(WORKERS)]
    payloads = await asyncio.gather(*(ask(gateway, "loyaltyCardReplace", given) for given in asked))
    assert outcomes(payloads) == {"done": 1, "ALREADY_DONE": WORKERS - 1}
    assert await broken(gateway, gateway.members[MEMBER]) == []
