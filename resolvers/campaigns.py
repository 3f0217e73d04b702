"""Campaigns of a customer."""

from uuid import UUID

from datasources.campaigns import CustomerCampaignRow
from datasources.ids import CustomerId, EntityId
from datasources.paging import Page, PageRequest
from datasources.profiles import CustomerRow
from resolvers.context import Context


async def campaigns(customer: CustomerRow, context: Context, page: PageRequest) -> Page[CustomerCampaignRow]:
    """Campaigns that target the customer, last started first (N1, N2)."""
    return await context.load(context.sources.campaigns.campaigns, customer.customer_id, page)


async def campaign(context: Context, customer: UUID, id: UUID) -> CustomerCampaignRow | None:
    """A customer's campaign by its id."""
    return await context.load(context.sources.campaigns.by_id, (CustomerId(customer), EntityId(id)), context.now)


def admin_url(row: CustomerCampaignRow, context: Context) -> str | None:
    """The campaign in the program's own tool (A16)."""
    return context.settings.admin_page("campaigns", row.campaign_key)
