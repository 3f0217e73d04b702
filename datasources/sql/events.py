"""Events in SQL."""

from collections.abc import Sequence
from typing import ClassVar
from uuid import UUID

from sqlalchemy import ColumnElement, not_

from datasources.events import EventRow, EventTrace, UnmatchedEventRow
from datasources.ids import CustomerId, OwnedId
from datasources.paging import Page, PageRequest
from datasources.profiles import OrderDirection
from datasources.registry import Domain
from datasources.sql.dialects import Dialect
from datasources.sql.filters import Condition, among, within
from datasources.sql.quarantine import WAITING, shown
from datasources.sql.reader import SqlReader
from datasources.sql.statements import Keyed, Paged, Rows
from datasources.sql.tables.events import events


def _not_among(dialect: Dialect, name: str) -> ColumnElement[bool]:
    return not_(dialect.any_of(events.c.type, name))


FILTERS: dict[str, Condition] = {
    "types": among(events.c.type),
    "but_types": _not_among,
    "occurred_at": within(events.c.occurred_at),
}
IN_TIME = ("occurred_at", "id")
BY_TYPE = ("types", events.c.type)

EVENT = Rows(EventRow, events)
NEWEST = Paged(EVENT, order=IN_TIME, filters=FILTERS, apart=BY_TYPE)
OLDEST = Paged(EVENT, order=IN_TIME, descending=False, filters=FILTERS, apart=BY_TYPE)
TRACES = Paged(Rows(EventTrace, events), order=IN_TIME, filters=FILTERS, apart=BY_TYPE)
EVENTS = Keyed(EVENT)

UNMATCHED = Paged(WAITING, order=("received_at", "id"), owner=None)
UNMATCHED_EVENTS = Keyed(WAITING, key=("id",))


class SqlEvents(SqlReader):
    """Serves `datasources.events.EventReader`."""

    domain: ClassVar[Domain] = Domain.EVENTS

    async def stream(self, customers: Sequence[CustomerId], page: PageRequest) -> Sequence[Page[EventRow]]:
        """See EventReader."""
        ordered = OLDEST if page.order is OrderDirection.ASC else NEWEST
        return await ordered.of_each(self._database, customers, page)

    async def traces(self, customers: Sequence[CustomerId], page: PageRequest) -> Sequence[Page[EventTrace]]:
        """See EventReader."""
        return await TRACES.of_each(self._database, customers, page)

    async def events(self, keys: Sequence[OwnedId]) -> Sequence[EventRow | None]:
        """See EventReader."""
        return await EVENTS.one_each(self._database, keys)

    async def unmatched(self, page: PageRequest) -> Page[UnmatchedEventRow]:
        """See EventReader."""
        found = await UNMATCHED.of_all(self._database, page.of_whole_rows)
        rows = tuple(shown(row, self._database.keyring) for row in found.rows)
        return Page(rows, found.order, found.has_next, found.has_previous, found.total)

    async def unmatched_events(self, ids: Sequence[UUID]) -> Sequence[UnmatchedEventRow | None]:
        """See EventReader."""
        found = await UNMATCHED_EVENTS.one_each(self._database, ids)
        return [None if row is None else shown(row, self._database.keyring) for row in found]
