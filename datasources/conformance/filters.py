"""The filters of lists, and which rows each of their attributes lets pass."""

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import Enum
from typing import Any, get_args, get_origin, get_type_hints

import msgspec

from datasources.audit import ApprovalFilter, AuditFilter
from datasources.campaigns import CampaignFilter, CampaignStatus, CampaignTab, CustomerCampaignRow
from datasources.cards import CardFilter, CardStatus
from datasources.events import Surfaced
from datasources.folding import fold
from datasources.locations import LocationFilter
from datasources.messages import MessageFilter
from datasources.notes import NoteFilter
from datasources.offers import CustomerOfferFilter, OfferFilter
from datasources.points import PointAuditFilter
from datasources.privacy import PrivacyRequestFilter
from datasources.profiles import CustomerFilter, MembershipState
from datasources.promo_codes import PromoCodeFilter
from datasources.rewards import RewardFilter
from datasources.transactions import TransactionFilter
from datasources.values import DateTimeRange

Holds = Callable[[Any, Any, dt.datetime], bool]
"""(row, value of the filter, now) → the row passes."""

MOST_VALUES = 3


class Attribute(msgspec.Struct, frozen=True):
    """How an attribute of a filter reads on a row that has nothing of that name."""

    holds: Holds
    values: tuple[Any, ...]


class Filtered(msgspec.Struct, frozen=True):
    """A list's filter struct; attributes named in `elsewhere` are held by golden queries, since no row tells of them."""

    struct: type
    attributes: Mapping[str, Attribute] = {}
    elsewhere: frozenset[str] = frozenset()


NOT_VISITS = Attribute(lambda row, types, _now: row.type not in types, (("store_visit",), ("purchase", "store_visit")))
OPENINGS = tuple(dt.datetime(2026, 1, 14, hour, 30, tzinfo=dt.UTC) for hour in (3, 12, 20))


def _in_tab(row: CustomerCampaignRow, tab: CampaignTab, now: dt.datetime) -> bool:
    """Which campaigns a tab shows (N11)."""
    is_completed = row.status is CampaignStatus.COMPLETED
    is_open = row.starts_at <= now and (row.ends_at is None or row.ends_at > now)
    return {
        CampaignTab.ALL: True,
        CampaignTab.ACTIVE: is_open and not is_completed,
        CampaignTab.COMPLETED: is_completed,
    }[tab]


FILTERS: Mapping[str, Filtered] = {
    "audit.log": Filtered(AuditFilter),
    "audit.waiting": Filtered(ApprovalFilter),
    "campaigns.campaigns": Filtered(
        CampaignFilter,
        {"tab": Attribute(_in_tab, tuple(CampaignTab))},
    ),
    "cards.cards": Filtered(
        CardFilter,
        {
            "status": Attribute(
                lambda row, wanted, _now: row.removed_at is None and row.status in wanted,
                tuple((status,) for status in CardStatus),
            ),
            "include_removed": Attribute(lambda row, all_, _now: all_ or row.removed_at is None, (True, False)),
        },
    ),
    "events.stream": Filtered(Surfaced, {"but_types": NOT_VISITS}),
    "events.traces": Filtered(Surfaced, {"but_types": NOT_VISITS}),
    "locations.listed": Filtered(
        LocationFilter,
        {"open_at": Attribute(lambda row, at, _now: row.is_open_at(at), OPENINGS)},
        elsewhere=frozenset({"participates_in"}),
    ),
    "messages.inbox": Filtered(MessageFilter),
    "notes.of_customers": Filtered(NoteFilter),
    "offers.catalogue": Filtered(
        OfferFilter,
        {"name_contains": Attribute(lambda row, part, _now: part in fold(row.name), ("coupon", "a", "%", "_"))},
    ),
    "offers.held": Filtered(CustomerOfferFilter),
    "points.audit": Filtered(PointAuditFilter),
    "privacy.history": Filtered(PrivacyRequestFilter),
    "profiles.search": Filtered(
        CustomerFilter,
        {
            "first_name": Attribute(lambda row, start, _now: row.first_name_key.startswith(start), ("a", "j", "%")),
            "last_name": Attribute(lambda row, start, _now: row.last_name_key.startswith(start), ("b", "mc", "_")),
            "states": Attribute(
                lambda row, states, _now: row.membership_state in states, tuple((state,) for state in MembershipState)
            ),
            "is_test_persona": Attribute(lambda row, wanted, _now: row.is_test_persona is wanted, (True, False)),
            "status_keys": Attribute(
                lambda row, keys, _now: row.status_key in keys, (("active",), ("vip", "watch"), ("unknown",))
            ),
        },
        elsewhere=frozenset(
            {
                "email",
                "phone",
                "customer_id",
                "uuid",
                "date_of_birth",
                "segment_id",
                "tag",
                "location_id",
                "include_inactive",
            }
        ),
    ),
    "promo_codes.codes": Filtered(PromoCodeFilter),
    "rewards.rewards": Filtered(RewardFilter),
    "transactions.purchases": Filtered(TransactionFilter),
}
"""The filter of each list that has one, by `domain.method`."""


class Case(msgspec.Struct, frozen=True):
    """A filter of one attribute, and what must be true of every row it finds."""

    attribute: str
    name: str
    filter: Any
    holds: Callable[[Any], bool]


def attributes_of(title: str) -> set[str]:
    """The names of all that a list can be filtered by."""
    return {field.name for field in msgspec.structs.fields(FILTERS[title].struct)} if title in FILTERS else set()


def cases(filtered: Filtered, rows: list[Any], now: dt.datetime) -> Iterator[Case]:
    """Filters by each attribute, with values that the rows have. Raises LookupError for one that no row tells of."""
    hints = get_type_hints(filtered.struct)
    for name in filtered.struct.__struct_fields__:  # type: ignore[attr-defined]  # filters are structs
        if name in filtered.elsewhere:
            continue
        own = filtered.attributes.get(name)
        values = own.values if own is not None else _values(hints[name], _read(filtered, name, rows))
        for value in values:
            yield Case(name, f"{name}={value}", filtered.struct(**{name: value}), passes(filtered, name, value, now))


def passes(filtered: Filtered, name: str, value: Any, now: dt.datetime) -> Callable[[Any], bool]:
    """What must be true of a row that an attribute of the filter lets pass."""
    own = filtered.attributes.get(name)
    if own is not None:
        return lambda row: own.holds(row, value, now)
    return lambda row: _fits(getattr(row, name if hasattr(row, name) else name.removesuffix("s")), value)


def _fits(found: Any, wanted: Any) -> bool:
    if isinstance(wanted, DateTimeRange):
        since, until = wanted.since, wanted.until
        return found is not None and (since is None or found >= since) and (until is None or found < until)
    return found in wanted if isinstance(wanted, tuple) else found == wanted


def _attribute(name: str, rows: list[Any]) -> str:
    """The rows' name for a filter's attribute."""
    return name if not rows or hasattr(rows[0], name) else name.removesuffix("s")


def _read(filtered: Filtered, name: str, rows: list[Any]) -> list[Any]:
    attribute = _attribute(name, rows)
    if rows and not hasattr(rows[0], attribute):
        raise LookupError(f"FILTERS does not say how {filtered.struct.__name__}.{name} reads on {type(rows[0])}")
    found = {getattr(row, attribute) for row in rows} - {None}
    return sorted(found, key=_sortable)


def _sortable(value: Any) -> Any:
    return value.value if isinstance(value, Enum) else value


def _values(hint: Any, found: list[Any]) -> Iterable[Any]:
    """What to filter by, of what was found: single values, several at once, a window over the middle half."""
    kinds = [*get_args(hint), hint]
    if DateTimeRange in kinds:
        if not found:
            return []
        since, until = found[len(found) // 4], found[3 * len(found) // 4]
        return [DateTimeRange(since, until), DateTimeRange(since=since), DateTimeRange(until=until)]
    if any(get_origin(kind) is tuple for kind in kinds):
        return [*((value,) for value in found[:MOST_VALUES]), *([tuple(found[:2])] if len(found) > 2 else [])]
    return found[:MOST_VALUES]
