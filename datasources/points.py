"""Points: accounts, the append-only ledger, lots and how they expire. Rules: requirements 1.H, inv-L1 to inv-L9."""

import datetime as dt
from collections.abc import Sequence
from enum import Enum
from typing import Protocol
from uuid import UUID

import msgspec

from datasources.ids import CustomerId, OwnedId
from datasources.paging import Page, PageRequest
from datasources.values import ActorRef, DateTimeRange, actor_of
from datasources.writing import Write, Writer, Written


class PointEntryKind(Enum):
    """Why points moved."""

    EARN = "EARN"
    SPEND = "SPEND"
    EXPIRE = "EXPIRE"
    ADJUST = "ADJUST"
    COMP = "COMP"
    RETURN = "RETURN"
    REVERSAL = "REVERSAL"
    TRANSFER_IN = "TRANSFER_IN"
    TRANSFER_OUT = "TRANSFER_OUT"


GRANTING = (PointEntryKind.EARN, PointEntryKind.ADJUST, PointEntryKind.COMP)
"""Kinds that grant points where their entry is positive: what a customer's incentives list (H25)."""


class PointEntryStatus(Enum):
    """Where an entry stands."""

    PENDING = "PENDING"
    POSTED = "POSTED"
    REVERSED = "REVERSED"
    CANCELLED = "CANCELLED"


class PointExpiryRow(msgspec.Struct, frozen=True):
    """Points of an account that expire at one moment."""

    expires_at: dt.datetime
    points: int
    account_key: str


class PointAccountRow(msgspec.Struct, frozen=True):
    """An account of a customer as of the request's clock."""

    customer_id: CustomerId
    account_key: str
    balance: int
    pending: int
    held: int
    lifetime_earned: int
    lifetime_spent: int
    lifetime_expired: int
    # Points of lots past their expiry whose EXPIRE entry is not posted yet: in the balance, not available.
    overdue: int
    next_expires_at: dt.datetime | None
    next_points: int | None

    @classmethod
    def empty(cls, customer: CustomerId, account_key: str) -> "PointAccountRow":
        """An account in which nothing happened yet."""
        return cls(customer, account_key, 0, 0, 0, 0, 0, 0, 0, None, None)

    @property
    def key(self) -> str:
        """The account's key in the program."""
        return self.account_key

    @property
    def available(self) -> int:
        """What can be spent now: the balance less held and overdue points."""
        return self.balance - self.held - self.overdue

    @property
    def next_expiry(self) -> PointExpiryRow | None:
        """The earliest expiry still ahead."""
        if self.next_expires_at is None or self.next_points is None:
            return None
        return PointExpiryRow(self.next_expires_at, self.next_points, self.account_key)


class PointAuditRow(msgspec.Struct, frozen=True):
    """One entry of the ledger with what became of its lot."""

    customer_id: CustomerId
    id: UUID
    account_key: str
    sequence: int
    transaction_id: str | None
    purchase_id: UUID | None
    source_key: str
    modification: int
    amount_spent: int | None
    amount_expired: int | None
    remaining: int | None
    kind: PointEntryKind
    reference_type: str
    reference_id: str | None
    description: str | None
    occurred_at: dt.datetime
    recorded_at: dt.datetime
    expires_at: dt.datetime | None
    balance_before: int
    balance_after: int
    actor_kind: str | None
    actor_id: str | None
    reason_code: str | None
    internal_note: str | None
    customer_visible_reason: str | None
    reverses_id: UUID | None
    reversed_by_id: UUID | None
    approval_id: UUID | None = None
    # What an addition paid of a deficit at once.
    paid_off: int | None = None

    @property
    def status(self) -> PointEntryStatus:
        """REVERSED once another entry reverses this one, else POSTED."""
        return PointEntryStatus.POSTED if self.reversed_by_id is None else PointEntryStatus.REVERSED

    @property
    def is_grant(self) -> bool:
        """True where points were granted, not given back or moved."""
        return self.kind in GRANTING and self.modification > 0

    @property
    def actor(self) -> ActorRef | None:
        """Who caused the entry."""
        return actor_of(self.actor_kind, self.actor_id)


class PointAllocationRow(msgspec.Struct, frozen=True):
    """How many points a debit took from a lot, or an entry gave back to it."""

    customer_id: CustomerId
    debit_id: UUID
    lot_id: UUID
    points: int


class PointAuditFilter(msgspec.Struct, frozen=True):
    """Which entries of the ledger; everything given must hold."""

    account_keys: tuple[str, ...] | None = None
    source_keys: tuple[str, ...] | None = None
    kinds: tuple[PointEntryKind, ...] | None = None
    occurred_at: DateTimeRange | None = None
    transaction_id: str | None = None
    is_grant: bool | None = None


class PointMovement(msgspec.Struct, frozen=True):
    """Sum and number of a kind of entries."""

    kind: PointEntryKind
    points: int
    entries: int


class BalanceExplanation(msgspec.Struct, frozen=True):
    """Opening balance, what happened, closing balance."""

    opening: int
    closing: int
    lines: tuple[PointMovement, ...]

    @property
    def reconciles(self) -> bool:
        """True when the lines lead from the opening to the closing balance."""
        return self.opening + sum(line.points for line in self.lines) == self.closing


class PointReader(Protocol):
    """Serves points. Every method answers one result per key, in key order; raises SourceUnavailable, SourceTimedOut."""

    async def accounts(self, customers: Sequence[CustomerId], now: dt.datetime) -> Sequence[Sequence[PointAccountRow]]:
        """The accounts of each customer, by key."""
        ...

    async def audit(self, customers: Sequence[CustomerId], page: PageRequest) -> Sequence[Page[PointAuditRow]]:
        """Ledger entries newest first, one page per customer."""
        ...

    async def entries(self, keys: Sequence[OwnedId], now: dt.datetime) -> Sequence[PointAuditRow | None]:
        """Entries by their id."""
        ...

    async def allocations(self, keys: Sequence[OwnedId]) -> Sequence[Sequence[PointAllocationRow]]:
        """What each entry took from lots or gave back to them, soonest expiry first."""
        ...

    async def of_purchases(self, keys: Sequence[OwnedId], now: dt.datetime) -> Sequence[Sequence[PointAuditRow]]:
        """The entries that each purchase caused, in the order of recording."""
        ...

    async def expiries(
        self, customers: Sequence[CustomerId], now: dt.datetime, until: dt.datetime | None
    ) -> Sequence[Sequence[PointExpiryRow]]:
        """Points that will expire from now on (and before `until`), by moment and account."""
        ...

    async def balances_at(self, keys: Sequence[tuple[CustomerId, str]], at: dt.datetime) -> Sequence[int]:
        """The balance of each (customer, account) after all entries that occurred at or before `at`."""
        ...

    async def movements(
        self, keys: Sequence[tuple[CustomerId, str]], since: dt.datetime, until: dt.datetime
    ) -> Sequence[BalanceExplanation]:
        """What happened to each (customer, account) in [since, until), by kind."""
        ...


class AdjustDirection(Enum):
    """Which way an adjustment moves a balance."""

    ADD = "ADD"
    DEDUCT = "DEDUCT"


class PointAdjustment(msgspec.Struct, frozen=True, rename="camel"):
    """Points to add to an account, or to deduct from it; `points` is positive."""

    customer_id: CustomerId
    account_key: str
    source_key: str
    direction: AdjustDirection
    points: int
    reference_id: str | None = None
    expires_at: dt.datetime | None = None


class PointReversal(msgspec.Struct, frozen=True, rename="camel"):
    """The entry to undo."""

    entry_id: OwnedId


class PointsShown(msgspec.Struct, frozen=True):
    """How a write of points came out: the entry, what it took from lots or gave back to them, and, where nothing was kept,
    the account as it would be. The entry is None where a second person has to approve it first."""

    entry: PointAuditRow | None
    allocations: tuple[PointAllocationRow, ...] = ()
    account: PointAccountRow | None = None


class Due(msgspec.Struct, frozen=True):
    """When points of a customer lapsed that are still in an account."""

    expires_at: dt.datetime
    customer_id: CustomerId


class Lapsed(msgspec.Struct, frozen=True):
    """What one transaction expired: how many EXPIRE entries it made, and their points."""

    entries: int = 0
    points: int = 0


class PointWriter(Writer, Protocol):
    """Changes points. Makes `entry`, or `approval` where it is beyond the allowance, and `audit`.

    Raises Refusal, SourceUnavailable, SourceTimedOut, OutcomeUnknown. `adjusts_blocked` lifts CUSTOMER_BLOCKED.
    """

    async def adjust(self, write: Write, asked: PointAdjustment, *, adjusts_blocked: bool) -> Written[PointsShown]:
        """Add or deduct by hand: an ADJUST entry, COMP where goodwill adds (H11, H12, H18)."""
        ...

    async def reverse(self, write: Write, asked: PointReversal, *, adjusts_blocked: bool) -> Written[PointsShown]:
        """Undo an entry, once, by an entry that refers to it (inv-L4)."""
        ...

    async def due(self, now: dt.datetime, after: Due | None) -> Sequence[Due]:
        """Whose points lapsed by `now`, earliest first, a page of those behind `after`; none of closed memberships."""
        ...

    async def expire(self, write: Write, customer: CustomerId) -> Lapsed:
        """Take lapsed points from the customer's accounts: an EXPIRE entry for each account and source (inv-L9).

        A bounded number of lots at a time: again until there are no entries.
        """
        ...
