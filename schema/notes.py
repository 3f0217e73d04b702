"""Notes as staff see them."""

import datetime as dt

import strawberry

from datasources import notes as rows
from datasources.registry import Domain
from permissions.masking import PiiKind
from resolvers import notes
from schema.audit import Audited
from schema.commands import Explained, Payload, Repeatable
from schema.connections import page_type
from schema.fields import argument, command, connection, leaf, lookup
from schema.program import NoteReason
from schema.scalars import Long
from schema.values import Actor
from schema.views import Node, values, view

NOTES = Domain.NOTES
READ = "notes:read"


@view(rows.NoteRevisionRow)
class NoteRevision:
    """A note as it read from a moment on."""

    text: str = leaf(pii=PiiKind.FREE_TEXT)
    """What it said."""
    at: dt.datetime
    """When this revision was written."""
    editor: Actor
    """Who wrote this revision."""


@view(rows.NoteRow, requires=READ, find=notes.note)
class Note(Node):
    """What staff wrote about a customer; customers never see it."""

    text: str = leaf(pii=PiiKind.FREE_TEXT)
    """What it says now."""
    reason = lookup(NoteReason | None, notes.reason)
    """What it is about, as chosen from the program's list."""
    created_at: dt.datetime
    """When it was written."""
    author: Actor
    """Who wrote it."""
    is_edited: bool
    """True once it was changed after it was written."""
    edited_at: dt.datetime | None
    """When it was changed last."""
    edited_by: Actor | None
    """Who changed it last."""
    revisions = lookup(list[NoteRevision], notes.revisions)
    """Everything that it ever said, the first text first; the last one is what it says now."""
    version: Long
    """Raised by every change; pass it back as `expectedVersion`."""


NoteConnection = page_type("Note", Note, "notes")


class NoteFields:
    """What a customer shows of notes."""

    notes = connection(
        NoteConnection,
        notes.notes,
        argument("reason_key", str | None, "Only notes with this reason."),
        filter=rows.NoteFilter,
        requires=READ,
        domain=NOTES,
    )
    """What staff wrote about the customer, newest first."""


@values(notes.NoteAddInput)
class NoteAddInput(Repeatable):
    """1 to 5,000 characters after trimming."""

    customer_id: strawberry.ID
    """Whom it is about."""
    text: str
    """What it says."""
    reason_key: str | None
    """What it is about: a key of the program's list."""


@values(notes.NoteUpdateInput)
class NoteUpdateInput(Repeatable):
    """What becomes of a note; what is left out stays as it is."""

    note_id: strawberry.ID
    """The note."""
    text: str | None
    """What it says from now on, 1 to 5,000 characters after trimming; a note is never without a text."""
    reason_key: str | None
    """What it is about: a key of the program's list; null takes the reason away."""
    expected_version: Long | None
    """The note's version that the caller saw: refused with CONFLICT where it is another by now."""


@values(notes.NoteDeleteInput)
class NoteDeleteInput(Repeatable, Explained):
    """Which note to delete."""

    note_id: strawberry.ID
    """The note."""
    expected_version: Long | None
    """The note's version that the caller saw: refused with CONFLICT where it is another by now."""


@view(notes.NotePayload)
class NotePayload(Audited, Payload):
    """What came of a change of notes."""

    note = lookup(Note | None, notes.written_note)
    """The note as it is now; null once it is deleted."""


class NoteMutations:
    """Changes of notes."""

    note_add = command(
        NotePayload,
        notes.add,
        NoteAddInput,
        ids={"customer_id": "Customer"},
        requires="notes:write",
        written_by=NOTES,
    )
    """Write a note about a customer; the event stream tells that there is one, not what it says."""
    note_update = command(
        NotePayload, notes.update, NoteUpdateInput, ids={"note_id": "Note"}, requires="notes:write", written_by=NOTES
    )
    """Change a note; what it said before stays in its revisions. The notes of others need the scope notes:editAny."""
    note_delete = command(
        NotePayload, notes.delete, NoteDeleteInput, ids={"note_id": "Note"}, requires="notes:delete", written_by=NOTES
    )
    """Delete a note: nobody reads it any more, but what it said stays in the audit log."""
