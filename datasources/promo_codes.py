"""Promo codes that customers hold, what went wrong with claims, limiters met, and lockouts. Rules: requirements 1.L."""

import datetime as dt
from collections.abc import Sequence
from enum import Enum
from typing import Protocol

import msgspec

from datasources.ids import CustomerId, EntityId, OwnedId
from datasources.paging import Page, PageRequest


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
