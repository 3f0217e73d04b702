"""Events that come in: a batch is taken in, and each event's outcome told."""

from collections.abc import Awaitable, Sequence

import msgspec

from datasources.events import EventRow
from datasources.ingesting import Batch, Ingested, IngestOutcome, NewEvent, Store, store_ids
from datasources.locations import LocationRow
from datasources.registry import Domain
from permissions.model import ReachKind
from resolvers import profiles
from resolvers.command import Command, Payload, UserError, carried_out
from resolvers.context import Context
from resolvers.events import UNSURFACED, event, event_type


class EventsIngestInput(msgspec.Struct, frozen=True):
    """A batch as it is sent."""

    events: Sequence[NewEvent]


class EventIngestResult(msgspec.Struct, frozen=True):
    """What became of one event."""

    ingested: Ingested

    @property
    def source_event_id(self) -> str:
        """Its id at its source."""
        return self.ingested.source_event_id

    @property
    def outcome(self) -> IngestOutcome:
        """What became of it."""
        return self.ingested.outcome

    @property
    def error(self) -> UserError | None:
        """Why it was rejected."""
        refusal = self.ingested.refusal
        return None if refusal is None else UserError(refusal.code, refusal.message, refusal.path)


class EventsIngestPayload(Payload[Sequence[Ingested]], frozen=True):
    """What came of a batch."""

    @property
    def results(self) -> Sequence[EventIngestResult]:
        """One outcome an event, in the order of the batch; none where the batch was refused as a whole."""
        return [EventIngestResult(one) for one in self.written.shown or ()]


async def ingest(command: Command[EventsIngestInput]) -> EventsIngestPayload:
    """Take a batch in (A9, A12)."""
    context, events = command.context, command.asked.events
    batch = Batch(events, profiles.within(context.principal), await _stores(context, events))
    return EventsIngestPayload(*await carried_out(command, context.sources.writers.events.ingest, batch))


async def _stores(context: Context, events: Sequence[NewEvent]) -> dict[str, Store]:
    """The program's stores that events name, by one call to the source of the locations."""
    ids = store_ids(events) if Domain.LOCATIONS in context.sources.bound else []
    found: list[LocationRow | None] = await context.load_many(context.sources.locations.by_store_id, ids)
    return {id_: Store(row.id, row.name) for id_, row in zip(ids, found, strict=True) if row is not None}


def stored(result: EventIngestResult, context: Context) -> EventRow | Awaitable[EventRow | None] | None:
    """The event as it is stored, to whoever may see it: its type is surfaced to them, its customer within their reach."""
    ingested = result.ingested
    if ingested.key is None:
        return None
    row = ingested.row
    if row is None:
        return _stored_before(ingested, context)
    return row if event_type(row.type, context).is_surfaced or context.holds(UNSURFACED) else None


async def _stored_before(ingested: Ingested, context: Context) -> EventRow | None:
    if ingested.key is None:
        return None
    customer, id_ = ingested.key
    if context.principal.reach.kind is not ReachKind.ALL and await profiles.customer(context, customer) is None:
        return None
    return await event(context, customer, id_)
