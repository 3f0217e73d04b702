"""Events of a customer: which of them are shown, how they read, and their details."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any
from uuid import UUID

import msgspec

from datasources import events as rows
from datasources.errors import InvalidRequest
from datasources.events import EventRow, EventTrace, UnmatchedEventRow
from datasources.folding import fold
from datasources.ids import CustomerId, EntityId, OfCustomer
from datasources.locations import LocationRow
from datasources.offers import CustomerOfferRow
from datasources.paging import Page, PageRequest, page_of_list
from datasources.points import PointAuditRow
from datasources.profiles import OrderDirection
from datasources.program import EventCategory, EventType, PlatformView
from datasources.tags import TagOrigin
from datasources.tiers import TierChangeReason
from datasources.transactions import TransactionRow
from datasources.values import KeyValue
from permissions.masking import HIDDEN
from permissions.model import Scope
from resolvers.context import Context, PerRequest
from resolvers.customer_lists import Asked, CustomerList, OneByOne

PII = Scope("pii:read")
UNSURFACED = Scope("events:viewUnsurfaced")
READS = {
    "purchase": Scope("transactions:read"),
    "points": Scope("points:read"),
    "offer": Scope("offers:read"),
    "tier": Scope("tiers:read"),
    "promo": Scope("promocodes:read"),
    "tag": Scope("tags:read"),
    "segment": Scope("segments:read"),
    "note": Scope("notes:read"),
    "communication": Scope("messages:read"),
}
"""By which scope is read what default types (F18) tell of other domains: the first word of the type tells whose it is."""
SEARCHED = 1_000
"""How many of the newest events that fit the filter a search looks at (settled.md, "Reading")."""


@CustomerList
def stream(context: Context, page: PageRequest) -> Asked[EventRow] | OneByOne[EventRow]:
    """The customer's events, newest first unless asked otherwise (F1, F12). Raises InvalidRequest."""
    asked = page.filter if isinstance(page.filter, rows.EventSearch) else rows.EventSearch()
    wanted = msgspec.structs.replace(page, filter=_surfaced(asked.filter or rows.EventFilter(), context))
    if asked.search is not None:
        return partial(_searched, context, wanted, asked.search)
    return context.sources.events.stream, wanted


async def _searched(context: Context, page: PageRequest, search: str, customer: OfCustomer) -> Page[EventRow]:
    """The page of those events whose labels, title or summary hold every word of the search."""
    words = fold(search).split()
    if not words:
        raise InvalidRequest("An empty text finds nothing: leave it out.", "search")
    newest = PageRequest(now=page.now, first=SEARCHED, filter=page.filter)
    looked_at = (await context.load(context.sources.events.traces, customer.customer_id, newest)).rows
    types = {trace.type for trace in looked_at}
    labels = {type_: _labels(type_, context) for type_ in types}
    withheld = {type_ for type_ in types if _readings(context).is_withheld(type_)}
    texts = ("" if trace.type in withheld else trace.search_text for trace in looked_at)
    found = [
        trace for trace, text in zip(looked_at, texts, strict=True) if _matches(words, f"{labels[trace.type]} {text}")
    ]
    ascending = page.order is OrderDirection.ASC
    if ascending:
        found.reverse()
    shown: Page[EventTrace] = page_of_list(found, page, ("occurred_at", "id"), descending=not ascending)
    keys = [(trace.customer_id, trace.id) for trace in shown.rows]
    events = await context.load_many(context.sources.events.events, keys)
    return Page(
        tuple(row for row in events if row is not None), shown.order, shown.has_next, shown.has_previous, shown.total
    )


def _matches(words: list[str], text: str) -> bool:
    return all(word in text for word in words)


def _labels(type_: str, context: Context) -> str:
    """Type label and category as they are called now, folded."""
    known = event_type(type_, context)
    return fold(f"{known.label} {context.settings.event_category(known.category).label}")


def _surfaced(asked: rows.EventFilter, context: Context) -> rows.Surfaced:
    """The filter with categories as their types, and without the types that the caller may not see (F13, F16)."""
    hidden = frozenset() if context.holds(UNSURFACED) else _unsurfaced(context)
    wanted = None if asked.types is None else set(asked.types)
    if asked.categories is not None:
        rolled_up = {key for key, type_ in _types(context).items() if type_.category in asked.categories}
        wanted = rolled_up if wanted is None else wanted & rolled_up
    if wanted is None:
        return rows.Surfaced(but_types=tuple(sorted(hidden)) or None, occurred_at=asked.occurred_at)
    return rows.Surfaced(types=tuple(sorted(wanted - hidden)), occurred_at=asked.occurred_at)


def _unsurfaced(context: Context) -> frozenset[str]:
    """The types of which not everyone sees events (F13)."""
    memo = context.program.memo
    found: frozenset[str] | None = memo.get(_unsurfaced)
    if found is None:
        types = _types(context).items()
        found = memo[_unsurfaced] = frozenset(key for key, type_ in types if not type_.is_surfaced)
    return found


async def event(context: Context, customer: UUID, id: UUID) -> EventRow | None:
    """An event by its id; None where its type is not surfaced to the caller."""
    row = await context.load(context.sources.events.events, (CustomerId(customer), EntityId(id)))
    if row is None or event_type(row.type, context).is_surfaced or context.holds(UNSURFACED):
        return row
    return None


class Reading(msgspec.Struct, frozen=True):
    """How the events of a type read to a caller: withheld where the caller may know that such an event happened, but not
    what it tells (F12, F24)."""

    type: EventType
    is_withheld: bool
    title: rows.Filled
    summary: rows.Filled


class Readings(dict[str, Reading]):
    """How events read to a caller, by type; found when the first event of a type is read."""

    def __init__(self, types: Mapping[str, EventType], scopes: frozenset[Scope]) -> None:
        super().__init__()
        self._types, self._scopes = types, scopes

    def __missing__(self, key: str) -> Reading:
        type_ = _type_of(key, self._types)
        title, summary = map(rows.rendered, (type_.platform_view.title, type_.platform_view.summary))
        found = self[key] = Reading(type_, self.is_withheld(key), title, summary)
        return found

    def is_withheld(self, key: str) -> bool:
        """True where the caller may not know what events of the type tell."""
        known, scope = self._types.get(key), READS.get(key.partition("_")[0])
        is_own = known is not None and not known.is_default
        return scope is not None and not is_own and scope not in self._scopes


def _readings(context: Context) -> Readings:
    memo, scopes = context.program.memo, context.principal.scopes
    known: Readings | None = memo.get((Readings, scopes))
    if known is None:
        known = memo[Readings, scopes] = Readings(_types(context), scopes)
    return known


def _types(context: Context) -> Mapping[str, EventType]:
    """The program's event types by key."""
    known: Mapping[str, EventType] | None = context.program.memo.get(EventType)
    if known is None:
        known = context.program.memo[EventType] = {type_.key: type_ for type_ in context.settings.event_types}
    return known


def event_type(key: str, context: Context) -> EventType:
    """The event type of this key; one that the program no longer has goes by its key."""
    return _type_of(key, _types(context))


def _type_of(key: str, types: Mapping[str, EventType]) -> EventType:
    return types.get(key) or EventType(key, key, key, PlatformView(key, ""), is_default=False)


@PerRequest
def type_label(context: Context) -> Callable[[EventRow], str]:
    """What the program calls the event's type."""
    readings = _readings(context)
    return lambda row: readings[row.type].type.label


def category(row: EventRow, context: Context) -> EventCategory:
    """What the event's type rolls up to (F16)."""
    return context.settings.event_category(event_type(row.type, context).category)


@PerRequest
def title(context: Context) -> Callable[[EventRow], str]:
    """The title of the type's platform view, personal text hidden from callers without `pii:read`."""
    readings, is_clear = _readings(context), context.holds(PII)

    def title_of(row: EventRow) -> str:
        reading = readings[row.type]
        if reading.is_withheld:
            return reading.type.label
        return reading.title(_told(row, is_clear=is_clear) if row.attributes else row.facts)

    return title_of


@PerRequest
def summary(context: Context) -> Callable[[EventRow], str]:
    """The summary of the type's platform view."""
    readings = _readings(context)

    def summary_of(row: EventRow) -> str:
        reading = readings[row.type]
        if reading.is_withheld:
            return HIDDEN
        return reading.summary(_told(row, is_clear=True) if row.attributes else row.facts)

    return summary_of


def fields(row: EventRow, context: Context) -> list[KeyValue]:
    """What the type's platform view shows of the details (F17), in its order; what the event does not tell is left out."""
    reading = _readings(context)[row.type]
    told = {} if reading.is_withheld else _told(row, is_clear=context.holds(PII))
    shown = (KeyValue(name, rows.shown(name, told)) for name in reading.type.platform_view.detail_fields)
    return [field for field in shown if field.value]


def details(row: EventRow, context: Context) -> rows.Details:
    """The details of the event's type; all it told where the type has none, or where it told too little for them."""
    build, reading, is_clear = DETAILS.get(row.type), _readings(context)[row.type], context.holds(PII)
    if reading.is_withheld:
        return rows.GenericDetails({})
    if build is None or not reading.type.is_default:
        return rows.GenericDetails(_told(row, is_clear=is_clear))
    return build(row) or rows.GenericDetails(_told(row, is_clear=is_clear))


def _told(row: EventRow, *, is_clear: bool) -> dict[str, Any]:  # any JSON
    """Facts and attributes, the texts of attributes hidden from callers without `pii:read`, to whom nothing is clear."""
    private = row.private
    if not private:
        return row.facts
    return {**row.facts, **(private if is_clear else _hidden(private))}


def _hidden(value: Any) -> Any:  # any JSON
    """The same keys and numbers without the texts."""
    if isinstance(value, str):
        return HIDDEN
    if isinstance(value, dict):
        return {key: _hidden(item) for key, item in value.items()}
    return [_hidden(item) for item in value] if isinstance(value, list) else value


def _purchase(row: EventRow) -> rows.PurchaseDetails:
    facts = row.facts
    return rows.PurchaseDetails(
        row.customer_id,
        row.reference_id,
        _uuid(rows.text(facts, "location_id")),
        rows.money(facts),
        rows.number(facts, "points_earned"),
        rows.number(facts, "points_spent"),
        rows.text(facts, "tier"),
    )


def _uuid(text: str | None) -> UUID | None:
    """The UUID that a text spells, if it does."""
    try:
        return None if text is None else UUID(text)
    except ValueError:
        return None


def _points(row: EventRow) -> rows.PointDetails | None:
    points = rows.number(row.facts, "points")
    label = rows.text(row.facts, "account_label") or rows.text(row.facts, "account_key")
    if points is None or label is None:
        return None
    return rows.PointDetails(row.customer_id, row.reference_id, points, label)


def _offer(row: EventRow) -> rows.OfferDetails | None:
    name = rows.text(row.facts, "offer_name")
    action = rows.text(row.facts, "action") or row.type.removeprefix("offer_")
    return None if name is None else rows.OfferDetails(row.customer_id, row.reference_id, name, action)


def _loyalty_rule(row: EventRow) -> rows.LoyaltyRuleDetails | None:
    name = rows.text(row.facts, "rule_name")
    return None if name is None else rows.LoyaltyRuleDetails(name, rows.text(row.facts, "outcome"))


def _tier(row: EventRow) -> rows.TierDetails | None:
    to_tier, reason = rows.text(row.facts, "to_tier"), rows.text(row.facts, "reason")
    if to_tier is None or reason is None or reason not in TierChangeReason.__members__:
        return None
    return rows.TierDetails(rows.text(row.facts, "from_tier"), to_tier, TierChangeReason[reason])


def _promo_code(row: EventRow) -> rows.PromoCodeDetails | None:
    code = rows.text(row.facts, "code")
    return None if code is None else rows.PromoCodeDetails(code, rows.text(row.facts, "campaign_name"))


def _tag(row: EventRow) -> rows.TagDetails | None:
    key, origin = rows.text(row.facts, "key"), rows.text(row.facts, "origin")
    if key is None or origin is None or origin not in TagOrigin.__members__:
        return None
    return rows.TagDetails(key, rows.text(row.facts, "value"), TagOrigin[origin])


DETAILS: Mapping[str, Callable[[EventRow], rows.Details | None]] = {
    "purchase": _purchase,
    **dict.fromkeys(
        (f"points_{what}" for what in ("earned", "used", "comped", "expired", "adjusted", "returned")), _points
    ),
    **dict.fromkeys((f"offer_{what}" for what in ("issued", "activated", "redeemed", "revoked", "expired")), _offer),
    "loyalty_rule_completed": _loyalty_rule,
    **dict.fromkeys((f"tier_{what}" for what in ("promoted", "dropped", "adjusted")), _tier),
    "promo_code_claimed": _promo_code,
    **dict.fromkeys((f"tag_{what}" for what in ("added", "removed")), _tag),
}
"""The default types (F18) that have details of their own."""


async def transaction(details: rows.PurchaseDetails, context: Context) -> TransactionRow | None:
    """The purchase that an event tells of (F11)."""
    if details.transaction_id is None:
        return None
    key = (details.customer_id, details.transaction_id)
    return await context.load(context.sources.transactions.transactions, key)


async def location(details: rows.PurchaseDetails, context: Context) -> LocationRow | None:
    """Where the purchase was made."""
    if details.location_id is None:
        return None
    return await context.load(context.sources.locations.locations, details.location_id)


async def entry(details: rows.PointDetails, context: Context) -> PointAuditRow | None:
    """The ledger entry that an event tells of."""
    if details.entry_id is None:
        return None
    return await context.load(context.sources.points.entries, (details.customer_id, details.entry_id), context.now)


async def offer(details: rows.OfferDetails, context: Context) -> CustomerOfferRow | None:
    """The customer's offer that an event tells of."""
    if details.customer_offer_id is None:
        return None
    key = (details.customer_id, details.customer_offer_id)
    return await context.load(context.sources.offers.customer_offers, key, context.now)


async def unmatched(_root: object, context: Context, page: PageRequest) -> Page[UnmatchedEventRow]:
    """Events that matched no customer yet, the last received first (A12)."""
    return await context.call(context.sources.events.unmatched, page)


async def unmatched_event(context: Context, id: UUID) -> UnmatchedEventRow | None:
    """An unmatched event by its id."""
    return await context.load(context.sources.events.unmatched_events, id)


def payload(row: UnmatchedEventRow, context: Context) -> dict[str, Any]:  # any JSON
    """What came in, its texts hidden from callers without `pii:read`."""
    hidden: dict[str, Any] = row.payload if context.holds(PII) else _hidden(row.payload)
    return hidden
