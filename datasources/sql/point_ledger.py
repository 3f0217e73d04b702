"""The points ledger under the customer's lock: what is read of it, and how one more entry is posted."""

import datetime as dt
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import BigInteger, ColumnElement, Select, String, Uuid, bindparam, exists, select, union_all
from sqlalchemy.types import TypeEngine

from datasources.ids import CustomerId, EntityId
from datasources.ledger import Account, Lot, Part
from datasources.points import PointAccountRow, PointAllocationRow, PointAuditRow, PointEntryKind
from datasources.sql.changes import Change, inserted, upserted
from datasources.sql.engine import Database, Prepared, Sent, Statements
from datasources.sql.points import ACCOUNT, NONE, held_by_lots, lots
from datasources.sql.statements import NOW
from datasources.sql.tables.points import point_accounts, point_allocations, point_days, point_entries, point_lots
from datasources.sql.unit_of_work import Unit

ENTERED, OPENED = inserted(point_entries), inserted(point_lots)
SETTLED = upserted(point_accounts)
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


class Posting(msgspec.Struct, frozen=True):
    """One more entry: `parts` are what it takes from lots, or gives back to them where `modification` is positive."""

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


class PointLedger:
    """Reads what the rules decide by, and posts."""

    def __init__(self, database: Database) -> None:
        dialect = database.dialect
        self._account = Prepared(_account(), Account, dialect)
        self._shown = Prepared(_of_account(select(*ACCOUNT.columns)), ACCOUNT.make, dialect)
        self._lots = Prepared(_lots(), Lot, dialect)
        self._original = Prepared(_original(), Original, dialect)
        self._parts = Prepared(_parts(), Part, dialect)

    def account(self, unit: Unit, key: str) -> Statements[Account]:
        """The account, an empty one where nothing happened in it yet."""
        found = yield Sent(self._account, self._of(unit, key))
        return found[0] if found else Account()

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
        """What an entry took from which lots."""
        return tuple((yield Sent(self._parts, {"customer": customer, "entry": entry_id})))

    def _of(self, unit: Unit, key: str) -> dict[str, Any]:
        return {"customer": unit.customer_id, "account": key, "now": unit.write.now}


def post(unit: Unit, account: Account, posting: Posting) -> PointAuditRow:
    """Have the entry made, with its lot, what it does to others, to the account, and to the day's sum."""
    after = account.moved(posting.modification, undoes=posting.reverses is not None)
    entry = _entry(unit, account, after, posting)
    of_account = {"customer_id": unit.customer_id, "account_key": posting.account_key}
    unit.change(ENTERED, entry | {"internal_note": unit.seal(entry["internal_note"], "point_entries.internal_note")})
    lot = _lot(posting)
    if lot is not None:
        unit.change(
            OPENED,
            of_account
            | {"entry_id": entry["id"], "earned_at": unit.write.now, "expires_at": posting.expires_at}
            | {"points": posting.modification, **lot},
        )
    _change_lots(unit, entry["id"], posting)
    figures = msgspec.structs.asdict(after)
    unit.change(SETTLED, of_account | {name: figures[name] for name in figures if name != "overdue"})
    day = {"day": unit.write.now.astimezone(dt.UTC).date(), "kind": posting.kind.value}
    unit.change(COUNTED, of_account | day | {"points": posting.modification, "entries": 1})
    shown: dict[str, Any] = {name: entry.get(name) for name in PointAuditRow.__struct_fields__}
    return PointAuditRow(**shown | {"kind": posting.kind, "reverses_id": posting.reverses} | (lot or {}))


def allocations(unit: Unit, posting: Posting) -> tuple[PointAllocationRow, ...]:
    """The posting's parts as readers see them."""
    return tuple(
        PointAllocationRow(unit.customer_id, unit.ids["entry"], part.lot_id, part.points) for part in posting.parts
    )


def _entry(unit: Unit, account: Account, after: Account, posting: Posting) -> dict[str, Any]:
    """The entry's columns, its texts still in clear."""
    write = unit.write
    return {
        "customer_id": unit.customer_id,
        "id": unit.ids["entry"],
        "account_key": posting.account_key,
        "sequence": after.sequence,
        "kind": posting.kind.value,
        "source_key": posting.source_key,
        "modification": posting.modification,
        "balance_before": account.balance,
        "balance_after": after.balance,
        "reference_type": posting.reference_type,
        "reference_id": posting.reference_id,
        "description": posting.description,
        "occurred_at": write.now,
        "recorded_at": write.now,
        "expires_at": posting.expires_at,
        "actor_kind": write.actor.kind.value,
        "actor_id": write.actor.id,
        "reason_code": write.reason.code,
        "internal_note": write.reason.internal_note,
        "customer_visible_reason": write.reason.customer_visible_reason,
        "reverses": posting.reverses,
        "correlation_id": write.correlation_id,
    }


def _lot(posting: Posting) -> dict[str, int] | None:
    """How an addition's lot stands: what it gives back to older lots is handed over at once (settled.md, "Points")."""
    if posting.modification < 0:
        return None
    spent = sum(part.points for part in posting.parts)
    return {"amount_spent": spent, "amount_expired": 0, "remaining": posting.modification - spent}


def _change_lots(unit: Unit, entry_id: UUID, posting: Posting) -> None:
    if not posting.parts:
        return
    sign = 1 if posting.modification < 0 else -1
    lot_ids = [part.lot_id for part in posting.parts]
    whose = {"customer": unit.customer_id}
    points = [part.points for part in posting.parts]
    unit.change(ALLOCATED, whose | {"debit": entry_id}, {"lot_id": lot_ids, "points": points})
    unit.change(SPENT, whose, {"lot_id": lot_ids, "points": [sign * part for part in points]})


PART: dict[str, TypeEngine[Any]] = {"lot_id": Uuid(), "points": BigInteger()}
ALLOCATED = Change(
    lambda place: point_allocations.insert().from_select(
        ["customer_id", "debit_id", "lot_id", "points"],
        select(place.bind("customer", Uuid()), place.bind("debit", Uuid()), *_columns(place.keys(**PART))),
    )
)


def _columns(parts: Any) -> Sequence[ColumnElement[Any]]:
    return parts.c.lot_id, parts.c.points


def _spent(place: Any) -> Any:
    parts = place.keys(**PART)
    return (
        point_lots.update()
        .where(point_lots.c.customer_id == place.bind("customer", Uuid()), point_lots.c.entry_id == parts.c.lot_id)
        .values(
            amount_spent=point_lots.c.amount_spent + parts.c.points, remaining=point_lots.c.remaining - parts.c.points
        )
    )


SPENT = Change(_spent)
"""What lots are spent by more, or less; none of it is more than they hold, since they were read under the lock."""


def _of_account(statement: Select[Any]) -> Select[Any]:
    return statement.where(point_accounts.c.customer_id == CUSTOMER, point_accounts.c.account_key == ACCOUNT_KEY)


def _account() -> Select[Any]:
    names = [name for name in Account.__struct_fields__ if name != "overdue"]
    overdue = held_by_lots(lots.c.expires_at <= NOW)
    return _of_account(select(*(point_accounts.c[name] for name in names), overdue.label("overdue")))


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
    return select(point_allocations.c.lot_id, point_allocations.c.points).where(
        point_allocations.c.customer_id == CUSTOMER, point_allocations.c.debit_id == ENTRY_ID
    )
