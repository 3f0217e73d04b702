"""What a source may need of the others: who customers are, and who keeps the audit log of what it changes."""

from collections.abc import Mapping
from typing import Protocol, runtime_checkable

import msgspec

from datasources.audit import AuditChange
from datasources.ids import CustomerId, EntityId
from datasources.profiles import ProfileReader
from datasources.recording import Happened
from datasources.writing import Write, Writer, Written


class Limited(msgspec.Struct, frozen=True):
    """What an adjustment comes to for the limit of its caller: minor units of a currency."""

    operation: str
    amount_minor: int
    currency: str


class Standing(msgspec.Struct, frozen=True):
    """What has to hold of the customer and the caller: whether value is granted, and how much of it is adjusted."""

    grants: bool
    limited: Limited | None = None


class Record(msgspec.Struct, frozen=True):
    """What the audit log and the event stream are told of a change that another system made.

    `made` are the ids of what it made, which the idempotency key is answered with from now on.
    """

    summary: str
    changes: tuple[AuditChange, ...] = ()
    happened: tuple[Happened, ...] = ()
    made: Mapping[str, EntityId] = {}


class Recorder(Writer, Protocol):
    """Keeps keys, audit log and events of changes that another system makes: asked before, and told after.

    Raises Refusal, SourceUnavailable, SourceTimedOut, OutcomeUnknown.
    """

    async def admit(self, write: Write, customer: CustomerId, standing: Standing) -> Written[None] | None:
        """What the key was answered with before; None where the change may be made now. Nothing is stored."""
        ...

    async def record(self, write: Write, customer: CustomerId, standing: Standing, record: Record) -> Written[None]:
        """Store that the change was made, once, whoever comes first with the same key."""
        ...


class Surroundings(msgspec.Struct, frozen=True):
    """The sources around one: the reader of the profiles, and who records changes, None where no audit log is kept."""

    profiles: ProfileReader
    recorder: Recorder | None


@runtime_checkable
class Connected(Protocol):
    """A source that needs others."""

    def connect(self, surroundings: Surroundings) -> None:
        """Know the others, before a reader or writer is asked for."""
        ...
