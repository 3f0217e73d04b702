"""Points written in SQL: adjustments by hand, and what undoes an entry."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import ClassVar

from datasources.audit import AuditChange
from datasources.ids import CustomerId, EntityId
from datasources.ledger import (
    Account,
    Part,
    account_of,
    check_added,
    check_deducted,
    check_reversible,
    check_source,
    check_whole,
    lapses_at,
    taken,
)
from datasources.points import (
    AdjustDirection,
    Due,
    Lapsed,
    PointAdjustment,
    PointEntryKind,
    PointReversal,
    PointsShown,
)
from datasources.program import PointAccountDefinition
from datasources.recording import Happened
from datasources.refusals import UserErrorCode
from datasources.registry import Domain
from datasources.sql.approving import Adjusted, Allowances, asked_again, request_approval
from datasources.sql.engine import Database, Statements
from datasources.sql.point_expiry import PointExpiry
from datasources.sql.point_ledger import Original, PointLedger, Posting, allocations, facts_of, post, settled
from datasources.sql.unit_of_work import Execution, SqlWriter, Unit
from datasources.writing import LONGEST_NAME, Refusal, Write, Written, check_length

MANUAL, REVERSAL = "MANUAL_ADJUSTMENT", "REVERSAL"
"""Reference types (H8, H18)."""


class SqlPointWrites(SqlWriter):
    """Serves `datasources.points.PointWriter`."""

    domain: ClassVar[Domain] = Domain.POINTS

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self._ledger = PointLedger(database)
        self._allowances = Allowances(database)
        self._expiry = PointExpiry(database)

    async def adjust(self, write: Write, asked: PointAdjustment, *, adjusts_blocked: bool) -> Written[PointsShown]:
        """See PointWriter."""
        return await self.carry_out(
            write, asked.customer_id, ("entry",), lambda unit: self._adjusted(unit, asked, adjusts_blocked)
        )

    async def reverse(self, write: Write, asked: PointReversal, *, adjusts_blocked: bool) -> Written[PointsShown]:
        """See PointWriter."""
        return await self.carry_out(
            write, asked.entry_id[0], ("entry",), lambda unit: self._reversed(unit, asked, adjusts_blocked)
        )

    async def due(self, now: dt.datetime, after: Due | None) -> Sequence[Due]:
        """See PointWriter."""
        return await self._expiry.due(now, after)

    async def expire(self, write: Write, customer: CustomerId) -> Lapsed:
        """See PointWriter."""
        return (await self.carry_out(write, customer, (), self._expiry.expired)).shown or Lapsed()

    def executions(self) -> Mapping[str, Execution]:
        """See SqlWriter. The block of a customer is lifted for who adjusts at once alone (settled.md)."""
        return {
            "pointsAdjust": lambda unit, request: self._adjusted(unit, asked_again(request, PointAdjustment), False),
            "pointsAdjustmentReverse": lambda unit, request: self._reversed(
                unit, asked_again(request, PointReversal), False
            ),
        }

    def _adjusted(self, unit: Unit, asked: PointAdjustment, adjusts_blocked: bool) -> Statements[PointsShown]:
        definition = _checked(unit.write, asked)
        adds = asked.direction is AdjustDirection.ADD
        unit.check_standing(grants=adds, lifts_block=adjusts_blocked)
        account = yield from self._ledger.account(unit, asked.account_key)
        parts: tuple[Part, ...] = ()
        if adds:
            check_added(account, definition, asked.points)
        else:
            check_deducted(account, asked.points)
            parts = taken((yield from self._ledger.lots(unit, asked.account_key, asked.points)), asked.points)
        return (yield from self._posted(unit, account, _adjustment(unit, asked, definition, parts), asked))

    def _reversed(self, unit: Unit, asked: PointReversal, adjusts_blocked: bool) -> Statements[PointsShown]:
        customer, entry_id = asked.entry_id
        original = yield from self._ledger.original(customer, entry_id)
        if original is None:
            raise Refusal(UserErrorCode.NOT_FOUND, "There is no such entry.", "entryId")
        unit.check_standing(grants=original.modification < 0, lifts_block=adjusts_blocked)
        check_reversible(
            PointEntryKind(original.kind),
            is_reversed=original.reversed_by is not None,
            is_returned=original.is_returned,
        )
        account = yield from self._ledger.account(unit, original.account_key)
        if original.modification < 0:
            check_added(
                account, unit.write.program.point_account(original.account_key), -original.modification, "entryId"
            )
            parts = yield from self._ledger.parts(customer, entry_id)
        else:
            check_whole(original.lot(entry_id), original.modification, unit.write.now)
            check_deducted(account, original.modification, "entryId")
            parts = (Part(entry_id, original.modification),)
        return (yield from self._posted(unit, account, _reversal(unit, original, entry_id, parts), asked))

    def _posted(
        self, unit: Unit, account: Account, posting: Posting, asked: PointAdjustment | PointReversal
    ) -> Statements[PointsShown]:
        """The entry, or the request for a second person where the caller may not go that far alone."""
        operation = "POINTS_ADD" if posting.modification > 0 else "POINTS_DEDUCT"
        adjusted = Adjusted(operation, abs(posting.modification))
        if (yield from self._allowances.exceeded(unit, adjusted)):
            request_approval(unit, adjusted, asked)
            return PointsShown(None)
        posting = settled(account, posting)
        entry = post(unit, account, posting)
        _tell(unit, posting, entry.balance_before, entry.balance_after)
        if not unit.write.dry_run:
            return PointsShown(entry, allocations(unit, posting))
        yield from unit.flush()
        return PointsShown(
            entry, allocations(unit, posting), (yield from self._ledger.shown(unit, posting.account_key))
        )


def _checked(write: Write, asked: PointAdjustment) -> PointAccountDefinition:
    """The account, for an input that can be carried out on it. Raises Refusal."""
    definition = account_of(write.program, asked.account_key)
    check_source(write.program, definition, asked.source_key)
    if asked.points <= 0:
        raise Refusal(UserErrorCode.INVALID, "`points` is positive: `direction` says which way.", "points")
    check_length(asked.reference_id, LONGEST_NAME, "referenceId")
    if asked.expires_at is not None and asked.direction is AdjustDirection.DEDUCT:
        raise Refusal(UserErrorCode.INVALID, "Only points that are added expire.", "expiresAt")
    if asked.expires_at is not None and asked.expires_at <= write.now:
        raise Refusal(UserErrorCode.INVALID, "This lies in the past.", "expiresAt")
    return definition


def _adjustment(
    unit: Unit, asked: PointAdjustment, definition: PointAccountDefinition, parts: tuple[Part, ...]
) -> Posting:
    write = unit.write
    adds = asked.direction is AdjustDirection.ADD
    is_goodwill = any(reason.key == write.reason.code and reason.goodwill for reason in write.program.reasons)
    return Posting(
        id=unit.ids["entry"],
        account_key=asked.account_key,
        kind=PointEntryKind.COMP if adds and is_goodwill else PointEntryKind.ADJUST,
        source_key=asked.source_key,
        modification=asked.points if adds else -asked.points,
        reference_type=MANUAL,
        description="Adjusted by hand",
        reference_id=asked.reference_id,
        expires_at=(asked.expires_at or lapses_at(definition, write.now)) if adds else None,
        parts=parts,
    )


def _reversal(unit: Unit, original: Original, entry_id: EntityId, parts: tuple[Part, ...]) -> Posting:
    return Posting(
        id=unit.ids["entry"],
        account_key=original.account_key,
        kind=PointEntryKind.REVERSAL,
        source_key=original.source_key,
        modification=-original.modification,
        reference_type=REVERSAL,
        description="Entry reversed",
        reference_id=str(entry_id),
        reverses=entry_id,
        parts=parts,
    )


def _tell(unit: Unit, posting: Posting, before: int, after: int) -> None:
    """The audit log and the event stream."""
    changes = (
        AuditChange(f"pointAccounts.{posting.account_key}.balance", before, after),
        AuditChange(f"pointEntries.{posting.id}", None, posting.modification),
    )
    unit.audit(f"{posting.modification:+d} points", changes)
    kind = "points_comped" if posting.kind is PointEntryKind.COMP else "points_adjusted"
    unit.record(Happened(kind, facts_of(unit.write.program, posting), EntityId(posting.id)))
