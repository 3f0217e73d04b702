"""Campaigns of a customer."""

from uuid import UUID

import msgspec

from datasources.campaigns import CampaignCompletion, CampaignShown, CustomerCampaignRow
from datasources.ids import CustomerId, EntityId, OwnedId
from datasources.paging import PageRequest
from datasources.writing import Reason
from resolvers.command import Command, Payload, carried_out
from resolvers.context import Context
from resolvers.customer_lists import Asked, CustomerList


@CustomerList
def campaigns(context: Context, page: PageRequest) -> Asked[CustomerCampaignRow]:
    """Campaigns that target the customer, last started first (N1, N2)."""
    return context.sources.campaigns.campaigns, page


async def campaign(context: Context, customer: UUID, id: UUID) -> CustomerCampaignRow | None:
    """A customer's campaign by its id."""
    return await context.load(context.sources.campaigns.by_id, (CustomerId(customer), EntityId(id)), context.now)


def admin_url(row: CustomerCampaignRow, context: Context) -> str | None:
    """The campaign in the program's own tool (A16)."""
    return context.settings.admin_page("campaigns", row.campaign_key)


class CampaignCompleteInput(msgspec.Struct, frozen=True):
    """A completion as it is asked for."""

    customer_campaign_id: OwnedId
    award_outcomes: bool | None = False
    idempotency_key: str | None = None
    dry_run: bool | None = False
    reason: Reason | None = None


class CampaignPayload(Payload[CampaignShown], frozen=True):
    """What came of a completion; `id` is that of the customer's campaign."""

    id: EntityId


async def complete(command: Command[CampaignCompleteInput]) -> CampaignPayload:
    """Complete a campaign for the customer (N8)."""
    asked = command.asked
    completion = CampaignCompletion(asked.customer_campaign_id, award_outcomes=asked.award_outcomes is True)
    carried = await carried_out(command, command.context.sources.writers.campaigns.complete, completion)
    return CampaignPayload(*carried, asked.customer_campaign_id[1])


async def completed(payload: CampaignPayload, context: Context) -> CustomerCampaignRow | None:
    """The customer's campaign as it is now; as it would be after a dry run."""
    if payload.written.shown is not None:
        return payload.written.shown.campaign
    if payload.customer_id is None or not payload.written.ids:
        return None
    return await campaign(context, payload.customer_id, payload.id)
