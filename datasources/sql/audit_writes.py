"""Decisions on approvals in SQL: what is approved is executed in the same transaction."""

from collections.abc import Collection
from typing import ClassVar
from uuid import UUID

from sqlalchemy import Uuid, bindparam, select

from datasources.audit import (
    ApprovalDecision,
    ApprovalState,
    AuditChange,
    AuditOutcome,
    Decision,
    check_approver,
    check_decision,
)
from datasources.refusals import UserErrorCode
from datasources.registry import Domain
from datasources.sql.approving import Requested, executed
from datasources.sql.audit import STATE
from datasources.sql.card_writes import SqlCardWrites
from datasources.sql.changes import Change, Place
from datasources.sql.engine import Database, Prepared, Sent, Statements
from datasources.sql.point_writes import SqlPointWrites
from datasources.sql.tables.audit import approvals
from datasources.sql.types import FIRST
from datasources.sql.unit_of_work import PROGRAM, SqlWriter, Unit
from datasources.writing import LONGEST_REASON, Refusal, Write, Written, check_length

EXECUTING: tuple[type[SqlWriter], ...] = (SqlPointWrites, SqlCardWrites)
"""The writers whose mutations may wait for a second person: `datasources.sql.approving` tells how one joins."""


class Failed(Exception):
    """It was approved and can't be done any more: nothing of it is kept but that."""

    def __init__(self, refusal: Refusal) -> None:
        self.refusal = refusal
        super().__init__(refusal.code.value)


class SqlAuditWrites(SqlWriter):
    """Serves `datasources.audit.AuditWriter`."""

    domain: ClassVar[Domain] = Domain.AUDIT

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        names = Requested.__struct_fields__
        requested = select(*(STATE.label(name) if name == "state" else approvals.c[name] for name in names)).where(
            approvals.c.id == bindparam("id", type_=Uuid()),
            approvals.c.customer_id == bindparam("customer", type_=Uuid()),
        )
        self._requested = Prepared(requested, Requested, database.dialect)
        writers = [writer(database) for writer in EXECUTING]
        self._executions = {name: work for writer in writers for name, work in writer.executions().items()}
        self._changed = {name: writer.domain for writer in writers for name in writer.executions()}
        self._others: dict[str, SqlAuditWrites] = {}

    async def approve(self, write: Write, asked: ApprovalDecision, *, operations: Collection[str]) -> Written[UUID]:
        """See AuditWriter."""
        kept = await self._keeping(asked)
        if kept is not self:
            return await kept.approve(write, asked, operations=operations)
        whose = asked.customer_id or PROGRAM
        try:
            return await self.carry_out(write, whose, (), lambda unit: self._approved(unit, asked, operations))
        except Failed as failed:
            code = failed.refusal.code
        # All that was tried is undone by now. Whoever came first meanwhile is heeded.
        return await self.carry_out(write, whose, (), lambda unit: self._failed(unit, asked, code))

    async def reject(self, write: Write, asked: ApprovalDecision) -> Written[UUID]:
        """See AuditWriter."""
        kept = await self._keeping(asked)
        if kept is not self:
            return await kept.reject(write, asked)
        return await self.carry_out(write, asked.customer_id or PROGRAM, (), lambda unit: self._rejected(unit, asked))

    async def _keeping(self, asked: ApprovalDecision) -> "SqlAuditWrites":
        """Who decides: the writer of the database that keeps the request, beside what it would change."""
        deciding = self.database.split.deciding
        for database in deciding:
            writer = self._writer(database)
            if database is deciding[-1] or await writer.keeps(asked):
                return writer
        return self

    async def keeps(self, asked: ApprovalDecision) -> bool:
        """True where the request is kept here. Raises SourceUnavailable, SourceTimedOut."""
        named = {"id": asked.approval_id, "customer": asked.customer_id or PROGRAM, "now": FIRST}
        return bool(await self.database.fetch(self._requested, named))

    def _writer(self, database: Database) -> "SqlAuditWrites":
        if database is self.database:
            return self
        return self._others.setdefault(database.name, SqlAuditWrites(database))

    def _approved(self, unit: Unit, asked: ApprovalDecision, operations: Collection[str]) -> Statements[UUID]:
        requested = yield from self._found(unit, asked)
        allowance = unit.write.allowance(requested.operation, requested.currency)
        check_approver(
            unit.write,
            requested.requested_by,
            may_adjust=requested.operation in operations,
            limit=None if allowance is None else allowance.per_operation,
            amount=requested.amount,
        )
        check_decision(ApprovalState(requested.state), Decision.APPROVE)
        unit.check_owned(self._changed[requested.mutation])
        try:
            yield from executed(unit, requested, self._executions[requested.mutation])
        except Refusal as refusal:
            raise Failed(refusal) from refusal
        return _decided(unit, asked, ApprovalState.EXECUTED)

    def _failed(self, unit: Unit, asked: ApprovalDecision, code: UserErrorCode) -> Statements[UUID]:
        requested = yield from self._found(unit, asked)
        check_decision(ApprovalState(requested.state), Decision.APPROVE)
        return _decided(unit, asked, ApprovalState.FAILED, code)

    def _rejected(self, unit: Unit, asked: ApprovalDecision) -> Statements[UUID]:
        requested = yield from self._found(unit, asked)
        check_decision(ApprovalState(requested.state), Decision.REJECT)
        return _decided(unit, asked, ApprovalState.REJECTED)

    def _found(self, unit: Unit, asked: ApprovalDecision) -> Statements[Requested]:
        """The request, under the lock of its customer. Raises Refusal."""
        check_length(asked.comment, LONGEST_REASON, "comment")
        whose = {"id": asked.approval_id, "customer": unit.customer_id, "now": unit.write.now}
        found: list[Requested] = yield Sent(self._requested, whose)
        if not found:
            raise Refusal(
                UserErrorCode.NOT_FOUND, "There is no such approval, or none that you can reach.", "approvalId"
            )
        unit.check_standing(grants=False)
        return found[0]


def _decided(unit: Unit, asked: ApprovalDecision, state: ApprovalState, code: UserErrorCode | None = None) -> UUID:
    """Have the decision kept, and told to the audit log."""
    write = unit.write
    values = {
        "id": asked.approval_id,
        "state": state.value,
        "decided_by_kind": write.actor.kind.value,
        "decided_by_id": write.actor.id,
        "decided_at": write.now,
        "comment": unit.seal(asked.comment, "approvals.comment"),
        "failure_code": None if code is None else code.value,
    }
    unit.change(DECIDED, values)
    told = AuditChange(f"approvals.{asked.approval_id}.state", ApprovalState.PENDING.value, state.value)
    if code is None:
        unit.audit(f"Approval: {state.value}", (told,))
    else:
        unit.audit(f"Approval: {state.value}, {code.value}", (told,), AuditOutcome.FAILED)
    return asked.approval_id


def _decision(place: Place) -> object:
    names = ("state", "decided_by_kind", "decided_by_id", "decided_at", "comment", "failure_code")
    return (
        approvals.update()
        .where(approvals.c.id == place.bind("id", Uuid()))
        .values({name: place.bind(name, approvals.c[name].type) for name in names})
    )


DECIDED = Change(_decision)
