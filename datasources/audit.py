"""The account audit log, and adjustments that wait for a second person. Rules: requirements 1.U, inv-A1 to inv-A3."""

import datetime as dt
import re
from collections.abc import Collection, Mapping, Sequence
from enum import Enum
from typing import Any, Protocol
from uuid import UUID

import msgspec

from datasources.ids import CustomerId, OwnedId
from datasources.paging import Page, PageRequest
from datasources.profiles import Within
from datasources.refusals import UserErrorCode
from datasources.values import ActorKind, ActorRef, DateTimeRange, actor_of
from datasources.writing import Refusal, Write, Writer, Written


class AuditOutcome(Enum):
    """What came of an attempt."""

    SUCCEEDED = "SUCCEEDED"
    REFUSED = "REFUSED"
    FAILED = "FAILED"


class AuditChange(msgspec.Struct, frozen=True):
    """What one attribute was and became, any JSON value each."""

    path: str
    before: Any = None
    after: Any = None


class AuditRow(msgspec.Struct, frozen=True):
    """Who did what on an account, or tried to."""

    customer_id: CustomerId
    id: UUID
    type: str
    at: dt.datetime
    actor_kind: ActorKind
    actor_id: str
    outcome: AuditOutcome
    summary: str
    changes_json: str
    reason_code: str | None
    ticket_id: str | None
    correlation_id: str

    @property
    def type_label(self) -> str:
        """The type in words."""
        return in_words(self.type)

    @property
    def actor(self) -> ActorRef:
        """Who did it."""
        return ActorRef(self.actor_kind, self.actor_id)

    @property
    def changes(self) -> tuple[AuditChange, ...]:
        """What changed; nothing of it is left once the customer is forgotten."""
        return msgspec.json.decode(self.changes_json, type=tuple[AuditChange, ...]) if self.changes_json else ()


def in_words(mutation: str) -> str:
    """The name of a mutation as a label: `pointsAdjustmentReverse` → `Points adjustment reverse`."""
    return re.sub(r"(?<!^)(?=[A-Z])", " ", mutation).capitalize()


class AuditFilter(msgspec.Struct, frozen=True):
    """Which entries of the audit log; everything given must hold."""

    types: tuple[str, ...] | None = None
    outcomes: tuple[AuditOutcome, ...] | None = None
    actor_id: str | None = None
    at: DateTimeRange | None = None


class ApprovalState(Enum):
    """Where an adjustment stands that needs a second person."""

    PENDING = "PENDING"
    EXECUTED = "EXECUTED"
    REJECTED = "REJECTED"
    EXPIRED = "EXPIRED"
    FAILED = "FAILED"


class ApprovalRow(msgspec.Struct, frozen=True):
    """An adjustment beyond the limit of who asked for it, as of the request's clock."""

    id: UUID
    customer_id: CustomerId
    operation: str
    state: ApprovalState
    requested_by_kind: ActorKind
    requested_by_id: str
    requested_at: dt.datetime
    decided_by_kind: str | None
    decided_by_id: str | None
    decided_at: dt.datetime | None
    expires_at: dt.datetime
    amount: int
    currency: str | None
    reason_code: str | None
    comment: str | None
    failure_key: str | None

    @property
    def requested_by(self) -> ActorRef:
        """Who asked for it."""
        return ActorRef(self.requested_by_kind, self.requested_by_id)

    @property
    def decided_by(self) -> ActorRef | None:
        """Who decided."""
        return actor_of(self.decided_by_kind, self.decided_by_id)

    @property
    def failure_code(self) -> UserErrorCode | None:
        """Why it could not be executed once approved."""
        return None if self.failure_key is None else UserErrorCode(self.failure_key)


class ApprovalFilter(msgspec.Struct, frozen=True):
    """Which approvals."""

    state: ApprovalState | None = None


class AuditReader(Protocol):
    """Serves the audit log and approvals. Raises SourceUnavailable, SourceTimedOut."""

    async def log(self, customers: Sequence[CustomerId], page: PageRequest) -> Sequence[Page[AuditRow]]:
        """Entries of the audit log newest first, one page per customer in the order given."""
        ...

    async def entries(self, keys: Sequence[OwnedId]) -> Sequence[AuditRow | None]:
        """Entries by their id, in the order given."""
        ...

    async def approvals(self, ids: Sequence[UUID], within: Within, now: dt.datetime) -> Sequence[ApprovalRow | None]:
        """Approvals by id, in the order given; None for the unknown and those of customers out of reach."""
        ...

    async def waiting(self, page: PageRequest, within: Within) -> Page[ApprovalRow]:
        """Approvals of the customers within reach, newest first: `page.filter` is an ApprovalFilter."""
        ...


class Decision(Enum):
    """What a second person says to a request."""

    APPROVE = "APPROVE"
    REJECT = "REJECT"


DECIDED: Mapping[Decision, tuple[ApprovalState, ...]] = {
    Decision.APPROVE: (ApprovalState.EXECUTED, ApprovalState.FAILED),
    Decision.REJECT: (ApprovalState.REJECTED,),
}
"""What a decision makes of a request that is PENDING; it makes nothing of any other (requirements section 2)."""


class ApprovalDecision(msgspec.Struct, frozen=True):
    """What is said to which request; `customer_id` is whose it is, None where there is no such request."""

    approval_id: UUID
    customer_id: CustomerId | None
    comment: str | None = None


def check_decision(state: ApprovalState, decision: Decision) -> None:
    """Pass for a request that nobody decided on yet, and in time. Raises Refusal."""
    if state in DECIDED[decision]:
        raise Refusal(UserErrorCode.ALREADY_DONE, "It was decided so already.", "approvalId")
    if state is ApprovalState.EXPIRED:
        raise Refusal(
            UserErrorCode.INVALID_TRANSITION, "Nobody decided in time: it has to be asked for anew.", "approvalId"
        )
    if state is not ApprovalState.PENDING:
        raise Refusal(UserErrorCode.INVALID_TRANSITION, "It was decided otherwise already.", "approvalId")


def check_approver(write: Write, requested_by: ActorRef, *, may_adjust: bool, limit: int | None, amount: int) -> None:
    """Pass for who is not the requester and could do it alone: with its scope, within the own limit of one operation
    (inv-A2). Raises Refusal."""
    if write.actor == requested_by:
        why = "You asked for it yourself: somebody else has to approve it."
    elif not may_adjust:
        why = "You may not make such an adjustment yourself: somebody who may has to approve it."
    elif limit is not None and amount > limit:
        why = "It is beyond your own limit too: somebody with a higher one has to approve it."
    else:
        return
    raise Refusal(UserErrorCode.FORBIDDEN, why, "approvalId")


class AuditWriter(Writer, Protocol):
    """Decides on approvals. Raises Refusal, SourceUnavailable, SourceTimedOut, OutcomeUnknown; shows which was decided on."""

    async def approve(self, write: Write, asked: ApprovalDecision, *, operations: Collection[str]) -> Written[UUID]:
        """Execute what was asked for, once; FAILED with the reason where that can't be done any more (inv-A3).

        `operations` are those that the approver may do.
        """
        ...

    async def reject(self, write: Write, asked: ApprovalDecision) -> Written[UUID]:
        """Turn a request down."""
        ...
