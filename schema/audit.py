"""The account audit log and approvals as clients see them."""

import datetime as dt
from typing import TYPE_CHECKING, Annotated

import strawberry

from datasources import audit as rows
from datasources.refusals import UserErrorCode
from datasources.registry import Domain
from permissions.masking import PiiKind
from permissions.model import AdjustmentOperation
from resolvers import audit
from resolvers import command as command_of
from schema.commands import Payload
from schema.connections import page_type
from schema.enums import enum
from schema.fields import argument, command, connection, leaf, lookup
from schema.scalars import CurrencyCode, Json, Long
from schema.values import Actor, DateTimeRange
from schema.views import Node, values, view

if TYPE_CHECKING:
    from schema.customer import Customer

AUDIT = Domain.AUDIT
READ = "audit:read"

enum(
    rows.AuditOutcome,
    SUCCEEDED="It was done.",
    REFUSED="It was refused and changed nothing.",
    FAILED="It was tried and went wrong.",
)
enum(
    rows.ApprovalState,
    PENDING="Waits for a second person.",
    EXECUTED="Approved and done.",
    REJECTED="Turned down.",
    EXPIRED="Nobody decided in time.",
    FAILED="Approved, but could not be done any more.",
)


@view(rows.AuditChange)
class AuditChange:
    """What one attribute was and became."""

    path: str
    """The attribute."""
    before: Json | None = leaf(pii=PiiKind.FREE_TEXT)
    """What it was."""
    after: Json | None = leaf(pii=PiiKind.FREE_TEXT)
    """What it became."""


@view(rows.AuditRow, requires=READ, find=audit.entry)
class AuditEntry(Node):
    """Who did what on an account, or tried to."""

    type: str
    """Name of the mutation."""
    type_label: str
    """The same in words."""
    at: dt.datetime
    """When."""
    actor: Actor
    """Who."""
    outcome: rows.AuditOutcome
    """What came of it."""
    summary: str = leaf(pii=PiiKind.FREE_TEXT)
    """What was done, in a line."""
    changes: list[AuditChange]
    """What changed; empty once the customer is forgotten."""
    reason_code: str | None
    """Key of the reason given."""
    ticket_id: str | None
    """The support ticket that it was done for."""
    correlation_id: str
    """Id of the request, the same in all logs."""


AuditConnection = page_type("Audit", AuditEntry, "audit entries")


@values(rows.AuditFilter)
class AuditFilter:
    """Which audit entries; everything given must hold."""

    types: list[str] | None
    """Attempts at one of these mutations."""
    outcomes: list[rows.AuditOutcome] | None
    """Attempts that ended so."""
    actor_id: str | None
    """What this actor did."""
    at: DateTimeRange | None
    """What was done in this window."""


@view(rows.ApprovalRow, requires="approvals:read", key=("id",), find=audit.approval)
class Approval(Node):
    """An adjustment beyond the limit of who asked for it: a second person decides."""

    operation = lookup(AdjustmentOperation, audit.operation)
    """What was asked for."""
    state: rows.ApprovalState
    """Where it stands now."""
    requested_by: Actor
    """Who asked for it."""
    requested_at: dt.datetime
    """When."""
    decided_by: Actor | None
    """Who decided."""
    decided_at: dt.datetime | None
    """When that was."""
    expires_at: dt.datetime
    """Until when it can be decided."""
    amount: Long
    """How many points, or how much money in minor units."""
    currency: CurrencyCode | None
    """Currency of the amount; null for points."""
    customer = lookup(
        Annotated["Customer", strawberry.lazy("schema.customer")] | None, audit.customer, served_by=Domain.PROFILES
    )
    """Whose balance would change."""
    reason_code: str | None
    """Key of the reason given."""
    comment: str | None
    """What the second person said to it."""
    failure_code: UserErrorCode | None
    """Why an approved one could not be executed."""


ApprovalConnection = page_type("Approval", Approval, "approvals")


class Audited:
    """What a payload shows of the audit log."""

    audit_entry = lookup(AuditEntry | None, command_of.audit_entry)
    """What the audit log says of it; null if repeated before the log knows."""


class AuditFields:
    """What a customer shows of the audit log."""

    account_audit = connection(
        AuditConnection,
        audit.log,
        argument("filter", AuditFilter | None, "Which entries."),
        requires=READ,
        domain=AUDIT,
    )
    """Who did what on this account, newest first, refused attempts included."""


class AuditQueries:
    """Approvals of all customers."""

    approvals = connection(
        ApprovalConnection,
        audit.approvals,
        argument("state", rows.ApprovalState | None, "Only those that stand so now."),
        filter=rows.ApprovalFilter,
        requires="approvals:read",
        served_by=AUDIT,
    )
    """Adjustments that a second person decides on, of customers that you can reach, newest first."""


@values(audit.ApprovalDecisionInput)
class ApprovalDecisionInput:
    """What you say to a request that waits for a second person."""

    approval_id: strawberry.ID
    """The request."""
    comment: str | None
    """Why, for staff, at most 2,000 characters."""


@view(audit.ApprovalPayload)
class ApprovalPayload(Payload):
    """What came of a decision."""

    approval = lookup(Approval | None, audit.decided)
    """The approval as it is now: EXECUTED, REJECTED, or FAILED where what you approved could not be done any more."""


class AuditMutations:
    """Decisions on approvals."""

    approval_approve = command(
        ApprovalPayload,
        audit.approve,
        ApprovalDecisionInput,
        ids={"approval_id": "Approval"},
        requires="approvals:decide",
        written_by=AUDIT,
        whose=audit.whose,
    )
    """Have an adjustment done that somebody else asked for, once. You need its scope, and a limit that it is within."""
    approval_reject = command(
        ApprovalPayload,
        audit.reject,
        ApprovalDecisionInput,
        ids={"approval_id": "Approval"},
        requires="approvals:decide",
        written_by=AUDIT,
        whose=audit.whose,
    )
    """Turn an adjustment down."""
