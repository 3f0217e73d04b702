"""Events that wait for their customer, and go to whoever gets the identifier they came with (A12)."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import BigInteger, LargeBinary, String, Uuid, bindparam, select
from sqlalchemy.types import TypeEngine

from datasources.events import EventRow, IngestChannel, UnmatchedEventRow
from datasources.ids import CustomerId, EntityId, new_id
from datasources.ingesting import Arrival, facts_of
from datasources.profile_values import Identifier
from datasources.profiles import LookupKind, Named
from datasources.recording import search_text
from datasources.sql.changes import Change, Place
from datasources.sql.engine import Database, Keyring, Prepared, Sent, Statements
from datasources.sql.event_rows import Added, Purchases, active_at, add, enliven
from datasources.sql.statements import Rows
from datasources.sql.tables.events import suppressed_identifiers, unmatched_events
from datasources.sql.types import Instant
from datasources.sql.unit_of_work import Unit

PURPOSE, FIELD = "unmatched_events", "unmatched_events.payload"
OWN_ID = "CUSTOMER_ID"
"""Stands for the kind of identifier where an event names a customer by their own id."""
REASONS: Mapping[LookupKind | None, str] = {
    LookupKind.EMAIL: "No customer has this e-mail address",
    LookupKind.PHONE: "No customer has this telephone number",
    LookupKind.LOYALTY_NUMBER: "No customer has this loyalty number",
    None: "There is no customer of this id",
}
AT_ONCE = 500
"""How many events a change of identifiers moves at most; `customer-graph events match` moves the rest."""


class Waiting(msgspec.Struct, frozen=True):
    """An event that waits, still sealed."""

    id: EntityId
    type: str
    occurred_at: dt.datetime
    received_at: dt.datetime
    source: str
    source_event_id: str
    reason: str
    channel: IngestChannel
    payload: bytes

    def told(self, keyring: Keyring) -> dict[str, Any]:
        """All that it told, any JSON."""
        opened = keyring.own_key(self.id, PURPOSE).open(self.payload, FIELD)
        told: dict[str, Any] = msgspec.json.decode(opened)
        return told


WAITING = Rows(Waiting, unmatched_events)


def hash_of(keyring: Keyring, about: Named) -> str:
    """The keyed hash of an identifier that a waiting event is found by."""
    kind = OWN_ID if about.kind is None else about.kind.value
    return keyring.fingerprint(PURPOSE, f"{kind}:{about.system}:{about.value or about.customer_id}")


def _named(identifier: Identifier) -> Named:
    return Named(kind=LookupKind(identifier.kind), system=identifier.system, value=identifier.value)


class Released(msgspec.Struct, frozen=True):
    """How many events were moved, and when they tell that the customer did something last."""

    events: int = 0
    last_active_at: dt.datetime | None = None


class Quarantine:
    """Holds events back, and lets them go."""

    def __init__(self, database: Database) -> None:
        self._keyring, self._dialect = database.keyring, database.dialect
        dialect, own = database.dialect, unmatched_events.c
        self._purchases = Purchases(database)
        self._gate = Prepared(select(dialect.gate(alone=True)), lambda gate: gate, dialect)
        waiting = (
            select(*WAITING.columns).where(dialect.any_of(own.match_hash, "hashes")).order_by(own.occurred_at, own.id)
        )
        self._waiting = Prepared(waiting.limit(bindparam("limit", type_=BigInteger())), WAITING.make, dialect)
        held = select(own.match_hash).where(dialect.any_of(own.match_hash, "hashes")).distinct()
        self._hashes = Prepared(held.order_by(own.match_hash), lambda hash_: hash_, dialect)
        hashes = suppressed_identifiers.c.match_hash
        self._suppressed = Prepared(
            select(hashes).where(dialect.any_of(hashes, "hashes")), lambda hash_: hash_, dialect
        )

    def closed(self) -> Statements[None]:
        """Let nobody claim an identifier until this transaction ends, and wait for those who are about to: whoever claims
        one looks for its events after this transaction, or was seen by it."""
        yield Sent(self._gate, {})

    def suppressed(self, abouts: Iterable[Named]) -> Statements[frozenset[Named]]:
        """Those identifiers which were somebody's who was forgotten."""
        hashes = {hash_of(self._keyring, about): about for about in abouts}
        if not hashes:
            return frozenset()
        found = yield Sent(self._suppressed, {"hashes": self._dialect.bind_list(list(hashes))})
        return frozenset(hashes[hash_] for hash_ in found)

    async def awaited(self, database: Database, claimed: Sequence[tuple[Identifier, CustomerId]]) -> list[CustomerId]:
        """Those customers for whose identifiers events wait, each once."""
        whose = {hash_of(self._keyring, _named(one)): customer for one, customer in claimed}
        found = await database.fetch(self._hashes, {"hashes": self._dialect.bind_list(list(whose))})
        return list(dict.fromkeys(whose[hash_] for (hash_,) in found))

    def hold(self, unit: Unit, arrivals: Sequence[Arrival]) -> None:
        """Have events wait for their customer."""
        if not arrivals:
            return
        ids = [new_id() for _ in arrivals]
        columns: dict[str, list[Any]] = {
            "id": list(ids),
            "type": [one.event.type for one in arrivals],
            "occurred_at": [one.event.occurred_at for one in arrivals],
            "source": [one.event.source for one in arrivals],
            "source_event_id": [one.event.source_event_id for one in arrivals],
            "reason": [_reason(one.about) for one in arrivals],
            "channel": [(one.event.channel or IngestChannel.API).value for one in arrivals],
            "match_hash": [hash_of(self._keyring, one.about) for one in arrivals],
            "payload": [self._sealed(id_, one.told) for id_, one in zip(ids, arrivals, strict=True)],
        }
        unit.change(HELD, {"received_at": unit.write.now}, columns)

    def _sealed(self, id: UUID, told: Mapping[str, Any]) -> bytes:
        return self._keyring.own_key(id, PURPOSE).seal(msgspec.json.encode(told).decode(), FIELD)

    def release(self, unit: Unit, identifiers: Iterable[Identifier]) -> Statements[Released]:
        """Move the oldest events that wait for these identifiers into the stream of the customer whose they are now; what
        is behind `AT_ONCE` waits on. They are stored at once, before any other change of the customer's row.

        Where another database has the events, it lets them go once it is told of the identifiers.
        """
        hashes = [hash_of(self._keyring, _named(one)) for one in identifiers]
        if not hashes or unit.split.events is not None:
            return Released()
        asked = {"hashes": self._dialect.bind_list(hashes), "limit": AT_ONCE}
        found: list[Waiting] = yield Sent(self._waiting, asked)
        if not found:
            return Released()
        moved = yield from self._moved(unit, found)
        add(unit, moved)
        latest = active_at(unit, (one.row for one in moved))
        enliven(unit, latest)
        unit.change(FREED, {"ids": self._dialect.bind_list([one.id for one in found])})
        yield from unit.flush()
        return Released(len(found), latest.get(unit.customer_id))

    def _moved(self, unit: Unit, found: Sequence[Waiting]) -> Statements[list[Added]]:
        types = unit.write.program.event_types
        told = [facts_of(types, one.type, one.told(self._keyring)) for one in found]
        naming = [(unit.customer_id, one.type, one.source, facts) for one, (facts, _) in zip(found, told, strict=True)]
        references = yield from self._purchases.of(naming)
        return [
            _added(unit, one, *parts, references.get(position))
            for position, (one, parts) in enumerate(zip(found, told, strict=True))
        ]


def shown(waiting: Waiting, keyring: Keyring) -> UnmatchedEventRow:
    """The event as readers see it."""
    return UnmatchedEventRow(
        waiting.id,
        waiting.type,
        waiting.occurred_at,
        waiting.received_at,
        waiting.source,
        waiting.reason,
        waiting.told(keyring),
    )


def _added(
    unit: Unit, one: Waiting, facts: dict[str, Any], private: dict[str, Any], reference: EntityId | None
) -> Added:
    """A waiting event as it enters the stream, where it was written down when it came in."""
    text = msgspec.json.encode(private).decode() if private else None
    row = EventRow(
        customer_id=unit.customer_id,
        id=one.id,
        type=one.type,
        occurred_at=one.occurred_at,
        recorded_at=one.received_at,
        channel=one.channel,
        reference_id=reference,
        facts=facts,
        attributes=text,
    )
    found_by = search_text(unit.write.program, one.type, facts)
    return Added(row, one.source, one.source_event_id, unit.seal(text, "events.attributes"), found_by)


def _reason(about: Named) -> str:
    if about.kind is LookupKind.EXTERNAL_ID:
        return f"No customer has this external id of system {about.system}"
    return REASONS[about.kind]


COLUMNS: dict[str, TypeEngine[Any]] = {
    "id": Uuid(),
    "type": String(),
    "occurred_at": Instant(),
    "source": String(),
    "source_event_id": String(),
    "reason": String(),
    "channel": String(),
    "match_hash": String(),
    "payload": LargeBinary(),
}


def _held(place: Place) -> Any:
    rows = place.keys(**COLUMNS)
    received = place.bind("received_at", Instant())
    return unmatched_events.insert().from_select(
        [*COLUMNS, "received_at"], select(*(rows.c[name] for name in COLUMNS), received)
    )


def _freed(place: Place) -> Any:
    return unmatched_events.delete().where(place.dialect.any_of(unmatched_events.c.id, f"{place.prefix}_ids"))


HELD, FREED = Change(_held), Change(_freed)
