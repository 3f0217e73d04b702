"""The ledger's rules: what is spent first, what an entry does to an account, and what can't be done."""

import datetime as dt
from uuid import UUID

import msgspec
import pytest

from datasources.ids import CustomerId
from datasources.ledger import (
    LARGEST,
    Account,
    Debt,
    Lot,
    Part,
    account_of,
    as_made,
    check_added,
    check_deducted,
    check_reversible,
    check_source,
    check_whole,
    given_back,
    in_order,
    lapses_at,
    months_later,
    paid_off,
    taken,
)
from datasources.points import PointAuditRow, PointEntryKind
from datasources.program import PointAccountDefinition, PointAccountType, PointSource, ProgramSettings
from datasources.writing import Refusal

NOW = dt.datetime(2026, 1, 31, 12, tzinfo=dt.UTC)
LATER, LATEST = NOW + dt.timedelta(days=1), NOW + dt.timedelta(days=2)
POINTS = PointAccountDefinition(
    "points", "Points", PointAccountType.REDEEMABLE, True, ("manual",), expires_after_months=1, max_balance=1_000
)
PROGRAM = ProgramSettings(
    "Program",
    "USD",
    point_accounts=(POINTS,),
    point_sources=(PointSource("manual", "Manual"), PointSource("return", "Return")),
)


def lot(number: int, remaining: int, expires_at: dt.datetime | None = None, earned_at: dt.datetime = NOW) -> Lot:
    return Lot(UUID(int=number), expires_at, earned_at, remaining)


def refusal(call: object, *arguments: object, **named: object) -> tuple[str, tuple[str, ...]]:
    assert callable(call)
    with pytest.raises(Refusal) as refused:
        call(*arguments, **named)
    return refused.value.code.value, refused.value.path


def test_what_expires_soonest_is_spent_first_then_the_oldest_then_by_id() -> None:
    lots = [
        lot(1, 5),
        lot(4, 5, LATER),
        lot(3, 5, LATER),
        lot(5, 5, LATER, NOW - dt.timedelta(days=1)),
        lot(2, 5, LATEST),
    ]
    assert [one.entry_id.int for one in in_order(lots)] == [5, 3, 4, 2, 1]
    assert taken(lots, 12) == (Part(UUID(int=5), 5), Part(UUID(int=3), 5), Part(UUID(int=4), 2))


def test_lots_are_taken_to_the_last_point_and_never_beyond() -> None:
    assert taken([lot(1, 5), lot(2, 0), lot(3, 5)], 10) == (Part(UUID(int=1), 5), Part(UUID(int=3), 5))
    with pytest.raises(ValueError, match="^the lots hold fewer points than the balance$"):
        taken([lot(1, 5)], 6)


@pytest.mark.parametrize(
    ("modification", "kind", "lifetime"),
    [
        (10, "EARN", (110, 40, 5)),
        (-10, "SPEND", (100, 50, 5)),
        (-10, "REVERSAL", (90, 40, 5)),
        (10, "REVERSAL", (100, 30, 5)),
        (-10, "RETURN", (90, 40, 5)),
        (10, "RETURN", (100, 30, 5)),
        (-10, "EXPIRE", (100, 40, 15)),
    ],
)
def test_reversals_and_returns_take_back_what_their_entry_counted_as(
    modification: int, kind: str, lifetime: tuple[int, int, int]
) -> None:
    account = Account(balance=60, lifetime_earned=100, lifetime_spent=40, lifetime_expired=5, sequence=7)
    after = account.moved(modification, PointEntryKind(kind))
    assert (after.balance, after.sequence) == (60 + modification, 8)
    assert (after.lifetime_earned, after.lifetime_spent, after.lifetime_expired) == lifetime


def test_held_and_overdue_points_are_not_available() -> None:
    account = Account(balance=100, held=20, overdue=30)
    check_deducted(account, 50)
    assert refusal(check_deducted, account, 51) == ("INSUFFICIENT_POINTS", ("points",))


def test_an_account_holds_no_more_than_its_cap_nor_64_bits() -> None:
    check_added(Account(balance=999), POINTS, 1)
    assert refusal(check_added, Account(balance=999), POINTS, 2) == ("LIMIT_EXCEEDED", ("points",))
    uncapped = msgspec.structs.replace(POINTS, max_balance=None)
    check_added(Account(), uncapped, LARGEST)
    assert refusal(check_added, Account(balance=1), uncapped, LARGEST) == ("LIMIT_EXCEEDED", ("points",))
    assert refusal(check_added, Account(lifetime_earned=1), uncapped, LARGEST) == ("LIMIT_EXCEEDED", ("points",))
    spent = Account(balance=5, lifetime_spent=LARGEST - 4)
    assert refusal(check_deducted, spent, 5) == ("LIMIT_EXCEEDED", ("points",))


def test_accounts_and_sources_are_those_of_the_program() -> None:
    assert account_of(PROGRAM, "points") is POINTS
    assert refusal(account_of, PROGRAM, "miles") == ("NOT_FOUND", ("accountKey",))
    check_source(PROGRAM, POINTS, "manual")
    assert refusal(check_source, PROGRAM, POINTS, "gift") == ("NOT_FOUND", ("sourceKey",))
    assert refusal(check_source, PROGRAM, POINTS, "return") == ("INVALID", ("sourceKey",))


def test_points_lapse_on_the_same_day_of_a_later_month_or_its_last() -> None:
    assert lapses_at(POINTS, NOW) == dt.datetime(2026, 2, 28, 12, tzinfo=dt.UTC)
    assert lapses_at(msgspec.structs.replace(POINTS, expires_after_months=None), NOW) is None
    assert months_later(dt.datetime(2026, 11, 30, tzinfo=dt.UTC), 27) == dt.datetime(2029, 2, 28, tzinfo=dt.UTC)
    assert months_later(dt.datetime(2026, 12, 31, tzinfo=dt.UTC), 12) == dt.datetime(2027, 12, 31, tzinfo=dt.UTC)


@pytest.mark.parametrize("kind", PointEntryKind)
def test_only_what_was_earned_spent_or_made_by_hand_is_reversed(kind: PointEntryKind) -> None:
    if kind.value in {"ADJUST", "COMP", "EARN", "SPEND"}:
        check_reversible(kind, is_reversed=False, is_returned=False)
    else:
        wrong = refusal(check_reversible, kind, is_reversed=False, is_returned=False)
        assert wrong == ("INVALID_TRANSITION", ("entryId",))
    assert refusal(check_reversible, kind, is_reversed=True, is_returned=False) == ("ALREADY_DONE", ("entryId",))


@pytest.mark.parametrize("kind", [PointEntryKind.EARN, PointEntryKind.SPEND])
def test_points_of_a_returned_purchase_are_not_reversed(kind: PointEntryKind) -> None:
    wrong = refusal(check_reversible, kind, is_reversed=False, is_returned=True)
    assert wrong == ("INVALID_TRANSITION", ("entryId",))


def test_only_an_addition_that_is_whole_and_not_lapsed_is_reversed() -> None:
    check_whole(lot(1, 5, LATER), 5, NOW)
    assert refusal(check_whole, lot(1, 4, LATER), 5, NOW) == ("INSUFFICIENT_POINTS", ("entryId",))
    assert refusal(check_whole, lot(1, 5, NOW), 5, NOW) == ("INSUFFICIENT_POINTS", ("entryId",))


@pytest.mark.parametrize(
    ("kind", "modification", "held", "shown"),
    [
        ("ADJUST", 10, (4, 2, 4), (0, 0, 10)),
        ("REVERSAL", 10, (10, 0, 0), (10, 0, 0)),
        ("ADJUST", -10, (None, None, None), (None, None, None)),
    ],
)
def test_a_repeated_answer_shows_the_entry_as_it_was_made(
    kind: str, modification: int, held: tuple[int | None, ...], shown: tuple[int | None, ...]
) -> None:
    values = dict.fromkeys(PointAuditRow.__struct_fields__) | {
        "customer_id": CustomerId(UUID(int=1)),
        "kind": PointEntryKind(kind),
        "modification": modification,
        "reversed_by_id": UUID(int=2),
    }
    names = ("amount_spent", "amount_expired", "remaining")
    made = as_made(PointAuditRow(**values | dict(zip(names, held, strict=True))))  # type: ignore[arg-type]
    assert tuple(getattr(made, name) for name in names) == shown
    assert made.status.value == "POSTED"


def test_debts_are_paid_oldest_first() -> None:
    debts = (Debt(UUID(int=1), 5), Debt(UUID(int=2), 7))
    assert paid_off(debts, 6) == (Debt(UUID(int=1), 5), Debt(UUID(int=2), 1))
    assert paid_off(debts, 100) == debts
    assert paid_off(debts, 0) == ()


def test_what_expires_last_is_given_back_first() -> None:
    parts = (Part(UUID(int=1), 5), Part(UUID(int=2), 7))
    assert given_back(parts, 8) == (Part(UUID(int=1), 1), Part(UUID(int=2), 7))
    assert given_back(parts, 12) == parts
    assert given_back(parts, 0) == ()


@pytest.mark.parametrize(("balance", "overdue", "deficit"), [(5, 0, 0), (0, 0, 0), (-5, 0, 5), (-5, 3, 8), (4, 4, 0)])
def test_a_deficit_is_how_far_below_zero_what_is_available_lies(balance: int, overdue: int, deficit: int) -> None:
    account = Account(balance=balance, overdue=overdue)
    assert (account.deficit, account.available) == (deficit, balance - overdue)
