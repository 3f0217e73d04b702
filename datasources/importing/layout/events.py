"""Events: held against their type's schema, and found by what the type's platform view shows of their facts."""

from collections.abc import Iterable

import msgspec

from datasources.event_schemas import schema_of
from datasources.ingesting import LARGEST
from datasources.program import EventType
from datasources.recording import search_text
from datasources.sql.tables.events import event_keys, events

from .entry import Entry, Made
from .problems import BadValue


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
        search_text=search_text(entry.book.settings, type_.key, values["facts"]),
    )
    yield entry.made(event_keys, "source_event_id", event_id=entry.id)


def _check(entry: Entry, type_: EventType) -> None:
    told = entry.values.get("attributes", {}) | entry.values["facts"]
    for name in ("facts", "attributes"):
        if len(msgspec.json.encode(entry.values.get(name))) > LARGEST:
            raise BadValue("must have at most 16 kB", name)
    broken = schema_of(type_).broken(told)
    if broken is not None:
        rule, at = broken
        where = "attributes" if at and at[0] in entry.values.get("attributes", {}) else "facts"
        raise BadValue(f"breaks the rule {rule} of the event type's schema", where, *at)
