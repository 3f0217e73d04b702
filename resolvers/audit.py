"""The audit log of a customer, and the approvals that the caller may see."""

from uuid import UUID

import msgspec

from datasources.audit import ApprovalDecision, ApprovalRow, AuditRow
from datasources.ids import CustomerId, EntityId
from datasources.paging import Page, PageRequest
from datasources.profiles import CustomerRow, Within
from permissions.model import AdjustmentOperation
from permissions.roles import ADJUSTING
from resolvers import profiles
from resolvers.command import Command, Payload, carried_out
from resolvers.context import Context
from resolvers.customer_lists import Asked, CustomerList


@CustomerList
def log(context: Context, page: PageRequest) -> Asked[AuditRow]:
    """Who did what on the customer's account, newest first, refused attempts included (U5, U10)."""
    return context.sources.audit.log, page


async def entry(context: Context, customer: UUID, id: UUID) -> AuditRow | None:
    """An entry of the audit log by its id."""
    return await context.load(context.sources.audit.entries, (CustomerId(customer), EntityId(id)))


async def approvals(_root: object, context: Context, page: PageRequest) -> Page[ApprovalRow]:
    """The approvals of all customers whom the caller reaches, newest first."""
    reach = profiles.within(context.principal)
    if reach is None:
        return Page((), ("requested_at", "id"), total=0 if page.want_total else None)
    return await context.call(context.sources.audit.waiting, page, reach)


async def approval(context: Context, id: UUID) -> ApprovalRow | None:
    """An approval by its id, None where the caller can't reach its customer."""
    reach = profiles.within(context.principal)
    return None if reach is None else await context.load(context.sources.audit.approvals, id, reach, context.now)


async def customer(approval: ApprovalRow, context: Context) -> CustomerRow | None:
    """The customer whose balance would change."""
    return await profiles.customer(context, approval.customer_id)


def operation(approval: ApprovalRow, _context: Context) -> AdjustmentOperation:
    """What was asked for."""
    return AdjustmentOperation(approval.operation)


class ApprovalDecisionInput(msgspec.Struct, frozen=True):
    """A decision as it is asked for."""

    approval_id: UUID
    comment: str | None = None


class ApprovalPayload(Payload[UUID], frozen=True):
    """What came of a decision: shows the id of the approval."""


async def whose(context: Context, asked: ApprovalDecisionInput) -> CustomerId | None:
    """Whose balance the approval is about, whoever asks; None where there is no such approval."""
    found = await context.load(context.sources.audit.approvals, asked.approval_id, Within(), context.now)
    return None if found is None else found.customer_id


async def approve(command: Command[ApprovalDecisionInput]) -> ApprovalPayload:
    """Have an adjustment done that was beyond its requester's limit (inv-A2, inv-A3)."""
    context = command.context
    operations = [operation.value for operation, scope in ADJUSTING.items() if context.holds(scope)]
    approve = context.sources.writers.audit.approve
    return ApprovalPayload(*await carried_out(command, approve, _decision(command), operations=operations))


async def reject(command: Command[ApprovalDecisionInput]) -> ApprovalPayload:
    """Turn an adjustment down."""
    return ApprovalPayload(
        *await carried_out(command, command.context.sources.writers.audit.reject, _decision(command))
    )


def _decision(command: Command[ApprovalDecisionInput]) -> ApprovalDecision:
    return ApprovalDecision(command.asked.approval_id, command.customer, command.asked.comment)


async def decided(payload: ApprovalPayload, context: Context) -> ApprovalRow | None:
    """The approval as it is now; None where nothing was decided."""
    decided_on = payload.written.shown
    return None if decided_on is None else await approval(context, decided_on)
