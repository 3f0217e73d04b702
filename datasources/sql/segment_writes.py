"""Members of segments written in SQL."""

from typing import Any, ClassVar

from sqlalchemy import Uuid, and_, bindparam, select

from datasources.audit import AuditChange
from datasources.recording import Happened
from datasources.refusals import UserErrorCode
from datasources.registry import Domain
from datasources.segments import (
    MembershipShown,
    SegmentKind,
    SegmentMember,
    SegmentMembershipRow,
    SegmentRow,
    check_by_hand,
)
from datasources.sql.changes import Change, inserted
from datasources.sql.engine import Database, Prepared, Sent, Statements
from datasources.sql.news import News
from datasources.sql.segments import SEGMENT
from datasources.sql.tables.segments import segment_members, segments
from datasources.sql.unit_of_work import SqlWriter, Unit
from datasources.writing import Refusal, Write, Written

ENTERED = inserted(segment_members)
LEFT = Change(
    lambda place: segment_members.delete().where(
        *(segment_members.c[name] == place.bind(name, Uuid()) for name in ("customer_id", "segment_id"))
    )
)


class SqlSegmentWrites(SqlWriter):
    """Serves `datasources.segments.SegmentWriter`."""

    domain: ClassVar[Domain] = Domain.SEGMENTS

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self._found = Prepared(_segment_and_member(), _found, database.dialect)

    async def add(self, write: Write, asked: SegmentMember) -> Written[MembershipShown]:
        """See SegmentWriter."""
        return await self.carry_out(write, asked.customer_id, (), lambda unit: self._added(unit, asked))

    async def remove(self, write: Write, asked: SegmentMember) -> Written[MembershipShown]:
        """See SegmentWriter."""
        return await self.carry_out(write, asked.customer_id, (), lambda unit: self._removed(unit, asked))

    def _added(self, unit: Unit, asked: SegmentMember) -> Statements[MembershipShown]:
        unit.check_standing(grants=True)
        segment, is_member, _ = yield from self._of(asked)
        if is_member:
            raise Refusal(UserErrorCode.ALREADY_DONE, "The customer is in this segment already.", "segmentId")
        actor = unit.write.actor
        unit.change(
            ENTERED,
            {
                "customer_id": asked.customer_id,
                "segment_id": asked.segment_id,
                "since": unit.write.now,
                "added_by_kind": actor.kind.value,
                "added_by_id": actor.id,
                "variant": None,
            },
        )
        unit.audit(f"Added to the segment {segment.name}", (AuditChange(f"segments.{segment.key}", False, True),))
        _record(unit, "segment_entered", segment, None)
        return MembershipShown(_entered(unit, segment))

    def _removed(self, unit: Unit, asked: SegmentMember) -> Statements[MembershipShown]:
        unit.check_standing(grants=False)
        segment, is_member, variant = yield from self._of(asked)
        if not is_member:
            raise Refusal(UserErrorCode.ALREADY_DONE, "The customer is not in this segment.", "segmentId")
        unit.change(LEFT, {"customer_id": asked.customer_id, "segment_id": asked.segment_id})
        unit.audit(f"Removed from the segment {segment.name}", (AuditChange(f"segments.{segment.key}", True, False),))
        _record(unit, "segment_left", segment, variant)
        return MembershipShown(None)

    def _of(self, asked: SegmentMember) -> Statements[tuple[SegmentRow, bool, str | None]]:
        """The segment, whether the customer is in it, and with which variant. Raises Refusal."""
        found = yield Sent(self._found, {"customer": asked.customer_id, "segment": asked.segment_id})
        segment, is_member, variant = found[0] if found else (None, False, None)
        return check_by_hand(segment), is_member, variant


def _segment_and_member() -> Any:  # a statement of any columns
    """The segment with the customer's membership beside it, where there is one."""
    own = and_(
        segment_members.c.segment_id == segments.c.id,
        segment_members.c.customer_id == bindparam("customer", type_=Uuid()),
    )
    return (
        select(segment_members.c.customer_id, segment_members.c.variant, *SEGMENT.columns)
        .select_from(segments.outerjoin(segment_members, own))
        .where(segments.c.id == bindparam("segment", type_=Uuid()))
    )


def _found(member: object, variant: str | None, *segment: Any) -> tuple[SegmentRow, bool, str | None]:
    return SEGMENT.make(*segment), member is not None, variant


def _entered(unit: Unit, segment: SegmentRow) -> SegmentMembershipRow:
    """The membership as readers see it."""
    actor = unit.write.actor
    return SegmentMembershipRow(
        customer_id=unit.customer_id,
        segment_id=segment.id,
        segment_key=segment.key,
        segment_name=segment.name,
        segment_kind=SegmentKind.MANUAL,
        segment_is_test=segment.is_test,
        since=unit.write.now,
        added_by_kind=actor.kind.value,
        added_by_id=actor.id,
        variant=None,
    )


def _record(unit: Unit, type_: str, segment: SegmentRow, variant: str | None) -> None:
    """An event that tells of the customer's way in or out (F22, V6), and the profiles, which are filtered by segments."""
    unit.feed(News.SEGMENTS)
    unit.record(Happened(type_, {"segment_key": segment.key, "segment_name": segment.name, "variant": variant}))
