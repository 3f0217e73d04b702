"""Events as clients see them."""

import datetime as dt
from typing import Annotated

import strawberry

import schema.tags
import schema.tiers  # noqa: F401  # these declare TagOrigin and TierChangeReason, before a field has them
from datasources import events as rows
from datasources import ingesting
from datasources.ingesting import NewEvent
from datasources.profiles import OrderDirection
from datasources.registry import Domain
from datasources.tags import TagOrigin
from datasources.tiers import TierChangeReason
from permissions.masking import PiiKind
from resolvers import event_commands, events
from schema.commands import Payload, UserError
from schema.connections import page_type
from schema.enums import enum
from schema.fields import argument, command, connection, leaf, lookup
from schema.locations import LOCATIONS, Location
from schema.matching import EventCustomerMatch
from schema.offers import CustomerOffer
from schema.points import POINTS, PointAuditEntry
from schema.program import EventCategory
from schema.scalars import Json, Long
from schema.transactions import TRANSACTIONS, Transaction
from schema.values import DateTimeRange, KeyValue, Money
from schema.views import Node, values, view

EVENTS = Domain.EVENTS
READ = "events:read"

enum(
    rows.IngestChannel,
    API="The API.",
    SDK_WEB="The SDK in a web page.",
    SDK_IOS="The SDK in an iOS app.",
    SDK_ANDROID="The SDK in an Android app.",
    SDK_XAMARIN="The SDK in a Xamarin app.",
    POS_ADAPTER="An adapter at the point of sale.",
    ECOMMERCE_ADAPTER="An adapter of a web shop.",
    FILE="A file.",
    GATEWAY="This graph itself.",
)


@view(rows.PurchaseDetails)
class PurchaseDetails:
    """What a purchase did."""

    transaction = lookup(Transaction | None, events.transaction, served_by=TRANSACTIONS)
    """The purchase, with items, payments and discounts."""
    location = lookup(Location | None, events.location, served_by=LOCATIONS)
    """Where it was made."""
    total: Money | None
    """What was paid."""
    points_earned: Long | None
    """Points that it earned."""
    points_spent: Long | None
    """Points that it was paid with."""
    tier_at_purchase: str | None
    """The tier that the customer had then."""


@view(rows.PointDetails)
class PointDetails:
    """Points that came or went."""

    entry = lookup(PointAuditEntry | None, events.entry, served_by=POINTS)
    """The ledger's entry; where the two differ, the ledger is right."""
    points: Long
    """How many; negative when they went."""
    account_label: str
    """The account that changed."""


@view(rows.OfferDetails)
class OfferDetails:
    """What happened to an offer."""

    offer = lookup(CustomerOffer | None, events.offer, served_by=Domain.OFFERS)
    """The customer's offer, as it is now."""
    offer_name: str
    """Name of the offer."""
    action: str
    """What was done with it."""


@view(rows.LoyaltyRuleDetails)
class LoyaltyRuleDetails:
    """A loyalty rule that the customer completed."""

    rule_name: str
    """Name of the rule."""
    outcome: str | None
    """What came of it."""


@view(rows.TierDetails)
class TierDetails:
    """A change of tier."""

    from_tier: str | None = strawberry.field(name="from")
    """The tier before."""
    to_tier: str = strawberry.field(name="to")
    """The tier after."""
    reason: TierChangeReason
    """Why it changed."""


@view(rows.PromoCodeDetails)
class PromoCodeDetails:
    """A promo code that the customer claimed."""

    code: str
    """The code."""
    campaign_name: str | None
    """The campaign that it belongs to."""


@view(rows.TagDetails)
class TagDetails:
    """A tag that came or went."""

    key: str
    """Key of the tag."""
    value: str | None
    """Its value, if it has one."""
    origin: TagOrigin
    """Who or what set it."""


@view(rows.GenericDetails)
class GenericDetails:
    """Check-ins, communications, achievements, account events, notes and the program's custom types."""

    attributes: Json = leaf(masks_parts=True)
    """All that the event told; texts about the person are masked for callers without `pii:read`."""


EventDetails = Annotated[
    PurchaseDetails
    | PointDetails
    | OfferDetails
    | LoyaltyRuleDetails
    | TierDetails
    | PromoCodeDetails
    | TagDetails
    | GenericDetails,
    strawberry.union("EventDetails", description="What an event tells beside its title, by its type."),
]


@view(rows.EventRow, requires=READ, find=events.event)
class Event(Node):
    """Something that happened to a customer, or that they did."""

    type: str
    """Key of an event type of the program: the defaults of the module or a custom one."""
    type_label = lookup(str, events.type_label)
    """What the program calls the type."""
    category = lookup(EventCategory, events.category)
    """What the type rolls up to."""
    occurred_at: dt.datetime
    """When it happened."""
    recorded_at: dt.datetime
    """When it was written down."""
    channel: rows.IngestChannel
    """By which way it came in."""
    title = lookup(str, events.title)
    """Rendered from the event type's platform view; the type's label where you may not read what the event tells of."""
    summary = lookup(str, events.summary, pii=PiiKind.FREE_TEXT)
    """Rendered from the event type's platform view, with the details worth reading."""
    fields = lookup(list[KeyValue], events.fields)
    """The details that the event type's platform view shows, in its order; those without a value are left out."""
    details = lookup(EventDetails, events.details)
    """What it tells beside that; `GenericDetails` without attributes where you may not read what it tells of."""


@values(rows.EventFilter)
class EventFilter:
    """Which events; everything given must hold."""

    types: list[str] | None
    """Events of these types."""
    categories: list[str] | None
    """Events whose type rolls up to one of these."""
    occurred_at: DateTimeRange | None
    """Events that occurred in this window."""


@view(rows.UnmatchedEventRow, requires="events:ingest", key=("id",), find=events.unmatched_event)
class UnmatchedEvent(Node):
    """An event that waits for its customer."""

    type: str
    """Key of its type."""
    occurred_at: dt.datetime
    """When it happened."""
    received_at: dt.datetime
    """When it came in."""
    source: str
    """The system that it came from."""
    reason: str
    """Why no customer was found."""
    payload = lookup(Json, events.payload)
    """What came in; texts are masked for callers without `pii:read`."""


EventConnection = page_type("Event", Event, "events")
UnmatchedEventConnection = page_type("UnmatchedEvent", UnmatchedEvent, "events without a customer")


class EventFields:
    """What a customer shows of events."""

    events = connection(
        EventConnection,
        events.stream,
        argument("filter", EventFilter | None, "Which events."),
        argument(
            "search",
            str | None,
            "Every word must be in the type's label, the category, the title or the summary without its personal "
            "text. Looks at the newest 1,000 events that fit the filter.",
        ),
        argument(
            "order_by", OrderDirection | None, "By time of occurrence; DESC is newest first.", OrderDirection.DESC
        ),
        filter=rows.EventSearch,
        order="order_by",
        both_ways=True,
        requires=READ,
        domain=EVENTS,
    )
    """Everything that happened, newest first."""


class EventQueries:
    """Events of no customer."""

    unmatched_events = connection(
        UnmatchedEventConnection, events.unmatched, requires="events:ingest", served_by=EVENTS
    )
    """Events that matched no customer yet, the last received first."""


@values(NewEvent)
class EventInput:
    """An event as its source tells it; source and id tell events apart, and each is stored once."""

    source: str
    """The system that it comes from."""
    source_event_id: str
    """Its id there."""
    type: str
    """Key of an event type of the program."""
    occurred_at: dt.datetime
    """When it happened."""
    channel: rows.IngestChannel | None = rows.IngestChannel.API
    """By which way it comes in; `GATEWAY` is this graph's own."""
    customer: EventCustomerMatch
    """Whom it is about."""
    attributes: Json
    """All that it tells: a JSON object that keeps to the type's schema, at most 16 kB and 32 levels."""


@values(event_commands.EventsIngestInput)
class EventsIngestInput:
    """Events to be taken in."""

    events: list[EventInput]
    """At least one, at most 1,000."""


enum(
    ingesting.IngestOutcome,
    STORED="It is in the customer's stream.",
    DUPLICATE="It was taken in before, or earlier in the batch: nothing was stored.",
    UNMATCHED="It waits until the identifier of its customer appears.",
    REJECTED="It can't be taken in: `error` says why.",
)


@view(event_commands.EventIngestResult)
class EventIngestResult:
    """What became of one event."""

    source_event_id: str
    """Its id at its source."""
    outcome: ingesting.IngestOutcome
    """What became of it."""
    event = lookup(Event | None, event_commands.stored)
    """The event as it is stored; null while it waits, where it was rejected, and where you may not see it."""
    error: UserError | None
    """Why it was rejected."""


@view(event_commands.EventsIngestPayload)
class EventsIngestPayload(Payload):
    """What came of a batch."""

    results: list[EventIngestResult]
    """One outcome an event, in the order given; empty where the batch was refused as a whole."""


class EventMutations:
    """Changes of events."""

    events_ingest = command(
        EventsIngestPayload,
        event_commands.ingest,
        EventsIngestInput,
        ids={"events.customer.id": "Customer"},
        requires="events:ingest",
        written_by=EVENTS,
    )
    """Each event is validated, matched to its customer and stored once; one that matches nobody waits for its customer."""
