"""Segments in SQL."""

from collections.abc import Sequence
from typing import ClassVar

from datasources.ids import CustomerId, EntityId, OwnedId
from datasources.paging import Page, PageRequest
from datasources.registry import Domain
from datasources.segments import SegmentMembershipRow, SegmentRow
from datasources.sql.reader import SqlReader
from datasources.sql.statements import Keyed, Paged, Rows
from datasources.sql.tables.segments import segment_members, segments

MEMBERSHIP = Rows(
    SegmentMembershipRow,
    segment_members,
    columns={f"segment_{name}": segments.c[name] for name in ("key", "name", "kind", "is_test")},
    joined=((segments, segments.c.id == segment_members.c.segment_id),),
)
MEMBERS = Keyed(MEMBERSHIP, key=("customer_id", "segment_id"))
MEMBERSHIPS = Paged(MEMBERSHIP, order=("since", "segment_id"))

SEGMENT = Rows(SegmentRow, segments)
SEGMENTS = Paged(SEGMENT, order=("key",), descending=False, owner=None)
BY_ID = Keyed(SEGMENT, key=("id",))


class SqlSegments(SqlReader):
    """Serves `datasources.segments.SegmentReader`."""

    domain: ClassVar[Domain] = Domain.SEGMENTS

    async def memberships(
        self, customers: Sequence[CustomerId], page: PageRequest
    ) -> Sequence[Page[SegmentMembershipRow]]:
        """See SegmentReader."""
        return await MEMBERSHIPS.of_each(self._database, customers, page)

    async def members(self, keys: Sequence[OwnedId]) -> Sequence[SegmentMembershipRow | None]:
        """See SegmentReader."""
        return await MEMBERS.one_each(self._database, keys)

    async def segments(self, page: PageRequest) -> Page[SegmentRow]:
        """See SegmentReader."""
        return await SEGMENTS.of_all(self._database, page)

    async def by_id(self, ids: Sequence[EntityId]) -> Sequence[SegmentRow | None]:
        """See SegmentReader."""
        return await BY_ID.one_each(self._database, ids)
