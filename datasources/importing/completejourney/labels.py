"""Tags with everything that happened to them, and segments.

Tags: `coupon_user` once for each coupon redeemed, `favorite_department` with its value, `USER_AFFILIATION` by staff, and
the capped `goodwill_credit` once or twice for every fifth household, reset where it was full; some tags got another
value or were taken off. Segments by rule: whoever redeemed a coupon, has a mean basket above 40 USD, bought nothing in
30 days, or has kids; by hand: platinum members, blocked ones, every 25th.
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


class Change(msgspec.Struct, frozen=True):
    """Something that happened to a tag."""

    at: dt.datetime
    key: str
    value: str | None
    origin: str
    action: str = "ADDED"


def write_tags(household: Household, stream: Stream, redeemed_at: list[dt.datetime], department: str) -> None:
    """Rows of the tags, their changes and events."""
    at = household.timeline.start + dt.timedelta(days=30)
    changes = [
        Change(at, "favorite_department", department, "AUTOMATIC"),
        Change(at + dt.timedelta(hours=1), "USER_AFFILIATION", "CUSTOMER", "MANUAL"),
        *(Change(when, "coupon_user", None, "AUTOMATIC") for when in redeemed_at),
        *_by_staff(household.number, at),
    ]
    by_key: dict[str, list[Change]] = {}
    for number, change in enumerate(sorted(changes, key=lambda found: found.at)):
        by_key.setdefault(change.key, []).append(change)
        _write_change(household, stream, change, number)
    for key, found in by_key.items():
        if found[-1].action != "REMOVED":
            household.own(customer_tags, key=key, **_standing(found))


def _by_staff(number: int, at: dt.datetime) -> list[Change]:
    """Credits given, a count that reached the cap and was reset, a value that was replaced, a tag that was taken off."""
    credits_given = 1 + number % 2 if number % 5 == 0 else 0
    actions = ["ADDED"] * credits_given
    if number % 50 == 35:
        actions = ["ADDED", "ADDED", "ADDED", "COUNT_RESET", "ADDED"]
    made = [
        Change(at + dt.timedelta(days=40 * times), "goodwill_credit", None, "MANUAL", action)
        for times, action in enumerate(actions, start=1)
    ]
    if number % 12 == 7:
        made.append(Change(at + dt.timedelta(days=60), "USER_AFFILIATION", "EMPLOYEE", "MANUAL", "VALUE_SET"))
    if number % 12 == 4:
        made.append(Change(at + dt.timedelta(days=50), "interest", "recipes", "MANUAL"))
        made.append(Change(at + dt.timedelta(days=90), "interest", "recipes", "MANUAL", "REMOVED"))
    return made


def _standing(found: list[Change]) -> dict[str, object]:
    """What a tag's changes come to: the count begins anew at a reset, another value does not raise it."""
    actions = [change.action for change in found]
    since = actions[actions.index("COUNT_RESET") :] if "COUNT_RESET" in actions else actions
    applied = [change for change in found if change.action != "COUNT_RESET"]
    return {
        "value_key": found[-1].value or "",
        "count": since.count("ADDED"),
        "origin": found[0].origin,
        "first_applied_at": found[0].at,
        "last_applied_at": applied[-1].at,
    }


EVENTS = {"ADDED": "tag_added", "VALUE_SET": "tag_added", "REMOVED": "tag_removed"}


def _write_change(household: Household, stream: Stream, change: Change, number: int) -> None:
    actor = AUTOMATIC if change.origin == "AUTOMATIC" else ("STAFF", agent(household.number))
    household.own(
        tag_changes,
        id=household.id(change.at, "tag", number),
        key=change.key,
        value=change.value,
        action=change.action,
        origin=change.origin,
        at=change.at,
        actor_kind=actor[0],
        actor_id=actor[1],
    )
    if event := EVENTS.get(change.action):
        facts = {"key": change.key, "value": change.value, "origin": change.origin}
        stream.record(event, change.at, f"tag:{number}", facts)


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
