"""Notes about a customer, and what changes them."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType

from datasources.ids import CustomerId, EntityId, OwnedId
from datasources.notes import NoteAddition, NoteChange, NoteDeletion, NoteRevisionRow, NoteRow, NoteShown
from datasources.paging import PageRequest
from datasources.program import NoteReason
from datasources.writing import Reason
from permissions.model import Scope
from resolvers.command import Command, Payload, carried_out
from resolvers.context import Context
from resolvers.customer_lists import Asked, CustomerList

EDIT_ANY = Scope("notes:editAny")


@CustomerList
def notes(context: Context, page: PageRequest) -> Asked[NoteRow]:
    """The customer's notes, newest first (Q3)."""
    return context.sources.notes.of_customers, page


async def note(context: Context, customer: UUID, id: UUID) -> NoteRow | None:
    """A note by its id, None once it is deleted."""
    return await context.load(context.sources.notes.notes, (CustomerId(customer), EntityId(id)))


async def revisions(note: NoteRow, context: Context) -> Sequence[NoteRevisionRow]:
    """All revisions, the first one first (Q7)."""
    return await context.load(context.sources.notes.revisions, (note.customer_id, EntityId(note.id)))


def reason(note: NoteRow, context: Context) -> NoteReason | None:
    """Why it was written; a reason that the program no longer has goes by its key."""
    key = note.reason_key
    if key is None:
        return None
    return next((reason for reason in context.settings.note_reasons if reason.key == key), None) or NoteReason(key, key)


class NoteAddInput(msgspec.Struct, frozen=True):
    """A note to be written as it is asked for."""

    customer_id: CustomerId
    text: str
    reason_key: str | None = None
    idempotency_key: str | None = None
    dry_run: bool | None = False


class NoteUpdateInput(msgspec.Struct, frozen=True):
    """A change of a note as it is asked for."""

    note_id: OwnedId
    text: str | UnsetType | None = UNSET
    reason_key: str | UnsetType | None = UNSET
    expected_version: int | None = None
    idempotency_key: str | None = None
    dry_run: bool | None = False


class NoteDeleteInput(msgspec.Struct, frozen=True):
    """A deletion as it is asked for."""

    note_id: OwnedId
    expected_version: int | None = None
    idempotency_key: str | None = None
    dry_run: bool | None = False
    reason: Reason | None = None


class NotePayload(Payload[NoteShown], frozen=True):
    """What came of a write of notes; `note_id` is that of a note that was there."""

    note_id: EntityId | None = None


async def add(command: Command[NoteAddInput]) -> NotePayload:
    """Write a note (Q1)."""
    asked = command.asked
    addition = NoteAddition(asked.customer_id, asked.text, asked.reason_key)
    return await _written(command, None, command.context.sources.writers.notes.add, addition)


async def update(command: Command[NoteUpdateInput]) -> NotePayload:
    """Change a note (Q9)."""
    asked, context = command.asked, command.context
    change = NoteChange(asked.note_id, asked.text, asked.reason_key)
    edits_any = context.holds(EDIT_ANY)
    return await _written(command, asked.note_id[1], context.sources.writers.notes.update, change, edits_any=edits_any)


async def delete(command: Command[NoteDeleteInput]) -> NotePayload:
    """Delete a note (Q4)."""
    note_id = command.asked.note_id
    return await _written(command, note_id[1], command.context.sources.writers.notes.delete, NoteDeletion(note_id))


async def _written(
    command: Command[Any], note_id: EntityId | None, method: Any, asked: Any, **named: bool
) -> NotePayload:
    payload = NotePayload(*await carried_out(command, method, asked, **named), note_id)
    shown, context = payload.written.shown, command.context
    if shown is not None and shown.note is not None and shown.revisions:
        key = shown.note.customer_id, EntityId(shown.note.id)
        context.loaders.know(context.sources.notes.revisions, key, shown.revisions)
    return payload


async def written_note(payload: NotePayload, context: Context) -> NoteRow | None:
    """The note as it is now, as it would be after a dry run; None once it is deleted."""
    shown, note_id = payload.written.shown, payload.note_id or payload.stored("note")
    if shown is not None:
        return shown.note
    if not payload.replayed or payload.customer_id is None or note_id is None:
        return None
    return await note(context, payload.customer_id, note_id)
