"""The points ledger under the customer's lock: what is read of it, and how one more entry is posted."""

import datetime as dt
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import BigInteger, ColumnElement, FromClause, Select, String, Uuid, bindparam, exists, select, union_all
from sqlalchemy.types import TypeEngine

from datasources.ids import CustomerId, EntityId
from datasources.ledger import Account, Debt, Lot, Part, given_back, paid_off
from datasources.points import PointAccountRow, PointAllocationRow, PointAuditRow, PointEntryKind
from datasources.program import ProgramSettings
from datasources.recording import Facts
from datasources.sql.changes import Change, Place, inserted, upserted
from datasources.sql.engine import Database, Prepared, Sent, Statements
from datasources.sql.points import ACCOUNT, NONE, held_by_lots, lots
from datasources.sql.statements import NOW, total
from datasources.sql.tables.points import point_accounts, point_allocations, point_days, point_entries, point_lots
from datasources.sql.unit_of_work import Unit

ENTERED, OPENED = inserted(point_entries), inserted(point_lots)
SETTLED = upserted(point_accounts)
FIGURES = [name for name in Account.__struct_fields__ if name in point_accounts.c]
"""What an account's row holds of it."""
COUNTED = upserted(point_days, added=("points", "entries"))
LOTS_AT_ONCE = 32
"""How many lots are read for a deduction; more, eightfold, where these hold too little."""

CUSTOMER, ACCOUNT_KEY = bindparam("customer", type_=Uuid()), bindparam("account", type_=String())
LIMIT, ENTRY_ID = bindparam("limit", type_=BigInteger()), bindparam("entry", type_=Uuid())


class Original(msgspec.Struct, frozen=True):
    """An entry that is to be reversed, with what is left of its lot."""

    account_key: str
    source_key: str
    kind: str
    modification: int
    reversed_by: UUID | None
    is_returned: bool
    lot_expires_at: dt.datetime | None
    lot_earned_at: dt.datetime | None
    lot_remaining: int | None

    def lot(self, entry_id: UUID) -> Lot:
        """The lot that the entry opened."""
        assert self.lot_earned_at is not None and self.lot_remaining is not None  # noqa: S101  # of an addition
        return Lot(entry_id, self.lot_expires_at, self.lot_earned_at, self.lot_remaining)


class Purchase(msgspec.Struct, frozen=True):
    """The purchase that causes an entry, with its id at the source."""

    id: UUID
    external_id: str


class Posting(msgspec.Struct, frozen=True):
    """One more entry: `parts` are what it takes from lots, or gives back to them where `modification` is positive.

    `occurred_at` is when the cause happened; left out, now. `purchase` is the one that caused it. `uncovered` is what of a
    deduction no lot covers: the account owes it. `pays` is what an addition pays of that: see `settled`.
    """

    id: UUID
    account_key: str
    kind: PointEntryKind
    source_key: str
    modification: int
    reference_type: str
    description: str
    reference_id: str | None = None
    expires_at: dt.datetime | None = None
    reverses: UUID | None = None
    parts: tuple[Part, ...] = ()
    occurred_at: dt.datetime | None = None
    purchase: Purchase | None = None
    uncovered: int = 0
    pays: tuple[Debt, ...] = ()


class PointLedger:
    """Reads what the rules decide by, and posts."""

    def __init__(self, database: Database) -> None:
        dialect = database.dialect
        self._account = Prepared(_account(), Account, dialect)
        self._shown = Prepared(_of_account(select(*ACCOUNT.columns)), ACCOUNT.make, dialect)
        self._lots = Prepared(_lots(), Lot, dialect)
        self._original = Prepared(_original(), Original, dialect)
        self._parts = Prepared(_parts(), Part, dialect)
        self._debts = Prepared(_debts(), Debt, dialect)

    def account(self, unit: Unit, key: str) -> Statements[Account]:
        """The account, an empty one where nothing happened in it yet."""
        found: list[Account] = yield Sent(self._account, self._of(unit, key))
        if not found or not found[0].deficit:
            return found[0] if found else Account()
        debts = yield Sent(self._debts, self._of(unit, key))
        return msgspec.structs.replace(found[0], debts=tuple(debt for debt in debts if debt.points))

    def shown(self, unit: Unit, key: str) -> Statements[PointAccountRow]:
        """The account as readers see it."""
        (found,) = yield Sent(self._shown, self._of(unit, key))
        row: PointAccountRow = found
        return row

    def lots(self, unit: Unit, key: str, points: int) -> Statements[list[Lot]]:
        """Open lots enough for that many points, those that inv-L5 takes first."""
        limit = LOTS_AT_ONCE
        while True:
            found: list[Lot] = yield Sent(self._lots, self._of(unit, key) | {"limit": limit})
            expiring = [lot for lot in found if lot.expires_at is not None]
            # While not all that expire are known, none that never do may be taken.
            known = expiring if len(expiring) == limit else found
            if sum(lot.remaining for lot in known) >= points or len(found) < limit:
                return known
            limit *= 8

    def original(self, customer: CustomerId, entry_id: EntityId) -> Statements[Original | None]:
        """The entry to be reversed."""
        found = yield Sent(self._original, {"customer": customer, "entry": entry_id})
        return found[0] if found else None

    def parts(self, customer: CustomerId, entry_id: EntityId) -> Statements[tuple[Part, ...]]:
        """What an entry took from which lots, in the order of inv-L5."""
        return tuple((yield Sent(self._parts, {"customer": customer, "entry": entry_id})))

    def _of(self, unit: Unit, key: str) -> dict[str, Any]:
        return {"customer": unit.customer_id, "account": key, "now": unit.write.now}


def settled(account: Account, posting: Posting) -> Posting:
    """The posting with what it pays of the account's deficit before anything else (inv-L3); of points that it gives back,
    those that would expire soonest."""
    if posting.modification < 0 or not account.debts:
        return posting
    pays = paid_off(account.debts, posting.modification)
    left = posting.modification - sum(debt.points for debt in pays)
    return msgspec.structs.replace(posting, pays=pays, parts=given_back(posting.parts, left))


def post(unit: Unit, account: Account, posting: Posting) -> PointAuditRow:
    """Have the entry made, with its lot, what it does to others, to the account, and to the day's sum.

    A second entry of the same account, or of a lot that is new, is posted after a `flush`. Raises RuntimeError for a debit
    that its parts and what is uncovered do not make up.
    """
    posting = settled(account, posting)
    made_up = posting.uncovered + sum(part.points for part in posting.parts)
    if posting.modification < 0 and made_up != -posting.modification:
        raise RuntimeError("the parts of a debit are not what it takes")
    after = account.moved(posting.modification, posting.kind)
    entry = _entry(unit, account, after, posting)
    of_account = {"customer_id": unit.customer_id, "account_key": posting.account_key}
    unit.change(ENTERED, entry | {"internal_note": unit.seal(entry["internal_note"], "point_entries.internal_note")})
    lot = _lot(posting)
    if lot is not None:
        unit.change(
            OPENED,
            of_account
            | {"entry_id": entry["id"], "earned_at": entry["occurred_at"], "expires_at": posting.expires_at}
            | {"points": posting.modification, **lot},
        )
    _change_lots(unit, entry["id"], posting)
    figures = msgspec.structs.asdict(after)
    unit.change(SETTLED, of_account | {name: figures[name] for name in FIGURES})
    day = {"day": entry["occurred_at"].astimezone(dt.UTC).date(), "kind": posting.kind.value}
    unit.change(COUNTED, of_account | day | {"points": posting.modification, "entries": 1})
    shown: dict[str, Any] = {name: entry.get(name) for name in PointAuditRow.__struct_fields__}
    return PointAuditRow(**shown | {"kind": posting.kind, "reverses_id": posting.reverses} | (lot or {}))


def allocations(unit: Unit, posting: Posting) -> tuple[PointAllocationRow, ...]:
    """The posting's parts as readers see them; `settled` before, where it may pay a deficit."""
    return tuple(PointAllocationRow(unit.customer_id, posting.id, part.lot_id, part.points) for part in posting.parts)


def facts_of(program: ProgramSettings, posting: Posting) -> Facts:
    """What the event of an entry tells."""
    return {
        "points": posting.modification,
        "account_key": posting.account_key,
        "account_label": program.point_account(posting.account_key).label,
        "source_label": program.point_source(posting.source_key).label,
        "description": posting.description,
    }


def _entry(unit: Unit, account: Account, after: Account, posting: Posting) -> dict[str, Any]:
    """The entry's columns, its texts still in clear."""
    write = unit.write
    return {
        "customer_id": unit.customer_id,
        "id": posting.id,
        "account_key": posting.account_key,
        "sequence": after.sequence,
        "kind": posting.kind.value,
        "source_key": posting.source_key,
        "modification": posting.modification,
        "balance_before": account.balance,
        "balance_after": after.balance,
        "reference_type": posting.reference_type,
        "reference_id": posting.reference_id,
        "transaction_id": None if posting.purchase is None else posting.purchase.external_id,
        "purchase_id": None if posting.purchase is None else posting.purchase.id,
        "description": posting.description,
        "occurred_at": posting.occurred_at or write.now,
        "recorded_at": write.now,
        "expires_at": posting.expires_at,
        "actor_kind": write.actor.kind.value,
        "actor_id": write.actor.id,
        "reason_code": write.reason.code,
        "internal_note": write.reason.internal_note,
        "customer_visible_reason": write.reason.customer_visible_reason,
        "reverses": posting.reverses,
        "uncovered": posting.uncovered or None,
        "paid_off": sum(debt.points for debt in posting.pays) or None,
        "correlation_id": write.correlation_id,
        "approval_id": write.approval_id,
    }


def _lot(posting: Posting) -> dict[str, int] | None:
    """How an addition's lot stands: what it gives back to older lots is handed over at once (settled.md, "Points"), and
    what it pays of a deficit is spent."""
    if posting.modification < 0:
        return None
    spent = sum(part.points for part in posting.parts) + sum(debt.points for debt in posting.pays)
    return {"amount_spent": spent, "amount_expired": 0, "remaining": posting.modification - spent}


def _change_lots(unit: Unit, entry_id: UUID, posting: Posting) -> None:
    parts, pays, whose = posting.parts, posting.pays, {"customer": unit.customer_id}
    if parts or pays:
        rows = [(entry_id, part.lot_id, part.points) for part in parts]
        rows += [(debt.debit_id, entry_id, debt.points) for debt in pays]
        debits, lot_ids, points = map(list, zip(*rows, strict=True))
        unit.change(ALLOCATED, whose, {"debit_id": debits, "lot_id": lot_ids, "points": points})
    if not parts:
        return
    sign = 1 if posting.modification < 0 else -1
    moved: dict[str, list[Any]] = {
        "lot_id": [part.lot_id for part in parts],
        "points": [sign * part.points for part in parts],
    }
    took = LAPSED if posting.kind is PointEntryKind.EXPIRE else SPENT
    unit.change(took, whose, moved)


PART: dict[str, TypeEngine[Any]] = {"lot_id": Uuid(), "points": BigInteger()}
ALLOCATED = Change(
    lambda place: point_allocations.insert().from_select(
        ["customer_id", "debit_id", "lot_id", "points"],
        _rows(place.bind("customer", Uuid()), place.keys(debit_id=Uuid(), **PART)),
    )
)


def _rows(customer: ColumnElement[Any], parts: FromClause) -> Select[Any]:
    return select(customer, parts.c.debit_id, parts.c.lot_id, parts.c.points)


def _used(amount: str) -> Change:
    """What lots are used by more, or less; none of it is more than they hold, since they were read under the lock."""

    def build(place: Place) -> Any:
        parts = place.keys(**PART)
        used, left = point_lots.c[amount] + parts.c.points, point_lots.c.remaining - parts.c.points
        return (
            point_lots.update()
            .where(point_lots.c.customer_id == place.bind("customer", Uuid()), point_lots.c.entry_id == parts.c.lot_id)
            .values({amount: used, "remaining": left})
        )

    return Change(build)


SPENT, LAPSED = _used("amount_spent"), _used("amount_expired")


def _of_account(statement: Select[Any]) -> Select[Any]:
    return statement.where(point_accounts.c.customer_id == CUSTOMER, point_accounts.c.account_key == ACCOUNT_KEY)


def _account() -> Select[Any]:
    overdue = held_by_lots(lots.c.expires_at <= NOW)
    return _of_account(select(*(point_accounts.c[name] for name in FIGURES), overdue.label("overdue")))


def _lots() -> Any:
    """The first lots that expire, and the first that never do, each in the order of the index."""
    columns = [point_lots.c[name] for name in Lot.__struct_fields__]
    own = (point_lots.c.customer_id == CUSTOMER, point_lots.c.account_key == ACCOUNT_KEY, point_lots.c.remaining > NONE)
    order = (point_lots.c.expires_at, point_lots.c.earned_at, point_lots.c.entry_id)
    firsts = [
        select(*columns).where(*own, expiring).order_by(*order).limit(LIMIT).subquery(name)
        for name, expiring in (
            ("expiring", point_lots.c.expires_at > NOW),
            ("lasting", point_lots.c.expires_at.is_(None)),
        )
    ]
    return select(*union_all(*(select(first) for first in firsts)).subquery("open").c)


def _original() -> Select[Any]:
    reversal, returned = point_entries.alias("reversal"), point_entries.alias("returned")
    is_returned = exists().where(
        returned.c.customer_id == point_entries.c.customer_id,
        returned.c.purchase_id == point_entries.c.purchase_id,
        returned.c.kind == PointEntryKind.RETURN.value,
    )
    entry = point_entries.c
    columns = (entry.account_key, entry.source_key, entry.kind, entry.modification, reversal.c.id.label("reversed_by"))
    lot = (point_lots.c.expires_at, point_lots.c.earned_at, point_lots.c.remaining)
    reverses = (reversal.c.customer_id == entry.customer_id) & (reversal.c.reverses == entry.id)
    opened = (point_lots.c.customer_id == entry.customer_id) & (point_lots.c.entry_id == entry.id)
    return (
        select(*columns, is_returned.label("is_returned"), *lot)
        .select_from(point_entries.outerjoin(reversal, reverses).outerjoin(point_lots, opened))
        .where(entry.customer_id == CUSTOMER, entry.id == ENTRY_ID)
    )


def _parts() -> Select[Any]:
    part, lot = point_allocations.c, point_lots.c
    return (
        select(part.lot_id, part.points)
        .select_from(
            point_allocations.join(point_lots, (lot.customer_id == part.customer_id) & (lot.entry_id == part.lot_id))
        )
        .where(part.customer_id == CUSTOMER, part.debit_id == ENTRY_ID)
        .order_by(lot.expires_at.is_(None), lot.expires_at, lot.earned_at, lot.entry_id)
    )


def _debts() -> Select[Any]:
    """What is still owed of each debit that was not covered, oldest first; nothing of those that are paid."""
    entry, part = point_entries.c, point_allocations.c
    covered = select(total(part.points)).where(part.customer_id == entry.customer_id, part.debit_id == entry.id)
    owed = -entry.modification - covered.correlate(point_entries).scalar_subquery()
    return (
        select(entry.id.label("debit_id"), owed.label("points"))
        .where(entry.customer_id == CUSTOMER, entry.account_key == ACCOUNT_KEY, entry.uncovered.is_not(None))
        .order_by(entry.sequence)
    )
