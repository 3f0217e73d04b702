"""Privacy written in SQL: processing restricted and taken up again at once, other requests recorded."""

import datetime as dt
from typing import ClassVar
from uuid import UUID

import msgspec
from sqlalchemy import String, Uuid, bindparam, select

from datasources.audit import AuditChange
from datasources.errors import SourceUnavailable
from datasources.ids import CustomerId
from datasources.privacy import (
    OPEN,
    PROCESSING,
    WHAT,
    PrivacyAction,
    PrivacyRequestRow,
    PrivacyRequestState,
    PrivacyShown,
    PrivacyStep,
    check_cancellable,
    check_kept,
    check_verified,
    processing_refusal,
)
from datasources.profiles import ProcessingState
from datasources.refusals import UserErrorCode
from datasources.registry import Domain
from datasources.sql.changes import inserted, updated
from datasources.sql.engine import Database, Prepared, Sent, Statements
from datasources.sql.privacy import REQUEST
from datasources.sql.profile_rows import VERSION, tell
from datasources.sql.tables.privacy import privacy_requests
from datasources.sql.tables.profiles import customers
from datasources.sql.unit_of_work import PROGRAM, SqlWriter, Unit
from datasources.writing import Refusal, Write, Written

REQUESTED = inserted(privacy_requests)
PROCESSED, MOVED = updated(customers, "processing", *VERSION), updated(privacy_requests, "state")


class SqlPrivacyWrites(SqlWriter):
    """Serves `datasources.privacy.PrivacyWriter`."""

    domain: ClassVar[Domain] = Domain.PRIVACY

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        dialect, row = database.dialect, privacy_requests.c
        customer = bindparam("customer", type_=Uuid())
        processing = select(customers.c.processing).where(customers.c.customer_id == customer)
        self._processing = Prepared(processing, ProcessingState, dialect)
        waiting = select(row.id).where(
            row.customer_id == customer,
            row.type == bindparam("type", type_=String()),
            dialect.any_of(row.state, "states"),
        )
        self._waiting = Prepared(waiting.limit(1), lambda id_: id_, dialect)
        held = select(*REQUEST.columns).where(row.id == bindparam("id", type_=Uuid())).with_for_update()
        self._held = Prepared(held, REQUEST.make, dialect)

    async def carry_out_at_once(self, write: Write, asked: PrivacyAction) -> Written[PrivacyShown]:
        """See PrivacyWriter."""
        return await self.carry_out(write, asked.customer_id, ("request",), lambda unit: self._done(unit, asked))

    async def submit(self, write: Write, asked: PrivacyAction) -> Written[PrivacyShown]:
        """See PrivacyWriter."""
        return await self.carry_out(write, asked.customer_id, ("request",), lambda unit: self._submitted(unit, asked))

    async def cancel(self, write: Write, customer: CustomerId | None, request_id: UUID) -> Written[PrivacyShown]:
        """See PrivacyWriter."""
        return await self.carry_out(
            write, customer or PROGRAM, (), lambda unit: self._cancelled(unit, customer, request_id)
        )

    def _done(self, unit: Unit, asked: PrivacyAction) -> Statements[PrivacyShown]:
        check_verified(asked)
        check_kept(unit.membership)
        before, wanted = _processing_of(unit), PROCESSING[asked.type]
        if refusal := processing_refusal(asked.type, before):
            raise refusal
        now, done = unit.write.now, PrivacyRequestState.COMPLETED
        step = PrivacyStep(Domain.PROFILES, done, attempts=1, verified_at=now)
        row = _requested(unit, asked, done, completed_at=now, steps=(step,))
        change = AuditChange("processing", before.value, wanted.value)
        told = tell(unit, f"Processing set to {wanted.value}", (change, _request_change(row, None)))
        unit.change(PROCESSED, told | {"processing": wanted.value})
        yield from unit.flush()
        # The step is told as verified, so the state is read again.
        (found,) = yield Sent(self._processing, {"customer": asked.customer_id})
        if found is not wanted:
            raise SourceUnavailable(self.source, "changing how the customer's data is processed")
        return PrivacyShown(row)

    def _submitted(self, unit: Unit, asked: PrivacyAction) -> Statements[PrivacyShown]:
        check_verified(asked)
        check_kept(unit.membership)
        states = self.database.dialect.bind_list([state.value for state in OPEN])
        about = {"customer": asked.customer_id, "type": asked.type.value, "states": states}
        if (yield Sent(self._waiting, about)):
            raise Refusal(UserErrorCode.ALREADY_DONE, f"{WHAT[asked.type]} was requested already and is still open.")
        row = _requested(unit, asked, PrivacyRequestState.SUBMITTED)
        unit.audit(f"{WHAT[asked.type]} was requested", (_request_change(row, None),))
        return PrivacyShown(row)

    def _cancelled(self, unit: Unit, customer: CustomerId | None, request_id: UUID) -> Statements[PrivacyShown]:
        found = yield Sent(self._held, {"id": request_id})
        row: PrivacyRequestRow | None = next(iter(found), None)
        if row is None or row.customer_id != customer:
            raise Refusal(UserErrorCode.NOT_FOUND, "There is no such request.")
        check_cancellable(row.state)
        unit.change(MOVED, {"id": request_id, "state": PrivacyRequestState.CANCELLED.value})
        cancelled = msgspec.structs.replace(row, state=PrivacyRequestState.CANCELLED)
        unit.audit(f"{WHAT[row.type]} was cancelled", (_request_change(cancelled, row.state),))
        return PrivacyShown(cancelled)


def _processing_of(unit: Unit) -> ProcessingState:
    return ProcessingState.RESTRICTED if unit.is_restricted else ProcessingState.ACTIVE


def _requested(
    unit: Unit,
    asked: PrivacyAction,
    state: PrivacyRequestState,
    *,
    completed_at: dt.datetime | None = None,
    steps: tuple[PrivacyStep, ...] = (),
) -> PrivacyRequestRow:
    """The request as it is stored with the other changes."""
    actor = unit.write.actor
    row = PrivacyRequestRow(
        id=unit.ids["request"],
        customer_id=asked.customer_id,
        type=asked.type,
        state=state,
        submitted_at=unit.write.now,
        completed_at=completed_at,
        requested_by_kind=actor.kind,
        requested_by_id=actor.id,
        steps=steps,
        files=(),
    )
    kept = {name: getattr(row, name) for name in row.__struct_fields__}
    words = {"type": row.type.value, "state": row.state.value, "requested_by_kind": actor.kind.value}
    unit.change(REQUESTED, kept | words)
    return row


def _request_change(row: PrivacyRequestRow, before: PrivacyRequestState | None) -> AuditChange:
    return AuditChange(f"privacyRequests.{row.id}", None if before is None else before.value, row.state.value)
