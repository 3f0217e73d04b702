"""Rows of many events at once, of many customers: the stream, the keys by which events are known, and last activity."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import LargeBinary, String, Text, Uuid, cast, select
from sqlalchemy.types import TypeEngine

from datasources.events import EventRow
from datasources.ids import CustomerId, EntityId
from datasources.ingesting import is_activity
from datasources.sql.changes import Change, Place
from datasources.sql.engine import Database, Prepared, Sent, Statements
from datasources.sql.news import News, Sighting
from datasources.sql.tables.events import event_keys, events
from datasources.sql.tables.profiles import customers
from datasources.sql.tables.transactions import transactions
from datasources.sql.types import Document, Instant
from datasources.sql.unit_of_work import Unit

PURCHASE, EXTERNAL_ID = "purchase", "external_id"
"""The type of event that tells of a purchase, and the fact by which."""


class Added(msgspec.Struct, frozen=True, gc=False):
    """An event on its way into the stream: its row, its key, and what a reader does not see of it."""

    row: EventRow
    source: str
    source_event_id: str
    sealed: bytes | None
    search_text: str


def add(unit: Unit, rows: Sequence[Added]) -> None:
    """Have the events stored, each under its key."""
    if not rows:
        return
    unit.touch(customers=(one.row.customer_id for one in rows))
    unit.change(
        ADDED,
        {},
        {
            "customer_id": [one.row.customer_id for one in rows],
            "id": [one.row.id for one in rows],
            "source": [one.source for one in rows],
            "source_event_id": [one.source_event_id for one in rows],
            "type": [one.row.type for one in rows],
            "occurred_at": [one.row.occurred_at for one in rows],
            "recorded_at": [one.row.recorded_at for one in rows],
            "channel": [one.row.channel.value for one in rows],
            "reference_id": [one.row.reference_id for one in rows],
            "facts": [one.row.facts for one in rows],
            "attributes": [one.sealed for one in rows],
            "search_text": [one.search_text for one in rows],
        },
    )


def active_at(unit: Unit, rows: Iterable[EventRow]) -> Mapping[CustomerId, dt.datetime]:
    """When each customer did something last, as far as the events tell; what is told to lie ahead counts now."""
    latest: dict[CustomerId, dt.datetime] = {}
    own = frozenset(type_.key for type_ in unit.write.program.event_types if is_activity(type_))
    for row in rows:
        if row.type in own:
            at = min(row.occurred_at, unit.write.now)
            if row.customer_id not in latest or latest[row.customer_id] < at:
                latest[row.customer_id] = at
    return latest


def enliven(unit: Unit, latest: Mapping[CustomerId, dt.datetime]) -> None:
    """Have the last activity of customers moved on."""
    if latest:
        unit.change(ACTIVE, {}, {"customer": list(latest), "at": list(latest.values())})
    for customer, at in latest.items():
        unit.feed(News.SEEN, Sighting(at), customer)


class Purchases:
    """The purchases that events tell of."""

    def __init__(self, database: Database) -> None:
        self._dialect = database.dialect
        names: dict[str, TypeEngine[Any]] = {"customer": Uuid(), "external_id": String()}
        sent = database.dialect.keys(**names)
        own = transactions.c
        same = (own.customer_id == sent.c.customer) & (own.external_id == sent.c.external_id)
        found = select(sent.c.position, own.source, own.id).select_from(sent.join(transactions, same))
        self._found = Prepared(found, lambda *values: values, database.dialect)

    def of(self, told: Iterable[tuple[CustomerId, str, str, Mapping[str, Any]]]) -> Statements[Mapping[int, EntityId]]:
        """The purchase of each event (customer, type, source, facts) that tells of one, by the event's position; where
        several sources have a purchase of that id, it is the one of the event's own source."""
        naming = [
            (position, customer, source, facts[EXTERNAL_ID])
            for position, (customer, type_, source, facts) in enumerate(told)
            if type_ == PURCHASE and isinstance(facts.get(EXTERNAL_ID), str)
        ]
        if not naming:
            return {}
        columns = {"customer": [one[1] for one in naming], "external_id": [one[3] for one in naming]}
        candidates: dict[int, dict[str, EntityId]] = {}
        for index, source, id_ in (yield Sent(self._found, self._dialect.bind_keys(columns))):
            candidates.setdefault(index, {})[source] = id_
        found = {}
        for index, known in candidates.items():
            position, _, source, _ = naming[index]
            if source in known or len(known) == 1:
                found[position] = known[source] if source in known else next(iter(known.values()))
        return found


# First of all columns: SQLite finds them by their place in a row.
KEY_COLUMNS: dict[str, TypeEngine[Any]] = {
    "customer_id": Uuid(),
    "id": Uuid(),
    "source": String(),
    "source_event_id": String(),
}
COLUMNS: dict[str, TypeEngine[Any]] = KEY_COLUMNS | {
    "type": String(),
    "occurred_at": Instant(),
    "recorded_at": Instant(),
    "channel": String(),
    "reference_id": Uuid(),
    "facts": Text(),
    "attributes": LargeBinary(),
    "search_text": Text(),
}


def _added(place: Place) -> Any:
    rows = place.keys(**COLUMNS)
    columns = [cast(rows.c.facts, Document()) if name == "facts" else rows.c[name] for name in COLUMNS]
    return events.insert().from_select(list(COLUMNS), select(*columns))


def _keyed(place: Place) -> Any:
    rows = place.keys(**KEY_COLUMNS)
    named = {"source": rows.c.source, "source_event_id": rows.c.source_event_id}
    named |= {"customer_id": rows.c.customer_id, "event_id": rows.c.id}
    return event_keys.insert().from_select(list(named), select(*named.values()))


def _active(place: Place) -> Any:
    rows, own = place.keys(customer=Uuid(), at=Instant()), customers.c
    later = own.active_key < rows.c.at
    return (
        customers.update()
        .where(own.customer_id == rows.c.customer, later)
        .values(last_active_at=rows.c.at, active_key=rows.c.at)
    )


ADDED, ACTIVE = Change(_keyed, _added), Change(_active)
