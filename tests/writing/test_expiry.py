"""The expiry run: what it takes and what it leaves, that it can be repeated, broken off and run beside spending."""

import asyncio
import datetime as dt
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import create_async_engine

from datasources.expiring import Expired, expire_due
from datasources.sql.point_expiry import LOTS_AT_ONCE
from datasources.sql.tables.points import point_entries, point_lots
from datasources.sql.tables.profiles import customers
from tests.harness import Gateway
from tests.writing.asking import PLAIN, adjust, adjustment, refused, reversal, reverse
from tests.writing.deficits import OWING, take_back
from tests.writing.laws import broken
from tests.writing.tables import contents, everything, found, grown

MEMBER, OTHER, THIRD, SPENDER, CROWDED = "CJ-000015", "CJ-000020", "CJ-000021", "CJ-000022", "CJ-000023"
WORKERS = 16


async def run_at(gateway: Gateway, at: dt.datetime) -> Expired:
    """What a run did at a moment."""
    program = await gateway.runtime.program()
    told: list[int] = []
    done = await expire_due(
        gateway.runtime.sources.writers.points, program.settings, at, lambda so_far: told.append(so_far.customers)
    )
    assert told == sorted(told)
    return done


@pytest.fixture(autouse=True)
async def nothing_due(gateway: Gateway) -> None:
    """What earlier tests or the demo left is expired before."""
    await run_at(gateway, gateway.now)


def in_days(gateway: Gateway, days: int) -> dict[str, str]:
    """The expiry of an addition."""
    return {"expiresAt": (gateway.now + dt.timedelta(days=days)).isoformat()}


async def lots(gateway: Gateway, entry: str) -> list[tuple[int, int, int]]:
    """Spent, expired and remaining of the lot of an entry."""
    query = "query ($id: ID!) { node(id: $id) { ... on PointAuditEntry { amountSpent amountExpired remaining } } }"
    node = (await gateway.run(query, {"id": entry})).data["node"]
    return [(node["amountSpent"], node["amountExpired"], node["remaining"])]


async def test_only_what_is_left_of_lots_that_are_due_expires(gateway: Gateway) -> None:
    customer = gateway.members[MEMBER]
    due = await adjust(gateway, adjustment(gateway, MEMBER, 30, **in_days(gateway, 1)))
    last = await adjust(gateway, adjustment(gateway, MEMBER, 10, **in_days(gateway, 2)))
    later = await adjust(gateway, adjustment(gateway, MEMBER, 20, **in_days(gateway, 3)))
    spent = await adjust(gateway, adjustment(gateway, MEMBER, -12))
    held, before = spent["account"]["balance"], await contents(gateway, customer)
    done = await run_at(gateway, gateway.now + dt.timedelta(days=2))
    assert (done.customers, done.entries, done.points) == (1, 1, 28)
    after = await contents(gateway, customer)
    assert grown(before, after) == {
        "point_entries": 1,
        "point_allocations": 2,
        "point_lots": 0,
        "point_accounts": 0,
        "point_days": 1,
        "events": 1,
        "event_keys": 1,
        "audit_entries": 1,
        "audit_heads": 0,
    }
    known = {row["id"] for row in before["point_entries"]}
    (entry,) = [row for row in after["point_entries"] if row["id"] not in known]
    expected = {
        "kind": "EXPIRE",
        "source_key": "manual",
        "modification": -28,
        "balance_before": held,
        "balance_after": held - 28,
        "reference_type": "expiry",
        "actor_kind": "SYSTEM",
        "actor_id": "expiry",
    }
    assert {name: entry[name] for name in expected} == expected
    assert [await lots(gateway, one["entry"]["id"]) for one in (due, last, later)] == [
        [(12, 18, 0)],
        [(0, 10, 0)],
        [(0, 0, 20)],
    ]
    (account,) = [row for row in after["point_accounts"] if row["account_key"] == "points"]
    (was,) = [row for row in before["point_accounts"] if row["account_key"] == "points"]
    assert (account["lifetime_expired"] - was["lifetime_expired"], account["balance"]) == (28, held - 28)
    told = max(after["audit_entries"], key=lambda row: int(row["sequence"]))
    assert (told["type"], told["actor_kind"], told["outcome"]) == ("pointsExpire", "SYSTEM", "SUCCEEDED")
    assert await broken(gateway, customer) == []


async def test_a_second_run_finds_nothing(gateway: Gateway) -> None:
    await adjust(gateway, adjustment(gateway, MEMBER, 30, **in_days(gateway, 1)))
    at = gateway.now + dt.timedelta(days=1)
    assert (await run_at(gateway, at)).points == 30
    before = await everything(gateway)
    assert await run_at(gateway, at) == Expired()
    assert await everything(gateway) == before


async def test_runs_at_once_expire_each_point_once(gateway: Gateway) -> None:
    for member in (MEMBER, OTHER, THIRD):
        await adjust(gateway, adjustment(gateway, member, 30, **in_days(gateway, 1)))
    at = gateway.now + dt.timedelta(days=1)
    runs = await asyncio.gather(*(run_at(gateway, at) for _ in range(3)))
    assert (sum(run.customers for run in runs), sum(run.points for run in runs)) == (3, 90)
    for member in (MEMBER, OTHER, THIRD):
        assert await broken(gateway, gateway.members[member]) == []


async def test_points_of_each_source_expire_by_an_entry_of_their_own(gateway: Gateway) -> None:
    for source in ("manual", "promotion", "manual"):
        await adjust(gateway, adjustment(gateway, OTHER, 5, sourceKey=source, **in_days(gateway, 1)))
    await adjust(gateway, adjustment(gateway, OTHER, 7, accountKey=OWING, **in_days(gateway, 1)))
    known = {row["id"] for row in await entries(gateway, OTHER)}
    done = await run_at(gateway, gateway.now + dt.timedelta(days=1))
    assert (done.customers, done.entries, done.points) == (1, 3, 22)
    made = [row for row in await entries(gateway, OTHER) if row["id"] not in known]
    assert sorted((row["account_key"], row["source_key"], row["modification"]) for row in made) == [
        ("points", "manual", -10),
        ("points", "promotion", -5),
        ("tier_points", "manual", -7),
    ]
    assert await broken(gateway, gateway.members[OTHER]) == []


async def entries(gateway: Gateway, member: str) -> Any:
    """The member's ledger."""
    (rows,) = await found(gateway, select(point_entries).where(point_entries.c.customer_id == gateway.members[member]))
    return rows


async def test_many_lots_expire_in_several_transactions(gateway: Gateway) -> None:
    many = LOTS_AT_ONCE + 5
    for _ in range(many):
        await adjust(gateway, adjustment(gateway, CROWDED, 2, **in_days(gateway, 1)))
    done = await run_at(gateway, gateway.now + dt.timedelta(days=1))
    assert (done.customers, done.entries, done.points) == (1, 2, 2 * many)
    assert await broken(gateway, gateway.members[CROWDED]) == []


async def test_points_of_closed_memberships_stay_and_of_restricted_ones_expire(gateway: Gateway) -> None:
    for member in (OTHER, THIRD):
        await adjust(gateway, adjustment(gateway, member, 5, **in_days(gateway, 1)))
    await put(gateway, OTHER, membership="DELETED")
    await put(gateway, THIRD, processing="RESTRICTED")
    try:
        before = await contents(gateway, gateway.members[OTHER])
        done = await run_at(gateway, gateway.now + dt.timedelta(days=1))
        assert (done.customers, done.points) == (1, 5)
        assert await contents(gateway, gateway.members[OTHER]) == before
    finally:
        await put(gateway, OTHER, membership="ACTIVE")
        await put(gateway, THIRD, processing="ACTIVE")
    assert (await run_at(gateway, gateway.now + dt.timedelta(days=1))).customers == 1


async def put(gateway: Gateway, support_id: str, **state: str) -> None:
    """Set the customer's state, whatever led to it."""
    engine = create_async_engine(gateway.runtime.databases["main"].url)
    async with engine.begin() as connection:
        whose = customers.c.customer_id == gateway.members[support_id]
        await connection.execute(customers.update().where(whose).values(**state))
    await engine.dispose()


async def test_what_is_given_back_to_a_lapsed_lot_expires_with_the_next_run(gateway: Gateway) -> None:
    at = gateway.now + dt.timedelta(days=1)
    added = await adjust(gateway, adjustment(gateway, THIRD, 9, **in_days(gateway, 1)))
    spent = await adjust(gateway, adjustment(gateway, THIRD, -9))
    assert await run_at(gateway, at) == Expired()
    gateway.now, now = at, gateway.now
    try:
        await reverse(gateway, reversal(spent["entry"]["id"]))
        assert refused(await reverse(gateway, reversal(added["entry"]["id"]))) == [("INSUFFICIENT_POINTS", "entryId")]
        assert (await run_at(gateway, at)).points == 9
        assert await broken(gateway, gateway.members[THIRD]) == []
    finally:
        gateway.now = now


async def test_a_deficit_stays_where_it_is_when_lapsed_points_leave(gateway: Gateway) -> None:
    added = await adjust(gateway, adjustment(gateway, THIRD, 6, accountKey=OWING, **in_days(gateway, 1)))
    at, now = gateway.now + dt.timedelta(days=1), gateway.now
    gateway.now = at
    try:
        held = added["account"]["balance"]
        await take_back(gateway, THIRD, held + 4)
        assert (await run_at(gateway, at)).points == 6
        paid = await adjust(gateway, adjustment(gateway, THIRD, 12, accountKey=OWING))
        assert (paid["entry"]["balanceBefore"], paid["entry"]["amountSpent"], paid["entry"]["remaining"]) == (
            -10,
            10,
            2,
        )
        assert await broken(gateway, gateway.members[THIRD]) == []
    finally:
        gateway.now = now


async def test_spending_beside_the_run_keeps_the_laws(gateway: Gateway) -> None:
    customer = gateway.members[SPENDER]
    for days in (1, 1, 1, 2, 2, 9):
        await adjust(gateway, adjustment(gateway, SPENDER, 20, **in_days(gateway, days)))
    at = gateway.now + dt.timedelta(days=1)

    async def spend(points: int) -> Any:
        return await gateway.run(PLAIN, {"input": adjustment(gateway, SPENDER, -points)})

    spending = [spend(points) for points in (3, 5, 8, 2) * (WORKERS // 4)]
    before = await balance(gateway, customer)
    answers, *runs = await asyncio.gather(asyncio.gather(*spending), run_at(gateway, at), run_at(gateway, at))
    payloads = [answer.data["pointsAdjust"] for answer in answers]
    assert [payload["userErrors"] for payload in payloads] == [[]] * WORKERS
    spent = -sum(payload["entry"]["modification"] for payload in payloads)
    expired = sum(run.points for run in runs)
    assert (spent, await balance(gateway, customer)) == (18 * WORKERS // 4, before - spent - expired)
    assert (await run_at(gateway, at), await broken(gateway, customer)) == (Expired(), [])


async def balance(gateway: Gateway, customer: UUID) -> int:
    """What the lots of the points account hold."""
    lot = point_lots.c
    (rows,) = await found(
        gateway, select(lot.remaining).where(lot.customer_id == customer, lot.account_key == "points")
    )
    return sum(row["remaining"] for row in rows)
