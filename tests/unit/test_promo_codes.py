import datetime as dt
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
import pytest

from datasources.ids import CustomerId, EntityId
from datasources.program import LockoutPolicy
from datasources.promo_codes import (
    ClaimableCode,
    ClaimWindow,
    LockoutRow,
    PromoCodeFailure,
    PromoCodeRow,
    PromoCodeState,
    after_failure,
    after_reset,
    failure_of,
    masked,
)
from datasources.refusals import UserErrorCode
from datasources.writing import Refusal

NOW = dt.datetime(2026, 1, 26, 5, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)
CUSTOMER = CustomerId(UUID(int=1))


@pytest.mark.parametrize(
    ("locked_at", "expires_at", "is_locked"),
    [
        (None, None, False),
        (NOW, NOW + HOUR, True),
        (NOW - HOUR, NOW, False),
        (NOW - HOUR, None, True),
        (NOW + HOUR, None, False),
    ],
)
def test_a_lockout_lasts_until_it_expires_by_the_clock(locked_at, expires_at, is_locked):
    assert LockoutRow(CUSTOMER, locked_at, expires_at, 5, 5).is_locked(NOW) is is_locked


NEW_YORK = ZoneInfo("America/New_York")
MINUTE = dt.timedelta(minutes=1)
CODE = ClaimableCode(EntityId(UUID(int=2)), "HELLO", "Hello", None, None, None, 0, None, None, None, None, False, ())
EVENING = ClaimWindow(from_minute=18 * 60, until_minute=22 * 60)
WEEKEND = ClaimWindow(weekdays=(6, 7))
POLICY = LockoutPolicy(failures=3, locked_for_minutes=30)


def held(*states):
    return [PromoCodeRow(CUSTOMER, EntityId(UUID(int=3)), "HELLO", one, "Hello", NOW, None, None) for one in states]


CLAIMED, ASSIGNED = PromoCodeState.CLAIMED, PromoCodeState.ASSIGNED


@pytest.mark.parametrize(
    ("columns", "states", "failure"),
    [
        ({}, (), None),
        ({"starts_at": NOW}, (), None),
        ({"starts_at": NOW + MINUTE}, (), "NOT_STARTED"),
        ({"expires_at": NOW + MINUTE}, (), None),
        ({"expires_at": NOW}, (), "EXPIRED"),
        ({"only_assigned": True}, (), "NOT_ELIGIBLE"),
        ({"only_assigned": True}, (ASSIGNED,), None),
        ({"only_assigned": True}, (CLAIMED,), "ALREADY_CLAIMED"),
        ({}, (CLAIMED,), "ALREADY_CLAIMED"),
        ({"limiter": "ONE_TIME"}, (CLAIMED,), "LIMITER"),
        ({"per_customer_limit": 2}, (CLAIMED, ASSIGNED), None),
        ({"per_customer_limit": 2}, (CLAIMED, CLAIMED), "ALREADY_CLAIMED"),
        ({"per_customer_limit": 0}, (), "ALREADY_CLAIMED"),
        ({"window": EVENING}, (), "LIMITER"),
        # The limiter is the window's: who has claimed it all is told so.
        ({"window": EVENING, "limiter": "TIME_OF_DAY"}, (CLAIMED,), "ALREADY_CLAIMED"),
        ({"window": ClaimWindow(until_minute=1)}, (), None),
        ({"claim_cap": 1}, (), None),
        ({"claim_cap": 1, "claims": 1}, (), "CAP_REACHED"),
    ],
)
def test_a_claim_fails_for_the_first_reason_that_holds(columns, states, failure):
    code = msgspec.structs.replace(CODE, **columns)
    found = failure_of(code, held(*states), NOW, NEW_YORK)
    assert (None if found is None else found.value) == failure


@pytest.mark.parametrize(
    ("window", "local", "is_open", "opens"),
    [
        (EVENING, "2026-01-26T17:59", False, "2026-01-26T18:00"),
        (EVENING, "2026-01-26T18:00", True, "2026-01-27T18:00"),
        (EVENING, "2026-01-26T21:59", True, "2026-01-27T18:00"),
        (EVENING, "2026-01-26T22:00", False, "2026-01-27T18:00"),
        (WEEKEND, "2026-01-26T12:00", False, "2026-01-31T00:00"),
        (WEEKEND, "2026-01-31T12:00", True, "2026-02-01T00:00"),
        # A clock that is put forward, or back.
        (EVENING, "2026-03-07T23:00", False, "2026-03-08T18:00"),
        (EVENING, "2026-10-31T23:00", False, "2026-11-01T18:00"),
    ],
)
def test_a_window_is_one_of_the_programs_own_clock(window, local, is_open, opens):
    at, opening = (dt.datetime.fromisoformat(text).replace(tzinfo=NEW_YORK) for text in (local, opens))
    assert (window.is_open(at.astimezone(dt.UTC), NEW_YORK), window.opens_after(at.astimezone(dt.UTC), NEW_YORK)) == (
        is_open,
        opening.astimezone(dt.UTC),
    )


def test_a_window_on_no_day_that_there_is_never_opens():
    assert ClaimWindow(weekdays=(8,)).opens_after(NOW, NEW_YORK) is None


@pytest.mark.parametrize(
    ("entered", "kept"),
    [("SUMMER50", "SU••••••"), ("ABCDE", "AB•••"), ("ABCD", "••••"), ("A", "•"), ("x" * 200, "xx" + "•" * 38)],
)
def test_all_of_a_code_but_its_beginning_is_masked(entered, kept):
    assert masked(entered) == kept


@pytest.mark.parametrize(
    ("consecutive", "recent", "failure", "locks"),
    [
        (1, 9, PromoCodeFailure.UNKNOWN_CODE, False),
        (2, 9, PromoCodeFailure.UNKNOWN_CODE, True),
        (9, 1, PromoCodeFailure.EXPIRED, False),
        (9, 2, PromoCodeFailure.EXPIRED, True),
        (9, 9, PromoCodeFailure.LOCKED_OUT, False),
    ],
)
def test_failures_in_a_row_since_the_latest_lockout_lock_the_customer_out(consecutive, recent, failure, locks):
    after = after_failure(LockoutRow(CUSTOMER, None, None, consecutive, 20, 1), recent, failure, POLICY, NOW)
    times = (NOW, NOW + 30 * MINUTE) if locks else (None, None)
    assert after == LockoutRow(CUSTOMER, *times, consecutive + 1, 21, 1)


@pytest.mark.parametrize(
    ("before", "expires_at"),
    [
        (LockoutRow(CUSTOMER, NOW - HOUR, NOW + HOUR, 5, 9, 1), NOW),
        (LockoutRow(CUSTOMER, NOW - HOUR, None, 0, 9, 1), NOW),
        (LockoutRow(CUSTOMER, NOW - 2 * HOUR, NOW - HOUR, 2, 9, 1), NOW - HOUR),
    ],
)
def test_a_reset_ends_the_lockout_and_counts_anew(before, expires_at):
    assert after_reset(before, NOW) == LockoutRow(CUSTOMER, before.locked_at, expires_at, 0, 9, 2)


@pytest.mark.parametrize("before", [LockoutRow(CUSTOMER), LockoutRow(CUSTOMER, NOW - 2 * HOUR, NOW - HOUR, 0, 9, 1)])
def test_where_nothing_is_counted_there_is_nothing_to_reset(before):
    with pytest.raises(Refusal) as refusal:
        after_reset(before, NOW)
    assert (refusal.value.code, refusal.value.path) == (UserErrorCode.NOT_LOCKED, ())
