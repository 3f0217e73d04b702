"""Notes that staff write about a customer, with all their revisions. Rules: requirements 1.Q."""

import datetime as dt
from collections.abc import Sequence
from typing import Protocol
from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType

from datasources.ids import CustomerId, OwnedId
from datasources.paging import Page, PageRequest
from datasources.program import ProgramSettings
from datasources.refusals import UserErrorCode
from datasources.texts import trimmed
from datasources.values import ActorKind, ActorRef, actor_of
from datasources.writing import Refusal, Write, Writer, Written


class NoteRow(msgspec.Struct, frozen=True, array_like=True):
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


class NoteRevisionRow(msgspec.Struct, frozen=True, array_like=True):
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


class NoteAddition(msgspec.Struct, frozen=True):
    """A note to be written."""

    customer_id: CustomerId
    text: str
    reason_key: str | None = None


class NoteChange(msgspec.Struct, frozen=True):
    """What becomes of a note; what is unset stays as it is, and a reason of None is taken away."""

    note_id: OwnedId
    text: str | UnsetType | None = UNSET
    reason_key: str | UnsetType | None = UNSET


class NoteDeletion(msgspec.Struct, frozen=True):
    """The note to be deleted."""

    note_id: OwnedId


class NoteShown(msgspec.Struct, frozen=True):
    """How a write of notes came out: the note, None once it is deleted, and its revisions where they are known."""

    note: NoteRow | None
    revisions: tuple[NoteRevisionRow, ...] = ()


class NoteWriter(Writer, Protocol):
    """Changes notes. Makes `note` where one is added, and `audit`.

    Raises Refusal, SourceUnavailable, SourceTimedOut, OutcomeUnknown.
    """

    async def add(self, write: Write, asked: NoteAddition) -> Written[NoteShown]:
        """Write a note (Q1)."""
        ...

    async def update(self, write: Write, asked: NoteChange, *, edits_any: bool) -> Written[NoteShown]:
        """Change a note; `edits_any` lifts that only its author may (Q9, Q10)."""
        ...

    async def delete(self, write: Write, asked: NoteDeletion) -> Written[NoteShown]:
        """Delete a note for all readers but the audit log (Q4)."""
        ...


def check_reason_key(program: ProgramSettings, key: str | None) -> None:
    """Pass for a reason of the program, or none (Q6). Raises Refusal."""
    if key is not None and all(reason.key != key for reason in program.note_reasons):
        raise Refusal(UserErrorCode.INVALID, "The program has no such reason for notes.", "reasonKey")


def check_editor(note: NoteRow, editor: ActorRef, *, edits_any: bool) -> None:
    """Pass for the author, or who may edit the notes of others (Q10). Raises Refusal."""
    if note.author != editor and not edits_any:
        message = "Only its author can edit this note: the notes of others need the scope notes:editAny."
        raise Refusal(UserErrorCode.FORBIDDEN, message, "noteId")


def edited(write: Write, note: NoteRow, asked: NoteChange) -> NoteRow:
    """The note after the change. Raises Refusal, also where the change leaves it as it is."""
    if asked.text is None:
        raise Refusal(UserErrorCode.REQUIRED, "A note needs a text: leave it out to keep the one it has.", "text")
    text = note.text if isinstance(asked.text, UnsetType) else trimmed(asked.text, "text")
    reason_key = note.reason_key if isinstance(asked.reason_key, UnsetType) else asked.reason_key
    if (text, reason_key) == (note.text, note.reason_key):
        raise Refusal(UserErrorCode.ALREADY_DONE, "The note says so already.", "noteId")
    return msgspec.structs.replace(
        note,
        text=text,
        reason_key=reason_key,
        edited_at=write.now,
        edited_by_kind=write.actor.kind.value,
        edited_by_id=write.actor.id,
        version=note.version + 1,
    )
