"""What purchases do to points: what they are paid with, what they earn, and what their return takes and gives back."""

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Select, Uuid, and_, bindparam, exists, literal_column, or_, select

from datasources.ids import EntityId, new_id
from datasources.ledger import LARGEST, Account, Lot, Part, account_of, check_deducted, in_order, lapses_at, taken
from datasources.points import PointAllocationRow, PointAuditRow, PointEntryKind
from datasources.program import EarnRule, PointAccountDefinition, PointAccountType
from datasources.recording import Happened
from datasources.refusals import UserErrorCode
from datasources.registry import Domain
from datasources.returns import Kept, restored
from datasources.sql.engine import Database, Prepared, Sent, Statements
from datasources.sql.point_ledger import PointLedger, Posting, Purchase, allocations, facts_of, post, settled
from datasources.sql.tables.points import point_allocations, point_entries, point_lots
from datasources.sql.unit_of_work import Unit
from datasources.transactions import PointsSpent
from datasources.writing import Refusal

CUSTOMER, PURCHASE = bindparam("customer", type_=Uuid()), bindparam("purchase", type_=Uuid())
EVENTS = {
    PointEntryKind.EARN: "points_earned",
    PointEntryKind.SPEND: "points_used",
    PointEntryKind.RETURN: "points_returned",
    PointEntryKind.EXPIRE: "points_expired",
}


class Cause(msgspec.Struct, frozen=True):
    """The purchase that moves points, how its entries refer to what is done, and when that happened."""

    purchase: Purchase
    reference_type: str
    reference_id: str
    description: str
    at: dt.datetime


class Posted(msgspec.Struct, frozen=True):
    """An entry as it was made, and what it took from lots or gave back to them."""

    entry: PointAuditRow
    allocations: tuple[PointAllocationRow, ...]


class Undone(msgspec.Struct, frozen=True):
    """The entries of a return; `waived` points were spent, and the account may not owe them."""

    posted: tuple[Posted, ...]
    waived: int


class Caused(msgspec.Struct, frozen=True):
    """An entry by which a purchase earned or spent, not reversed since, with what is left of its lot."""

    id: UUID
    account_key: str
    kind: str
    modification: int
    expires_at: dt.datetime | None
    earned_at: dt.datetime | None
    remaining: int | None

    @property
    def lot(self) -> Lot:
        """The lot that it opened."""
        assert self.earned_at is not None and self.remaining is not None  # noqa: S101  # of an addition
        return Lot(self.id, self.expires_at, self.earned_at, self.remaining)


class Handed(msgspec.Struct, frozen=True):
    """Points of a lot that a purchase was paid with, or that a return of it gave back."""

    account_key: str
    kind: str
    lot_id: UUID
    points: int
    expires_at: dt.datetime | None
    earned_at: dt.datetime


class PurchasePoints:
    """Posts inside the transaction of a purchase or a return. Whether the customer may spend or be granted anything is
    checked before."""

    def __init__(self, database: Database) -> None:
        self._ledger = PointLedger(database)
        self._caused = Prepared(_caused(), Caused, database.dialect)
        self._handed = Prepared(_handed(), Handed, database.dialect)

    def spend(self, unit: Unit, cause: Cause, spent: PointsSpent, *path: str) -> Statements[Posted]:
        """Pay with points; `path` is where the input names them. Raises Refusal."""
        with _below(*path):
            definition = account_of(unit.write.program, spent.account_key)
            if definition.type is not PointAccountType.REDEEMABLE:
                raise Refusal(UserErrorCode.INVALID, "Points of this account pay for nothing.", "accountKey")
            account = yield from self._account(unit, spent.account_key)
            check_deducted(account, spent.points)
        lots = yield from self._ledger.lots(unit, spent.account_key, spent.points)
        parts = taken(lots, spent.points)
        posting = _posting(unit, cause, spent.account_key, PointEntryKind.SPEND, -spent.points)
        return _posted(unit, account, msgspec.structs.replace(posting, parts=parts))

    def earn(self, unit: Unit, cause: Cause, rule: EarnRule, basket: int) -> Statements[Posted | None]:
        """What a basket value earns, as far as the account can hold it; None where that is nothing."""
        definition = unit.write.program.point_account(rule.account_key)
        account = yield from self._account(unit, rule.account_key)
        points = min(rule.points_for(basket), _room(account, definition))
        if points <= 0:
            return None
        posting = _posting(unit, cause, rule.account_key, PointEntryKind.EARN, points)
        return _posted(unit, account, msgspec.structs.replace(posting, expires_at=lapses_at(definition, cause.at)))

    def undo(self, unit: Unit, cause: Cause, before: Kept, after: Kept) -> Statements[Undone]:
        """Give back what was spent on the part that comes back, last lot first, then take what that part earned.

        Given back first, so that it is there to be taken. What comes back lapsed expires at once.
        """
        unit.check_owned(Domain.POINTS)
        which = {"customer": unit.customer_id, "purchase": cause.purchase.id}
        caused: list[Caused] = yield Sent(self._caused, which)
        handed: list[Handed] = yield Sent(self._handed, which)
        posted: list[Posted] = []
        waived = 0
        for key in sorted({entry.account_key for entry in caused}):
            own = [entry for entry in caused if entry.account_key == key]
            given = yield from self._given_back(unit, cause, own, handed, (before, after))
            taken_back = yield from self._taken_back(unit, cause, own, (before, after))
            posted += (*given, *taken_back.posted)
            waived += taken_back.waived
        return Undone(tuple(posted), waived)

    def _given_back(
        self, unit: Unit, cause: Cause, own: Sequence[Caused], handed: Sequence[Handed], kept: tuple[Kept, Kept]
    ) -> Statements[list[Posted]]:
        key = own[0].account_key
        spent = -sum(entry.modification for entry in own if entry.modification < 0)
        points = kept[0].spent(spent) - kept[1].spent(spent)
        lots = _out(part for part in handed if part.account_key == key)
        parts = restored(lots, points)
        if not parts:
            return []
        account = yield from self._account(unit, key)
        posting = _posting(unit, cause, key, PointEntryKind.RETURN, _sum(parts))
        posting = settled(account, msgspec.structs.replace(posting, parts=parts))
        back = _posted(unit, account, posting)
        over = {lot.entry_id for lot in lots if lot.expires_at is not None and lot.expires_at <= unit.write.now}
        lapsed = tuple(part for part in posting.parts if part.lot_id in over)
        if not lapsed:
            return [back]
        account = yield from self._account(unit, key)
        expiry = _posting(unit, cause, key, PointEntryKind.EXPIRE, -_sum(lapsed))
        expiry = msgspec.structs.replace(expiry, parts=lapsed, description="Points expired")
        return [back, _posted(unit, account, expiry)]

    def _taken_back(
        self, unit: Unit, cause: Cause, own: Sequence[Caused], kept: tuple[Kept, Kept]
    ) -> Statements[Undone]:
        key, program = own[0].account_key, unit.write.program
        earned = sum(entry.modification for entry in own if entry.modification > 0)
        rule = next((rule for rule in program.earn_rules if rule.account_key == key), None)
        points = kept[0].earned(earned, rule) - kept[1].earned(earned, rule)
        if points == 0:
            return Undone((), 0)
        account = yield from self._account(unit, key)
        parts = yield from self._parts(unit, account, own, points)
        short = points - _sum(parts)
        owes = short if program.point_account(key).allow_negative else 0
        waived = short - owes
        if waived == points:
            return Undone((), waived)
        posting = _posting(unit, cause, key, PointEntryKind.RETURN, waived - points)
        told = f"{cause.description}, {waived} points waived" if waived else cause.description
        posting = msgspec.structs.replace(posting, parts=parts, uncovered=owes, description=told)
        return Undone((_posted(unit, account, posting),), waived)

    def _parts(self, unit: Unit, account: Account, own: Sequence[Caused], points: int) -> Statements[tuple[Part, ...]]:
        """The lots that give the points: what the purchase earned itself, lapsed or not, then others as far as they are
        available, in the order of inv-L5."""
        now, lots = unit.write.now, [entry.lot for entry in own if entry.remaining]
        first = _at_most(lots, points)
        short = points - _sum(first)
        if short == 0:
            return first
        open_ids = {lot.entry_id for lot in lots if lot.expires_at is None or lot.expires_at > now}
        available = account.available - _sum(part for part in first if part.lot_id in open_ids)
        held = sum(lot.remaining for lot in lots)
        found = yield from self._ledger.lots(unit, own[0].account_key, short + held)
        others = [lot for lot in found if all(lot.entry_id != mine.entry_id for mine in lots)]
        places = {lot.entry_id: place for place, lot in enumerate(in_order((*lots, *others)))}
        parts = first + _at_most(others, min(short, max(0, available)))
        return tuple(sorted(parts, key=lambda part: places[part.lot_id]))

    def _account(self, unit: Unit, key: str) -> Statements[Account]:
        """The account with what was posted before in this transaction."""
        unit.check_owned(Domain.POINTS)
        yield from unit.flush()
        return (yield from self._ledger.account(unit, key))


@contextmanager
def _below(*path: str) -> Iterator[None]:
    """Refusals tell their path from the input, whose part is checked inside."""
    try:
        yield
    except Refusal as refusal:
        raise Refusal(refusal.code, refusal.message, *path, *refusal.path) from None


def _room(account: Account, definition: PointAccountDefinition) -> int:
    """How many points more the account can hold and count."""
    cap = LARGEST if definition.max_balance is None else definition.max_balance
    return min(cap - account.balance, LARGEST - account.lifetime_earned)


def _sum(parts: Iterable[Part]) -> int:
    return sum(part.points for part in parts)


def _at_most(lots: Sequence[Lot], points: int) -> tuple[Part, ...]:
    """So many points of the lots, or all that they hold."""
    return taken(lots, min(points, sum(lot.remaining for lot in lots)))


def _out(handed: Iterable[Handed]) -> list[Lot]:
    """The lots that a purchase was paid from, with what did not come back to them yet."""
    lots: dict[UUID, Lot] = {}
    for part in handed:
        lot = lots.get(part.lot_id) or Lot(part.lot_id, part.expires_at, part.earned_at, 0)
        out = part.points if part.kind == PointEntryKind.SPEND.value else -part.points
        lots[part.lot_id] = msgspec.structs.replace(lot, remaining=lot.remaining + out)
    return list(lots.values())


def _posting(unit: Unit, cause: Cause, account_key: str, kind: PointEntryKind, modification: int) -> Posting:
    program = unit.write.program
    buys = kind in (PointEntryKind.EARN, PointEntryKind.SPEND)
    return Posting(
        id=new_id(),
        account_key=account_key,
        kind=kind,
        source_key=program.purchase_source if buys else program.return_source,
        modification=modification,
        reference_type=cause.reference_type,
        description=cause.description,
        reference_id=cause.reference_id,
        occurred_at=cause.at,
        purchase=cause.purchase,
    )


def _posted(unit: Unit, account: Account, posting: Posting) -> Posted:
    """The entry, and the event of those that move what the customer can spend."""
    posting = settled(account, posting)
    entry = post(unit, account, posting)
    program = unit.write.program
    if program.point_account(posting.account_key).type is PointAccountType.REDEEMABLE:
        told = Happened(EVENTS[posting.kind], facts_of(program, posting), EntityId(posting.id), posting.occurred_at)
        unit.record(told)
    return Posted(entry, allocations(unit, posting))


def _not_reversed() -> Any:
    reversal = point_entries.alias("reversal")
    same = and_(reversal.c.customer_id == point_entries.c.customer_id, reversal.c.reverses == point_entries.c.id)
    return ~exists().where(same)


def _of_purchase(*kinds: PointEntryKind) -> Any:
    return and_(
        point_entries.c.customer_id == CUSTOMER,
        point_entries.c.purchase_id == PURCHASE,
        point_entries.c.kind.in_([literal_column(f"'{kind.value}'") for kind in kinds]),
    )


def _caused() -> Select[Any]:
    entry, lot = point_entries.c, point_lots.c
    opened = and_(lot.customer_id == entry.customer_id, lot.entry_id == entry.id)
    columns = (entry.id, entry.account_key, entry.kind, entry.modification)
    return (
        select(*columns, lot.expires_at, lot.earned_at, lot.remaining)
        .select_from(point_entries.outerjoin(point_lots, opened))
        .where(_of_purchase(PointEntryKind.EARN, PointEntryKind.SPEND), _not_reversed())
    )


def _handed() -> Select[Any]:
    """Of returns only what they gave back: what they took is none of the payment."""
    entry, part, lot = point_entries.c, point_allocations.c, point_lots.c
    caused = and_(part.customer_id == entry.customer_id, part.debit_id == entry.id)
    of_lot = and_(lot.customer_id == part.customer_id, lot.entry_id == part.lot_id)
    pays = and_(_of_purchase(PointEntryKind.SPEND), _not_reversed())
    gives_back = and_(_of_purchase(PointEntryKind.RETURN), entry.modification > 0)
    return (
        select(entry.account_key, entry.kind, part.lot_id, part.points, lot.expires_at, lot.earned_at)
        .select_from(point_entries.join(point_allocations, caused).join(point_lots, of_lot))
        .where(or_(pays, gives_back))
    )
