"""Tiers in SQL."""

import datetime as dt
from collections.abc import Sequence
from functools import cache
from typing import ClassVar

from sqlalchemy import Date, String, and_, bindparam, case, literal, or_, select

from datasources.ids import CustomerId, OwnedId
from datasources.paging import Page, PageRequest
from datasources.registry import Domain
from datasources.sql.reader import SqlReader
from datasources.sql.statements import NOW, Keyed, Paged, Rows, total
from datasources.sql.tables.tiers import customer_tiers, tier_changes, tier_days
from datasources.tiers import CustomerTierRow, TierChangeRow, Windows

OVER = and_(
    customer_tiers.c.expires_at <= NOW,
    or_(customer_tiers.c.protected_until.is_(None), customer_tiers.c.protected_until <= NOW),
)


@cache
def _tiers(systems: int) -> Paged[CustomerTierRow]:
    """The tiers of each customer, with what counted in the trailing windows of so many systems."""
    begins = (
        case(
            {
                bindparam(f"system_{index}", type_=String()): bindparam(f"window_{index}", type_=Date())
                for index in range(systems)
            },
            value=customer_tiers.c.system_key,
        )
        if systems
        else literal(None, Date())
    )
    counted = select(total(tier_days.c.amount_minor)).where(
        tier_days.c.customer_id == customer_tiers.c.customer_id,
        tier_days.c.system_key == customer_tiers.c.system_key,
        tier_days.c.day > begins,
        tier_days.c.day <= bindparam("today", type_=Date()),
    )
    rows = Rows(
        CustomerTierRow,
        customer_tiers,
        columns={
            "status": case((OVER, "EXPIRED"), else_=customer_tiers.c.status),
            "counted": counted.correlate(customer_tiers).scalar_subquery(),
        },
    )
    return Paged(rows, order=("system_key",), descending=False)


CHANGE = Rows(TierChangeRow, tier_changes)
HISTORY = Paged(CHANGE, order=("at", "id"))
CHANGES = Keyed(CHANGE)


class SqlTiers(SqlReader):
    """Serves `datasources.tiers.TierReader`."""

    domain: ClassVar[Domain] = Domain.TIERS

    async def tiers(
        self, customers: Sequence[CustomerId], page: PageRequest, windows: Windows
    ) -> Sequence[Page[CustomerTierRow]]:
        """See TierReader."""
        named = {f"system_{index}": system for index, (system, _) in enumerate(windows)}
        begins = {f"window_{index}": after for index, (_, after) in enumerate(windows)}
        today = page.now.astimezone(dt.UTC).date()
        return await _tiers(len(windows)).of_each(self._database, customers, page, today=today, **named, **begins)

    async def history(self, customers: Sequence[CustomerId], page: PageRequest) -> Sequence[Page[TierChangeRow]]:
        """See TierReader."""
        return await HISTORY.of_each(self._database, customers, page)

    async def changes(self, keys: Sequence[OwnedId]) -> Sequence[TierChangeRow | None]:
        """See TierReader."""
        return await CHANGES.one_each(self._database, keys)
