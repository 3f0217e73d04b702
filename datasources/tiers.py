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
from datasources.program import ProgramSettings, QualifyingMetric, Tier, TierSystem, hundredths
from datasources.refusals import UserErrorCode
from datasources.values import ActorRef, actor_of
from datasources.writing import Refusal, Write, Writer, Written

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


class CustomerTierRow(msgspec.Struct, frozen=True, array_like=True):
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


class TierChangeRow(msgspec.Struct, frozen=True, array_like=True):
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


class HeldTier(msgspec.Struct, frozen=True):
    """The tier that a customer holds in a system, read under the customer's lock.

    `protected_key` is the tier below which nothing drops them before `protected_until`.
    """

    tier_key: str
    entered_at: dt.datetime
    protected_key: str | None
    protected_until: dt.datetime | None

    def floor(self, now: dt.datetime) -> str | None:
        """The tier that is protected now."""
        return self.protected_key if self.protected_until is not None and self.protected_until > now else None


def behind(held: HeldTier | None, now: dt.datetime) -> dt.datetime:
    """Now, or just behind the last change where that was asked for later and done before: the history stays in order."""
    return now if held is None else max(now, held.entered_at + dt.timedelta(microseconds=1))


class Counting(msgspec.Struct, frozen=True):
    """What counts toward a tier, in hundredths of the system's unit.

    `trailing` is what lies within the window now, `since_entry` what lies behind the start of the window that was open
    when the held tier was entered.
    """

    trailing: int
    since_entry: int


class Qualifying(msgspec.Struct, frozen=True):
    """What a purchase adds to what counts, on the day of the purchase; a return takes it back by negative numbers."""

    occurred_at: dt.datetime
    spend_hundredths: int = 0
    points: int = 0
    purchases: int = 0

    def counted(self, metric: QualifyingMetric) -> int:
        """In hundredths of the unit of a system; what is counted elsewhere is none of a purchase's."""
        counted = {
            QualifyingMetric.SPEND: self.spend_hundredths,
            QualifyingMetric.POINTS: 100 * self.points,
            QualifyingMetric.PURCHASES: 100 * self.purchases,
        }
        return counted.get(metric, 0)


def system_of(program: ProgramSettings, key: str) -> TierSystem:
    """The program's tier system. Raises Refusal."""
    for system in program.tier_systems:
        if system.key == key:
            return system
    raise Refusal(UserErrorCode.NOT_FOUND, "The program has no such tier system.", "systemKey")


def known_tier(system: TierSystem, key: str) -> Tier:
    """The system's tier. Raises Refusal."""
    for tier in system.tiers:
        if tier.key == key:
            return tier
    raise Refusal(UserErrorCode.NOT_FOUND, "The tier system has no such tier.", "tierKey")


def tier_of(system: TierSystem, key: str) -> Tier:
    """The tier of this key; one that the program no longer has goes by its key, below all others."""
    return next((tier for tier in system.tiers if tier.key == key), None) or Tier(key, key, 0, 0)


class TierAdjustment(msgspec.Struct, frozen=True):
    """A change of tier by hand; `protect_until` keeps the tier from being lost by what counts."""

    customer_id: CustomerId
    system_key: str
    tier_key: str
    protect_until: dt.datetime | None = None
    award_entry_outcomes: bool = False
    award_skipped_outcomes: bool = False


class TierShown(msgspec.Struct, frozen=True):
    """What came out: the change; the tier as it would be after a dry run, else it is read again."""

    change: TierChangeRow
    tier: CustomerTierRow | None = None


def direction(before: Tier | None, after: Tier) -> TierDirection:
    """Which way it goes from one tier, or none, to another."""
    rank = 0 if before is None else before.rank
    if after.rank == rank:
        return TierDirection.SAME
    return TierDirection.UP if after.rank > rank else TierDirection.DOWN


def check_protection(until: dt.datetime | None, now: dt.datetime) -> None:
    """Pass for a protection that ends in the future, or none. Raises Refusal."""
    if until is not None and until <= now:
        raise Refusal(UserErrorCode.INVALID, "The protection ends in the past.", "protectUntil")


def check_adjusted(asked: TierAdjustment, way: TierDirection) -> None:
    """Pass for a change that goes somewhere; only who rises is granted anything. Raises Refusal."""
    if way is TierDirection.SAME:
        raise Refusal(UserErrorCode.ALREADY_DONE, "The customer holds this tier already.", "tierKey")
    if way is TierDirection.UP:
        return
    message = "Outcomes are granted for a higher tier alone: leave this out."
    if asked.award_entry_outcomes:
        raise Refusal(UserErrorCode.INVALID, message, "awardEntryOutcomes")
    if asked.award_skipped_outcomes:
        raise Refusal(UserErrorCode.INVALID, message, "awardSkippedOutcomes")


def passed_over(system: TierSystem, before: Tier | None, after: Tier) -> tuple[Tier, ...]:
    """The tiers between one, or none, and a higher one, lowest first."""
    rank = 0 if before is None else before.rank
    between = (tier for tier in system.tiers if rank < tier.rank < after.rank)
    return tuple(sorted(between, key=lambda tier: tier.rank))


def reached(system: TierSystem, counted: int) -> Tier | None:
    """The highest tier whose threshold is reached."""
    found = (tier for tier in system.tiers if tier.entry_threshold_hundredths <= counted)
    return max(found, key=lambda tier: tier.rank, default=None)


def after_purchase(system: TierSystem, held: HeldTier | None, counting: Counting) -> Tier | None:
    """The tier that a purchase lifts to, None where it lifts to none: a purchase never lowers a tier."""
    found = reached(system, counting.trailing)
    if found is None or (held is not None and found.rank <= tier_of(system, held.tier_key).rank):
        return None
    return found


def after_return(system: TierSystem, held: HeldTier | None, counting: Counting, now: dt.datetime) -> Tier | None:
    """The tier that a return lowers to, None where it lowers to none (inv-R3).

    The tier stays while what remains still comes to its threshold, reckoned from the window that was open when it was
    entered: purchases that only grew old since cost nobody a tier before its time. Nothing falls below a protected tier.
    """
    if held is None:
        return None
    current = tier_of(system, held.tier_key)
    if counting.since_entry >= current.entry_threshold_hundredths:
        return None
    floor = held.floor(now)
    left = [tier for tier in (reached(system, counting.trailing), floor and tier_of(system, floor)) if tier]
    lowest = min(system.tiers, key=lambda tier: tier.rank, default=current)
    found = max((lowest, *left), key=lambda tier: tier.rank)
    return found if found.rank < current.rank else None


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


class TierWriter(Writer, Protocol):
    """Changes tiers. Raises Refusal, SourceUnavailable, SourceTimedOut, OutcomeUnknown."""

    async def adjust(self, write: Write, asked: TierAdjustment) -> Written[TierShown]:
        """Move the customer to a tier by hand (I16)."""
        ...
