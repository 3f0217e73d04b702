"""The ledger's rules: which lots are spent, what an entry does to an account, and what can't be done (inv-L1 to inv-L6)."""

import datetime as dt
from collections.abc import Iterable, Sequence
from uuid import UUID

import msgspec

from datasources.points import PointAuditRow, PointEntryKind
from datasources.program import PointAccountDefinition, ProgramSettings
from datasources.refusals import UserErrorCode
from datasources.writing import Refusal

LARGEST = 2**63 - 1
FAR = dt.datetime(9999, 1, 1, tzinfo=dt.UTC)
REVERSIBLE = (PointEntryKind.ADJUST, PointEntryKind.COMP, PointEntryKind.EARN, PointEntryKind.SPEND)
"""The kinds of entries that can be undone, once (settled.md, "Points")."""
UNDOING = (PointEntryKind.REVERSAL, PointEntryKind.RETURN)
"""The kinds of entries that take back what others did."""
RETURNABLE = (PointEntryKind.EARN, PointEntryKind.SPEND)
"""The kinds of entries that a return of their purchase takes back, in part or whole."""


class Lot(msgspec.Struct, frozen=True):
    """Points of one addition, as many as are left of it."""

    entry_id: UUID
    expires_at: dt.datetime | None
    earned_at: dt.datetime
    remaining: int


class Part(msgspec.Struct, frozen=True):
    """Points of one lot: taken from it, or given back."""

    lot_id: UUID
    points: int


class Debt(msgspec.Struct, frozen=True):
    """What no lot covered yet of a debit: points that the account owes."""

    debit_id: UUID
    points: int


class Account(msgspec.Struct, frozen=True):
    """An account under its lock: `overdue` are points of lapsed lots whose EXPIRE is not posted yet, `debts` what makes
    up the deficit, oldest first."""

    balance: int = 0
    pending: int = 0
    held: int = 0
    lifetime_earned: int = 0
    lifetime_spent: int = 0
    lifetime_expired: int = 0
    sequence: int = 0
    overdue: int = 0
    debts: tuple[Debt, ...] = ()

    @property
    def available(self) -> int:
        """What can be taken now."""
        return self.balance - self.held - self.overdue

    @property
    def deficit(self) -> int:
        """What is owed (inv-L3): a return takes all that is available first, and additions pay before anything else."""
        return max(0, -self.available)

    def moved(self, modification: int, kind: PointEntryKind) -> "Account":
        """The account after one more entry.

        Additions raise `lifetime_earned`, deductions `lifetime_spent`; reversals and returns take that back.
        """
        after = msgspec.structs.replace(self, balance=self.balance + modification, sequence=self.sequence + 1)
        if kind is PointEntryKind.EXPIRE:
            return msgspec.structs.replace(after, lifetime_expired=self.lifetime_expired - modification)
        counts_as_earned = (modification > 0) is not (kind in UNDOING)
        return msgspec.structs.replace(
            after,
            lifetime_earned=self.lifetime_earned + (modification if counts_as_earned else 0),
            lifetime_spent=self.lifetime_spent - (0 if counts_as_earned else modification),
        )


def in_order(lots: Iterable[Lot]) -> list[Lot]:
    """Soonest expiry first, those that never expire last; then the oldest, then by id (inv-L5)."""
    return sorted(lots, key=lambda lot: (lot.expires_at or FAR, lot.earned_at, lot.entry_id))


def taken(lots: Iterable[Lot], points: int) -> tuple[Part, ...]:
    """What a debit takes from which lots, in the order of inv-L5. Raises ValueError where they hold too little."""
    parts: list[Part] = []
    for lot in in_order(lots):
        if points == 0:
            break
        part = min(points, lot.remaining)
        points -= part
        if part:
            parts.append(Part(lot.entry_id, part))
    if points:
        raise ValueError("the lots hold fewer points than the balance")
    return tuple(parts)


def paid_off(debts: Iterable[Debt], points: int) -> tuple[Debt, ...]:
    """What so many points pay of the debts, oldest first."""
    paid: list[Debt] = []
    for debt in debts:
        part = min(points, debt.points)
        points -= part
        if part:
            paid.append(Debt(debt.debit_id, part))
    return tuple(paid)


def given_back(parts: Sequence[Part], points: int) -> tuple[Part, ...]:
    """What lots get back of their parts (in the order of inv-L5) where no more than so many points are left: those that
    expire last come first."""
    given: list[Part] = []
    for one in reversed(parts):
        part = min(points, one.points)
        points -= part
        if part:
            given.append(Part(one.lot_id, part))
    return tuple(reversed(given))


def check_added(account: Account, definition: PointAccountDefinition, points: int, path: str = "points") -> None:
    """Pass where the account can hold that many more. Raises Refusal."""
    cap = LARGEST if definition.max_balance is None else definition.max_balance
    if account.balance + points > cap:
        raise Refusal(UserErrorCode.LIMIT_EXCEEDED, f"The account holds at most {cap} points.", path)
    _check_counted(account.lifetime_earned + points, path)


def check_deducted(account: Account, points: int, path: str = "points") -> None:
    """Pass where that many points are there to be taken; never less than asked (H21). Raises Refusal."""
    if points > account.available:
        message = f"Only {max(0, account.available)} points are available."
        raise Refusal(UserErrorCode.INSUFFICIENT_POINTS, message, path)
    _check_counted(account.lifetime_spent + points, path)


def _check_counted(points: int, path: str) -> None:
    """Pass for a lifetime figure of 64 bits. Raises Refusal."""
    if points > LARGEST:
        raise Refusal(UserErrorCode.LIMIT_EXCEEDED, "The account has counted as many points as it can.", path)


def account_of(program: ProgramSettings, key: str) -> PointAccountDefinition:
    """The program's account. Raises Refusal."""
    for account in program.point_accounts:
        if account.key == key:
            return account
    raise Refusal(UserErrorCode.NOT_FOUND, "The program has no such point account.", "accountKey")


def check_source(program: ProgramSettings, account: PointAccountDefinition, key: str) -> None:
    """Pass for a source of the program that is linked to the account (inv-L6). Raises Refusal."""
    if all(source.key != key for source in program.point_sources):
        raise Refusal(UserErrorCode.NOT_FOUND, "The program has no such point source.", "sourceKey")
    if key not in account.sources:
        raise Refusal(UserErrorCode.INVALID, "The account takes no points of this source.", "sourceKey")


def lapses_at(account: PointAccountDefinition, at: dt.datetime) -> dt.datetime | None:
    """When points that come in at a moment expire by the account's own policy."""
    months = account.expires_after_months
    return None if months is None else months_later(at, months)


def months_later(at: dt.datetime, months: int) -> dt.datetime:
    """The same time of day that many months later, on the month's last day where it has no such day."""
    year, month = divmod(at.year * 12 + at.month - 1 + months, 12)
    first = at.replace(year=year, month=month + 1, day=1)
    last = (first.replace(day=28) + dt.timedelta(days=4)).replace(day=1) - dt.timedelta(days=1)
    return first.replace(day=min(at.day, last.day))


def check_reversible(kind: PointEntryKind, *, is_reversed: bool, is_returned: bool) -> None:
    """Pass for an entry that can be undone: of such a kind, not yet, and no purchase returned since. Raises Refusal."""
    if is_reversed:
        raise Refusal(UserErrorCode.ALREADY_DONE, "The entry was reversed already.", "entryId")
    if kind not in REVERSIBLE:
        raise Refusal(UserErrorCode.INVALID_TRANSITION, "An entry of this kind can't be reversed.", "entryId")
    if is_returned and kind in RETURNABLE:
        raise Refusal(
            UserErrorCode.INVALID_TRANSITION,
            "Part of the purchase was returned: its points can't be reversed.",
            "entryId",
        )


def check_whole(lot: Lot, points: int, now: dt.datetime) -> None:
    """Pass for a lot of which nothing is spent or lapsed. Raises Refusal."""
    is_lapsed = lot.expires_at is not None and lot.expires_at <= now
    if lot.remaining < points or is_lapsed:
        raise Refusal(
            UserErrorCode.INSUFFICIENT_POINTS, "The points of this entry are partly spent or have lapsed.", "entryId"
        )


def as_made(row: PointAuditRow) -> PointAuditRow:
    """An entry as it was the moment it was made, whatever became of its points since.

    One that gives points back hands all of them over to the lots they came from; others paid a deficit, if there was one.
    """
    if row.modification < 0:
        return msgspec.structs.replace(row, reversed_by_id=None)
    handed_over = row.modification if row.kind in UNDOING else row.paid_off or 0
    return msgspec.structs.replace(
        row,
        amount_spent=handed_over,
        amount_expired=0,
        remaining=row.modification - handed_over,
        reversed_by_id=None,
    )
