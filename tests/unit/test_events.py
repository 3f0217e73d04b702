"""How events read: platform views over what they told, and the details of their types."""

import datetime as dt
from typing import Any
from uuid import UUID

import msgspec
import pytest

from datasources import events as rows
from datasources.events import EventRow, IngestChannel, rendered
from datasources.ids import CustomerId, EntityId
from datasources.tags import TagOrigin
from datasources.tiers import TierChangeReason
from datasources.values import Money
from resolvers.events import DETAILS

CUSTOMER, REFERENCE = CustomerId(UUID(int=1)), EntityId(UUID(int=2))
AT = dt.datetime(2026, 1, 5, 12, tzinfo=dt.UTC)


def event(type_: str, facts: dict[str, Any], attributes: str | None = None) -> EventRow:
    return EventRow(CUSTOMER, EntityId(UUID(int=3)), type_, AT, AT, IngestChannel.API, REFERENCE, facts, attributes)


@pytest.mark.parametrize(
    ("template", "told", "expected"),
    [
        ("Purchase at {location_name}", {"location_name": "Store 436"}, "Purchase at Store 436"),
        ("{total}, {points} points", {"total_minor": 199, "currency": "USD", "points": 1}, "1.99 USD, 1 points"),
        ("{total}", {"total_minor": -5, "currency": "USD"}, "-0.05 USD"),
        ("{total}", {"total_minor": 1500, "currency": "JPY"}, "1500 JPY"),
        ("{total}", {"total_minor": 1500}, ""),
        ("{total}", {"total": "7"}, "7"),
        ("{key} {value} set", {"key": "vip", "value": None}, "vip set"),
        ("{a} {b} {c}", {"a": True, "b": 1.5, "c": ["x", 2]}, 'true 1.5 ["x",2]'),
        ("{told.__class__} {0}", {"told": "x"}, "{told.__class__}"),
        ("100 % of {a}", {"a": "5 %s"}, "100 % of 5 %s"),
        ("{outer}", {"outer": "{inner}", "inner": "secret"}, "{inner}"),
    ],
)
def test_a_view_is_filled_with_what_the_event_told(template: str, told: dict[str, Any], expected: str) -> None:
    assert rendered(template)(told) == expected


def test_facts_come_before_attributes_of_the_same_name() -> None:
    told = event("check_in", {"comment": "fact"}, '{"comment":"attribute","mood":"glad"}')
    assert told.private == {"mood": "glad"}


def test_attributes_whose_key_was_destroyed_are_gone() -> None:
    assert event("check_in", {}, "").private == {}


@pytest.mark.parametrize(
    ("type_", "facts", "expected"),
    [
        (
            "purchase",
            {
                "total_minor": 199,
                "currency": "USD",
                "points_earned": 1,
                "tier": "Gold",
                "location_id": str(UUID(int=9)),
            },
            rows.PurchaseDetails(CUSTOMER, REFERENCE, UUID(int=9), Money(199, "USD"), 1, None, "Gold"),
        ),
        (
            "purchase",
            {"total_minor": "199", "location_id": "nowhere"},
            rows.PurchaseDetails(CUSTOMER, REFERENCE, None, None, None, None, None),
        ),
        (
            "points_used",
            {"points": -5, "account_key": "points"},
            rows.PointDetails(CUSTOMER, REFERENCE, -5, "points"),
        ),
        ("points_used", {"points": True, "account_key": "points"}, None),
        (
            "offer_redeemed",
            {"offer_name": "Free tea"},
            rows.OfferDetails(CUSTOMER, REFERENCE, "Free tea", "redeemed"),
        ),
        ("offer_redeemed", {}, None),
        ("loyalty_rule_completed", {"rule_name": "Ten visits"}, rows.LoyaltyRuleDetails("Ten visits", None)),
        (
            "tier_promoted",
            {"from_tier": "Base", "to_tier": "Gold", "reason": "QUALIFIED"},
            rows.TierDetails("Base", "Gold", TierChangeReason.QUALIFIED),
        ),
        ("tier_promoted", {"to_tier": "Gold", "reason": "LUCK"}, None),
        ("promo_code_claimed", {"code": "ONCE250"}, rows.PromoCodeDetails("ONCE250", None)),
        (
            "tag_added",
            {"key": "vip", "value": None, "origin": "MANUAL"},
            rows.TagDetails("vip", None, TagOrigin.MANUAL),
        ),
        ("tag_added", {"key": "vip"}, None),
    ],
)
def test_details_are_built_where_the_facts_suffice(
    type_: str, facts: dict[str, Any], expected: msgspec.Struct | None
) -> None:
    assert DETAILS[type_](event(type_, facts)) == expected
