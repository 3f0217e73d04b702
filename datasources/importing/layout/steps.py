"""In which order domains and their records are loaded: what is referred to before what refers to it."""

from collections.abc import Awaitable, Callable, Sequence

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from .cards import fold_cards, fold_loyalty_cards
from .entry import Entry
from .events import event
from .folds import Folded
from .plain import EPOCH, PLAIN, Build, Plain
from .points import fold_points
from .problems import BadValue
from .profiles import customer
from .purchases import fold_purchases
from .tags import fold_tags
from .trail import fold_audit

Fold = Callable[[AsyncConnection, Sequence[Entry]], Awaitable[Folded]]


class Record(msgspec.Struct, frozen=True):
    """What tells the rows of a record apart, and the property whose instant their ids begin with (None: no id)."""

    key: tuple[str, ...]
    at: str | None = None


class Step(msgspec.Struct, frozen=True):
    """The records that are loaded together, and how."""

    records: dict[str, Record]
    fold: Fold

    def key(self, record: str) -> tuple[str, ...]:
        """The properties that tell rows apart."""
        return self.records[record].key

    def identify(self, entry: Entry, key: Sequence[object]) -> None:
        """Gives the entry its id."""
        at = self.records[entry.shape.record].at
        if at is not None:
            entry.id = entry.derived(entry.at(at) if at else EPOCH, *map(str, key))


def _each(build: Build) -> Fold:
    """A fold of rows that have nothing to do with each other."""

    async def fold(_: AsyncConnection, entries: Sequence[Entry]) -> Folded:
        folded = Folded()
        for entry in entries:
            try:
                folded.made += [(entry, made) for made in build(entry)]
            except BadValue as fault:
                folded.faults.append((entry, fault))
        return folded

    return fold


def _plain(domain: str, record: str) -> Step:
    known: Plain = PLAIN[domain, record]
    return Step({record: Record(known.key, known.at)}, _each(known.build))


STEPS: dict[str, tuple[Step, ...]] = {
    "locations": (_plain("locations", "location"),),
    "profiles": (
        Step({"customer": Record(("support_id",))}, _each(customer)),
        _plain("profiles", "consent"),
        _plain("profiles", "place"),
    ),
    "segments": (_plain("segments", "segment"), _plain("segments", "member")),
    "transactions": (Step({"transaction": Record(("source", "external_id"), "occurred_at")}, fold_purchases),),
    "offers": (_plain("offers", "offer"), _plain("offers", "customer_offer"), _plain("offers", "exclusion")),
    "campaigns": (_plain("campaigns", "campaign"), _plain("campaigns", "customer_campaign")),
    "promo_codes": tuple(
        _plain("promo_codes", record) for record in ("code", "customer_code", "failure", "limiter", "lockout")
    ),
    "points": (Step({"entry": Record(("id",), "occurred_at")}, fold_points),),
    "tiers": (_plain("tiers", "tier"), _plain("tiers", "change"), _plain("tiers", "counted")),
    "cards": (
        Step({"card": Record(("number",), "registered_at"), "movement": Record(("id",), "at")}, fold_cards),
        Step({"loyalty_card": Record(("number",), "issued_at")}, fold_loyalty_cards),
    ),
    "notes": (_plain("notes", "note"),),
    "rewards": (_plain("rewards", "reward"),),
    "tags": (Step({"change": Record(("key", "value", "action", "at"), "at")}, fold_tags),),
    "messages": (_plain("messages", "message"), _plain("messages", "direct_message")),
    "devices": (_plain("devices", "device"), _plain("devices", "property")),
    "tickets": (_plain("tickets", "ticket"),),
    "metrics": (_plain("metrics", "metrics"),),
    "privacy": (_plain("privacy", "request"),),
    "audit": (Step({"entry": Record(("id",), "at")}, fold_audit), _plain("audit", "approval")),
    "events": (Step({"event": Record(("source", "source_event_id"), "occurred_at")}, _each(event)),),
}
