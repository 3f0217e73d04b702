"""How the loyalty program is set up, as clients see it."""

from datasources import program as rows
from datasources.registry import Domain
from resolvers import program
from schema.enums import enum
from schema.fields import lookup
from schema.points import PointSource
from schema.profiles import AttributeDefinition, CustomerStatus
from schema.scalars import CurrencyCode, Decimal, Json
from schema.values import KeyValue
from schema.views import view

enum(
    rows.SearchMode,
    EXACT="One value finds the one customer who has it: `customerLookup`.",
    ADVANCED="Several fields list all customers who match: `customers`.",
)
enum(
    rows.QualifyingMetric,
    POINTS="Points of a qualifying account.",
    SPEND="Money spent, net of returns.",
    PURCHASES="The number of purchases.",
    CUSTOM="Something else; the unit names it.",
)


@view(rows.SearchSettings)
class SearchSettings:
    """How customers are searched."""

    mode: rows.SearchMode
    """Which of the two searches is open."""
    page_sizes: list[int]
    """What `customers(first:)` can be."""


@view(rows.PointAccountDefinition)
class PointAccountDefinition:
    """A point account that every customer of the program has."""

    key: str
    """Key of the account."""
    label: str
    """What the program calls it."""
    type: rows.PointAccountType
    """What its points are for."""
    counts_toward_total: bool
    """True when the account is part of `totalPoints`."""
    expiry_policy: str | None
    """How its points expire, in words."""
    sources: list[str]
    """Keys of the sources whose points it takes."""


@view(rows.Tier)
class Tier:
    """One tier of a tier system."""

    key: str
    """Key of the tier."""
    name: str
    """What the program calls it."""
    rank: int
    """1 is the lowest."""
    entry_threshold: Decimal
    """What has to be reached to enter it, in the unit of the tier system."""
    benefits: list[str]
    """What its members get."""
    requirement_text: str | None
    """How it is reached, in words."""


@view(rows.TierSystem)
class TierSystem:
    """A ladder of tiers."""

    key: str
    """Key of the tier system."""
    name: str
    """What the program calls it."""
    external_id: str | None
    """Its id in the systems that it is shared with."""
    provider: str | None
    """Who runs it, where the program does not itself."""
    is_proprietary: bool
    """True when the program itself decides on the tiers."""
    qualifying_metric: rows.QualifyingMetric
    """What counts toward its tiers."""
    unit: str
    """What progress and thresholds count: a currency, or points."""
    tiers: list[Tier]
    """The tiers, lowest first."""


@view(rows.EventCategory)
class EventCategory:
    """What event types roll up to."""

    key: str
    """Key of the category."""
    label: str
    """What the program calls it."""


@view(rows.PlatformView)
class PlatformView:
    """The templates by which events of a type are shown; `{name}` stands for what the event tells under that name."""

    title: str
    """Template of `Event.title`."""
    summary: str
    """Template of `Event.summary`."""
    detail_fields: list[str]
    """The names that the details of an event show."""


@view(rows.EventType)
class EventType:
    """A type of events: a default of the module, or the program's own."""

    key: str
    """Key of the type."""
    label: str
    """What the program calls it."""
    category = lookup(EventCategory, program.category)
    """What it rolls up to."""
    is_surfaced: bool
    """True when its events show in the stream."""
    is_default: bool
    """True for the defaults of the module, false for the program's own."""
    platform_view: PlatformView
    """How its events are shown."""
    schema: Json
    """The JSON Schema that events of the type are held to when they come in."""


@view(rows.NoteReason)
class NoteReason:
    """Why a note was written."""

    key: str
    """Key of the reason."""
    label: str
    """What the program calls it."""


@view(rows.TagDefinition)
class TagDefinition:
    """What the program says of a tag."""

    key: str
    """Key of the tag."""
    cap: int | None
    """How often the tag can be applied until its count is reset; null without a limit."""
    is_multi_value: bool
    """True when a customer can have the tag with several values at once."""


@view(rows.CardProduct)
class CardProduct:
    """What cards are whose number begins with the prefix; the longest prefix wins."""

    prefix: str
    """How the number begins."""
    kind: rows.CardKind
    """What kind of card."""
    type: str
    """The program's name for the product."""
    design: str | None
    """What is printed on it."""
    currency: CurrencyCode
    """The currency that it holds."""
    expiry_policy: str
    """When its cards expire, in words."""


@view(rows.ProgramSettings)
class Program:
    """How the loyalty program is set up."""

    name: str
    """What the program is called."""
    currency: CurrencyCode
    """The currency of its figures."""
    search = lookup(SearchSettings, program.search)
    """How customers are searched; your roles may hold you to the exact search."""
    customer_statuses: list[CustomerStatus]
    """The statuses that staff can give a customer."""
    point_accounts: list[PointAccountDefinition]
    """The point accounts, in the order in which they are shown."""
    point_sources: list[PointSource]
    """Where points come from."""
    tier_systems: list[TierSystem]
    """The tier systems."""
    event_types: list[EventType]
    """The event types: defaults of the module and the program's own."""
    event_categories: list[EventCategory]
    """What event types roll up to."""
    attribute_definitions: list[AttributeDefinition]
    """The custom attributes, in the order in which they are shown."""
    note_reasons: list[NoteReason]
    """What notes can be written for."""
    adjustment_reasons: list[KeyValue]
    """The reason codes that mutations take, with what the program calls them."""
    tags: list[TagDefinition]
    """Tags that the program defined: those with a cap or with several values, and those it suggests."""
    card_products: list[CardProduct]
    """What a card is, by how its number begins."""
    capabilities = lookup(list[Domain], program.capabilities)
    """The domains that the program has a source for; fields of the others are null."""
    profile_header: list[str]
    """Keys of what the header of a customer's page shows."""


class ProgramQueries:
    """How the program is set up."""

    program = lookup(Program, program.program, authenticated=True)
    """How the loyalty program is set up."""
