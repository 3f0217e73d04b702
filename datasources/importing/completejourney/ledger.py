"""The points ledger of a household: entries that chain, lots spent in the order of inv-L5, sums by day."""

import datetime as dt
import heapq
from collections import defaultdict

import msgspec

from datasources.ids import EntityId
from datasources.sql.tables.points import point_accounts, point_allocations, point_days, point_entries, point_lots

from .household import Household

FAR = dt.datetime(9999, 1, 1, tzinfo=dt.UTC)


class Movement(msgspec.Struct, frozen=True):
    """What moves the balance of an account by `points`, positive or negative."""

    at: dt.datetime
    account: str
    kind: str
    points: int
    source: str
    key: str
    reference_type: str = "synthetic"
    reference_id: str | None = None
    transaction_id: str | None = None
    purchase_id: EntityId | None = None
    description: str | None = None
    expires_at: dt.datetime | None = None
    actor: tuple[str, str] | None = None
    reason_code: str | None = None
    internal_note: str | None = None
    customer_visible_reason: str | None = None
    reverses: EntityId | None = None
    correlation_id: str | None = None
    approval_id: EntityId | None = None


class Lot(msgspec.Struct):
    """Points of one addition, as far as they are spent and expired."""

    entry_id: EntityId
    earned_at: dt.datetime
    expires_at: dt.datetime | None
    points: int
    spent: int = 0
    expired: int = 0

    @property
    def remaining(self) -> int:
        """What is left of it."""
        return self.points - self.spent - self.expired

    def __lt__(self, other: "Lot") -> bool:
        return self._order < other._order

    @property
    def _order(self) -> tuple[dt.datetime, dt.datetime, EntityId]:
        return self.expires_at or FAR, self.earned_at, self.entry_id


class Account:
    """One account: its balance, its lots, and what it comes to over a lifetime."""

    def __init__(self, key: str) -> None:
        self.key = key
        self.balance = 0
        self.sequence = 0
        self.lots: dict[EntityId, Lot] = {}
        self.open: list[Lot] = []
        self.earned = 0
        self.spent = 0
        self.expired = 0

    def take(self, points: int, preferred: EntityId | None = None) -> list[tuple[Lot, int]]:
        """Spends points from the lots, soonest expiry first; from `preferred` before all others."""
        taken: list[tuple[Lot, int]] = []
        if preferred is not None:
            lot = self.lots[preferred]
            taken.append((lot, min(points, lot.remaining)))
            lot.spent += taken[0][1]
            points -= taken[0][1]
        while points:
            lot = self.open[0]
            part = min(points, lot.remaining)
            lot.spent += part
            points -= part
            if part:
                taken.append((lot, part))
            if not lot.remaining:
                heapq.heappop(self.open)
        return taken


class Ledger:
    """Posts movements in the order of time; lots that lapse meanwhile are expired by entries of their own."""

    def __init__(self, household: Household) -> None:
        self._household = household
        self.accounts = {key: Account(key) for key in ("points", "tier_points")}
        self.posted: list[tuple[Movement, EntityId]] = []
        self._days: dict[tuple[str, dt.date, str], list[int]] = defaultdict(lambda: [0, 0])

    def available(self, account: str, at: dt.datetime) -> int:
        """The balance once what lapsed by then is expired."""
        self.expire(at)
        return self.accounts[account].balance

    def post(self, movement: Movement) -> EntityId:
        """Posts a movement and returns its entry's id. A debit must be covered."""
        self.expire(movement.at)
        account = self.accounts[movement.account]
        if account.balance + movement.points < 0:
            raise ValueError(f"{movement.key} would take more than the account holds")
        entry_id = self._entry(account, movement)
        if movement.points > 0:
            self._open_lot(account, movement, entry_id)
        else:
            self._allocate(entry_id, account.take(-movement.points, movement.reverses))
        _count(account, movement)
        return entry_id

    def expire(self, at: dt.datetime) -> None:
        """Posts an EXPIRE entry for every lot that lapsed by `at` (inv-L9)."""
        for account in self.accounts.values():
            while account.open and (account.open[0].expires_at or FAR) <= at:
                lot = heapq.heappop(account.open)
                if lot.remaining:
                    self._expire_lot(account, lot)

    def _expire_lot(self, account: Account, lot: Lot) -> None:
        points = lot.remaining
        movement = Movement(
            at=lot.expires_at or FAR,
            account=account.key,
            kind="EXPIRE",
            points=-points,
            source="promotion",
            key=f"expire:{lot.entry_id}",
            reference_type="expiry",
            reference_id=str(lot.entry_id),
            description="Points expired",
            actor=("SYSTEM", "expiry"),
        )
        entry_id = self._entry(account, movement)
        lot.expired += points
        account.expired += points
        self._allocate(entry_id, [(lot, points)])

    def _entry(self, account: Account, movement: Movement) -> EntityId:
        entry_id = self._household.id(movement.at, "points", account.key, movement.key)
        account.sequence += 1
        before = account.balance
        account.balance += movement.points
        self._household.own(
            point_entries,
            id=entry_id,
            sequence=account.sequence,
            balance_before=before,
            balance_after=account.balance,
            **self._columns(movement),
        )
        day = self._days[account.key, movement.at.date(), movement.kind]
        day[0] += movement.points
        day[1] += 1
        self.posted.append((movement, entry_id))
        return entry_id

    def _columns(self, movement: Movement) -> dict[str, object]:
        kind, actor = movement.actor or (None, None)
        note = movement.internal_note
        return {
            "account_key": movement.account,
            "kind": movement.kind,
            "source_key": movement.source,
            "modification": movement.points,
            "reference_type": movement.reference_type,
            "reference_id": movement.reference_id,
            "transaction_id": movement.transaction_id,
            "purchase_id": movement.purchase_id,
            "description": movement.description,
            "occurred_at": movement.at,
            "recorded_at": movement.at,
            "expires_at": movement.expires_at,
            "actor_kind": kind,
            "actor_id": actor,
            "reason_code": movement.reason_code,
            "internal_note": None if note is None else self._household.seal(note, "point_entries.internal_note"),
            "customer_visible_reason": movement.customer_visible_reason,
            "reverses": movement.reverses,
            "correlation_id": movement.correlation_id,
            "approval_id": movement.approval_id,
        }

    def _open_lot(self, account: Account, movement: Movement, entry_id: EntityId) -> None:
        lot = Lot(entry_id, movement.at, movement.expires_at, movement.points)
        account.lots[entry_id] = lot
        heapq.heappush(account.open, lot)

    def _allocate(self, debit: EntityId, taken: list[tuple[Lot, int]]) -> None:
        for lot, points in taken:
            if points:
                self._household.own(point_allocations, debit_id=debit, lot_id=lot.entry_id, points=points)

    def write(self) -> None:
        """Expires what lapsed by the end of the data, then writes accounts, lots and sums by day."""
        self.expire(self._household.timeline.end)
        for account in self.accounts.values():
            self._household.own(
                point_accounts,
                account_key=account.key,
                balance=account.balance,
                pending=0,
                held=0,
                lifetime_earned=account.earned,
                lifetime_spent=account.spent,
                lifetime_expired=account.expired,
                sequence=account.sequence,
            )
            for lot in account.lots.values():
                self._write_lot(account.key, lot)
        for (account_key, day, kind), (points, entries) in self._days.items():
            self._household.own(point_days, account_key=account_key, day=day, kind=kind, points=points, entries=entries)

    def _write_lot(self, account_key: str, lot: Lot) -> None:
        self._household.own(
            point_lots,
            entry_id=lot.entry_id,
            account_key=account_key,
            earned_at=lot.earned_at,
            expires_at=lot.expires_at,
            points=lot.points,
            amount_spent=lot.spent,
            amount_expired=lot.expired,
            remaining=lot.remaining,
        )


def _count(account: Account, movement: Movement) -> None:
    if movement.points > 0 or movement.kind == "REVERSAL":
        account.earned += movement.points
    else:
        account.spent -= movement.points
