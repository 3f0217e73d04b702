"""Made-up promo-code activity: claims, assignments, failed attempts, limiters and lockouts."""

import datetime as dt

import msgspec

from datasources.program import LockoutPolicy
from datasources.promo_codes import masked
from datasources.sql.tables.promo_codes import (
    customer_promo_codes,
    promo_code_errors,
    promo_code_limiters,
    promo_code_lockouts,
)

from .catalogue import ASSIGNED, CLAIMABLE, ENDED, ONCE
from .household import Household
from .stream import Stream

NAMES = {CLAIMABLE: "Welcome points", ENDED: "Summer points", ONCE: "Once only", ASSIGNED: "Thank you"}
TYPO = "SUMER50"
LOCKING = LockoutPolicy().failures
RESET = 30
"""Every which household was locked out once and let in again by staff."""


class Failure(msgspec.Struct, frozen=True):
    """A claim that failed."""

    at: dt.datetime
    entered: str
    reason: str


class Claim(msgspec.Struct, frozen=True):
    """A code that was claimed."""

    at: dt.datetime
    code: str


def claims(household: Household) -> list[Claim]:
    """What the household claimed: half of them have claimed one code."""
    number, timeline = household.number, household.timeline
    made: list[Claim] = []
    if number % 4 == 1:
        made.append(Claim(timeline.before_end(days=150), ENDED))
    elif number % 4 == 3:
        made.append(Claim(timeline.before_end(days=15), ONCE))
    return [claim for claim in made if household.takes_part_at(claim.at)]


def write(household: Household, stream: Stream) -> None:
    """Everyone who takes part has a code assigned; half have claimed one; some failed, met a limiter, were locked out."""
    _write_code(household, stream, Claim(household.timeline.before_end(days=12), ASSIGNED), claimed=False)
    for claim in claims(household):
        _write_code(household, stream, claim, claimed=True)
    earlier = [failure for failure in _earlier_failures(household) if household.takes_part_at(failure.at)]
    latest = _latest_failures(household)
    for index, failure in enumerate([*earlier, *latest]):
        household.own(
            promo_code_errors,
            id=household.id(failure.at, "promo code error", index),
            entered_code=masked(failure.entered),
            reason=failure.reason,
            at=failure.at,
        )
    _write_lockout(household, earlier, latest)
    if met := [failure for failure in earlier if failure.reason == "LIMITER"]:
        _write_limiter(household, met)


def _earlier_failures(household: Household) -> list[Failure]:
    """A code entered again after it was claimed, or five typos that led to a lockout which staff reset."""
    number, timeline = household.number, household.timeline
    if number % 8 == 3:
        return [Failure(timeline.before_end(days=9, minutes=minutes), ONCE, "LIMITER") for minutes in (6, 5)]
    if number % 16 == 1:
        return [Failure(timeline.before_end(days=149), ENDED, "ALREADY_CLAIMED")]
    if number % RESET == 22:
        return [Failure(timeline.before_end(days=40, minutes=left), TYPO, "UNKNOWN_CODE") for left in range(5, 0, -1)]
    return []


def _latest_failures(household: Household) -> list[Failure]:
    """Up to two tries of a code that has ended, or five that end in a lockout 20 minutes ago."""
    count = 5 if household.number % 30 == 2 else household.number % 3
    tries = [household.timeline.before_end(minutes=20 + count - index) for index in range(count)]
    entered = ((TYPO, "UNKNOWN_CODE"), (ENDED, "EXPIRED"))
    return [Failure(at, *entered[index % 2]) for index, at in enumerate(tries)]


def _write_code(household: Household, stream: Stream, claim: Claim, *, claimed: bool) -> None:
    code, at = claim.code, claim.at
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


def _write_lockout(household: Household, earlier: list[Failure], latest: list[Failure]) -> None:
    """The counters; five failures in a row locked the customer out, and a reset began to count anew."""
    was_reset = len(earlier) >= LOCKING
    in_row = latest if was_reset else [*earlier, *latest]
    locked_at = next((row[-1].at for row in (in_row, earlier) if len(row) >= LOCKING), None)
    household.own(
        promo_code_lockouts,
        locked_at=locked_at,
        expires_at=None if locked_at is None else locked_at + dt.timedelta(hours=1),
        consecutive_failures=len(in_row),
        total_failures=len(earlier) + len(latest),
        reset_count=int(was_reset),
    )


def _write_limiter(household: Household, met: list[Failure]) -> None:
    household.own(
        promo_code_limiters,
        id=household.id(met[-1].at, "limiter", ONCE),
        code=ONCE,
        policy="ONE_TIME",
        description="Each customer can claim this code once",
        triggered_at=met[-1].at,
        attempts=len(met),
    )
