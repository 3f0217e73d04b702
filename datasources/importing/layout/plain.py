"""Rows that become rows by themselves: what each record is told apart by, and what is derived of it."""

import datetime as dt
from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from datasources.folding import fold
from datasources.metrics import AffinityLevel
from datasources.outcomes import Outcome
from datasources.program import TierSystem
from datasources.sql.tables.audit import approvals
from datasources.sql.tables.campaigns import campaigns, customer_campaigns
from datasources.sql.tables.devices import devices, digital_properties
from datasources.sql.tables.locations import locations
from datasources.sql.tables.messages import direct_messages, messages
from datasources.sql.tables.metrics import customer_metrics
from datasources.sql.tables.notes import note_revisions, notes
from datasources.sql.tables.offers import customer_offer_changes, customer_offers, offer_exclusions, offers
from datasources.sql.tables.privacy import privacy_requests
from datasources.sql.tables.profiles import consents, customer_places
from datasources.sql.tables.promo_codes import (
    customer_promo_codes,
    promo_code_errors,
    promo_code_limiters,
    promo_code_lockouts,
    promo_codes,
)
from datasources.sql.tables.rewards import rewards
from datasources.sql.tables.segments import segment_members, segments
from datasources.sql.tables.tickets import tickets
from datasources.sql.tables.tiers import customer_tiers, tier_changes, tier_days

from .book import Thing
from .entry import Entry, Made
from .problems import BadValue

APPROVAL_DAYS = 7
Build = Callable[[Entry], Iterable[Made]]
EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def _location(entry: Entry) -> Iterable[Made]:
    _announce(entry, "location", "store_id", entry.values["name"])
    yield entry.made(locations, "store_id", timezone=entry.values.get("timezone", entry.book.settings.timezone))


def _segment(entry: Entry) -> Iterable[Made]:
    _announce(entry, "segment", "key", entry.values["name"])
    yield entry.made(segments, "key")


def _campaign(entry: Entry) -> Iterable[Made]:
    _announce(entry, "campaign", "key", entry.at("starts_at"))
    yield entry.made(campaigns, "key", outcomes=_outcomes(entry))


def _offer(entry: Entry) -> Iterable[Made]:
    values = entry.values
    _announce(entry, "offer", "key", values["name"])
    left = values.get("inventory_remaining", values.get("inventory_initial"))
    title = values.get("title", values["name"])
    yield entry.made(offers, "key", title=title, name_key=fold(values["name"]), inventory_remaining=left)


def _code(entry: Entry) -> Iterable[Made]:
    _announce(entry, "code", "code", entry.values["campaign_name"])
    window = entry.values.get("window")
    if window is not None and window["from_minute"] >= window["until_minute"]:
        raise BadValue("must be less than until_minute", "window", "from_minute")
    yield entry.made(promo_codes, "code", claims=0, outcomes=_outcomes(entry))


def _outcomes(entry: Entry) -> tuple[Outcome, ...]:
    """What is granted: points for an account from a source linked to it, or an offer."""
    made = []
    for index, told in enumerate(entry.values["outcomes"]):
        if "offer" in told:
            made.append(Outcome(offer_id=entry.book.thing("offer", told["offer"], "outcomes", index, "offer").id))
            continue
        account = next((one for one in entry.book.settings.point_accounts if one.key == told["account"]), None)
        if account is None:
            raise BadValue("is no key of the program", "outcomes", index, "account")
        if told["source"] not in account.sources:
            raise BadValue("is no source of the account", "outcomes", index, "source")
        made.append(Outcome(points=int(told["points"]), account_key=account.key, source_key=told["source"]))
    return tuple(made)


def _announce(entry: Entry, catalogue: str, key: str, told: object) -> None:
    if entry.id is not None:
        entry.book.add(catalogue, entry.values[key], Thing(entry.id, told))


def _consent(entry: Entry) -> Iterable[Made]:
    yield entry.made(consents, "channel")


def _place(entry: Entry) -> Iterable[Made]:
    store = entry.values["location"]
    yield entry.made(customer_places, "location", relation="LAST_CHECK_IN", store_id=store)


def _tier(entry: Entry) -> Iterable[Made]:
    _rank(entry, "tier")
    protected = entry.values["tier"] if "protected_until" in entry.values else None
    yield entry.made(customer_tiers, "system", protected_key=protected)


def _tier_change(entry: Entry) -> Iterable[Made]:
    before = _rank(entry, "from") if "from" in entry.values else 0
    after = _rank(entry, "to")
    yield entry.made(tier_changes, direction="UP" if after > before else "DOWN" if after < before else "SAME")


def _rank(entry: Entry, name: str) -> int:
    system: TierSystem = next(
        known for known in entry.book.settings.tier_systems if known.key == entry.values["system"]
    )
    rank = next((tier.rank for tier in system.tiers if tier.key == entry.values[name]), None)
    if rank is None:
        raise BadValue("is no tier of the system", name)
    return rank


def _counted(entry: Entry) -> Iterable[Made]:
    yield entry.made(tier_days, "day", amount_minor=int(entry.values["amount_hundredths"]))


def _customer_offer(entry: Entry) -> Iterable[Made]:
    values, state = entry.values, entry.values["state"]
    steps = [("ISSUED", "issued_at"), ("ACTIVATED", "activated_at"), ("REDEEMED", "redeemed_at")]
    if state in ("REVOKED", "REMOVED"):
        steps.append((state, "ended_at"))
    needed = dict(steps)[state]
    if needed not in values:
        raise BadValue(f"is required in the state {state}", needed)
    moves = sorted((entry.at(name), reached) for reached, name in steps if name in values)
    yield entry.made(customer_offers, version=len(moves), transaction_id=values.get("transaction"))
    before = None
    for at, after in moves:
        actor = entry.actor(values.get("issued_by")) if before is None else (None, None)
        yield entry.made(
            customer_offer_changes,
            id=entry.derived(at, "change", values["id"], after),
            customer_offer_id=entry.id,
            from_state=before,
            to_state=after,
            at=at,
            actor_kind=actor[0],
            actor_id=actor[1],
        )
        before = after


def _exclusion(entry: Entry) -> Iterable[Made]:
    yield entry.made(offer_exclusions, "offer")


def _note(entry: Entry) -> Iterable[Made]:
    first = {"text": entry.values["text"], "at": entry.values["created_at"], "editor": entry.values["author"]}
    versions = [first, *entry.values["edits"]]
    for version, said in enumerate(versions, 1):
        kind, id_ = entry.actor(said["editor"])
        text = entry.seal(said["text"], "note_revisions.text")
        at = dt.datetime.fromisoformat(said["at"]).astimezone(dt.UTC)
        yield entry.made(
            note_revisions, note_id=entry.id, version=version, text=text, at=at, editor_kind=kind, editor_id=id_
        )
    edited: dict[str, Any] = (
        {} if len(versions) == 1 else {"edited_at": at, "edited_by_kind": kind, "edited_by_id": id_}
    )
    newest = entry.seal(versions[-1]["text"], "notes.text")
    yield entry.made(notes, text=newest, version=len(versions), **edited)


def _customer_campaign(entry: Entry) -> Iterable[Made]:
    if (entry.values["status"] == "COMPLETED") != ("completed_at" in entry.values):
        raise BadValue("goes with the status COMPLETED", "completed_at")
    campaign = entry.book.thing("campaign", entry.values["campaign"])
    yield entry.made(customer_campaigns, starts_at=campaign.told, version=1)


def _reward(entry: Entry) -> Iterable[Made]:
    if entry.values["redemptions_used"] > entry.values["quantity"]:
        raise BadValue("is more than quantity", "redemptions_used")
    yield entry.made(rewards)


def _customer_code(entry: Entry) -> Iterable[Made]:
    at, claimed = entry.at("at"), entry.values["state"] == "CLAIMED"
    name = entry.book.thing("code", entry.values["code"]).told
    claimed_at, assigned_at = (at, None) if claimed else (None, at)
    yield entry.made(customer_promo_codes, campaign_name=name, claimed_at=claimed_at, assigned_at=assigned_at)


def _failure(entry: Entry) -> Iterable[Made]:
    yield entry.made(promo_code_errors)


def _limiter(entry: Entry) -> Iterable[Made]:
    yield entry.made(promo_code_limiters)


def _lockout(entry: Entry) -> Iterable[Made]:
    yield entry.made(promo_code_lockouts, "customer")


def _member(entry: Entry) -> Iterable[Made]:
    yield entry.made(segment_members, "segment")


def _message(entry: Entry) -> Iterable[Made]:
    made_at = "created_at" if "created_at" in entry.values else "distributed_at"
    yield entry.made(messages, created_at=entry.at(made_at))


def _direct_message(entry: Entry) -> Iterable[Made]:
    yield entry.made(direct_messages)


def _device(entry: Entry) -> Iterable[Made]:
    yield entry.made(devices)


def _property(entry: Entry) -> Iterable[Made]:
    yield entry.made(digital_properties)


def _ticket(entry: Entry) -> Iterable[Made]:
    yield entry.made(tickets)


def _metrics(entry: Entry) -> Iterable[Made]:
    told = {name: value for name, value in entry.values.items() if name not in ("customer", "computed_at")}
    likely = [product | {"level": _level(product["probability"])} for product in told["product_affinities"]]
    yield entry.made(customer_metrics, "customer", metrics=told | {"product_affinities": likely})


def _level(probability: float) -> str:
    level = (
        AffinityLevel.LOW if probability < 0.2 else AffinityLevel.MEDIUM if probability < 0.5 else AffinityLevel.HIGH
    )
    return level.value


def _request(entry: Entry) -> Iterable[Made]:
    if (entry.values["state"] == "COMPLETED") != ("completed_at" in entry.values):
        raise BadValue("goes with the state COMPLETED", "completed_at")
    yield entry.made(privacy_requests, files=[])


def _approval(entry: Entry) -> Iterable[Made]:
    expires_at = entry.at("requested_at") + dt.timedelta(days=APPROVAL_DAYS)
    yield entry.made(approvals, expires_at=expires_at, request={})


class Plain(msgspec.Struct, frozen=True):
    """A record: the properties that tell its rows apart (a customer's within the customer), and what it becomes.

    `at` is the property whose instant the row's id begins with; without one the row has no id.
    """

    key: tuple[str, ...]
    build: Build
    at: str | None = None


PLAIN: dict[tuple[str, str], Plain] = {
    ("locations", "location"): Plain(("store_id",), _location, ""),
    ("segments", "segment"): Plain(("key",), _segment, "created_at"),
    ("campaigns", "campaign"): Plain(("key",), _campaign, "starts_at"),
    ("offers", "offer"): Plain(("key",), _offer, "created_at"),
    ("promo_codes", "code"): Plain(("code",), _code, "created_at"),
    ("profiles", "consent"): Plain(("channel", "purpose"), _consent),
    ("profiles", "place"): Plain((), _place),
    ("segments", "member"): Plain(("segment",), _member),
    ("campaigns", "customer_campaign"): Plain(("campaign",), _customer_campaign, ""),
    ("tiers", "tier"): Plain(("system",), _tier),
    ("tiers", "change"): Plain(("system", "at"), _tier_change, "at"),
    ("tiers", "counted"): Plain(("system", "day"), _counted),
    ("offers", "customer_offer"): Plain(("id",), _customer_offer, "issued_at"),
    ("offers", "exclusion"): Plain(("offer",), _exclusion),
    ("notes", "note"): Plain(("id",), _note, "created_at"),
    ("rewards", "reward"): Plain(("id",), _reward, "created_at"),
    ("promo_codes", "customer_code"): Plain(("code", "state", "at"), _customer_code, "at"),
    ("promo_codes", "failure"): Plain(("id",), _failure, "at"),
    ("promo_codes", "limiter"): Plain(("code", "triggered_at"), _limiter, "triggered_at"),
    ("promo_codes", "lockout"): Plain((), _lockout),
    ("messages", "message"): Plain(("id",), _message, "distributed_at"),
    ("messages", "direct_message"): Plain(("id",), _direct_message, "sent_at"),
    ("devices", "device"): Plain(("id",), _device, "last_seen_at"),
    ("devices", "property"): Plain(("name",), _property, "first_seen_at"),
    ("tickets", "ticket"): Plain(("system", "external_id"), _ticket, "submitted_at"),
    ("metrics", "metrics"): Plain((), _metrics),
    ("privacy", "request"): Plain(("id",), _request, "submitted_at"),
    ("audit", "approval"): Plain(("id",), _approval, "requested_at"),
}
