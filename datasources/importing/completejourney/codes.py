"""Made-up promo-code activity: claims, assignments, failed attempts, limiters and lockouts."""

import datetime as dt

from datasources.sql.tables.promo_codes import (
    customer_promo_codes,
    promo_code_errors,
    promo_code_limiters,
    promo_code_lockouts,
)

from .catalogue import ASSIGNED, CLAIMABLE, ENDED, ONCE
from .household import Household
from .stream import Stream

FAILURES = ("UNKNOWN_CODE", "EXPIRED", "ALREADY_CLAIMED")
NAMES = {CLAIMABLE: "Welcome points", ENDED: "Summer points", ONCE: "Once only", ASSIGNED: "Thank you"}


def write(household: Household, stream: Stream) -> None:
    """Everyone who takes part has a code assigned; half have claimed one; some failed, met a limiter, were locked out."""
    _write_code(household, stream, ASSIGNED, household.timeline.before_end(days=12), claimed=False)
    if household.number % 2:
        code = ENDED if household.number % 4 == 1 else ONCE
        days = 150 if code == ENDED else 15
        _write_code(household, stream, code, household.timeline.before_end(days=days), claimed=True)
    failures = 5 if household.number % 30 == 2 else household.number % 3
    locked_at = household.timeline.before_end(minutes=20)
    for number in range(failures):
        at = locked_at - dt.timedelta(minutes=failures - number)
        household.own(
            promo_code_errors,
            id=household.id(at, "promo code error", number),
            entered_code="SU••••••",
            reason=FAILURES[number % len(FAILURES)],
            at=at,
        )
    _write_lockout(household, failures, locked_at)
    if household.number % 5 == 0:
        _write_limiter(household)


def _write_code(household: Household, stream: Stream, code: str, at: dt.datetime, *, claimed: bool) -> None:
    if not household.takes_part_at(at):
        return
    household.own(
        customer_promo_codes,
        id=household.id(at, "promo code", code),
        code=code,
        state="CLAIMED" if claimed else "ASSIGNED",
        campaign_name=NAMES[code],
        at=at,
        claimed_at=at if claimed else None,
        assigned_at=None if claimed else at,
    )
    if claimed:
        facts = {"code": code, "campaign_name": NAMES[code]}
        stream.record("promo_code_claimed", at, f"code:{code}", facts, channel="SDK_WEB")


def _write_lockout(household: Household, failures: int, at: dt.datetime) -> None:
    locked = failures >= 5
    household.own(
        promo_code_lockouts,
        locked_at=at if locked else None,
        expires_at=at + dt.timedelta(hours=1) if locked else None,
        consecutive_failures=failures,
        total_failures=failures,
        reset_count=0,
    )


def _write_limiter(household: Household) -> None:
    at = household.timeline.before_end(days=9)
    household.own(
        promo_code_limiters,
        id=household.id(at, "limiter", ONCE),
        code=ONCE,
        policy="ONE_TIME",
        description="Each customer can claim this code once",
        triggered_at=at,
        attempts=2,
    )
