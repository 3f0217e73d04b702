"""Tiers in SQL."""

from collections.abc import Sequence
from typing import Any, ClassVar

from sqlalchemy import Date, FromClause, Select, String, Uuid, and_, bindparam, case, or_, select

from datasources.ids import CustomerId, OwnedId
from datasources.paging import Page, PageRequest
from datasources.registry import Domain
from datasources.sql.engine import Database
from datasources.sql.statements import NOW, EachOf, Keyed, Paged, Rows, total
from datasources.sql.tables.tiers import customer_tiers, tier_changes, tier_days
from datasources.tiers import CustomerTierRow, TierChangeRow, TierKey, Window

OVER = and_(
    customer_tiers.c.expires_at <= NOW,
    or_(customer_tiers.c.protected_until.is_(None), customer_tiers.c.protected_until <= NOW),
)
TIER = Rows(
    CustomerTierRow,
    customer_tiers,
    columns={"status": case((OVER, "EXPIRED"), else_=customer_tiers.c.status)},
)
TIERS = Paged(TIER, order=("system_key",), descending=False)

CHANGE = Rows(TierChangeRow, tier_changes)
HISTORY = Paged(CHANGE, order=("at", "id"))
CHANGES = Keyed(CHANGE)


def _progress(keys: FromClause) -> Select[Any]:
    after, until = (bindparam(name, type_=Date()) for name in ("after", "until"))
    counted = select(total(tier_days.c.amount_minor)).where(
        tier_days.c.customer_id == keys.c.customer_id,
        tier_days.c.system_key == keys.c.system_key,
        tier_days.c.day > after,
        tier_days.c.day <= until,
    )
    return select(keys.c.position, counted.correlate(keys).scalar_subquery()).select_from(keys)


PROGRESS = EachOf(int, {"customer_id": Uuid(), "system_key": String()}, _progress)


class SqlTiers:
    """Serves `datasources.tiers.TierReader`."""

    domain: ClassVar[Domain] = Domain.TIERS

    def __init__(self, database: Database) -> None:
        self._database = database
        self.source = database.name

    async def tiers(self, customers: Sequence[CustomerId], page: PageRequest) -> Sequence[Page[CustomerTierRow]]:
        """See TierReader."""
        return await TIERS.of_each(self._database, customers, page)

    async def progress(self, keys: Sequence[TierKey], window: Window) -> Sequence[int]:
        """See TierReader."""
        found = await PROGRESS.fetch(self._database, keys, after=window.after, until=window.until)
        return [amount for (amount,) in found]

    async def history(self, customers: Sequence[CustomerId], page: PageRequest) -> Sequence[Page[TierChangeRow]]:
        """See TierReader."""
        return await HISTORY.of_each(self._database, customers, page)

    async def changes(self, keys: Sequence[OwnedId]) -> Sequence[TierChangeRow | None]:
        """See TierReader."""
        return await CHANGES.one_each(self._database, keys)
