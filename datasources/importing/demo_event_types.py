"""The event types of the demo program: the module's defaults and one of its own, each with its schema and platform view."""

from datasources.event_schemas import FACT
from datasources.program import EventCategory, EventType, PlatformView

JsonSchema = dict[str, object]

INTEGER: JsonSchema = {"type": "integer", FACT: True}
TEXT: JsonSchema = {"type": "string", "maxLength": 500}
LABEL: JsonSchema = TEXT | {FACT: True}
"""A name that the program itself gave."""
KEY: JsonSchema = {"type": "string", "minLength": 1, "maxLength": 200, FACT: True}


def _type(
    key: str,
    label: str,
    category: str,
    view: PlatformView,
    *,
    properties: dict[str, JsonSchema],
    needed: tuple[str, ...] = (),
    surfaced: bool = True,
    default: bool = True,
) -> EventType:
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "properties": properties,
        "required": list(needed),
        "additionalProperties": True,
    }
    return EventType(key, label, category, view, surfaced, default, schema)


CATEGORIES = (
    EventCategory("purchase", "Purchase related events"),
    EventCategory("points", "Loyalty point events"),
    EventCategory("offers", "Offer events"),
    EventCategory("loyalty_rules", "Loyalty rule events"),
    EventCategory("tiers", "Loyalty tier events"),
    EventCategory("promo_codes", "Promo code events"),
    EventCategory("tags", "Tag events"),
    EventCategory("account", "Account events"),
    EventCategory("communication", "Communications"),
    EventCategory("visits", "Visits and check-ins"),
    EventCategory("achievements", "Achievements"),
    EventCategory("notes", "Notes"),
    EventCategory("segments", "Segment events"),
)

_PURCHASE = (
    _type(
        "purchase",
        "Purchase",
        "purchase",
        PlatformView(
            "Purchase at {location_name}",
            "{total}, {points_earned} points earned",
            ("total", "points_earned", "points_spent", "tier", "location_name", "external_id"),
        ),
        properties={
            "total_minor": INTEGER,
            "currency": {"type": "string", "pattern": "^[A-Z]{3}$", FACT: True},
            "points_earned": INTEGER,
            "points_spent": INTEGER,
            "tier": LABEL,
            "location_id": KEY,
            "location_name": LABEL,
            "external_id": KEY,
        },
        needed=("total_minor", "currency"),
    ),
)

_POINT_LABELS = {
    "points_earned": "Points earned",
    "points_used": "Points used",
    "points_comped": "Points comped",
    "points_expired": "Points expired",
    "points_adjusted": "Points adjusted",
    "points_returned": "Points returned",
}
_POINTS = tuple(
    _type(
        key,
        label,
        "points",
        PlatformView(
            f"{label}: {{points}}", "{account_label}, {source_label}", ("points", "account_label", "description")
        ),
        properties={
            "points": INTEGER,
            "account_key": KEY,
            "account_label": LABEL,
            "source_label": LABEL,
            "description": TEXT,
        },
        needed=("points", "account_key"),
    )
    for key, label in _POINT_LABELS.items()
)

_OFFERS = tuple(
    _type(
        f"offer_{action}",
        f"Offer {action}",
        "offers",
        PlatformView(f"Offer {action}: {{offer_name}}", "{offer_name}", ("offer_name", "action")),
        properties={"offer_name": LABEL, "action": KEY},
        needed=("offer_name",),
    )
    for action in ("issued", "activated", "redeemed", "revoked", "expired")
)

_TIERS = tuple(
    _type(
        f"tier_{action}",
        label,
        "tiers",
        PlatformView(f"{label}: {{to_tier}}", "From {from_tier} to {to_tier}", ("from_tier", "to_tier", "reason")),
        properties={"from_tier": LABEL, "to_tier": LABEL, "reason": KEY},
        needed=("to_tier", "reason"),
    )
    for action, label in (("promoted", "Tier promotion"), ("dropped", "Tier drop"), ("adjusted", "Tier adjusted"))
)

_TAGS = tuple(
    _type(
        f"tag_{action}",
        f"Tag {action}",
        "tags",
        PlatformView(f"Tag {action}: {{key}}", "{key} {value}", ("key", "value", "origin")),
        properties={
            "key": KEY,
            "value": {"type": ["string", "null"], FACT: True},
            "origin": {"enum": ["AUTOMATIC", "MANUAL"], FACT: True},
        },
        needed=("key", "origin"),
    )
    for action in ("added", "removed")
)

_SEGMENTS = tuple(
    _type(
        f"segment_{action}",
        f"Segment {action}",
        "segments",
        PlatformView(f"Segment {action}: {{segment_name}}", "{segment_name}", ("segment_key", "variant")),
        properties={"segment_key": KEY, "segment_name": LABEL, "variant": LABEL},
        needed=("segment_key",),
    )
    for action in ("entered", "left")
)

_OTHERS = (
    _type(
        "loyalty_rule_completed",
        "Loyalty rule completed",
        "loyalty_rules",
        PlatformView("Completed: {rule_name}", "{outcome}", ("rule_name", "outcome")),
        properties={"rule_name": LABEL, "outcome": LABEL},
        needed=("rule_name",),
    ),
    _type(
        "promo_code_claimed",
        "Promo code claimed",
        "promo_codes",
        PlatformView("Code {code}", "{campaign_name}", ("code", "campaign_name")),
        properties={"code": KEY, "campaign_name": LABEL},
        needed=("code",),
    ),
    _type(
        "account_created",
        "Account created",
        "account",
        PlatformView("Joined the program", "{channel}", ("channel",)),
        properties={"channel": KEY},
    ),
    _type(
        "account_verified",
        "Account verified",
        "account",
        PlatformView("Account verified", "{method}", ("method",)),
        properties={"method": KEY},
    ),
    _type(
        "communication",
        "Communication",
        "communication",
        PlatformView("{message_title}", "Sent by {channel}", ("message_title", "channel", "subject")),
        properties={"message_title": LABEL, "channel": KEY, "subject": TEXT},
        needed=("channel",),
    ),
    _type(
        "check_in",
        "Check-in",
        "visits",
        PlatformView("Check-in at {location_name}", "{location_name}", ("location_name", "comment")),
        properties={"location_id": KEY, "location_name": LABEL, "comment": TEXT},
        needed=("location_id",),
    ),
    _type(
        "achievement",
        "Achievement",
        "achievements",
        PlatformView("Achievement: {name}", "{name}", ("name", "count")),
        properties={"name": LABEL, "count": INTEGER},
        needed=("name",),
    ),
    _type(
        "note_added",
        "Note added",
        "notes",
        PlatformView("Note added", "{reason_label}", ("reason_key", "reason_label")),
        properties={"note_id": KEY, "reason_key": KEY, "reason_label": LABEL},
    ),
    _type(
        "store_visit",
        "Store visit",
        "visits",
        PlatformView(
            "Visit of {location_name}",
            "{minutes} minutes, {companions} companions",
            ("location_name", "minutes", "companions", "remark"),
        ),
        properties={
            "location_id": KEY,
            "location_name": LABEL,
            "minutes": INTEGER | {"minimum": 0, "maximum": 1440},
            "companions": INTEGER | {"minimum": 0, "maximum": 50},
            "remark": TEXT,
        },
        needed=("location_id", "minutes"),
        default=False,
    ),
    _type(
        "session_started",
        "Session started",
        "account",
        PlatformView("Session on {property_name}", "{property_name}", ("property_name",)),
        properties={"property_name": LABEL},
        surfaced=False,
    ),
)

EVENT_TYPES = (*_PURCHASE, *_POINTS, *_OFFERS, *_TIERS, *_TAGS, *_SEGMENTS, *_OTHERS)
