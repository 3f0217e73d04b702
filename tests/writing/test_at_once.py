"""Many writers at once on one account, one key and one actor's day; callers who leave before they are answered."""

import asyncio
import random
from collections import Counter
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import create_async_engine

from tests.harness import Answer, Gateway
from tests.writing.asking import PLAIN, adjustment
from tests.writing.laws import TABLES, broken
from tests.writing.tables import contents, grown

WORKERS = 16
EACH = 6
MEMBER, NEWCOMER = "CJ-000022", "CJ-000023"
LATEST_LEAVE_S = 0.3


async def ask(gateway: Gateway, given: dict[str, Any], role: str = "admin") -> Answer:
    return await gateway.run(PLAIN, {"input": given}, role)


def outcomes(answers: list[Answer]) -> Counter[str]:
    """How many were done, repeated, or refused with a code."""
    told: list[str] = []
    for answer in answers:
        assert answer.errors == []
        payload = answer.data["pointsAdjust"]
        codes = [error["code"] for error in payload["userErrors"]]
        told += codes or (["replayed"] if payload["replayed"] else ["done"])
    return Counter(told)


async def test_the_laws_hold_whatever_many_workers_do_to_one_account(gateway: Gateway) -> None:
    chance = random.Random(16)
    amounts = [[chance.choice((1, 5, 40, -3, -20, -90)) for _ in range(EACH)] for _ in range(WORKERS)]
    before = await contents(gateway, gateway.members[MEMBER])

    async def work(own: list[int]) -> list[Answer]:
        return [await ask(gateway, adjustment(gateway, MEMBER, points)) for points in own]

    answers = [answer for done in await asyncio.gather(*map(work, amounts)) for answer in done]
    told = outcomes(answers)
    assert set(told) <= {"done", "INSUFFICIENT_POINTS"}
    after = await contents(gateway, gateway.members[MEMBER])
    assert len(after["point_entries"]) - len(before["point_entries"]) == told["done"]
    assert len(after["audit_entries"]) - len(before["audit_entries"]) == WORKERS * EACH
    held, came = (sum(row["balance"] for row in found["point_accounts"]) for found in (before, after))
    moved = sum(
        answer.data["pointsAdjust"]["entry"]["modification"]
        for answer in answers
        if answer.data["pointsAdjust"]["entry"]
    )
    assert came - held == moved
    assert await broken(gateway, gateway.members[MEMBER]) == []


async def test_the_first_entries_of_an_account_can_come_at_once(gateway: Gateway) -> None:
    customer = gateway.members[NEWCOMER]
    await _delete(gateway, customer)
    given = [adjustment(gateway, NEWCOMER, 5) for _ in range(WORKERS)]
    assert outcomes(await asyncio.gather(*(ask(gateway, one) for one in given))) == {"done": WORKERS}
    found = await contents(gateway, customer)
    assert [(row["balance"], row["sequence"]) for row in found["point_accounts"]] == [(5 * WORKERS, WORKERS)]
    assert await broken(gateway, customer) == []


async def _delete(gateway: Gateway, customer: UUID) -> None:
    """The customer without points, and without an audit log."""
    engine = create_async_engine(gateway.runtime.databases["main"].url)
    async with engine.begin() as connection:
        for table in TABLES:
            await connection.execute(table.delete().where(table.c.customer_id == customer))
    await engine.dispose()


async def test_one_key_at_the_same_instant_is_one_effect(gateway: Gateway) -> None:
    given = adjustment(gateway, MEMBER, 11)
    before = await contents(gateway, gateway.members[MEMBER])
    answers = await asyncio.gather(*(ask(gateway, given) for _ in range(WORKERS)))
    assert outcomes(answers) == {"done": 1, "replayed": WORKERS - 1}
    assert len({answer.data["pointsAdjust"]["entry"]["id"] for answer in answers}) == 1
    after = grown(before, await contents(gateway, gateway.members[MEMBER]))
    assert (after["point_entries"], after["idempotency_keys"], after["audit_entries"]) == (1, 1, 1)


async def test_one_key_for_two_inputs_at_the_same_instant_does_one_of_them(gateway: Gateway) -> None:
    given = adjustment(gateway, MEMBER, 11)
    answers = await asyncio.gather(*(ask(gateway, given | {"points": 11 + number}) for number in range(WORKERS)))
    assert outcomes(answers) == {"done": 1, "IDEMPOTENCY_KEY_REUSED": WORKERS - 1}
    assert await broken(gateway, gateway.members[MEMBER]) == []


async def test_what_a_day_allows_is_not_passed_by_coming_at_once(gateway: Gateway) -> None:
    members = [f"CJ-0000{30 + number}" for number in range(WORKERS)]
    answers = await asyncio.gather(*(ask(gateway, adjustment(gateway, one, 400), "care_agent") for one in members))
    assert outcomes(answers) == {"done": 12, "APPROVAL_REQUIRED": 4}


async def test_what_callers_left_is_done_once_when_they_ask_again(gateway: Gateway) -> None:
    chance = random.Random(3)
    before = await contents(gateway, gateway.members[MEMBER])
    given = [adjustment(gateway, MEMBER, 3) for _ in range(60)]

    async def leave(one: dict[str, Any]) -> bool:
        task = asyncio.create_task(ask(gateway, one))
        await asyncio.wait([task], timeout=chance.uniform(0, LATEST_LEAVE_S))
        return task.cancel()

    left = await asyncio.gather(*map(leave, given))
    assert any(left)
    # What was begun goes on without its caller: the retry waits for it.
    retried = outcomes([await ask(gateway, one) for one in given])
    assert set(retried) <= {"done", "replayed"}
    after = grown(before, await contents(gateway, gateway.members[MEMBER]))
    assert (after["point_entries"], after["idempotency_keys"], after["audit_entries"]) == (60, 60, 60)
    assert await broken(gateway, gateway.members[MEMBER]) == []
