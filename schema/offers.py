"""Offers as clients see them."""

import datetime as dt

import strawberry

from datasources import offers as rows
from datasources.registry import Domain
from resolvers import offers
from schema.actions import AvailableAction
from schema.audit import Audited
from schema.commands import Explained, Keyed, Payload, Repeatable
from schema.connections import page_type
from schema.enums import enum
from schema.fields import argument, command, connection, lookup
from schema.points import PointSource
from schema.scalars import Long, Url
from schema.values import Actor, KeyValue, KeyValueInput
from schema.views import Node, values, view

OFFERS = Domain.OFFERS
READ = "offers:read"

enum(
    rows.OfferType,
    PERCENT_OFF="A share of the price.",
    AMOUNT_OFF="An amount of money off the price.",
    FREE_ITEM="Something for free.",
    POINTS="Points.",
    MULTIPLIER="More points than usual for each purchase.",
    CUSTOM="Anything else.",
)
enum(
    rows.CustomerOfferState,
    ISSUED="In the customer's wallet.",
    ACTIVATED="In the wallet, and switched on by the customer.",
    REDEEMED="Used.",
    EXPIRED="Not used before its redemption window ended.",
    REVOKED="Taken back by staff; it counts as never issued.",
    REMOVED="Taken out of the wallet by staff.",
)
enum(offers.IncentiveKind, POINTS="Points were granted.", OFFER="An offer was issued.")


@view(rows.OfferRow, requires=READ, key=("id",), find=offers.offer)
class Offer(Node):
    """An offer of the program's catalogue."""

    name: str
    """What staff call it."""
    type: rows.OfferType
    """What it gives."""
    description: str | None
    """What it is about, for customers."""
    starts_at: dt.datetime | None
    """From when on it can be issued; null: at any time."""
    ends_at: dt.datetime | None
    """Until when it can be issued; null: without end."""
    is_active: bool
    """True while it is switched on and has not ended."""
    inventory_remaining: int | None
    """How many can still be issued; null: any number."""
    per_customer_limit: int | None
    """How many a customer can get; null: any number."""
    admin_url = lookup(Url | None, offers.admin_url)
    """The offer in the program's own admin tool."""


@view(offers.Issuable, requires=READ)
class AvailableOffer:
    """An active offer, and whether a customer could get it now."""

    offer: Offer
    """The offer."""
    is_issuable: bool
    """True when nothing stands in the way of issuing it to the customer."""
    blockers: list[str]
    """What stands in the way: NOT_STARTED, NOT_ISSUABLE, NO_INVENTORY, EXCLUDED (revoked for good),
    PER_CUSTOMER_LIMIT, CUSTOMER_GONE, CUSTOMER_BLOCKED or CUSTOMER_RESTRICTED."""


@view(rows.CustomerOfferRow, requires=READ, find=offers.customer_offer)
class CustomerOffer(Node):
    """An offer that was issued to a customer."""

    offer: Offer
    """What was issued."""
    state: rows.CustomerOfferState
    """Where it stands now."""
    display_title: str
    """Its title as the customer reads it."""
    preview: str
    """The first 140 characters of the description."""
    issued_at: dt.datetime
    """When it was issued."""
    issued_by: Actor | None
    """Who issued it."""
    distributed_at: dt.datetime | None
    """When it reached the customer's inbox."""
    activated_at: dt.datetime | None
    """When the customer switched it on."""
    redeemable_from: dt.datetime | None
    """From when on it can be redeemed; null: at once."""
    redeemable_until: dt.datetime | None
    """Until when it can be redeemed; null: without end."""
    redeemed_at: dt.datetime | None
    """When it was redeemed."""
    is_visible_to_customer: bool
    """True while the customer sees it in the app."""
    hidden_reason: str | None
    """Why the customer does not see it: HIDDEN by staff, or the state that took it out of the wallet."""
    is_excluded: bool
    """True when the customer can't get this offer again."""
    flex_fields: list[KeyValue]
    """What other systems keep with it."""
    transaction_id: str | None
    """External id of the purchase that it was redeemed with."""
    variant: str | None
    """Which variant of a test the customer got it as."""
    available_actions = lookup(list[AvailableAction], offers.actions)
    """What you can do with it now, and why not where not."""


@view(offers.IncentiveRow, requires=READ, find=offers.incentive)
class Incentive(Node):
    """Something granted to a customer: points, or an offer."""

    kind: offers.IncentiveKind
    """What was granted."""
    title = lookup(str, offers.title)
    """What it is called."""
    granted_at: dt.datetime
    """When it was granted."""
    points: Long | None
    """How many points; null where an offer was granted."""
    point_source = lookup(PointSource | None, offers.point_source)
    """Where the points came from; null where an offer was granted."""
    offer: CustomerOffer | None
    """The offer; null where points were granted."""


@values(rows.OfferFilter)
class OfferFilter:
    """Which offers of the catalogue; everything given must hold."""

    is_active: bool | None
    """Only active ones, or only those that are not."""
    type: list[rows.OfferType] | None
    """Only offers of these types."""
    name_contains: str | None
    """A part of the name, whatever its case and accents."""


OfferConnection = page_type("Offer", Offer, "offers of the catalogue")
AvailableOfferConnection = page_type("AvailableOffer", AvailableOffer, "active offers")
CustomerOfferConnection = page_type("CustomerOffer", CustomerOffer, "offers of a customer")
IncentiveConnection = page_type("Incentive", Incentive, "incentives")


class OfferFields:
    """What a customer shows of offers."""

    available_offers = connection(AvailableOfferConnection, offers.available, requires=READ, domain=OFFERS)
    """Active offers that could be issued to this customer, each with what stands in the way; newest first."""
    incentives = connection(IncentiveConnection, offers.incentives, requires=READ, domain=OFFERS)
    """Everything granted to the customer, points and offers alike, newest first; points for who may read points."""
    # Last: here it hides the module of its name.
    offers = connection(
        CustomerOfferConnection,
        offers.held,
        argument("state", list[rows.CustomerOfferState] | None, "Only offers in these states."),
        filter=rows.CustomerOfferFilter,
        requires=READ,
        domain=OFFERS,
    )
    """What was issued to the customer, newest first."""


class OfferQueries:
    """The catalogue of offers."""

    offers = connection(
        OfferConnection,
        offers.catalogue,
        argument("filter", OfferFilter | None, "Which offers."),
        requires=READ,
        served_by=OFFERS,
    )
    """The program's offers, newest first."""


@values(offers.OfferIssueInput)
class OfferIssueInput(Keyed, Explained):
    """Which offer is issued to whom."""

    customer_id: strawberry.ID
    """Who gets it."""
    offer_id: strawberry.ID
    """An offer of the catalogue."""


@values(offers.CustomerOfferActionInput)
class CustomerOfferActionInput(Repeatable, Explained):
    """Something that is done to a customer's offer and needs no more than that."""

    customer_offer_id: strawberry.ID
    """Which of the customer's offers."""


@values(offers.OfferReinstateInput)
class OfferReinstateInput(Repeatable, Explained):
    """`extendTo` is needed when the redemption window has passed meanwhile."""

    customer_offer_id: strawberry.ID
    """Which of the customer's offers."""
    extend_to: dt.datetime | None
    """Until when it can be redeemed from now on; left out, as before."""


@values(offers.OfferRevokeInput)
class OfferRevokeInput(Repeatable, Explained):
    """Returns the offer to inventory; `exclude` bars the customer from getting it again."""

    customer_offer_id: strawberry.ID
    """Which of the customer's offers."""
    exclude: bool = True
    """False to let the customer get the offer again."""


@values(offers.OfferRedemptionDatesInput)
class OfferRedemptionDatesInput(Repeatable, Explained):
    """Another redemption window; an offer that had expired is in the wallet again."""

    customer_offer_id: strawberry.ID
    """Which of the customer's offers."""
    redeemable_from: dt.datetime | None
    """From when on it can be redeemed; left out, as before; null: at once."""
    redeemable_until: dt.datetime
    """Until when it can be redeemed: a moment to come."""


@values(offers.OfferFlexFieldsInput)
class OfferFlexFieldsInput(Repeatable, Explained):
    """A null value deletes the key; keys that are not named stay as they are."""

    customer_offer_id: strawberry.ID
    """Which of the customer's offers."""
    fields: list[KeyValueInput]
    """Keys of 1 to 100 characters, values of 1 to 2,000; an offer holds at most 50."""


@view(offers.CustomerOfferPayload)
class CustomerOfferPayload(Audited, Payload):
    """What came of a change of a customer's offer."""

    customer_offer = lookup(CustomerOffer | None, offers.made_offer)
    """The offer as it is now."""


class OfferMutations:
    """Changes of offers."""

    offer_issue = command(
        CustomerOfferPayload,
        offers.issue,
        OfferIssueInput,
        ids={"customer_id": "Customer", "offer_id": "Offer"},
        requires="offers:issue",
        written_by=OFFERS,
    )
    """Put an offer into the customer's wallet at once."""
    offer_activate = command(
        CustomerOfferPayload,
        offers.activate,
        CustomerOfferActionInput,
        ids={"customer_offer_id": "CustomerOffer"},
        requires="offers:manage",
        written_by=OFFERS,
    )
    """Switch an issued offer on."""
    offer_redeem = command(
        CustomerOfferPayload,
        offers.redeem,
        CustomerOfferActionInput,
        ids={"customer_offer_id": "CustomerOffer"},
        requires="offers:manage",
        written_by=OFFERS,
    )
    """Mark an offer as redeemed on behalf of the customer."""
    offer_reinstate = command(
        CustomerOfferPayload,
        offers.reinstate,
        OfferReinstateInput,
        ids={"customer_offer_id": "CustomerOffer"},
        requires="offers:manage",
        written_by=OFFERS,
    )
    """Return a redeemed offer to the wallet, as when its purchase was cancelled."""
    offer_revoke = command(
        CustomerOfferPayload,
        offers.revoke,
        OfferRevokeInput,
        ids={"customer_offer_id": "CustomerOffer"},
        requires="offers:manage",
        written_by=OFFERS,
    )
    """Take an offer out of the wallet and return it to the inventory."""
    offer_remove = command(
        CustomerOfferPayload,
        offers.remove,
        CustomerOfferActionInput,
        ids={"customer_offer_id": "CustomerOffer"},
        requires="offers:manage",
        written_by=OFFERS,
    )
    """Take an offer out of the customer's inbox; the inventory stays as it is, and the customer may get it again."""
    offer_redemption_dates_change = command(
        CustomerOfferPayload,
        offers.change_dates,
        OfferRedemptionDatesInput,
        ids={"customer_offer_id": "CustomerOffer"},
        requires="offers:manage",
        written_by=OFFERS,
    )
    """Change when an offer can be redeemed, also once it has expired."""
    offer_flex_fields_update = command(
        CustomerOfferPayload,
        offers.update_fields,
        OfferFlexFieldsInput,
        ids={"customer_offer_id": "CustomerOffer"},
        requires="offers:manage",
        written_by=OFFERS,
    )
    """Set and delete what other systems keep with an offer."""
