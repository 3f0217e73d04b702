"""The audit log of a customer, and the approvals that the caller may see."""

from uuid import UUID

from datasources.audit import ApprovalRow, AuditRow
from datasources.ids import CustomerId, EntityId
from datasources.paging import Page, PageRequest
from datasources.profiles import CustomerRow
from permissions.model import AdjustmentOperation
from resolvers import profiles
from resolvers.context import Context


async def log(customer: CustomerRow, context: Context, page: PageRequest) -> Page[AuditRow]:
    """Who did what on the customer's account, newest first, refused attempts included (U5, U10)."""
    return await context.load(context.sources.audit.log, customer.customer_id, page)


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
