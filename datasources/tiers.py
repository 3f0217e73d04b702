"""Tiers: which one a customer holds in each system, what counts toward the next, and every change. Rules: 1.I, inv-T1."""

import calendar
import datetime as dt
from collections.abc import Sequence
from enum import Enum
from typing import Protocol
from uuid import UUID

import msgspec

from datasources.ids import CustomerId, OwnedId
from datasources.paging import Page, PageRequest
from datasources.program import hundredths
from datasources.values import ActorRef, actor_of

Windows = tuple[tuple[str, dt.date], ...]
"""The key of each tier system, and the day behind which its trailing window counts."""


class TierDirection(Enum):
    """Which way a change of tier went."""

    UP = "UP"
    DOWN = "DOWN"
    SAME = "SAME"


class TierChangeReason(Enum):
    """Why a tier changed."""

    QUALIFIED = "QUALIFIED"
    MAINTENANCE_FAILED = "MAINTENANCE_FAILED"
    MANUAL = "MANUAL"
    RETURN = "RETURN"
    ENROLLED = "ENROLLED"


class CustomerTierRow(msgspec.Struct, frozen=True):
    """The tier that a customer holds in a system; `status` is EXPIRED once its time and its protection are over."""

    customer_id: CustomerId
    system_key: str
    tier_key: str
    status: str
    entered_at: dt.datetime
    expires_at: dt.datetime | None
    protected_until: dt.datetime | None
    # What counted within the trailing window, in hundredths of the system's unit.
    counted: int

    @property
    def progress(self) -> str:
        """What counted, as a decimal number in the system's unit."""
        return hundredths(self.counted)


class TierChangeRow(msgspec.Struct, frozen=True):
    """One step from a tier to another; the first one comes from none."""

    customer_id: CustomerId
    id: UUID
    system_key: str
    from_key: str | None
    to_key: str
    direction: TierDirection
    reason: TierChangeReason
    note: str | None
    at: dt.datetime
    actor_kind: str | None
    actor_id: str | None

    @property
    def actor(self) -> ActorRef | None:
        """Who changed the tier."""
        return actor_of(self.actor_kind, self.actor_id)


def window_start(now: dt.datetime, months: int) -> dt.date:
    """The UTC day behind which a trailing window of so many months counts; one that its month lacks is the last of it."""
    today = now.astimezone(dt.UTC).date()
    year, month = divmod(today.year * 12 + today.month - 1 - months, 12)
    last = calendar.monthrange(year, month + 1)[1]
    return dt.date(year, month + 1, min(today.day, last))


class TierReader(Protocol):
    """Serves tiers. Every method answers one result per key, in key order; raises SourceUnavailable, SourceTimedOut."""

    async def tiers(
        self, customers: Sequence[CustomerId], page: PageRequest, windows: Windows
    ) -> Sequence[Page[CustomerTierRow]]:
        """The current tier of each system, by the system's key, one page per customer; what counts is what counted from
        the windows' days to today."""
        ...

    async def history(self, customers: Sequence[CustomerId], page: PageRequest) -> Sequence[Page[TierChangeRow]]:
        """Changes of tier newest first, one page per customer."""
        ...

    async def changes(self, keys: Sequence[OwnedId]) -> Sequence[TierChangeRow | None]:
        """Changes of tier by their id."""
        ...
