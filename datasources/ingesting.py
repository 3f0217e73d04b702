"""Events that come in from outside: what each must be to be taken in, and what becomes of it (A9, A12, F14)."""

import datetime as dt
from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any, Protocol
from uuid import UUID

import msgspec
import orjson

from datasources.event_schemas import EventSchema, schema_of
from datasources.events import EventRow, IngestChannel
from datasources.ids import CustomerId, OwnedId
from datasources.matching import UNKNOWN, CustomerMatch, name_of
from datasources.profile_values import LONGEST_EMAIL, Identifier
from datasources.profiles import LookupKind, Named, Within
from datasources.program import EventType, ProgramSettings
from datasources.purchases import check_moment
from datasources.recording import SOURCE, SearchTexts
from datasources.refusals import UserErrorCode
from datasources.writing import LONGEST_NAME, Refusal, Write, Writer, Written, check_length

MOST = 1_000
"""How many events a batch has at most."""
LARGEST, DEEPEST = 16_384, 32
"""How many bytes of JSON the attributes of an event have at most, and how many levels."""
LOCATION, LOCATION_NAME = "location_id", "location_name"
GATEWAY, EMAIL, EXTERNAL_ID = IngestChannel.GATEWAY, LookupKind.EMAIL, LookupKind.EXTERNAL_ID
"""Looking a member up in its enum costs a call."""


class NewEvent(msgspec.Struct, frozen=True, gc=False):
    """An event as its source tells it."""

    source: str
    source_event_id: str
    type: str
    occurred_at: dt.datetime
    customer: CustomerMatch
    attributes: Any  # any JSON
    channel: IngestChannel | None = IngestChannel.API

    @property
    def key(self) -> tuple[str, str]:
        """What tells events apart."""
        return self.source, self.source_event_id


class Store(msgspec.Struct, frozen=True):
    """A location that an event names."""

    id: UUID
    name: str


class Batch(msgspec.Struct, frozen=True):
    """Events on their way in: the customers whom the caller reaches, and the program's stores by the ids that events name."""

    events: Sequence[NewEvent]
    within: Within | None
    stores: Mapping[str, Store] = {}


class Claims(msgspec.Struct, frozen=True):
    """A page of the index of identifiers: the last of it, None where there is none, and whom events wait for."""

    last: Identifier | None
    awaited: Sequence[CustomerId]


class IngestOutcome(Enum):
    """What became of an event that came in."""

    STORED = "STORED"
    DUPLICATE = "DUPLICATE"
    UNMATCHED = "UNMATCHED"
    REJECTED = "REJECTED"


class Ingested(msgspec.Struct, frozen=True, gc=False):
    """An event's outcome: the key of the event that is stored, its row where that was done just now, or why it is not."""

    source_event_id: str
    outcome: IngestOutcome
    key: OwnedId | None = None
    row: EventRow | None = None
    refusal: Refusal | None = None


class Arrival(msgspec.Struct, frozen=True, gc=False):
    """An event that can be taken in: its key, whom it is about, the facts that it tells, as JSON what else it tells, if
    anything, and what it is found by. All that can be worked out before anything is locked."""

    event: NewEvent
    key: tuple[str, str]
    about: Named
    facts: dict[str, Any]  # whatever the type's schema allows
    private: str | None
    found_by: str

    @property
    def told(self) -> dict[str, Any]:
        """All that it tells."""
        return self.facts if self.private is None else self.facts | msgspec.json.decode(self.private)


class EventWriter(Writer, Protocol):
    """Changes events. Raises Refusal, SourceUnavailable, SourceTimedOut, OutcomeUnknown."""

    async def ingest(self, write: Write, batch: Batch) -> Written[Sequence[Ingested]]:
        """Take in what can be taken in, each event once by its source and id; the outcomes in the order of the batch.

        What is about nobody within reach waits for its customer, if the caller reaches everyone, and is rejected otherwise:
        it would go to whoever gets the identifier.
        """
        ...

    async def claimed(self, after: Identifier | None) -> Claims:
        """The next page of identifiers that customers have, and those of their customers for whom events wait."""
        ...

    async def match(self, write: Write, customer: CustomerId) -> int:
        """Move events that wait for the customer's identifiers into their stream: how many; 0 where none waits any more."""
        ...


def check_batch(events: Sequence[NewEvent]) -> None:
    """Pass for as many events as a batch may have. Raises Refusal."""
    if not 1 <= len(events) <= MOST:
        raise Refusal(UserErrorCode.INVALID, f"A batch has 1 to {MOST} events: send the rest in another one.", "events")


class Intake:
    """The rules of the program, for one batch; `stores` are the program's locations by store id, as far as it names any."""

    def __init__(self, program: ProgramSettings, stores: Mapping[str, Store]) -> None:
        self._region, self._stores = program.region, stores
        self._types = {type_.key: type_ for type_ in program.event_types}
        self._schemas: dict[str, EventSchema] = {}
        self._search = SearchTexts(program)

    def arrived(self, event: NewEvent) -> Arrival:
        """The event as it is taken in. Raises Refusal, whose path runs from the event."""
        schema = self._schemas.get(event.type) or self._schema(event.type)
        _check_identity(event)
        check_moment(event.occurred_at, "occurredAt")
        _check_extent(event.attributes)
        told = self._enriched(event.attributes, schema)
        _check_told(schema, told)
        about = _named(event.customer, self._region)
        facts, private = split(schema, told)
        text = msgspec.json.encode(private).decode() if private else None
        return Arrival(event, event.key, about, facts, text, self._search.of(event.type, facts))

    def _schema(self, key: str) -> EventSchema:
        type_ = self._types.get(key)
        if type_ is None:
            raise Refusal(UserErrorCode.NOT_FOUND, "The program has no such event type.", "type")
        found = self._schemas[key] = schema_of(type_)
        return found

    def _enriched(self, told: dict[str, Any], schema: EventSchema) -> dict[str, Any]:
        """What it told with the location's own id and name, where it named one by store id (A12)."""
        named = told.get(LOCATION) if LOCATION in schema.properties else None
        store = self._stores.get(named) if isinstance(named, str) else None
        if store is None:
            return told
        called = {LOCATION_NAME: store.name} if LOCATION_NAME in schema.properties else {}
        return called | told | {LOCATION: str(store.id)}


BY_CUSTOMER = frozenset(
    (
        "purchase",
        "offer_activated",
        "offer_redeemed",
        "promo_code_claimed",
        "account_created",
        "account_verified",
        "check_in",
        "session_started",
    )
)
"""The default types of what customers do themselves; what the program does (points, tiers, tags, messages) is none of it."""


def is_activity(type_: EventType) -> bool:
    """True for events that tell of something the customer did; a program's own types do."""
    return not type_.is_default or type_.key in BY_CUSTOMER


def store_ids(events: Sequence[NewEvent]) -> list[str]:
    """What the events may mean by a store, each once."""
    named = (event.attributes.get(LOCATION) for event in events if isinstance(event.attributes, dict))
    return list(dict.fromkeys(id_ for id_ in named if isinstance(id_, str) and 1 <= len(id_) <= LONGEST_NAME))


def split(schema: EventSchema, told: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """What of it may outlive the person, and all else."""
    facts: dict[str, Any] = {}
    private: dict[str, Any] = {}
    for name, value in told.items():
        (facts if name in schema.facts else private)[name] = value
    return facts, private


def facts_of(types: Sequence[EventType], key: str, told: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The same of an event that waited; nothing of it is a fact where the program no longer has its type."""
    known = next((type_ for type_ in types if type_.key == key), None)
    return ({}, dict(told)) if known is None else split(schema_of(known), told)


def _check_identity(event: NewEvent) -> None:
    check_length(event.source, LONGEST_NAME, "source")
    check_length(event.source_event_id, LONGEST_NAME, "sourceEventId")
    if event.source == SOURCE:
        raise Refusal(UserErrorCode.INVALID, "This source is the graph itself: name your own.", "source")
    if event.channel is GATEWAY:
        raise Refusal(UserErrorCode.INVALID, "This channel is the graph itself: name your own.", "channel")


def _check_extent(told: Any) -> None:
    """Pass for a JSON object that is neither too large nor too deep. Raises Refusal."""
    if not isinstance(told, dict):
        raise Refusal(UserErrorCode.INVALID, "A JSON object is expected.", "attributes")
    try:
        document = orjson.dumps(told)
    except TypeError:
        message = "A number has more than 64 bits: send it as text."
        raise Refusal(UserErrorCode.INVALID, message, "attributes") from None
    if len(document) > LARGEST:
        raise Refusal(UserErrorCode.INVALID, f"At most {LARGEST} bytes of JSON are taken.", "attributes")
    # Fewer brackets than levels spare the walk.
    if document.count(b"{") + document.count(b"[") > DEEPEST and _depth(told) > DEEPEST:
        raise Refusal(UserErrorCode.INVALID, f"At most {DEEPEST} levels are taken.", "attributes")


def _depth(value: Any) -> int:
    if isinstance(value, dict):
        return 1 + max(map(_depth, value.values()), default=0)
    return 1 + max(map(_depth, value), default=0) if isinstance(value, list) else 0


def _check_told(schema: EventSchema, told: Mapping[str, Any]) -> None:
    broken = schema.broken(told)
    if broken is not None:
        rule, at = broken
        message = f"This breaks the rule `{rule}` of the event type's schema: `program.eventTypes` has it."
        raise Refusal(UserErrorCode.INVALID, message, "attributes", *at)


def _named(match: CustomerMatch, region: str) -> Named:
    """Whom the event is about. Raises Refusal for a text that can never be anybody's identifier."""
    about = name_of(match, region)
    if about == UNKNOWN:
        raise Refusal(UserErrorCode.INVALID, "This can be nobody's identifier.", "customer")
    if about.kind is not None:
        check_length(about.value, LONGEST_EMAIL if about.kind is EMAIL else LONGEST_NAME, "customer")
        if about.kind is EXTERNAL_ID:
            check_length(about.system, LONGEST_NAME, "customer", "externalId", "system")
    return about
