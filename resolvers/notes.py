"""Notes about a customer."""

from collections.abc import Sequence
from uuid import UUID

from datasources.ids import CustomerId, EntityId
from datasources.notes import NoteRevisionRow, NoteRow
from datasources.paging import Page, PageRequest
from datasources.profiles import CustomerRow
from datasources.program import NoteReason
from resolvers.context import Context


async def notes(customer: CustomerRow, context: Context, page: PageRequest) -> Page[NoteRow]:
    """The customer's notes, newest first (Q3)."""
    return await context.load(context.sources.notes.of_customers, customer.customer_id, page)


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
