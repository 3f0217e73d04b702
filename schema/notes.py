"""Notes as staff see them."""

import datetime as dt

from datasources import notes as rows
from datasources.registry import Domain
from permissions.masking import PiiKind
from resolvers import notes
from schema.connections import page_type
from schema.fields import argument, connection, leaf, lookup
from schema.program import NoteReason
from schema.scalars import Long
from schema.values import Actor
from schema.views import Node, view

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
