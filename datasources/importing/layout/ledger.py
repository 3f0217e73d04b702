"""One customer's ledger in memory: lots taken in the order of inv-L5, balances, and sums by day and over a lifetime."""

import datetime as dt
import heapq
from collections import defaultdict
from collections.abc import Mapping
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Table

from datasources.sql.tables.points import point_accounts, point_days, point_lots

from .entry import Made
from .problems import BadValue

FAR = dt.datetime(9999, 1, 1, tzinfo=dt.UTC)
UNCOVERED = "takes more than the account's lots cover by then"


class Lot(msgspec.Struct, eq=False):
    """Points of one addition, as far as they are spent and expired; for a debit just what it takes, below 0."""

    id: UUID
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
        return (self.expires_at or FAR, self.earned_at, self.id) < (other.expires_at or FAR, other.earned_at, other.id)


Parts = list[tuple[Lot, int]]


class Posted(msgspec.Struct):
    """An entry of this run, as a reversal needs it."""

    id: UUID
    account: str
    kind: str
    modification: int
    parts: Parts
    is_reversed: bool = False


class Account:
    """One account: its balance, its lots, and what it comes to over a lifetime."""

    def __init__(self, key: str) -> None:
        self.key = key
        self.balance = self.sequence = self.earned = self.spent = self.expired = 0
        self.others = {"pending": 0, "held": 0}
        self.lots: dict[UUID, Lot] = {}
        self.by_purchase: dict[UUID, Lot] = {}
        self._open: list[Lot] = []
        self._lapsed: list[Lot] = []

    def keep(self, lot: Lot) -> None:
        """One more lot."""
        self.lots[lot.id] = lot
        if lot.remaining:
            heapq.heappush(self._open, lot)

    def post(self, kind: str, lot: Lot, *, reverses: Posted | None, purchase: UUID | None) -> Parts:
        """Moves the balance by the lot's points; which lots that takes from or gives back to. Raises BadValue."""
        if kind in ("SPEND", "EXPIRE", "RETURN", "TRANSFER_OUT") and lot.points > 0:
            raise BadValue(f"must be below 0 for {kind}", "modification")
        if kind in ("EARN", "COMP", "TRANSFER_IN") and lot.points < 0:
            raise BadValue(f"must be above 0 for {kind}", "modification")
        self._lapse(lot.earned_at)
        if lot.points < 0:
            preferred = self.by_purchase.get(purchase) if kind == "RETURN" and purchase else None
            parts = self._take(kind, -lot.points, self.lots[reverses.id] if reverses else preferred)
        else:
            parts = self._give_back(reverses, lot) if reverses else []
            self.keep(lot)
            if kind == "EARN" and purchase:
                self.by_purchase[purchase] = lot
        self.balance += lot.points
        self.sequence += 1
        return parts

    def _lapse(self, at: dt.datetime) -> None:
        while self._open and (self._open[0].expires_at or FAR) <= at:
            self._lapsed.append(heapq.heappop(self._open))

    def _take(self, kind: str, points: int, first: Lot | None) -> Parts:
        if kind == "REVERSAL":
            if first is None or first.remaining != points or first in self._lapsed:
                raise BadValue("reverses points that are spent or lapsed in part", "reverses")
            first.spent += points
            return [(first, points)]
        found = self._lapsed if kind == "EXPIRE" else self._open
        parts: Parts = []
        if first is not None and first.remaining and first not in self._lapsed:
            parts.append((first, min(points, first.remaining)))
        self._gather(found, points, parts)
        for lot, part in parts:
            if kind == "EXPIRE":
                lot.expired += part
            else:
                lot.spent += part
        return parts

    @staticmethod
    def _gather(found: list[Lot], points: int, parts: Parts) -> None:
        """Adds lots to the parts until they make up the points, soonest expiry first. Raises BadValue."""
        kept: list[Lot] = []
        taken = {lot.id for lot, _ in parts}
        missing = points - sum(part for _, part in parts)
        heapq.heapify(found)
        while missing and found:
            lot = heapq.heappop(found)
            kept.append(lot)
            if lot.remaining and lot.id not in taken:
                parts.append((lot, min(missing, lot.remaining)))
                taken.add(lot.id)
                missing -= parts[-1][1]
        used = {lot.id: part for lot, part in parts} if not missing else {}
        for lot in kept:
            if lot.remaining > used.get(lot.id, 0):
                heapq.heappush(found, lot)
        if missing:
            raise BadValue(UNCOVERED, "modification")

    def _give_back(self, reverses: Posted, lot: Lot) -> Parts:
        for part, points in reverses.parts:
            part.spent -= points
            heapq.heappush(self._open, part)
        lot.spent = lot.points
        return reverses.parts


class Ledger:
    """All accounts of one customer."""

    def __init__(self, owner: UUID) -> None:
        self._owner = owner
        self._accounts: dict[str, Account] = {}
        self._days: dict[tuple[str, dt.date, str], list[int]] = defaultdict(lambda: [0, 0])
        self.posted: dict[str, Posted] = {}

    def account(self, key: str) -> Account:
        """The account of this key, opened when it is first asked for."""
        return self._accounts.setdefault(key, Account(key))

    def count(self, account: Account, kind: str, day: dt.date, points: int) -> None:
        """Adds an entry to the sums."""
        sums = self._days[account.key, day, kind]
        sums[0] += points
        sums[1] += 1
        if kind == "EXPIRE":
            account.expired -= points
        elif kind == "RETURN" or (points > 0) != (kind == "REVERSAL"):
            account.earned += points
        else:
            account.spent -= points

    def restore(self, table: Table, row: Mapping[Any, Any]) -> None:
        """Takes over a row of the database's own projections."""
        account = self.account(row["account_key"])
        if table is point_days:
            self._days[account.key, row["day"], row["kind"]] = [row["points"], row["entries"]]
        elif table is point_lots:
            spent, expired = row["amount_spent"], row["amount_expired"]
            account.keep(Lot(row["entry_id"], row["earned_at"], row["expires_at"], row["points"], spent, expired))
        else:
            account.balance, account.sequence = row["balance"], row["sequence"]
            account.earned, account.spent = row["lifetime_earned"], row["lifetime_spent"]
            account.expired = row["lifetime_expired"]
            account.others = {"pending": row["pending"], "held": row["held"]}

    def projections(self) -> list[Made]:
        """The rows of accounts, lots and sums."""
        found: list[Made] = []
        for account in self._accounts.values():
            own = {"customer_id": self._owner, "account_key": account.key}
            sums = {"balance": account.balance, "sequence": account.sequence, **account.others}
            lifetime = {"lifetime_earned": account.earned, "lifetime_spent": account.spent}
            lifetime["lifetime_expired"] = account.expired
            found.append(Made(point_accounts, {**own, **sums, **lifetime}))
            found += [Made(point_lots, {**own, **_columns(lot)}) for lot in account.lots.values()]
        for (key, day, kind), (points, entries) in self._days.items():
            sums = {"points": points, "entries": entries}
            found.append(
                Made(point_days, {"customer_id": self._owner, "account_key": key, "day": day, "kind": kind, **sums})
            )
        return found


def _columns(lot: Lot) -> dict[str, object]:
    return {
        "entry_id": lot.id,
        "earned_at": lot.earned_at,
        "expires_at": lot.expires_at,
        "points": lot.points,
        "amount_spent": lot.spent,
        "amount_expired": lot.expired,
        "remaining": lot.remaining,
    }
