"""What each method answers where a source holds just the rows that it was given."""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from typing import Any, get_args, get_origin

import msgspec

from datasources.cards import CardHistoryRow, CardRow
from datasources.conformance.asked import BASE, argument
from datasources.conformance.methods import Method
from datasources.folding import fold
from datasources.ids import OwnedId
from datasources.locations import Around, LocationRow, distance_m
from datasources.offers import AvailableOfferRow, CustomerOfferRow, CustomerOfferState, OfferRow
from datasources.paging import Page
from datasources.points import (
    BalanceExplanation,
    PointAuditRow,
    PointEntryKind,
    PointExpiryRow,
    PointMovement,
)
from datasources.privacy import PrivacyRequestRow, PrivacyRequestState
from datasources.tags import CustomerTagRow
from datasources.values import GeoPoint

BY: Mapping[str, tuple[str, ...]] = {
    "notes.revisions": ("customer_id", "note_id"),
    "locations.by_store_id": ("store_id",),
    "offers.of_transactions": ("customer_id", "transaction_id"),
    "points.allocations": ("customer_id", "debit_id"),
    "points.of_purchases": ("customer_id", "purchase_id"),
    "profiles.by_support_id": ("support_id",),
    "segments.members": ("customer_id", "segment_id"),
    "tags.held": ("customer_id", "key"),
    "transactions.items": ("customer_id", "transaction_id"),
}
"""What of a row the key is, where it is not the row's own key or customer."""

RISING: Mapping[str, tuple[str, ...]] = {
    "locations.listed": ("name",),
    "notes.revisions": ("version",),
    "offers.of_transactions": ("issued_at",),
    "points.accounts": ("account_key",),
    "points.of_purchases": ("recorded_at",),
    "profiles.consents": ("channel", "purpose"),
    "profiles.places": ("rank", "location_id"),
    "segments.segments": ("key",),
    "tiers.tiers": ("system_key",),
    "transactions.items": ("line",),
}
"""What lists are sorted by, the smallest first."""
FALLING: Mapping[str, tuple[str, ...]] = {
    "audit.log": ("at",),
    "audit.waiting": ("requested_at",),
    "campaigns.campaigns": ("starts_at",),
    "cards.cards": ("registered_at",),
    "cards.loyalty_cards": ("issued_at",),
    "devices.of_customers": ("last_seen_at",),
    "devices.properties_of": ("last_seen_at",),
    "events.stream": ("occurred_at",),
    "events.unmatched": ("received_at",),
    "messages.conversation": ("sent_at",),
    "messages.inbox": ("distributed_at",),
    "notes.of_customers": ("created_at",),
    "offers.catalogue": ("created_at",),
    "offers.held": ("issued_at",),
    "points.audit": ("occurred_at",),
    "privacy.history": ("submitted_at",),
    "privacy.of_customers": ("submitted_at",),
    "promo_codes.codes": ("at",),
    "promo_codes.errors": ("at",),
    "promo_codes.limiters": ("triggered_at",),
    "rewards.rewards": ("created_at",),
    "segments.memberships": ("since",),
    "tags.held": ("last_applied_at",),
    "tags.history": ("at",),
    "tags.tags": ("count", "last_applied_at", "key", "value_key"),
    "tickets.of_customers": ("submitted_at",),
    "tiers.history": ("at",),
    "transactions.purchases": ("occurred_at",),
}
"""What lists are sorted by, the greatest first."""

UNTOLD: Mapping[str, str] = {
    "events.traces": "what a search looks at is the source's own text",
    "profiles.by_external_id": "the index of identifiers is the source's own",
    "profiles.matches": "the index of identifiers is the source's own",
    "profiles.named": "the index of identifiers is the source's own",
}
"""Methods whose answers don't follow from the rows, and why: they are held to the laws that need no rows."""

Rows = Sequence[Any]
Follows = Callable[[Any, Rows, Method, dt.datetime], Any]
"""(key, rows of the domain, method, now) → the answer."""


def _expiries(customer: Any, rows: Rows, _method: Method, now: dt.datetime) -> list[PointExpiryRow]:
    """What is left of lots, by moment and account."""
    sums: dict[tuple[dt.datetime, str], int] = {}
    for lot in of_type(PointAuditRow, rows):
        if lot.customer_id == customer and lot.remaining and lot.expires_at is not None and lot.expires_at > now:
            place = lot.expires_at, lot.account_key
            sums[place] = sums.get(place, 0) + lot.remaining
    return [PointExpiryRow(at, points, account) for (at, account), points in sorted(sums.items())]


def _balance(key: tuple[Any, str], rows: Rows, method: Method, now: dt.datetime) -> int:
    at = argument(method.title, "at", now)
    return sum(entry.modification for entry in _of_account(key, rows) if entry.occurred_at <= at)


def _movements(key: tuple[Any, str], rows: Rows, method: Method, now: dt.datetime) -> BalanceExplanation:
    since, until = argument(method.title, "since", now), argument(method.title, "until", now)
    before = [entry for entry in _of_account(key, rows) if entry.occurred_at < until]
    within = [entry for entry in before if entry.occurred_at >= since]
    closing = sum(entry.modification for entry in before)
    lines = [
        PointMovement(kind, sum(changes), len(changes))
        for kind in PointEntryKind
        if (changes := [entry.modification for entry in within if entry.kind is kind])
    ]
    return BalanceExplanation(closing - sum(line.points for line in lines), closing, tuple(lines))


def _of_account(key: tuple[Any, str], rows: Rows) -> list[PointAuditRow]:
    return [entry for entry in of_type(PointAuditRow, rows) if (entry.customer_id, entry.account_key) == key]


def _newest(customer: Any, rows: Rows, _method: Method, _now: dt.datetime) -> list[PrivacyRequestRow]:
    """The last request of each type, cancelled ones left out."""
    own = [row for row in of_type(PrivacyRequestRow, rows) if row.customer_id == customer]
    standing = [row for row in own if row.state is not PrivacyRequestState.CANCELLED]
    found = {row.type.value: row for row in sorted(standing, key=lambda row: (row.submitted_at, row.id))}
    return [found[name] for name in sorted(found)]


def _available(customer: Any, rows: Rows, _method: Method, _now: dt.datetime) -> list[AvailableOfferRow]:
    """Active offers, with how many of each the customer has but for revoked ones, and since when they are excluded."""
    own = [row for row in of_type(CustomerOfferRow, rows) if row.customer_id == customer]
    return [
        AvailableOfferRow(
            offer,
            sum(row.offer_id == offer.id and row.state is not CustomerOfferState.REVOKED for row in own),
            next((row.excluded_at for row in own if row.offer_id == offer.id), None),
        )
        for offer in of_type(OfferRow, rows)
        if offer.is_active
    ]


def _history(card: Any, rows: Rows, _method: Method, _now: dt.datetime) -> list[CardHistoryRow]:
    """No row names its card: a customer's changes are those of the card that the kit names first."""
    cards = of_type(CardRow, rows)
    owner = next((row.customer_id for row in cards if row.id == card), None)
    first = next((row.id for row in cards if row.customer_id == owner), None)
    return [row for row in of_type(CardHistoryRow, rows) if row.customer_id == owner and card == first]


def _around(_key: None, rows: Rows, method: Method, _now: dt.datetime) -> list[LocationRow]:
    asked: Around = BASE[method.title]
    return _near(asked.point, rows, asked.within_meters)


def _nearest(point: GeoPoint, rows: Rows, method: Method, now: dt.datetime) -> list[LocationRow]:
    within, most = argument(method.title, "within_meters", now), argument(method.title, "most", now)
    return _near(point, rows, within)[:most]


def _near(point: GeoPoint, rows: Rows, within_meters: int) -> list[LocationRow]:
    """Locations with their distance, nearest first."""
    measured = [
        msgspec.structs.replace(row, distance_meters=distance_m(point, row.geo))
        for row in of_type(LocationRow, rows)
        if row.geo is not None
    ]
    near = [row for row in measured if row.distance_meters is not None and row.distance_meters <= within_meters]
    return sorted(near, key=lambda row: (row.distance_meters, row.id))


def _in_use(prefix: str, rows: Rows, _method: Method, _now: dt.datetime) -> list[str]:
    return sorted({row.key for row in of_type(CustomerTagRow, rows) if fold(row.key).startswith(prefix)})


FOLLOWS: Mapping[str, Follows] = {
    "cards.history": _history,
    "locations.around": _around,
    "locations.nearest": _nearest,
    "offers.available": _available,
    "points.balances_at": _balance,
    "points.expiries": _expiries,
    "points.movements": _movements,
    "privacy.newest": _newest,
    "tags.in_use": _in_use,
}
"""Methods whose answers are no rows as they were given, or not by a key of theirs."""


def expected(method: Method, key: Any, rows: Rows, now: dt.datetime) -> Any:
    """The answer to a key: the row or None, or the rows in any order."""
    if method.title in FOLLOWS:
        return FOLLOWS[method.title](key, rows, method, now)
    by = BY.get(method.title, _own_key(method.key))
    found = [row for row in of_type(row_of(method), rows) if _key_in(row, by) == key]
    if get_origin(method.answer) in (Page, Sequence):
        return found
    return found[0] if found else None


def keys_of(method: Method, rows: Rows) -> list[Any]:
    """The keys for which rows were given; none for methods whose keys no row tells."""
    by = BY.get(method.title, _own_key(method.key))
    if method.title in FOLLOWS or method.key is None:
        return []
    return list(dict.fromkeys(key for row in of_type(row_of(method), rows) if _is_key(key := _key_in(row, by))))


def row_of(method: Method) -> type:
    """The type of the rows that a method answers with."""
    found = [part for part in (*get_args(method.answer), method.answer) if isinstance(part, type)]
    return next(part for part in found if issubclass(part, msgspec.Struct))


def is_sorted(method: Method, rows: Rows) -> bool:
    """True where the rows stand in the order that the protocol tells."""
    names = RISING.get(method.title) or FALLING.get(method.title) or ()
    places = [tuple(_plain(getattr(row, name)) for name in names) for row in rows]
    return places == sorted(places, reverse=method.title in FALLING)


def of_type(row: type, rows: Rows) -> list[Any]:
    """Those of the rows that are of a type."""
    return [other for other in rows if isinstance(other, row)]


def _own_key(kind: Any) -> tuple[str, ...]:
    """The attributes that a key of this type is compared with."""
    if kind is None:
        return ()
    if kind == OwnedId:
        return ("customer_id", "id")
    return ("customer_id",) if getattr(kind, "__name__", "") == "CustomerId" else ("id",)


def _key_in(row: Any, by: tuple[str, ...]) -> Any:
    if not by:
        return None
    return tuple(getattr(row, name) for name in by) if len(by) > 1 else getattr(row, by[0])


def _is_key(key: Any) -> bool:
    return None not in key if isinstance(key, tuple) else key is not None


def _plain(value: Any) -> Any:
    return value.value if isinstance(value, Enum) else value
