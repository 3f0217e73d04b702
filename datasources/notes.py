"""Notes that staff write about a customer, with all their revisions. Rules: requirements 1.Q."""

import datetime as dt
from collections.abc import Sequence
from typing import Protocol
from uuid import UUID

import msgspec

from datasources.ids import CustomerId, OwnedId
from datasources.paging import Page, PageRequest
from datasources.values import ActorKind, ActorRef, actor_of


class NoteRow(msgspec.Struct, frozen=True):
    """A note as it reads now."""

    customer_id: CustomerId
    id: UUID
    text: str
    reason_key: str | None
    created_at: dt.datetime
    author_kind: ActorKind
    author_id: str
    edited_at: dt.datetime | None
    edited_by_kind: str | None
    edited_by_id: str | None
    version: int

    @property
    def author(self) -> ActorRef:
        """Who wrote it."""
        return ActorRef(self.author_kind, self.author_id)

    @property
    def is_edited(self) -> bool:
        """True once it was changed after it was written (Q9)."""
        return self.edited_at is not None

    @property
    def edited_by(self) -> ActorRef | None:
        """Who changed it last."""
        return actor_of(self.edited_by_kind, self.edited_by_id)


class NoteRevisionRow(msgspec.Struct, frozen=True):
    """A note as it read from a moment on (Q7)."""

    customer_id: CustomerId
    note_id: UUID
    version: int
    text: str
    at: dt.datetime
    editor_kind: ActorKind
    editor_id: str

    @property
    def editor(self) -> ActorRef:
        """Who wrote this revision."""
        return ActorRef(self.editor_kind, self.editor_id)


class NoteFilter(msgspec.Struct, frozen=True):
    """Which notes."""

    reason_key: str | None = None


class NoteReader(Protocol):
    """Serves notes; deleted ones do not exist. Raises SourceUnavailable, SourceTimedOut."""

    async def of_customers(self, customers: Sequence[CustomerId], page: PageRequest) -> Sequence[Page[NoteRow]]:
        """Notes newest first, one page per customer in the order given."""
        ...

    async def notes(self, keys: Sequence[OwnedId]) -> Sequence[NoteRow | None]:
        """Notes by their id, in the order given."""
        ...

    async def revisions(self, keys: Sequence[OwnedId]) -> Sequence[Sequence[NoteRevisionRow]]:
        """All revisions of each note, the first one first."""
        ...
