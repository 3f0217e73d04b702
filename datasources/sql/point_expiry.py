"""Points that lapse: who holds some, and the entries that take them from an account."""

import datetime as dt
from collections.abc import Sequence
from itertools import groupby
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import BigInteger, ColumnElement, Select, Uuid, bindparam, literal_column, select, tuple_

from datasources.audit import AuditChange
from datasources.ids import CustomerId, EntityId, new_id
from datasources.ledger import Part
from datasources.points import Due, Lapsed, PointEntryKind
from datasources.program import PointAccountType
from datasources.recording import Happened
from datasources.sql.engine import Database, Prepared, Sent, Statements
from datasources.sql.point_ledger import PointLedger, Posting, facts_of, post
from datasources.sql.points import NONE
from datasources.sql.statements import NOW
from datasources.sql.tables.points import point_entries, point_lots
from datasources.sql.tables.profiles import customers
from datasources.sql.types import FIRST, Instant
from datasources.sql.unit_of_work import GONE, Unit

EXPIRY = "expiry"
"""Reference type."""
PAGE = 200
LOTS_AT_ONCE = 50
"""How many lots one transaction takes points from."""


class Overdue(msgspec.Struct, frozen=True):
    """A lot that is past its expiry and still holds points, and where they came from."""

    account_key: str
    source_key: str
    entry_id: UUID
    remaining: int

    @property
    def entry(self) -> tuple[str, str]:
        """What tells the entries apart that take such points: account and source."""
        return self.account_key, self.source_key


class PointExpiry:
    """Expires points, and finds where there are some to expire."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._ledger = PointLedger(database)
        self._due = Prepared(_due(), Due, database.dialect)
        self._overdue = Prepared(_overdue(), Overdue, database.dialect)

    async def due(self, now: dt.datetime, after: Due | None) -> Sequence[Due]:
        """See PointWriter."""
        start = after or Due(FIRST, CustomerId(UUID(int=0)))
        where = {"after_at": start.expires_at, "after_customer": start.customer_id, "now": now, "limit": PAGE}
        return [row for (row,) in await self._database.fetch(self._due, where)]

    def expired(self, unit: Unit) -> Statements[Lapsed]:
        """Expire the customer's lots that are due; nothing is told of a customer without any."""
        if unit.membership in GONE:
            return Lapsed()
        whose = {"customer": unit.customer_id, "now": unit.write.now, "limit": LOTS_AT_ONCE}
        lots: list[Overdue] = yield Sent(self._overdue, whose)
        told: list[AuditChange] = []
        for (account_key, source_key), own in groupby(sorted(lots, key=_entry), _entry):
            told += yield from self._posted(unit, account_key, source_key, list(own))
        points = sum(lot.remaining for lot in lots)
        if lots:
            unit.audit(f"{-points:+d} points expired", told)
        return Lapsed(len(told) // 2, points)

    def _posted(
        self, unit: Unit, account_key: str, source_key: str, lots: Sequence[Overdue]
    ) -> Statements[tuple[AuditChange, AuditChange]]:
        """One entry, and the event where it is of points that can be spent."""
        program = unit.write.program
        # What was posted before in this transaction must be seen.
        yield from unit.flush()
        account = yield from self._ledger.account(unit, account_key)
        posting = Posting(
            id=new_id(),
            account_key=account_key,
            kind=PointEntryKind.EXPIRE,
            source_key=source_key,
            modification=-sum(lot.remaining for lot in lots),
            reference_type=EXPIRY,
            description="Points expired",
            parts=tuple(Part(lot.entry_id, lot.remaining) for lot in lots),
        )
        entry = post(unit, account, posting)
        if program.point_account(account_key).type is PointAccountType.REDEEMABLE:
            unit.record(Happened("points_expired", facts_of(program, posting), EntityId(posting.id)))
        return (
            AuditChange(f"pointAccounts.{account_key}.balance", entry.balance_before, entry.balance_after),
            AuditChange(f"pointEntries.{posting.id}", None, posting.modification),
        )


def _entry(lot: Overdue) -> tuple[str, str]:
    return lot.entry


def _due() -> Select[Any]:
    lot, place = point_lots.c, (point_lots.c.expires_at, point_lots.c.customer_id)
    after = (bindparam("after_at", type_=Instant()), bindparam("after_customer", type_=Uuid()))
    gone: list[ColumnElement[str]] = [literal_column(f"'{state.value}'") for state in GONE]
    return (
        select(*place)
        .select_from(point_lots.join(customers, customers.c.customer_id == lot.customer_id))
        .where(
            lot.remaining > NONE,
            lot.expires_at <= NOW,
            tuple_(*place) > tuple_(*after),
            customers.c.membership.not_in(gone),
        )
        .distinct()
        .order_by(*place)
        .limit(bindparam("limit", type_=BigInteger()))
    )


def _overdue() -> Select[Any]:
    lot, entry = point_lots.c, point_entries.c
    opened = (entry.customer_id == lot.customer_id) & (entry.id == lot.entry_id)
    return (
        select(lot.account_key, entry.source_key, lot.entry_id, lot.remaining)
        .select_from(point_lots.join(point_entries, opened))
        .where(lot.customer_id == bindparam("customer", type_=Uuid()), lot.remaining > NONE, lot.expires_at <= NOW)
        .order_by(lot.account_key, lot.expires_at, lot.earned_at, lot.entry_id)
        .limit(bindparam("limit", type_=BigInteger()))
    )
