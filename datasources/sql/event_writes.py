"""Events written in SQL: a batch is matched, sealed and stored by statements that all its events share."""

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar
from uuid import UUID

import msgspec
from sqlalchemy import BigInteger, Select, String, Uuid, bindparam, literal, select, tuple_, union_all
from sqlalchemy.types import TypeEngine

from datasources.audit import AuditChange
from datasources.errors import SourceUnavailable
from datasources.events import EventRow, IngestChannel
from datasources.ids import CustomerId, EntityId, OwnedId, new_id
from datasources.ingesting import Arrival, Batch, Claims, Ingested, IngestOutcome, Intake, check_batch
from datasources.profile_values import Identifier
from datasources.profiles import Named, Within
from datasources.refusals import UserErrorCode
from datasources.registry import Domain
from datasources.sql.dialects import Dialect
from datasources.sql.engine import Database, Prepared, Sent, Statements
from datasources.sql.event_rows import Added, Purchases, active_at, add, enliven
from datasources.sql.filters import conditions_of, given, parameters_of
from datasources.sql.matching import NAME, REACH, named
from datasources.sql.quarantine import Quarantine
from datasources.sql.sealing import seal_each
from datasources.sql.tables.events import event_keys, unmatched_events
from datasources.sql.tables.profiles import customers, identifiers
from datasources.sql.unit_of_work import GONE, PROGRAM, SqlWriter, Unit
from datasources.writing import Refusal, Write, Written

STORED, DUPLICATE, UNMATCHED, REJECTED = IngestOutcome
API = IngestChannel.API
PLACE: dict[str, TypeEngine[Any]] = {"place": BigInteger()}
"""Of a key among those that are sent."""
KEY: dict[str, TypeEngine[Any]] = {"source": String(), "source_event_id": String()}
STATES = frozenset(state.value for state in GONE)
TRIES = 4
PAGE = 1_000
CUSTOMER = bindparam("customer", type_=Uuid())
NOBODY = "No customer whom you can reach is known by this: create them first."
CLOSED = "The membership is closed, or the personal data was removed."
FORGOTTEN = "Whose identifier this was then was forgotten."


class Matched(msgspec.Struct, frozen=True, gc=False):
    """The customer whom a name in a batch names, locked."""

    position: int
    customer_id: CustomerId
    membership: str
    created_at: dt.datetime
    wrapped_key: bytes | None


class Appeared(Exception):
    """An identifier was claimed while the batch was looking for it."""


class Sorting(msgspec.Struct):
    """What becomes of a batch as far as it is decided: outcomes by position, events to be stored and held back."""

    outcomes: list[Ingested | None]
    stored: list[tuple[int, Arrival, Matched]] = []
    held: list[tuple[int, Arrival]] = []


class SqlEventWrites(SqlWriter):
    """Serves `datasources.ingesting.EventWriter`."""

    domain: ClassVar[Domain] = Domain.EVENTS

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self._quarantine, self._purchases = Quarantine(database), Purchases(database)
        self._known = Prepared(_known(database.dialect), lambda *values: values, database.dialect)
        self._claimed = Prepared(_claimed(), _claim, database.dialect)
        self._own = Prepared(_claims().where(identifiers.c.customer_id == CUSTOMER), _claim, database.dialect)
        self._matching: dict[frozenset[str], Prepared[Matched]] = {}

    async def ingest(self, write: Write, batch: Batch) -> Written[Sequence[Ingested]]:
        """See EventWriter."""
        check_batch(batch.events)
        arrivals = _arrivals(write, batch)
        for _ in range(TRIES):
            try:
                return await self.carry_out(write, PROGRAM, (), lambda unit: self._ingested(unit, batch, arrivals))
            except Appeared:
                continue
        raise SourceUnavailable(self.source, "matching events")

    async def claimed(self, after: Identifier | None) -> Claims:
        """See EventWriter."""
        start = after or Identifier("", "", "")
        place = {"kind": start.kind, "system": start.system, "value": start.value, "limit": PAGE}
        page = [row for (row,) in await self.database.fetch(self._claimed, place)]
        if not page:
            return Claims(None, ())
        return Claims(page[-1][0], await self._quarantine.awaited(self.database, page))

    async def match(self, write: Write, customer: CustomerId) -> int:
        """See EventWriter."""
        written = await self.carry_out(write, customer, (), self._rematched)
        return written.shown or 0

    def _rematched(self, unit: Unit) -> Statements[int]:
        if unit.membership in GONE:
            return 0
        own: list[tuple[Identifier, CustomerId]] = yield Sent(self._own, {"customer": unit.customer_id})
        released = yield from self._quarantine.release(unit, (identifier for identifier, _ in own))
        if released.events:
            change = AuditChange("events.MATCHED", None, released.events)
            unit.audit(f"{released.events} events matched that waited", (change,))
        return released.events

    def _ingested(
        self, unit: Unit, batch: Batch, arrivals: Sequence[Arrival | Refusal]
    ) -> Statements[Sequence[Ingested]]:
        """All batches are taken in one after another, since each adds to the program's audit chain: what one reads of keys
        and waiting events no other changes meanwhile."""
        known = yield from self._known_keys([one for one in arrivals if isinstance(one, Arrival)])
        new = [one for one in arrivals if isinstance(one, Arrival) and one.key not in known]
        whom, gone = yield from self._whom(new, batch.within)
        sorting = _sorted(batch, arrivals, known, whom, gone)
        rows = yield from self._rows(unit, sorting)
        add(unit, rows)
        enliven(unit, active_at(unit, (one.row for one in rows)))
        self._quarantine.hold(unit, [arrival for _, arrival in sorting.held])
        done = _outcomes(batch, sorting, rows)
        counted = Counter(one.outcome for one in done)
        changes = [AuditChange(f"events.{outcome.value}", None, counted[outcome]) for outcome in IngestOutcome]
        unit.audit(f"{len(done)} events taken in", changes)
        return done

    def _known_keys(self, arrivals: Sequence[Arrival]) -> Statements[Mapping[tuple[str, str], OwnedId | None]]:
        """The keys that are taken, with the event that has each; None for one that waits."""
        keys = list(dict.fromkeys(one.key for one in arrivals))
        if not keys:
            return {}
        sources, ids = zip(*keys, strict=True)
        columns = {"place": range(len(keys)), "source": sources, "source_event_id": ids}
        sent = self.database.dialect.bind_rows(columns, "keys")
        found = yield Sent(self._known, sent)
        return {
            keys[position]: None if customer is None else (CustomerId(customer), EntityId(event))
            for position, customer, event in found
        }

    def _whom(
        self, arrivals: Sequence[Arrival], within: Within | None
    ) -> Statements[tuple[Mapping[Named, Matched], frozenset[Named]]]:
        """The customers whom events are about, locked in the order of their ids: none is forgotten, and none gets another
        activity, before the batch is stored. Beside them, the names that were somebody's who was forgotten.

        Raises Appeared.
        """
        names = list(dict.fromkeys(one.about for one in arrivals))
        whom = yield from self._matched(names, within)
        strangers = [name for name in names if name not in whom]
        if strangers and within == Within():
            yield from self._quarantine.closed()
            if (yield from self._matched(strangers, within)):
                raise Appeared
        older = (
            one.about
            for one in arrivals
            if one.about.kind is not None and one.about in whom and one.event.occurred_at < whom[one.about].created_at
        )
        return whom, (yield from self._quarantine.suppressed([*strangers, *older]))

    def _matched(self, names: Sequence[Named], within: Within | None) -> Statements[Mapping[Named, Matched]]:
        if not names or within is None:
            return {}
        dialect, asked = self.database.dialect, given(REACH, within)
        shape = frozenset(asked)
        if shape not in self._matching:
            self._matching[shape] = Prepared(_matched(dialect, asked), Matched, dialect)
        columns: dict[str, Sequence[Any]] = {
            "place": range(len(names)),
            "own": [name.customer_id for name in names],
            "kind": ["" if name.kind is None else name.kind.value for name in names],
            "system": [name.system for name in names],
            "value": [name.value for name in names],
        }
        sent = dialect.bind_rows(columns, "names") | parameters_of(dialect, asked)
        found: list[Matched] = yield Sent(self._matching[shape], sent)
        return {names[one.position]: one for one in found}

    def _rows(self, unit: Unit, sorting: Sorting) -> Statements[list[Added]]:
        """The events that are stored, each sealed with the key of its customer; nothing is sealed of one whose key was
        destroyed."""
        stored, now, keyring = sorting.stored, unit.write.now, self.database.keyring
        naming = ((who.customer_id, one.event.type, one.event.source, one.facts) for _, one, who in stored)
        references = yield from self._purchases.of(naming)
        keys = [keyring.unwrapped(who.customer_id, who.wrapped_key) for _, _, who in stored]
        private = [one.private if key else None for (_, one, _), key in zip(stored, keys, strict=True)]
        sealed = seal_each(list(zip(keys, private, strict=True)), "events.attributes")
        ids = [new_id() for _ in stored]
        rows = []
        for position, (_, one, who) in enumerate(stored):
            event = one.event
            row = EventRow(
                customer_id=who.customer_id,
                id=ids[position],
                type=event.type,
                occurred_at=event.occurred_at,
                recorded_at=now,
                channel=event.channel or API,
                reference_id=references.get(position),
                facts=one.facts,
                attributes=private[position],
            )
            rows.append(Added(row, event.source, event.source_event_id, sealed[position], one.found_by))
        return rows


def _arrivals(write: Write, batch: Batch) -> list[Arrival | Refusal]:
    """Each event of the batch as it is taken in, or why it can't be."""
    intake = Intake(write.program, batch.stores)
    arrivals: list[Arrival | Refusal] = []
    for position, event in enumerate(batch.events):
        try:
            arrivals.append(intake.arrived(event))
        except Refusal as refusal:
            arrivals.append(Refusal(refusal.code, refusal.message, "events", str(position), *refusal.path))
    return arrivals


def _sorted(
    batch: Batch,
    arrivals: Sequence[Arrival | Refusal],
    known: Mapping[tuple[str, str], OwnedId | None],
    whom: Mapping[Named, Matched],
    gone: frozenset[Named],
) -> Sorting:
    """What becomes of each event; of several with one key the first that is taken in counts."""
    sorting, taken, waits = Sorting([None] * len(arrivals)), set(), batch.within == Within()
    for position, arrival in enumerate(arrivals):
        if isinstance(arrival, Refusal):
            sorting.outcomes[position] = Ingested(batch.events[position].source_event_id, REJECTED, refusal=arrival)
        elif arrival.key in known:
            sorting.outcomes[position] = Ingested(arrival.event.source_event_id, DUPLICATE, known[arrival.key])
        elif arrival.key not in taken:
            who = whom.get(arrival.about)
            refusal = _refusal(arrival, who, gone, position, waits=waits)
            if refusal is not None:
                sorting.outcomes[position] = Ingested(arrival.event.source_event_id, REJECTED, refusal=refusal)
                continue
            taken.add(arrival.key)
            if who is None:
                sorting.held.append((position, arrival))
            else:
                sorting.stored.append((position, arrival, who))
    return sorting


def _refusal(
    arrival: Arrival, who: Matched | None, gone: frozenset[Named], position: int, *, waits: bool
) -> Refusal | None:
    """Why an event is not taken in, whoever it is about."""
    if who is None and not waits:
        code, message = UserErrorCode.NOT_FOUND, NOBODY
    elif arrival.about in gone and (who is None or arrival.event.occurred_at < who.created_at):
        code, message = UserErrorCode.CUSTOMER_GONE, FORGOTTEN
    elif who is not None and who.membership in STATES:
        code, message = UserErrorCode.CUSTOMER_GONE, CLOSED
    else:
        return None
    return Refusal(code, message, "events", str(position), "customer")


def _outcomes(batch: Batch, sorting: Sorting, rows: Sequence[Added]) -> list[Ingested]:
    """One outcome an event, in the order of the batch."""
    outcomes = list(sorting.outcomes)
    made: dict[tuple[str, str], EventRow] = {}
    for (position, arrival, _), one in zip(sorting.stored, rows, strict=True):
        made[arrival.key] = one.row
        outcomes[position] = _told(one.source_event_id, STORED, one.row)
    for position, arrival in sorting.held:
        outcomes[position] = Ingested(arrival.event.source_event_id, UNMATCHED)
    return [
        outcome or _told(event.source_event_id, DUPLICATE, made.get(event.key))
        for event, outcome in zip(batch.events, outcomes, strict=True)
    ]


def _told(source_event_id: str, outcome: IngestOutcome, row: EventRow | None) -> Ingested:
    return Ingested(source_event_id, outcome, None if row is None else (row.customer_id, row.id), row)


def _known(dialect: Dialect) -> Select[Any]:
    """Position of the key, and whose event has it: nobody's while it waits."""
    keys = dialect.rows("keys", **PLACE, **KEY)
    taken, waiting = event_keys.c, unmatched_events.c
    stored = (taken.source == keys.c.source) & (taken.source_event_id == keys.c.source_event_id)
    held = (waiting.source == keys.c.source) & (waiting.source_event_id == keys.c.source_event_id)
    known = union_all(
        select(keys.c.place, taken.customer_id, taken.event_id).select_from(keys.join(event_keys, stored)),
        select(keys.c.place, literal(None, Uuid()).label("customer_id"), waiting.id).select_from(
            keys.join(unmatched_events, held)
        ),
    ).subquery("known")
    return select(known.c.place, known.c.customer_id, known.c.event_id)


def _claims() -> Select[Any]:
    own = identifiers.c
    return select(own.kind, own.system, own.value, own.customer_id)


def _claimed() -> Select[Any]:
    """A page of the index, in the order of its primary key."""
    own = identifiers.c
    place = tuple_(*(bindparam(name, type_=String()) for name in ("kind", "system", "value")))
    behind = tuple_(own.kind, own.system, own.value) > place
    return (
        _claims().where(behind).order_by(own.kind, own.system, own.value).limit(bindparam("limit", type_=BigInteger()))
    )


def _claim(kind: str, system: str, value: str, customer: UUID) -> tuple[Identifier, CustomerId]:
    return Identifier(kind, system, value), CustomerId(customer)


def _matched(dialect: Dialect, asked: Iterable[str]) -> Select[Any]:
    """The customers named. Whose identifier moved on while their lock was waited for is named still: the event came first."""
    names, own = dialect.rows("names", **PLACE, **NAME), customers.c
    known = named(names, names.c.place)
    columns = (own.customer_id, own.membership, own.created_at, own.wrapped_key)
    return (
        select(known.c.position, *columns)
        .select_from(known.join(customers, own.customer_id == known.c.customer_id))
        .where(*conditions_of(dialect, REACH, asked))
        .order_by(own.customer_id)
        .with_for_update(of=customers)
    )
