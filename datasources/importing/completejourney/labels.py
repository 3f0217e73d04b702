"""Tags with everything that happened to them, and segments.

Tags: `coupon_user` once for each coupon redeemed, `favorite_department` with its value, `USER_AFFILIATION` by staff, and
the capped `goodwill_credit` once or twice for every fifth household. Segments by rule: whoever redeemed a coupon, has a
mean basket above 40 USD, bought nothing in 30 days, or has kids; by hand: platinum members, blocked ones, every 25th.
"""

import datetime as dt

import msgspec

from datasources.sql.tables.segments import segment_members
from datasources.sql.tables.tags import customer_tags, tag_changes

from .catalogue import SEGMENTS, Catalogue
from .household import Household
from .people import agent
from .purchases import Purchase
from .stream import Stream

BIG_BASKET = 4_000
LAPSED_DAYS = 30
AUTOMATIC = ("SYSTEM", "segments")


class Application(msgspec.Struct, frozen=True):
    """A tag as it was applied once."""

    at: dt.datetime
    key: str
    value: str | None
    origin: str


def write_tags(household: Household, stream: Stream, redeemed_at: list[dt.datetime], department: str) -> None:
    """Rows of the tags, their changes and events."""
    at = household.timeline.start + dt.timedelta(days=30)
    applied = [
        Application(at, "favorite_department", department, "AUTOMATIC"),
        Application(at + dt.timedelta(hours=1), "USER_AFFILIATION", "CUSTOMER", "MANUAL"),
        *(Application(when, "coupon_user", None, "AUTOMATIC") for when in redeemed_at),
    ]
    credits_given = 1 + household.number % 2 if household.number % 5 == 0 else 0
    applied += [
        Application(at + dt.timedelta(days=40 * number), "goodwill_credit", None, "MANUAL")
        for number in range(1, credits_given + 1)
    ]
    by_key: dict[str, list[Application]] = {}
    for number, application in enumerate(sorted(applied, key=lambda found: found.at)):
        by_key.setdefault(application.key, []).append(application)
        _write_change(household, stream, application, number)
    for key, found in by_key.items():
        household.own(
            customer_tags,
            key=key,
            value=found[-1].value,
            count=len(found),
            origin=found[0].origin,
            first_applied_at=found[0].at,
            last_applied_at=found[-1].at,
        )


def _write_change(household: Household, stream: Stream, applied: Application, number: int) -> None:
    actor = AUTOMATIC if applied.origin == "AUTOMATIC" else ("STAFF", agent(household.number))
    household.own(
        tag_changes,
        id=household.id(applied.at, "tag", number),
        key=applied.key,
        value=applied.value,
        action="ADDED",
        origin=applied.origin,
        at=applied.at,
        actor_kind=actor[0],
        actor_id=actor[1],
    )
    facts = {"key": applied.key, "value": applied.value, "origin": applied.origin}
    stream.record("tag_added", applied.at, f"tag:{number}", facts)


def write_segments(
    household: Household, stream: Stream, catalogue: Catalogue, purchases: list[Purchase], *, tier: str, coupons: bool
) -> None:
    """The segments that the household is in."""
    since = household.timeline.before_end(days=1, hours=2)
    if household.barred_at is not None:
        since = min(since, household.barred_at - dt.timedelta(hours=1))
    member = _memberships(household, purchases, tier=tier, coupons=coupons)
    for key, name, kind, _ in SEGMENTS:
        if not member[key]:
            continue
        actor = ("STAFF", agent(household.number)) if kind == "MANUAL" else AUTOMATIC
        variant = "AB"[household.number % 2] if kind == "RULE" else None
        household.own(
            segment_members,
            segment_id=catalogue.segments[key],
            since=since,
            added_by_kind=actor[0],
            added_by_id=actor[1],
            variant=variant,
        )
        facts = {"segment_key": key, "segment_name": name, "variant": variant}
        stream.record("segment_entered", since, f"segment:{key}", facts)


def _memberships(household: Household, purchases: list[Purchase], *, tier: str, coupons: bool) -> dict[str, bool]:
    demographics = household.dataset.demographics.get(household.number) or {}
    last = purchases[-1].at
    return {
        "vip-circle": tier == "Platinum",
        "care-watchlist": household.barred_at is not None,
        "beta-testers": household.number % 25 == 0,
        "coupon-redeemers": coupons,
        "big-baskets": sum(bought.total for bought in purchases) > BIG_BASKET * len(purchases),
        "lapsing": last < household.timeline.before_end(days=LAPSED_DAYS),
        "families": demographics.get("kids_count") in ("1", "2", "3+"),
    }
