"""Notes in SQL."""

from collections.abc import Sequence
from typing import ClassVar

from datasources.ids import CustomerId, OwnedId
from datasources.notes import NoteRevisionRow, NoteRow
from datasources.paging import Page, PageRequest
from datasources.registry import Domain
from datasources.sql.filters import equal
from datasources.sql.reader import SqlReader
from datasources.sql.statements import Keyed, Paged, Rows
from datasources.sql.tables.notes import note_revisions, notes

NOTE = Rows(NoteRow, notes)
KEPT = notes.c.deleted_at.is_(None)
OF_CUSTOMERS = Paged(NOTE, order=("created_at", "id"), filters={"reason_key": equal(notes.c.reason_key)}, always=KEPT)
NOTES = Keyed(NOTE, where=(KEPT,))
REVISION = Rows(NoteRevisionRow, note_revisions)
REVISIONS = Keyed(REVISION, key=("customer_id", "note_id"), sorted_by=(note_revisions.c.version,))


class SqlNotes(SqlReader):
    """Serves `datasources.notes.NoteReader`."""

    domain: ClassVar[Domain] = Domain.NOTES

    async def of_customers(self, customers: Sequence[CustomerId], page: PageRequest) -> Sequence[Page[NoteRow]]:
        """See NoteReader."""
        return await OF_CUSTOMERS.of_each(self._database, customers, page)

    async def notes(self, keys: Sequence[OwnedId]) -> Sequence[NoteRow | None]:
        """See NoteReader."""
        return await NOTES.one_each(self._database, keys)

    async def revisions(self, keys: Sequence[OwnedId]) -> Sequence[Sequence[NoteRevisionRow]]:
        """See NoteReader."""
        return await REVISIONS.all_each(self._database, keys)
