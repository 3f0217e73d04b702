"""Events: held against their type's schema, and found by what the type's platform view shows of their facts."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import cache

import msgspec
from jsonschema import Draft202012Validator

from datasources.folding import fold
from datasources.program import EventType, ProgramSettings
from datasources.sql.tables.events import event_keys, events
from datasources.values import Money

from .entry import Entry, Made
from .problems import BadValue

MOST = 16_384
"""Bytes of JSON that the facts or attributes of an event may have."""


def event(entry: Entry) -> Iterable[Made]:
    """An event, and the key by which it is known."""
    values = entry.values
    type_ = next(known for known in entry.book.settings.event_types if known.key == values["type"])
    _check(entry, type_)
    reference = entry.book.purchase(entry.person.id, values["transaction"]) if "transaction" in values else None
    yield entry.made(
        events,
        recorded_at=entry.at("recorded_at" if "recorded_at" in values else "occurred_at"),
        reference_id=reference,
        search_text=_search_text(entry.book.settings, type_, values["facts"]),
    )
    yield entry.made(event_keys, "source_event_id", event_id=entry.id)


def _check(entry: Entry, type_: EventType) -> None:
    told = entry.values.get("attributes", {}) | entry.values["facts"]
    for name in ("facts", "attributes"):
        if len(msgspec.json.encode(entry.values.get(name))) > MOST:
            raise BadValue("must have at most 16 kB", name)
    error = next(_validator(msgspec.json.encode(type_.schema)).iter_errors(told), None)
    if error is not None:
        at = next((str(step) for step in error.absolute_path), None)
        where = "attributes" if at in entry.values.get("attributes", {}) else "facts"
        path = (where,) if at is None else (where, at)
        raise BadValue(f"breaks the rule {error.validator} of the event type's schema", *path)


@cache
def _validator(schema: bytes) -> Draft202012Validator:
    return Draft202012Validator(msgspec.json.decode(schema))


def _search_text(settings: ProgramSettings, type_: EventType, facts: Mapping[str, object]) -> str:
    shown: dict[str, object] = defaultdict(str, {name: value for name, value in facts.items() if value is not None})
    minor, currency = facts.get("total_minor"), facts.get("currency")
    if isinstance(minor, int) and isinstance(currency, str):
        shown["total"] = f"{Money(minor, currency).amount} {currency}"
    view = type_.platform_view
    texts = (type_.label, settings.event_category(type_.category).label, *(view.title, view.summary))
    return fold(" ".join(text.format_map(shown) for text in texts))
