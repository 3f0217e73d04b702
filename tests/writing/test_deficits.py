"""Accounts that may fall below zero: what is owed, how additions pay it before anything else, and that the laws hold."""

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from datasources.sql.tables.points import point_accounts, point_allocations, point_entries
from tests.harness import Gateway
from tests.writing.asking import adjust, adjustment, refused, reversal, reverse
from tests.writing.deficits import OWING, take_back
from tests.writing.laws import broken
from tests.writing.tables import contents, found

MEMBER, OTHER, THIRD, FOURTH = "CJ-000020", "CJ-000021", "CJ-000023", "CJ-000024"


def owing(gateway: Gateway, member: str, points: int, **more: Any) -> dict[str, Any]:
    """An adjustment of the account that may fall below zero."""
    return adjustment(gateway, member, points, accountKey=OWING, **more)


async def emptied(gateway: Gateway, member: str) -> None:
    """The account without a point."""
    (rows,) = await found(gateway, select(point_accounts).where(whose(gateway, member, point_accounts)))
    held = sum(row["balance"] for row in rows)
    if held:
        await adjust(gateway, owing(gateway, member, -held))


def whose(gateway: Gateway, member: str, table: Any) -> Any:
    return (table.c.customer_id == gateway.members[member]) & (table.c.account_key == OWING)


async def allocated(gateway: Gateway, member: str, debit: UUID) -> list[int]:
    """How many points each lot gave to a debit, in the order of the ledger."""
    lot = point_entries.c
    statement = (
        select(point_allocations.c.points)
        .join(
            point_entries,
            (lot.customer_id == point_allocations.c.customer_id) & (lot.id == point_allocations.c.lot_id),
        )
        .where(point_allocations.c.customer_id == gateway.members[member], point_allocations.c.debit_id == debit)
        .order_by(lot.sequence)
    )
    (rows,) = await found(gateway, statement)
    return [row["points"] for row in rows]


async def test_a_return_takes_all_there_is_and_leaves_a_deficit_that_additions_pay_first(gateway: Gateway) -> None:
    await emptied(gateway, MEMBER)
    await adjust(gateway, owing(gateway, MEMBER, 30))
    debit = await take_back(gateway, MEMBER, 100)
    assert await allocated(gateway, MEMBER, debit) == [30]
    assert refused(await adjust(gateway, owing(gateway, MEMBER, -1))) == [("INSUFFICIENT_POINTS", "points")]
    given = owing(gateway, MEMBER, 50)
    some = await adjust(gateway, given)
    assert (some["entry"]["balanceBefore"], some["entry"]["balanceAfter"]) == (-70, -20)
    assert (some["entry"]["amountSpent"], some["entry"]["remaining"], some["entry"]["allocations"]) == (50, 0, [])
    rest = await adjust(gateway, owing(gateway, MEMBER, 50))
    assert (rest["entry"]["amountSpent"], rest["entry"]["remaining"]) == (20, 30)
    assert (rest["account"]["balance"], rest["account"]["available"]) == (30, 30)
    assert await allocated(gateway, MEMBER, debit) == [30, 50, 20]
    (rows,) = await found(gateway, select(point_entries).where(point_entries.c.id == debit))
    assert (rows[0]["modification"], rows[0]["uncovered"], rows[0]["balance_after"]) == (-100, 70, -70)
    again = await adjust(gateway, given)
    assert (again["replayed"], again["entry"]) == (True, some["entry"])
    assert await broken(gateway, gateway.members[MEMBER]) == []


async def test_several_deficits_are_paid_oldest_first_by_one_addition(gateway: Gateway) -> None:
    await emptied(gateway, OTHER)
    first, second = [await take_back(gateway, OTHER, points) for points in (40, 25)]
    added = await adjust(gateway, owing(gateway, OTHER, 60))
    assert (added["entry"]["amountSpent"], added["account"]["balance"]) == (60, -5)
    assert [await allocated(gateway, OTHER, debit) for debit in (first, second)] == [[40], [20]]
    assert await broken(gateway, gateway.members[OTHER]) == []


async def test_what_paid_a_deficit_is_spent_and_its_entry_can_not_be_reversed(gateway: Gateway) -> None:
    await emptied(gateway, OTHER)
    await take_back(gateway, OTHER, 5)
    added = await adjust(gateway, owing(gateway, OTHER, 20))
    before = await contents(gateway, gateway.members[OTHER])
    wrong = await reverse(gateway, reversal(added["entry"]["id"]))
    assert refused(wrong) == [("INSUFFICIENT_POINTS", "entryId")]
    after = await contents(gateway, gateway.members[OTHER])
    assert after["point_entries"] == before["point_entries"]


async def test_points_given_back_pay_a_deficit_before_they_reach_the_lots_they_came_from(gateway: Gateway) -> None:
    await emptied(gateway, THIRD)
    soon = {"expiresAt": "2026-03-01T00:00:00Z"}
    first = await adjust(gateway, owing(gateway, THIRD, 40, **soon))
    last = await adjust(gateway, owing(gateway, THIRD, 60))
    spent = await adjust(gateway, owing(gateway, THIRD, -100))
    debit = await take_back(gateway, THIRD, 50)
    given = reversal(spent["entry"]["id"])
    back = await reverse(gateway, given)
    assert (back["entry"]["amountSpent"], back["entry"]["remaining"], back["account"]["balance"]) == (100, 0, 50)
    assert back["entry"]["allocations"] == [{"points": 50, "lot": {"modification": 60}}]
    assert await allocated(gateway, THIRD, debit) == [50]
    assert [await left(gateway, one["entry"]["id"]) for one in (first, last)] == [0, 50]
    again = await reverse(gateway, given)
    assert (again["replayed"], again["entry"]) == (True, back["entry"])
    assert await broken(gateway, gateway.members[THIRD]) == []


async def left(gateway: Gateway, entry: str) -> int:
    """What is left of an entry's lot."""
    query = "query ($id: ID!) { node(id: $id) { ... on PointAuditEntry { remaining } } }"
    remaining: int = (await gateway.run(query, {"id": entry})).data["node"]["remaining"]
    return remaining


async def test_a_dry_run_tells_what_would_be_paid(gateway: Gateway) -> None:
    await emptied(gateway, FOURTH)
    await take_back(gateway, FOURTH, 10)
    before = await contents(gateway, gateway.members[FOURTH])
    payload = await adjust(gateway, owing(gateway, FOURTH, 25, dryRun=True))
    assert (payload["entry"]["amountSpent"], payload["account"]["balance"]) == (10, 15)
    assert await contents(gateway, gateway.members[FOURTH]) == before


async def test_a_debit_that_nothing_makes_up_is_not_posted(gateway: Gateway) -> None:
    before = await contents(gateway, gateway.members[FOURTH])
    with pytest.raises(RuntimeError, match="the parts of a debit"):
        await take_back(gateway, FOURTH, 1_000_000, owes=False)
    assert await contents(gateway, gateway.members[FOURTH]) == before
