"""What another database tells through its outbox, taken in: each message once, whoever brings it and however often."""

import datetime as dt
from collections.abc import Sequence
from typing import Any, TypeVar

import msgspec
from sqlalchemy import BigInteger, LargeBinary, String, Uuid, bindparam, literal_column, select
from sqlalchemy.types import TypeEngine

from datasources.events import EventRow, IngestChannel
from datasources.ids import CustomerId, EntityId
from datasources.program import ProgramSettings
from datasources.recording import SOURCE
from datasources.relaying import Taken
from datasources.sql.changes import Change, Place
from datasources.sql.engine import Database, Prepared, Sent, Statements
from datasources.sql.event_rows import Added, add
from datasources.sql.guards import keep
from datasources.sql.identifier_copies import IdentifierCopies
from datasources.sql.locking import Locks
from datasources.sql.news import News, Sighting, ToldEntry, ToldEvent
from datasources.sql.sightings import seen
from datasources.sql.tables.audit import audit_entries
from datasources.sql.tables.events import event_keys
from datasources.sql.tables.profiles import customers
from datasources.sql.tables.writing import inbox
from datasources.sql.telling import LOYALTY, PLACES, SEGMENTS, TAGS, Customer, Loyalty, State, kinds_told
from datasources.sql.types import Instant
from datasources.sql.unit_of_work import CHAINED_ON, Unit
from datasources.values import ActorKind, ActorRef
from datasources.writing import Write

Told = TypeVar("Told", bound=msgspec.Struct)

OPERATION, ACTOR = "relay", ActorRef(ActorKind.SYSTEM, "relay")


class Receiver:
    """Takes in what one other database tells of customers."""

    def __init__(self, database: Database, origin: str) -> None:
        self._database, self._origin, dialect = database, origin, database.dialect
        self._locks, self._identifiers = Locks(database), IdentifierCopies(database)
        row = dialect.insert(inbox).values(
            origin=_bind("origin", String()), customer_id=_bind("customer", Uuid()), sequence=literal_column("0")
        )
        # Locked even where nothing was heard yet.
        held = row.on_conflict_do_update(index_elements=["origin", "customer_id"], set_={"sequence": inbox.c.sequence})
        self._heard = Prepared(held.returning(inbox.c.sequence), lambda sequence: sequence, dialect)
        entries, keys = audit_entries.c, event_keys.c
        own = select(entries.id).where(
            entries.customer_id == _bind("customer", Uuid()), dialect.any_of(entries.id, "ids")
        )
        self._entries = Prepared(own, lambda id_: id_, dialect)
        known = select(keys.source_event_id).where(keys.source == SOURCE, dialect.any_of(keys.source_event_id, "ids"))
        self._events = Prepared(known, lambda id_: id_, dialect)

    async def receive(self, customer: CustomerId, taken: Taken, state: State, program: ProgramSettings) -> bool:
        """Take in what is new of it, in one transaction; False where some of it has to be told again.

        What was told late, after something newer, is left out. Raises SourceUnavailable, SourceTimedOut, OutcomeUnknown.
        """
        # Read before, as what can't be is no fault of the database.
        entries = _told(taken, News.AUDIT, ToldEntry)
        happened = _told(taken, News.EVENT, ToldEvent)
        sightings = _told(taken, News.SEEN, Sighting)

        def work() -> Statements[tuple[bool, bool]]:
            (heard,) = yield Sent(self._heard, {"origin": self._origin, "customer": customer})
            if heard >= taken.until:
                return False, True
            unit = yield from self._unit(customer, program)
            is_whole = yield from self._state(unit, state)
            yield from self._audited(unit, entries)
            yield from self._recorded(unit, happened)
            yield from _seen(unit, sightings)
            if is_whole:
                unit.change(HEARD, {"origin": self._origin, "customer": customer, "sequence": taken.until})
            yield from unit.flush()
            return True, is_whole

        is_new, is_whole = await self._database.transact(work)
        if is_new and state.customer is not None:
            self._database.keyring.learn(customer, state.customer.guard.wrapped_key)
        if self._database.split.told:
            self._database.bell.ring()
        return is_whole

    def _unit(self, customer: CustomerId, program: ProgramSettings) -> Statements[Unit]:
        """What is changed about the customer, locked, whom this database may not know yet."""
        locked = yield from self._locks.taken(customer)
        write = Write(OPERATION, ACTOR, "", program, program.clock.now(dt.datetime.now(dt.UTC)), OPERATION)
        return Unit(self._database, write, {}, msgspec.structs.replace(locked, customer_id=customer))

    def _state(self, unit: Unit, state: State) -> Statements[bool]:
        """Copy what changed; False where an identifier is still another customer's."""
        is_whole = True
        if state.customer is not None:
            is_whole = yield from self._customer(unit, state.customer)
        if state.loyalty is not None:
            is_whole = (yield from self._loyalty(unit, state.loyalty)) and is_whole
        if state.tags is not None:
            yield from TAGS.replace(unit, state.tags)
        if state.segments is not None:
            yield from SEGMENTS.replace(unit, state.segments)
        return is_whole

    def _customer(self, unit: Unit, told: Customer) -> Statements[bool]:
        keep(unit, told.guard)
        yield from PLACES.replace(unit, told.places)
        yield from unit.flush()
        if told.identifiers is None:
            return True
        unit.key = self._database.keyring.unwrapped(unit.customer_id, told.guard.wrapped_key)
        return (yield from self._identifiers.replace(unit, kinds_told(self._database), told.identifiers))

    def _loyalty(self, unit: Unit, told: Loyalty) -> Statements[bool]:
        is_whole = yield from self._identifiers.replace(unit, (LOYALTY,), told.identifiers)
        unit.change(SHOWN, {"customer": unit.customer_id, "number": told.shown})
        unit.tell_followers()
        return is_whole

    def _audited(self, unit: Unit, told: Sequence[ToldEntry]) -> Statements[None]:
        """Have the entries that are not there yet be the next links of the chain."""
        if not told:
            return
        ids = self._database.dialect.bind_list([entry.id for entry in told])
        known = yield Sent(self._entries, {"customer": unit.customer_id, "ids": ids})
        rows = [unit.chained(entry) for entry in told if entry.id not in known]
        if rows:
            unit.change(APPENDED, {}, {name: [row[name] for row in rows] for name in ENTRY})
            unit.change(CHAINED_ON, {name: rows[-1][name] for name in ("customer_id", "sequence", "hash")})

    def _recorded(self, unit: Unit, told: Sequence[ToldEvent]) -> Statements[None]:
        """Have the events that are not there yet stored."""
        if not told:
            return
        ids = self._database.dialect.bind_list([str(event.id) for event in told])
        known = yield Sent(self._events, {"ids": ids})
        add(unit, [_added(unit.customer_id, event) for event in told if str(event.id) not in known])


def _bind(name: str, type_: TypeEngine[Any]) -> Any:
    return bindparam(name, type_=type_)


def _told(taken: Taken, news: News, struct: type[Told]) -> list[Told]:
    return [msgspec.convert(message.payload, struct) for message in taken.messages if message.kind == news.value]


def _added(customer: CustomerId, event: ToldEvent) -> Added:
    row = EventRow(
        customer_id=customer,
        id=EntityId(event.id),
        type=event.type,
        occurred_at=event.occurred_at,
        recorded_at=event.recorded_at,
        channel=IngestChannel.GATEWAY,
        reference_id=None if event.reference_id is None else EntityId(event.reference_id),
        facts=event.facts,
        attributes=None,
    )
    return Added(row, SOURCE, str(event.id), None, event.search_text)


def _seen(unit: Unit, told: Sequence[Sighting]) -> Statements[None]:
    """Move the last activity on, at each place once."""
    latest: dict[Any, Sighting] = {}
    for one in told:
        known = latest.get(one.location_id)
        if known is None or known.at < one.at:
            latest[one.location_id] = one
    for one in latest.values():
        seen(unit, one)
        # The same row is changed for each.
        yield from unit.flush()


ENTRY: dict[str, TypeEngine[Any]] = {
    "customer_id": Uuid(),
    "id": Uuid(),
    "sequence": BigInteger(),
    "type": String(),
    "at": Instant(),
    "actor_kind": String(),
    "actor_id": String(),
    "outcome": String(),
    "summary": LargeBinary(),
    "changes": LargeBinary(),
    "reason_code": String(),
    "ticket_id": String(),
    "correlation_id": String(),
    "hash": LargeBinary(),
}


def _appended(place: Place) -> Any:
    rows = place.keys(**ENTRY)
    return audit_entries.insert().from_select(list(ENTRY), select(*(rows.c[name] for name in ENTRY)))


def _marked(place: Place) -> Any:
    whose = (inbox.c.origin == place.bind("origin", String()), inbox.c.customer_id == place.bind("customer", Uuid()))
    return inbox.update().where(*whose).values(sequence=place.bind("sequence", BigInteger()))


def _numbered(place: Place) -> Any:
    own = customers.c.customer_id == place.bind("customer", Uuid())
    return customers.update().where(own).values(loyalty_number=place.bind("number", String()))


APPENDED, HEARD, SHOWN = Change(_appended), Change(_marked), Change(_numbered)
