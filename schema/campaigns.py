"""Campaigns as clients see them."""

import datetime as dt

import strawberry

from datasources import campaigns as rows
from datasources.registry import Domain
from resolvers import campaigns
from schema.audit import Audited
from schema.commands import Explained, Payload, Repeatable
from schema.connections import page_type
from schema.enums import enum
from schema.fields import argument, command, connection, lookup
from schema.scalars import Decimal, Url
from schema.values import Actor
from schema.views import Node, values, view

READ = "campaigns:read"

enum(
    rows.CampaignType,
    PROMOTION="Offers something to buy.",
    MESSAGING="Sends messages.",
    LOYALTY_RULE="Rewards what customers do.",
)
enum(
    rows.CampaignStatus,
    ELIGIBLE="The customer can take part, and has not begun.",
    IN_PROGRESS="Begun.",
    COMPLETED="Completed.",
    EXPIRED="The campaign ended before the customer completed it.",
)
enum(
    rows.CampaignTab,
    ACTIVE="Running, and not completed.",
    COMPLETED="Completed.",
    ALL="All, also those that ended without completion.",
)


@view(rows.CampaignProgress)
class CampaignProgress:
    """How far a customer has come in a campaign."""

    current: Decimal
    """What was reached."""
    target: Decimal
    """What completes the campaign."""
    unit: str
    """What is counted, such as visits."""
    percent: float
    """0 to 100."""


@view(rows.CustomerCampaignRow, requires=READ, find=campaigns.campaign)
class CustomerCampaign(Node):
    """A campaign that targets a customer."""

    campaign_id: str
    """Key of the campaign in the program."""
    name: str
    """What the campaign is called."""
    type: rows.CampaignType
    """What it does."""
    status: rows.CampaignStatus
    """Where the customer stands in it now."""
    starts_at: dt.datetime
    """When the campaign became active."""
    ends_at: dt.datetime | None
    """When it becomes inactive; null: never."""
    completed_at: dt.datetime | None
    """When the customer completed it."""
    completed_by: Actor | None
    """Who or what completed it for the customer."""
    progress: CampaignProgress | None
    """How far the customer has come; null where nothing is counted."""
    admin_url = lookup(Url | None, campaigns.admin_url)
    """The campaign in the program's own admin tool."""


CustomerCampaignConnection = page_type("CustomerCampaign", CustomerCampaign, "campaigns of a customer")


class CampaignFields:
    """What a customer shows of campaigns."""

    campaigns = connection(
        CustomerCampaignConnection,
        campaigns.campaigns,
        argument("tab", rows.CampaignTab | None, "Which part of the list.", default=rows.CampaignTab.ALL),
        filter=rows.CampaignFilter,
        requires=READ,
        domain=Domain.CAMPAIGNS,
    )
    """Campaigns that target the customer, last started first."""


@values(campaigns.CampaignCompleteInput)
class CampaignCompleteInput(Repeatable, Explained):
    """Which campaign to complete for the customer, whatever their progress. It can't be undone."""

    customer_campaign_id: strawberry.ID
    """A campaign that has begun, has not ended, and is not completed."""
    award_outcomes: bool | None = False
    """True to grant what the campaign grants to those who complete it."""


@view(campaigns.CampaignPayload)
class CampaignPayload(Audited, Payload):
    """What came of completing a campaign."""

    campaign = lookup(CustomerCampaign | None, campaigns.completed)
    """The customer's campaign as it is now."""


class CampaignMutations:
    """Changes of campaigns."""

    campaign_complete = command(
        CampaignPayload,
        campaigns.complete,
        CampaignCompleteInput,
        ids={"customer_campaign_id": "CustomerCampaign"},
        requires="campaigns:manage",
        written_by=Domain.CAMPAIGNS,
    )
    """Complete a campaign on behalf of the customer; what it grants only where you ask for it."""
