"""The lists of all domains as their readers promise them: order, filter, and which rows of a list pass a filter."""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from datasources.audit import AuditFilter
from datasources.campaigns import CampaignFilter, CampaignStatus, CampaignTab, CustomerCampaignRow
from datasources.cards import CardFilter
from datasources.events import Surfaced
from datasources.folding import fold
from datasources.locations import Around, LocationFilter, LocationRow, distance_m
from datasources.messages import MessageFilter
from datasources.notes import NoteFilter
from datasources.offers import CustomerOfferFilter, OfferFilter
from datasources.paging import PageRequest, Position
from datasources.points import PointAuditFilter
from datasources.profiles import OrderDirection
from datasources.promo_codes import PromoCodeFilter
from datasources.rewards import RewardFilter
from datasources.transactions import TransactionFilter
from datasources.values import DateTimeRange

Holds = Callable[[Any, Any, dt.datetime], bool]
"""(row, value of the filter's attribute, now) → the row passes."""
IN_TIME = OrderDirection.ASC


class Listed(msgspec.Struct, frozen=True):
    """A list: the attributes that order it, all in one direction, and its filter.

    `holds` are the attributes of the filter, properties too, of which a row has nothing that bears their name.
    """

    order: tuple[str, ...]
    descending: bool = True
    filter: type | None = None
    holds: Mapping[str, Holds] = {}

    def is_descending(self, page: PageRequest) -> bool:
        """The direction in which the page is asked for: the event stream is read both ways."""
        return self.descending and page.order is not IN_TIME

    def place_of(self, row: Any) -> Position:
        """Where a row stands."""
        return tuple(getattr(row, name) for name in self.order)

    def known(self, row: type) -> frozenset[str]:
        """The attributes of the filter that rows of this type tell of."""
        names = self.filter.__struct_fields__ if self.filter is not None else ()  # type: ignore[attr-defined]  # a struct
        return frozenset(name for name in names if name in self.holds or attribute_of(row, name) is not None)

    def asked(self, page: PageRequest) -> dict[str, Any]:
        """What the page's filter asks for, by attribute."""
        filter_ = page.filter.filter if isinstance(page.filter, Around) else page.filter
        if filter_ is None:
            return {}
        names = dict.fromkeys((*filter_.__struct_fields__, *self.holds))  # type: ignore[attr-defined]  # filters are structs
        return {name: value for name in names if (value := getattr(filter_, name, None)) is not None}

    def passes(self, row: Any, page: PageRequest) -> bool:
        """True for a row that everything holds of which the filter asks for."""
        return all(self._holds(row, name, value, page.now) for name, value in self.asked(page).items())

    def _holds(self, row: Any, name: str, value: Any, now: dt.datetime) -> bool:
        own = self.holds.get(name)
        if own is not None:
            return own(row, value, now)
        return _fits(getattr(row, attribute_of(type(row), name) or name), value)


def attribute_of(row: type, name: str) -> str | None:
    """The rows' name for an attribute of a filter: its own, or that of one of several."""
    return next((known for known in (name, name.removesuffix("s")) if hasattr(row, known)), None)


def _fits(found: Any, wanted: Any) -> bool:
    if isinstance(wanted, DateTimeRange):
        since, until = wanted.since, wanted.until
        return found is not None and (since is None or found >= since) and (until is None or found < until)
    return bool(found in wanted if isinstance(wanted, tuple) else found == wanted)


def _in_tab(row: CustomerCampaignRow, tab: CampaignTab, now: dt.datetime) -> bool:
    """Which campaigns a tab shows (N11)."""
    is_completed = row.status is CampaignStatus.COMPLETED
    if tab is CampaignTab.ACTIVE:
        return not is_completed and row.starts_at <= now and (row.ends_at is None or row.ends_at > now)
    return is_completed or tab is CampaignTab.ALL


def _participates(row: LocationRow, name: str, _now: dt.datetime) -> bool:
    return any(one.name == name for one in row.participations)


def _always(_row: Any, _value: Any, _now: dt.datetime) -> bool:
    return True


def measured(rows: Sequence[LocationRow], around: Around) -> list[LocationRow]:
    """Those within the distance, each with its own."""
    found = [
        msgspec.structs.replace(row, distance_meters=distance_m(around.point, row.geo))
        for row in rows
        if row.geo is not None
    ]
    return [row for row in found if (row.distance_meters or 0.0) <= around.within_meters]


MEASURED = frozenset(("locations.around", "locations.nearest"))
"""The methods whose rows have a distance, which is reckoned here."""
OF_STREAM: Mapping[str, Holds] = {"but_types": lambda row, types, _now: row.type not in types}
OF_LOCATIONS: Mapping[str, Holds] = {
    "participates_in": _participates,
    "open_at": lambda row, at, _now: row.is_open_at(at),
}

LISTS: Mapping[str, Listed] = {
    "audit.log": Listed(("at", "id"), filter=AuditFilter),
    "campaigns.campaigns": Listed(("starts_at", "id"), filter=CampaignFilter, holds={"tab": _in_tab}),
    "cards.cards": Listed(
        ("registered_at", "id"),
        filter=CardFilter,
        holds={"include_removed": _always, "is_kept": lambda row, _kept, _now: row.removed_at is None},
    ),
    "cards.history": Listed(("at", "id")),
    "cards.loyalty_cards": Listed(("issued_at", "id")),
    "devices.of_customers": Listed(("last_seen_at", "id")),
    "devices.properties_of": Listed(("last_seen_at", "id")),
    "events.stream": Listed(("occurred_at", "id"), filter=Surfaced, holds=OF_STREAM),
    "events.traces": Listed(("occurred_at", "id"), filter=Surfaced, holds=OF_STREAM),
    "events.unmatched": Listed(("received_at", "id")),
    "locations.around": Listed(
        ("distance_meters", "id"),
        descending=False,
        filter=Around,
        holds={**OF_LOCATIONS, **dict.fromkeys(Around.__struct_fields__, _always)},
    ),
    "locations.listed": Listed(("name", "id"), descending=False, filter=LocationFilter, holds=OF_LOCATIONS),
    "messages.conversation": Listed(("sent_at", "id")),
    "messages.inbox": Listed(("distributed_at", "id"), filter=MessageFilter),
    "notes.of_customers": Listed(("created_at", "id"), filter=NoteFilter),
    "offers.available": Listed(("created_at", "id")),
    "offers.catalogue": Listed(
        ("created_at", "id"),
        filter=OfferFilter,
        holds={"name_contains": lambda row, part, _now: part in fold(row.name)},
    ),
    "offers.held": Listed(("issued_at", "id"), filter=CustomerOfferFilter),
    "points.audit": Listed(("occurred_at", "id"), filter=PointAuditFilter),
    "privacy.of_customers": Listed(("submitted_at", "id")),
    "promo_codes.codes": Listed(("at", "id"), filter=PromoCodeFilter),
    "promo_codes.errors": Listed(("at", "id")),
    "promo_codes.limiters": Listed(("triggered_at", "id")),
    "rewards.rewards": Listed(("created_at", "id"), filter=RewardFilter),
    "segments.memberships": Listed(("since", "segment_id")),
    "segments.segments": Listed(("key",), descending=False),
    "tags.history": Listed(("at", "id")),
    "tags.tags": Listed(("count", "last_applied_at", "key", "value_key")),
    "tickets.of_customers": Listed(("submitted_at", "id")),
    "tiers.history": Listed(("at", "id")),
    "tiers.tiers": Listed(("system_key",), descending=False),
    "transactions.purchases": Listed(("occurred_at", "id"), filter=TransactionFilter),
}
"""Every list that a reader pages, by `domain.method`."""
