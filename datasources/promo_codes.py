"""Promo codes that customers hold, what went wrong with claims, limiters met, and lockouts. Rules: requirements 1.L."""

import datetime as dt
from collections.abc import Sequence
from enum import Enum
from typing import Protocol
from zoneinfo import ZoneInfo

import msgspec

from datasources.ids import CustomerId, EntityId, OwnedId
from datasources.outcomes import Outcome
from datasources.paging import Page, PageRequest
from datasources.program import LockoutPolicy
from datasources.refusals import UserErrorCode
from datasources.writing import Refusal, Write, Writer, Written


class PromoCodeState(Enum):
    """How a customer came by a code (L1)."""

    CLAIMED = "CLAIMED"
    ASSIGNED = "ASSIGNED"


class PromoCodeFailure(Enum):
    """Why a claim failed (L2)."""

    UNKNOWN_CODE = "UNKNOWN_CODE"
    NOT_STARTED = "NOT_STARTED"
    EXPIRED = "EXPIRED"
    ALREADY_CLAIMED = "ALREADY_CLAIMED"
    CAP_REACHED = "CAP_REACHED"
    LIMITER = "LIMITER"
    LOCKED_OUT = "LOCKED_OUT"
    NOT_ELIGIBLE = "NOT_ELIGIBLE"


class PromoCodeRow(msgspec.Struct, frozen=True):
    """A code that a customer claimed or was assigned; `at` is when."""

    customer_id: CustomerId
    id: EntityId
    code: str
    state: PromoCodeState
    campaign_name: str
    at: dt.datetime
    claimed_at: dt.datetime | None
    assigned_at: dt.datetime | None


class PromoCodeErrorRow(msgspec.Struct, frozen=True):
    """A claim that failed; what was entered is kept masked, for it may be another's code."""

    customer_id: CustomerId
    id: EntityId
    entered_code: str
    reason: PromoCodeFailure
    at: dt.datetime


class PromoCodeLimiterRow(msgspec.Struct, frozen=True):
    """A limit on a code that a customer met (L3)."""

    customer_id: CustomerId
    id: EntityId
    code: str
    policy: str
    description: str
    triggered_at: dt.datetime
    attempts: int
    window_ends_at: dt.datetime | None


class LockoutRow(msgspec.Struct, frozen=True):
    """What is counted of a customer's failed claims, and the latest lockout (L4)."""

    customer_id: CustomerId
    locked_at: dt.datetime | None = None
    expires_at: dt.datetime | None = None
    consecutive_failures: int = 0
    total_failures: int = 0
    reset_count: int = 0

    def is_locked(self, now: dt.datetime) -> bool:
        """True from the lockout on until it expires, before any job says so."""
        if self.locked_at is None or self.locked_at > now:
            return False
        return self.expires_at is None or self.expires_at > now


MINUTES = 24 * 60
SHOWN, MOST_HIDDEN = 2, 38


class ClaimWindow(msgspec.Struct, frozen=True):
    """When in the week a code can be claimed, in the program's time zone: on ISO weekdays (none: on every one), between two
    minutes of the day, the last not included."""

    weekdays: tuple[int, ...] = ()
    from_minute: int = 0
    until_minute: int = MINUTES

    def is_open(self, at: dt.datetime, zone: ZoneInfo) -> bool:
        """True when a code can be claimed at the instant."""
        local = at.astimezone(zone)
        minute = 60 * local.hour + local.minute
        return self._on(local.date()) and self.from_minute <= minute < self.until_minute

    def opens_after(self, at: dt.datetime, zone: ZoneInfo) -> dt.datetime | None:
        """When it opens next, in UTC; None where it never does."""
        today = at.astimezone(zone).date()
        begins = dt.time(*divmod(self.from_minute, 60))
        for days in range(8):
            day = today + dt.timedelta(days=days)
            opening = dt.datetime.combine(day, begins, zone).astimezone(dt.UTC)
            if opening > at and self._on(day):
                return opening
        return None

    def _on(self, day: dt.date) -> bool:
        return not self.weekdays or day.isoweekday() in self.weekdays


class ClaimableCode(msgspec.Struct, frozen=True):
    """A code of the program: who can claim it when, how often, and what for.

    `limiter` is the key of the window where there is one, else of the limit for each customer. `only_assigned` codes are
    for customers to whom they were assigned.
    """

    id: EntityId
    code: str
    campaign_name: str
    starts_at: dt.datetime | None
    expires_at: dt.datetime | None
    claim_cap: int | None
    claims: int
    limiter: str | None
    limiter_description: str | None
    window: ClaimWindow | None
    per_customer_limit: int | None
    only_assigned: bool
    outcomes: tuple[Outcome, ...]

    @property
    def most(self) -> int:
        """How often one customer can claim it."""
        return 1 if self.per_customer_limit is None else self.per_customer_limit


class PromoCodeClaim(msgspec.Struct, frozen=True):
    """A code that is claimed for a customer, as it was entered."""

    customer_id: CustomerId
    code: str


class PromoCodeShown(msgspec.Struct, frozen=True):
    """What came out: the code claimed or why it was not, and the lockout afterwards."""

    lockout: LockoutRow
    promo_code: PromoCodeRow | None = None
    failure: PromoCodeFailure | None = None


def masked(entered: str) -> str:
    """What is kept of an entered code: it may be another's, or no code at all."""
    shown = entered[:SHOWN] if len(entered) > 2 * SHOWN else ""
    return shown + "•" * min(len(entered) - len(shown), MOST_HIDDEN)


def failure_of(
    code: ClaimableCode, held: Sequence[PromoCodeRow], now: dt.datetime, zone: ZoneInfo
) -> PromoCodeFailure | None:
    """Why the code can't be claimed by who holds these of its kind, None where nothing stands in the way (1.L)."""
    if code.starts_at is not None and code.starts_at > now:
        return PromoCodeFailure.NOT_STARTED
    if code.expires_at is not None and code.expires_at <= now:
        return PromoCodeFailure.EXPIRED
    if code.only_assigned and not held:
        return PromoCodeFailure.NOT_ELIGIBLE
    if sum(one.state is PromoCodeState.CLAIMED for one in held) >= code.most:
        limits = code.limiter is not None and code.window is None
        return PromoCodeFailure.LIMITER if limits else PromoCodeFailure.ALREADY_CLAIMED
    if code.window is not None and not code.window.is_open(now, zone):
        return PromoCodeFailure.LIMITER
    return PromoCodeFailure.CAP_REACHED if code.claim_cap is not None and code.claims >= code.claim_cap else None


def after_failure(
    before: LockoutRow, recent: int, failure: PromoCodeFailure, policy: LockoutPolicy, now: dt.datetime
) -> LockoutRow:
    """The counters after one more failed claim; `recent` counts those since the latest lockout ended.

    So a lockout that has run its time leaves as many tries as there were at first.
    """
    counted = msgspec.structs.replace(
        before, consecutive_failures=before.consecutive_failures + 1, total_failures=before.total_failures + 1
    )
    in_row = min(before.consecutive_failures, recent) + 1
    if failure is PromoCodeFailure.LOCKED_OUT or in_row < policy.failures:
        return counted
    ends_at = now + dt.timedelta(minutes=policy.locked_for_minutes)
    return msgspec.structs.replace(counted, locked_at=now, expires_at=ends_at)


def after_reset(before: LockoutRow, now: dt.datetime) -> LockoutRow:
    """The counters after staff let the customer in again; what was counted in all stays (L5). Raises Refusal."""
    is_locked = before.is_locked(now)
    if not is_locked and before.consecutive_failures == 0:
        raise Refusal(UserErrorCode.NOT_LOCKED, "The customer is not locked out, and no failed claim is counted.")
    return msgspec.structs.replace(
        before,
        expires_at=now if is_locked else before.expires_at,
        consecutive_failures=0,
        reset_count=before.reset_count + 1,
    )


class PromoCodeFilter(msgspec.Struct, frozen=True):
    """Which codes of a customer."""

    state: tuple[PromoCodeState, ...] | None = None


class PromoCodeReader(Protocol):
    """Serves promo codes. Every method answers one result per key, in key order.

    Raises SourceUnavailable, SourceTimedOut.
    """

    async def codes(self, customers: Sequence[CustomerId], page: PageRequest) -> Sequence[Page[PromoCodeRow]]:
        """Codes newest first, one page per customer; `page.filter` is a PromoCodeFilter."""
        ...

    async def errors(self, customers: Sequence[CustomerId], page: PageRequest) -> Sequence[Page[PromoCodeErrorRow]]:
        """Failed claims newest first, one page per customer."""
        ...

    async def limiters(self, customers: Sequence[CustomerId], page: PageRequest) -> Sequence[Page[PromoCodeLimiterRow]]:
        """Limiters met, newest first, one page per customer."""
        ...

    async def lockouts(self, customers: Sequence[CustomerId]) -> Sequence[LockoutRow | None]:
        """The counters of each customer, None where no claim ever failed."""
        ...

    async def codes_by_id(self, keys: Sequence[OwnedId]) -> Sequence[PromoCodeRow | None]:
        """Codes by their id."""
        ...

    async def errors_by_id(self, keys: Sequence[OwnedId]) -> Sequence[PromoCodeErrorRow | None]:
        """Failed claims by their id."""
        ...

    async def limiters_by_id(self, keys: Sequence[OwnedId]) -> Sequence[PromoCodeLimiterRow | None]:
        """Limiters met, by their id."""
        ...


class PromoCodeWriter(Writer, Protocol):
    """Changes promo codes. Raises Refusal, SourceUnavailable, SourceTimedOut, OutcomeUnknown."""

    async def claim(self, write: Write, asked: PromoCodeClaim) -> Written[PromoCodeShown]:
        """Claim a code for the customer (L11); a claim that fails is recorded, and told with PROMO_CODE_REFUSED."""
        ...

    async def reset_lockout(self, write: Write, customer: CustomerId) -> Written[PromoCodeShown]:
        """Let the customer claim codes again (L5)."""
        ...
