"""Points in SQL."""

import datetime as dt
from collections.abc import Sequence
from typing import Any, ClassVar

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Date,
    FromClause,
    Select,
    String,
    Uuid,
    and_,
    bindparam,
    case,
    func,
    literal,
    literal_column,
    or_,
    select,
    union_all,
)
from sqlalchemy.types import TypeEngine

from datasources.ids import CustomerId, OwnedId
from datasources.paging import Page, PageRequest
from datasources.points import (
    GRANTING,
    BalanceExplanation,
    PointAccountRow,
    PointAllocationRow,
    PointAuditRow,
    PointEntryKind,
    PointExpiryRow,
    PointMovement,
)
from datasources.registry import Domain
from datasources.sql.filters import among, equal, holds, within
from datasources.sql.reader import SqlReader
from datasources.sql.statements import NOW, EachOf, Keyed, Paged, Rows, total
from datasources.sql.tables.points import point_accounts, point_allocations, point_days, point_entries, point_lots
from datasources.sql.types import LAST, Instant

NONE = literal_column("0", BigInteger())
"""Zero in the statement's text: PostgreSQL uses the partial index of open lots only where it is a constant."""

lots = point_lots.alias("lots")
reversals = point_entries.alias("reversals")

later = point_lots.alias("later")


def _open(lot: FromClause) -> ColumnElement[bool]:
    """Lots of the account that still hold points."""
    return and_(
        lot.c.customer_id == point_accounts.c.customer_id,
        lot.c.account_key == point_accounts.c.account_key,
        lot.c.remaining > NONE,
    )


NEXT_EXPIRY = (
    select(func.min(later.c.expires_at))
    .where(_open(later), later.c.expires_at > NOW)
    .correlate(point_accounts)
    .scalar_subquery()
)


def held_by_lots(expiring: ColumnElement[bool]) -> ColumnElement[int]:
    """The points that open lots of the account hold, of those that expire so."""
    return select(total(lots.c.remaining)).where(_open(lots), expiring).correlate(point_accounts).scalar_subquery()


ACCOUNT = Rows(
    PointAccountRow,
    point_accounts,
    columns={
        "overdue": held_by_lots(lots.c.expires_at <= NOW),
        "next_expires_at": NEXT_EXPIRY,
        "next_points": held_by_lots(lots.c.expires_at == NEXT_EXPIRY),
    },
)
ACCOUNTS = Keyed(ACCOUNT, key=("customer_id",), sorted_by=(point_accounts.c.account_key,))

IS_GRANT = and_(
    or_(*(point_entries.c.kind == kind.value for kind in GRANTING)), point_entries.c.modification > literal_column("0")
)

ENTRY = Rows(
    PointAuditRow,
    point_entries,
    columns={
        "amount_spent": lots.c.amount_spent,
        "amount_expired": lots.c.amount_expired,
        # A lot past its expiry can't be spent, before the expiry run too.
        "remaining": case((lots.c.expires_at <= NOW, 0), else_=lots.c.remaining),
        "reverses_id": point_entries.c.reverses,
        "reversed_by_id": reversals.c.id,
    },
    joined=(
        (lots, and_(lots.c.customer_id == point_entries.c.customer_id, lots.c.entry_id == point_entries.c.id)),
        (
            reversals,
            and_(reversals.c.customer_id == point_entries.c.customer_id, reversals.c.reverses == point_entries.c.id),
        ),
    ),
)
AUDIT = Paged(
    ENTRY,
    order=("occurred_at", "id"),
    filters={
        "account_keys": among(point_entries.c.account_key),
        "source_keys": among(point_entries.c.source_key),
        "kinds": among(point_entries.c.kind),
        "occurred_at": within(point_entries.c.occurred_at),
        "transaction_id": equal(point_entries.c.transaction_id),
        "is_grant": holds(IS_GRANT),
    },
)
ENTRIES = Keyed(ENTRY)
OF_PURCHASES = Keyed(
    ENTRY,
    key=("customer_id", "purchase_id"),
    sorted_by=(point_entries.c.recorded_at, point_entries.c.account_key, point_entries.c.sequence),
)

ALLOCATION = Rows(
    PointAllocationRow,
    point_allocations,
    joined=(
        (
            lots,
            and_(lots.c.customer_id == point_allocations.c.customer_id, lots.c.entry_id == point_allocations.c.lot_id),
        ),
    ),
)
ALLOCATIONS = Keyed(
    ALLOCATION,
    key=("customer_id", "debit_id"),
    sorted_by=(lots.c.expires_at.is_(None), lots.c.expires_at, lots.c.earned_at, lots.c.entry_id),
)

ACCOUNT_KEY: dict[str, TypeEngine[Any]] = {"customer_id": Uuid(), "account_key": String()}


def _expiries(keys: FromClause) -> Select[Any]:
    until = bindparam("until", type_=Instant())
    on = and_(
        lots.c.customer_id == keys.c.customer_id,
        lots.c.remaining > NONE,
        lots.c.expires_at > NOW,
        lots.c.expires_at < until,
    )
    return (
        select(keys.c.position, lots.c.expires_at, total(lots.c.remaining), lots.c.account_key)
        .select_from(keys.join(lots, on))
        .group_by(keys.c.position, lots.c.expires_at, lots.c.account_key)
        .order_by(keys.c.position, lots.c.expires_at, lots.c.account_key)
    )


def _balance(keys: FromClause, moment: str, entries_until: ColumnElement[bool]) -> ColumnElement[int]:
    """All days before that of the moment, and of its own day the entries that count."""
    day, start = bindparam(f"{moment}_day", type_=Date()), bindparam(f"{moment}_start", type_=Instant())
    days = select(total(point_days.c.points)).where(
        point_days.c.customer_id == keys.c.customer_id,
        point_days.c.account_key == keys.c.account_key,
        point_days.c.day < day,
    )
    entries = select(total(point_entries.c.modification)).where(
        point_entries.c.customer_id == keys.c.customer_id,
        point_entries.c.account_key == keys.c.account_key,
        point_entries.c.occurred_at >= start,
        entries_until,
    )
    return days.correlate(keys).scalar_subquery() + entries.correlate(keys).scalar_subquery()


def _moment(name: str, at: dt.datetime) -> dict[str, Any]:
    """The parameters that `_balance` reads of a moment."""
    start = at.astimezone(dt.UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return {name: at, f"{name}_day": start.date(), f"{name}_start": start}


def _balances_at(keys: FromClause) -> Select[Any]:
    at = bindparam("at", type_=Instant())
    return select(keys.c.position, _balance(keys, "at", point_entries.c.occurred_at <= at)).select_from(keys)


def _movements(keys: FromClause) -> Select[Any]:
    """Opening and closing from the daily sums, the lines between them from the entries themselves."""
    since, until = (bindparam(name, type_=Instant()) for name in ("since", "until"))
    parts = [
        select(
            keys.c.position.label("position"),
            literal(name, String()).label("kind"),
            _balance(keys, moment, point_entries.c.occurred_at < at).label("points"),
            literal(0).label("entries"),
        ).select_from(keys)
        for name, moment, at in (("opening", "since", since), ("closing", "until", until))
    ]
    on = and_(
        point_entries.c.customer_id == keys.c.customer_id,
        point_entries.c.account_key == keys.c.account_key,
        point_entries.c.occurred_at >= since,
        point_entries.c.occurred_at < until,
    )
    lines = (
        select(keys.c.position, point_entries.c.kind, total(point_entries.c.modification), func.count())
        .select_from(keys.join(point_entries, on))
        .group_by(keys.c.position, point_entries.c.kind)
    )
    united = union_all(*parts, lines).subquery("movements")
    return select(*united.c).order_by(united.c.position, united.c.kind)


EXPIRIES: EachOf[PointExpiryRow] = EachOf(PointExpiryRow, {"customer_id": Uuid()}, _expiries)
BALANCES_AT = EachOf(int, ACCOUNT_KEY, _balances_at)
MOVEMENTS: EachOf[tuple[Any, ...]] = EachOf(lambda *values: values, ACCOUNT_KEY, _movements)


class SqlPoints(SqlReader):
    """Serves `datasources.points.PointReader`."""

    domain: ClassVar[Domain] = Domain.POINTS

    async def accounts(self, customers: Sequence[CustomerId], now: dt.datetime) -> Sequence[Sequence[PointAccountRow]]:
        """See PointReader."""
        return await ACCOUNTS.all_each(self._database, customers, now=now)

    async def audit(self, customers: Sequence[CustomerId], page: PageRequest) -> Sequence[Page[PointAuditRow]]:
        """See PointReader."""
        return await AUDIT.of_each(self._database, customers, page)

    async def entries(self, keys: Sequence[OwnedId], now: dt.datetime) -> Sequence[PointAuditRow | None]:
        """See PointReader."""
        return await ENTRIES.one_each(self._database, keys, now=now)

    async def allocations(self, keys: Sequence[OwnedId]) -> Sequence[Sequence[PointAllocationRow]]:
        """See PointReader."""
        return await ALLOCATIONS.all_each(self._database, keys)

    async def of_purchases(self, keys: Sequence[OwnedId], now: dt.datetime) -> Sequence[Sequence[PointAuditRow]]:
        """See PointReader."""
        return await OF_PURCHASES.all_each(self._database, keys, now=now)

    async def expiries(
        self, customers: Sequence[CustomerId], now: dt.datetime, until: dt.datetime | None
    ) -> Sequence[Sequence[PointExpiryRow]]:
        """See PointReader."""
        return await EXPIRIES.fetch(self._database, customers, now=now, until=until or LAST)

    async def balances_at(self, keys: Sequence[tuple[CustomerId, str]], at: dt.datetime) -> Sequence[int]:
        """See PointReader."""
        return [balance for (balance,) in await BALANCES_AT.fetch(self._database, keys, **_moment("at", at))]

    async def movements(
        self, keys: Sequence[tuple[CustomerId, str]], since: dt.datetime, until: dt.datetime
    ) -> Sequence[BalanceExplanation]:
        """See PointReader."""
        moments = _moment("since", since) | _moment("until", until)
        return [_explained(rows) for rows in await MOVEMENTS.fetch(self._database, keys, **moments)]


def _explained(rows: Sequence[tuple[Any, ...]]) -> BalanceExplanation:
    """The explanation that the rows of one account make, lines in the order of the kinds."""
    found = {kind: (points, entries) for kind, points, entries in rows}
    lines = tuple(PointMovement(kind, *found[kind.value]) for kind in PointEntryKind if kind.value in found)
    return BalanceExplanation(found["opening"][0], found["closing"][0], lines)
