"""The event stream: what happened to a customer, how it is shown, and what its details are. Rules: requirements 1.F."""

import datetime as dt
import re
from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from functools import lru_cache
from typing import Any, Protocol
from uuid import UUID

import msgspec

from datasources.ids import CustomerId, EntityId, OwnedId
from datasources.paging import Page, PageRequest
from datasources.tags import TagOrigin
from datasources.tiers import TierChangeReason
from datasources.values import DateTimeRange, Money

PLACEHOLDER = re.compile(r"\{(\w+)\}")
TEMPLATES_HELD = 1_024


class IngestChannel(Enum):
    """By which way an event came in (A10, A11)."""

    API = "API"
    SDK_WEB = "SDK_WEB"
    SDK_IOS = "SDK_IOS"
    SDK_ANDROID = "SDK_ANDROID"
    SDK_XAMARIN = "SDK_XAMARIN"
    POS_ADAPTER = "POS_ADAPTER"
    ECOMMERCE_ADAPTER = "ECOMMERCE_ADAPTER"
    FILE = "FILE"
    GATEWAY = "GATEWAY"


class EventRow(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """An event: `facts` may outlive the person, `attributes` is a JSON object of everything else it told."""

    customer_id: CustomerId
    id: EntityId
    type: str
    occurred_at: dt.datetime
    recorded_at: dt.datetime
    channel: IngestChannel
    reference_id: EntityId | None
    facts: dict[str, Any]  # whatever the type's schema allows
    attributes: str | None

    @property
    def private(self) -> dict[str, Any]:  # any JSON
        """What it told beside its facts; nothing once the customer's key was destroyed."""
        if not self.attributes:
            return {}
        told: dict[str, Any] = msgspec.json.decode(self.attributes)
        return {name: value for name, value in told.items() if name not in self.facts}


class EventTrace(msgspec.Struct, frozen=True, array_like=True):
    """An event as far as a search looks at it."""

    customer_id: CustomerId
    id: EntityId
    type: str
    occurred_at: dt.datetime
    search_text: str


class UnmatchedEventRow(msgspec.Struct, frozen=True):
    """An event that no customer could be found for (A12)."""

    id: EntityId
    type: str
    occurred_at: dt.datetime
    received_at: dt.datetime
    source: str
    reason: str
    payload: dict[str, Any]  # as it came in


class EventFilter(msgspec.Struct, frozen=True):
    """Which events; everything given must hold."""

    types: tuple[str, ...] | None = None
    categories: tuple[str, ...] | None = None
    occurred_at: DateTimeRange | None = None


class EventSearch(msgspec.Struct, frozen=True):
    """What a list of events is asked for with."""

    filter: EventFilter | None = None
    search: str | None = None


class Surfaced(msgspec.Struct, frozen=True):
    """The filter as a source takes it: of these types, or of all but those."""

    types: tuple[str, ...] | None = None
    but_types: tuple[str, ...] | None = None
    occurred_at: DateTimeRange | None = None


class PurchaseDetails(msgspec.Struct, frozen=True):
    """What a purchase did (F4)."""

    customer_id: CustomerId
    transaction_id: EntityId | None
    location_id: UUID | None
    total: Money | None
    points_earned: int | None
    points_spent: int | None
    tier_at_purchase: str | None


class PointDetails(msgspec.Struct, frozen=True):
    """Points that came or went (F10)."""

    customer_id: CustomerId
    entry_id: EntityId | None
    points: int
    account_label: str


class OfferDetails(msgspec.Struct, frozen=True):
    """What happened to an offer."""

    customer_id: CustomerId
    customer_offer_id: EntityId | None
    offer_name: str
    action: str


class LoyaltyRuleDetails(msgspec.Struct, frozen=True):
    """A rule that was completed."""

    rule_name: str
    outcome: str | None


class TierDetails(msgspec.Struct, frozen=True):
    """A change of tier."""

    from_tier: str | None
    to_tier: str
    reason: TierChangeReason


class PromoCodeDetails(msgspec.Struct, frozen=True):
    """A code that was claimed."""

    code: str
    campaign_name: str | None


class TagDetails(msgspec.Struct, frozen=True):
    """A tag that came or went."""

    key: str
    value: str | None
    origin: TagOrigin


class GenericDetails(msgspec.Struct, frozen=True):
    """All that an event of any other type told."""

    attributes: dict[str, Any]  # any JSON


Details = (
    PurchaseDetails
    | PointDetails
    | OfferDetails
    | LoyaltyRuleDetails
    | TierDetails
    | PromoCodeDetails
    | TagDetails
    | GenericDetails
)


class EventReader(Protocol):
    """Serves events. Every method answers one result per key, in key order; raises SourceUnavailable, SourceTimedOut."""

    async def stream(self, customers: Sequence[CustomerId], page: PageRequest) -> Sequence[Page[EventRow]]:
        """Events in `page.order` of their time (None: newest first), one page per customer; the filter is a Surfaced."""
        ...

    async def traces(self, customers: Sequence[CustomerId], page: PageRequest) -> Sequence[Page[EventTrace]]:
        """The same events as far as a search looks at them, newest first."""
        ...

    async def events(self, keys: Sequence[OwnedId]) -> Sequence[EventRow | None]:
        """Events by their id."""
        ...

    async def unmatched(self, page: PageRequest) -> Page[UnmatchedEventRow]:
        """Events that matched no customer, the last received first."""
        ...

    async def unmatched_events(self, ids: Sequence[UUID]) -> Sequence[UnmatchedEventRow | None]:
        """Unmatched events by their id."""
        ...


Filled = Callable[[Mapping[str, Any]], str]
"""The text of a template with what an event told in its places."""
TIDY = '"  " not in text and text.isprintable() and text == text.strip()'
"""Without white space that is taken out, as nearly all texts are: told in a third of the time that taking it out needs."""


@lru_cache(TEMPLATES_HELD)
def rendered(template: str) -> Filled:
    """What fills a platform view's template (F17); nothing stands where an event told nothing.

    `{total}` is `total_minor` in the major unit with the currency.
    """
    return _filled(template, f'text if {TIDY} else " ".join(text.split())')


@lru_cache(TEMPLATES_HELD)
def joined(before: str, *templates: str) -> Filled:
    """What fills templates behind a text, with a space between, white space as it comes."""
    return _filled(" ".join(templates), f"{before + ' '!r} + text")


def _filled(template: str, returned: str) -> Filled:
    """The function that fills a template to `text` and returns that expression of it: generated code, as each event of an
    answer has two."""
    parts = PLACEHOLDER.split(template)
    names: dict[str, Any] = {"shown": shown}
    lines, values = [], [repr(parts[0])]
    for index, (name, text) in enumerate(zip(parts[1::2], parts[2::2], strict=True)):
        lines.append(f"    v{index} = told.get({name!r})\n    if v{index}.__class__ is not str:\n")
        # Nearly all are texts and whole numbers: a call for each would take longer than the rest.
        lines.append(f"        v{index} = str(v{index}) if v{index}.__class__ is int else shown({name!r}, told)\n")
        values += [f"v{index}", repr(text)]
    lines.append(f"    text = {' + '.join(values)}\n    return {returned}\n")
    exec(f"def fill(told):\n{''.join(lines)}", names)  # noqa: S102  # texts are literals
    filled: Filled = names["fill"]
    return filled


def shown(name: str, told: Mapping[str, Any]) -> str:
    """What an event told under a name, in words; empty where it told nothing."""
    value = told.get(name)
    if isinstance(value, str):
        return value
    if value is None:
        total = money(told) if name == "total" and name not in told else None
        return "" if total is None else f"{total.amount} {total.currency}"
    return str(value) if type(value) is int else msgspec.json.encode(value).decode()


def money(told: Mapping[str, Any]) -> Money | None:
    """What an event told of an amount."""
    minor, currency = number(told, "total_minor"), text(told, "currency")
    return None if minor is None or currency is None else Money(minor, currency)


def number(told: Mapping[str, Any], name: str) -> int | None:
    """A whole number that an event told."""
    value = told.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def text(told: Mapping[str, Any], name: str) -> str | None:
    """A text that an event told."""
    value = told.get(name)
    return value if isinstance(value, str) else None
