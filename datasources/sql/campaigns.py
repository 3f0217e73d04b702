"""Campaigns in SQL."""

import datetime as dt
from collections.abc import Sequence
from typing import ClassVar

from sqlalchemy import ColumnElement, String, and_, bindparam, case, exists, literal, or_

from datasources.campaigns import CampaignStatus, CampaignTab, CustomerCampaignRow
from datasources.ids import CustomerId, OwnedId
from datasources.paging import Page, PageRequest
from datasources.registry import Domain
from datasources.sql.dialects import Dialect
from datasources.sql.reader import SqlReader
from datasources.sql.statements import NOW, Keyed, Paged, Rows
from datasources.sql.tables.campaigns import campaigns, customer_campaigns

IS_COMPLETED = customer_campaigns.c.status == CampaignStatus.COMPLETED.value
ENDED = (
    exists()
    .where(campaigns.c.id == customer_campaigns.c.campaign_id, campaigns.c.ends_at <= NOW)
    .correlate(customer_campaigns)
)
IS_ACTIVE = and_(~IS_COMPLETED, customer_campaigns.c.starts_at <= NOW, ~ENDED)
"""Started, still open, and not completed."""


def _in_tab(_dialect: Dialect, name: str) -> ColumnElement[bool]:
    tab = bindparam(name, type_=String())
    return or_(
        tab == CampaignTab.ALL.value,
        and_(tab == CampaignTab.ACTIVE.value, IS_ACTIVE),
        and_(tab == CampaignTab.COMPLETED.value, IS_COMPLETED),
    )


CAMPAIGN = Rows(
    CustomerCampaignRow,
    customer_campaigns,
    columns={
        "campaign_key": campaigns.c.key,
        "name": campaigns.c.name,
        "type": campaigns.c.type,
        "status": case(
            (and_(~IS_COMPLETED, campaigns.c.ends_at <= NOW), literal(CampaignStatus.EXPIRED.value, String())),
            else_=customer_campaigns.c.status,
        ),
        "ends_at": campaigns.c.ends_at,
        "target_hundredths": campaigns.c.target_hundredths,
        "unit": campaigns.c.unit,
    },
    joined=((campaigns, campaigns.c.id == customer_campaigns.c.campaign_id),),
)
CAMPAIGNS = Paged(CAMPAIGN, order=("starts_at", "id"), filters={"tab": _in_tab})
BY_ID = Keyed(CAMPAIGN)


class SqlCampaigns(SqlReader):
    """Serves `datasources.campaigns.CampaignReader`."""

    domain: ClassVar[Domain] = Domain.CAMPAIGNS

    async def campaigns(
        self, customers: Sequence[CustomerId], page: PageRequest
    ) -> Sequence[Page[CustomerCampaignRow]]:
        """See CampaignReader."""
        return await CAMPAIGNS.of_each(self._database, customers, page)

    async def by_id(self, keys: Sequence[OwnedId], now: dt.datetime) -> Sequence[CustomerCampaignRow | None]:
        """See CampaignReader."""
        return await BY_ID.one_each(self._database, keys, now=now)
