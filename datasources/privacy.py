"""Requests under privacy law, and how a customer stands under it. Rules: requirements 1.X."""

import datetime as dt
from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Protocol
from uuid import UUID

import msgspec

from datasources.ids import CustomerId
from datasources.paging import Page, PageRequest
from datasources.profiles import MembershipState, ProcessingState, Within
from datasources.refusals import UserErrorCode
from datasources.registry import Domain
from datasources.values import ActorKind, ActorRef, DateTimeRange
from datasources.writing import Refusal, Write, Writer, Written


class PrivacyRequestType(Enum):
    """What was asked for."""

    EXPORT = "EXPORT"
    RESTRICT = "RESTRICT"
    REINSTATE = "REINSTATE"
    FORGET = "FORGET"
    ANONYMIZE = "ANONYMIZE"


class PrivacyRequestState(Enum):
    """How far a request, or one step of it, has come."""

    SUBMITTED = "SUBMITTED"
    IN_PROGRESS = "IN_PROGRESS"
    COMPLETED = "COMPLETED"
    PARTIALLY_FAILED = "PARTIALLY_FAILED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"


class PrivacyStep(msgspec.Struct, frozen=True):
    """What one domain did for a request, and when that was verified by reading it again."""

    domain: Domain
    state: PrivacyRequestState
    attempts: int
    verified_at: dt.datetime | None = None
    rows_removed: int | None = None
    rows_retained: int | None = None
    retention_basis: str | None = None


class ExportFile(msgspec.Struct, frozen=True):
    """A file that an export made."""

    name: str
    format: str
    rows: int
    sha256: str
    download_url: str
    expires_at: dt.datetime


class PrivacyRequestRow(msgspec.Struct, frozen=True):
    """A request; without a customer once that customer is forgotten."""

    id: UUID
    customer_id: CustomerId | None
    type: PrivacyRequestType
    state: PrivacyRequestState
    submitted_at: dt.datetime
    completed_at: dt.datetime | None
    requested_by_kind: ActorKind
    requested_by_id: str
    steps: tuple[PrivacyStep, ...]
    files: tuple[ExportFile, ...]

    @property
    def requested_by(self) -> ActorRef:
        """Who asked for it on the customer's behalf."""
        return ActorRef(self.requested_by_kind, self.requested_by_id)


class PrivacyRequestFilter(msgspec.Struct, frozen=True):
    """Which requests; everything given must hold."""

    types: tuple[PrivacyRequestType, ...] | None = None
    states: tuple[PrivacyRequestState, ...] | None = None
    submitted_at: DateTimeRange | None = None


OPEN = (PrivacyRequestState.SUBMITTED, PrivacyRequestState.IN_PROGRESS, PrivacyRequestState.PARTIALLY_FAILED)
"""A request in one of these states is still to be carried out."""
PROCESSING: Mapping[PrivacyRequestType, ProcessingState] = {
    PrivacyRequestType.RESTRICT: ProcessingState.RESTRICTED,
    PrivacyRequestType.REINSTATE: ProcessingState.ACTIVE,
}
"""What is done at once leads to: the processing state of the customer (X12, X14)."""


class PrivacyAction(msgspec.Struct, frozen=True):
    """Something that a customer asks for under privacy law; `is_verified` says that staff made sure it is the customer."""

    customer_id: CustomerId
    type: PrivacyRequestType
    is_verified: bool


class PrivacyShown(msgspec.Struct, frozen=True):
    """A request as a write left it."""

    request: PrivacyRequestRow


def check_verified(asked: PrivacyAction) -> None:
    """Pass where staff made sure who asks (X19). Raises Refusal."""
    if not asked.is_verified:
        raise Refusal(
            UserErrorCode.IDENTITY_NOT_VERIFIED,
            "Make sure that it is the customer who asks, then confirm it.",
            "identityVerified",
        )


def check_kept(membership: MembershipState | None) -> None:
    """Pass while there is personal data to deal with; a deleted customer has it until the purge. Raises Refusal."""
    if membership in (MembershipState.ANONYMIZED, MembershipState.FORGOTTEN):
        raise Refusal(UserErrorCode.CUSTOMER_GONE, "The personal data was removed for good.")


SO_ALREADY: Mapping[ProcessingState, str] = {
    ProcessingState.RESTRICTED: "The customer has restricted processing already.",
    ProcessingState.ACTIVE: "The customer has not restricted processing.",
}


def processing_refusal(type_: PrivacyRequestType, current: ProcessingState) -> Refusal | None:
    """Why processing can't be changed so: it is as it is asked to be already."""
    if PROCESSING[type_] is not current:
        return None
    return Refusal(UserErrorCode.ALREADY_DONE, SO_ALREADY[current])


def check_cancellable(state: PrivacyRequestState) -> None:
    """Pass for a request that has not begun. Raises Refusal."""
    if state is PrivacyRequestState.CANCELLED:
        raise Refusal(UserErrorCode.ALREADY_DONE, "The request was cancelled already.")
    if state is not PrivacyRequestState.SUBMITTED:
        raise Refusal(UserErrorCode.INVALID_TRANSITION, "Only a request that has not begun can be cancelled.")


WHAT = {
    PrivacyRequestType.EXPORT: "An export",
    PrivacyRequestType.RESTRICT: "A restriction of processing",
    PrivacyRequestType.REINSTATE: "A reinstatement of processing",
    PrivacyRequestType.FORGET: "An erasure",
    PrivacyRequestType.ANONYMIZE: "An anonymization",
}
HOW_FAR = {
    PrivacyRequestState.SUBMITTED: "was requested",
    PrivacyRequestState.IN_PROGRESS: "is in progress",
    PrivacyRequestState.PARTIALLY_FAILED: "failed in part and is tried again",
    PrivacyRequestState.FAILED: "failed",
}
"""What is told of a request that did not complete."""


def status_text(membership: MembershipState, processing: ProcessingState, newest: Sequence[PrivacyRequestRow]) -> str:
    """How the customer stands, in words: processing, requests under way, last export (X9)."""
    sentences = [_standing(membership, processing)]
    sentences += [f"{WHAT[row.type]} {HOW_FAR[row.state]}." for row in newest if row.state in HOW_FAR]
    sentences += [
        f"The data was last exported on {row.completed_at.date().isoformat()}."
        for row in newest
        if row.type is PrivacyRequestType.EXPORT and row.completed_at is not None
    ]
    return " ".join(sentences)


def _standing(membership: MembershipState, processing: ProcessingState) -> str:
    if membership is MembershipState.FORGOTTEN:
        return "Everything personal was erased."
    if membership is MembershipState.ANONYMIZED:
        return "The personal data was removed for good."
    if processing is ProcessingState.RESTRICTED:
        return "Processing is restricted."
    return "Processing goes on as usual."


class PrivacyReader(Protocol):
    """Serves privacy requests. Raises SourceUnavailable, SourceTimedOut."""

    async def of_customers(
        self, customers: Sequence[CustomerId], page: PageRequest
    ) -> Sequence[Page[PrivacyRequestRow]]:
        """The requests of each customer, newest first, one page per customer in the order given."""
        ...

    async def newest(self, customers: Sequence[CustomerId]) -> Sequence[Sequence[PrivacyRequestRow]]:
        """Of each customer the newest request of every type, cancelled ones left out, by type."""
        ...

    async def requests(self, ids: Sequence[UUID], within: Within) -> Sequence[PrivacyRequestRow | None]:
        """Requests by id, in the order given; None for the unknown and those of customers out of reach."""
        ...

    async def history(self, page: PageRequest, within: Within) -> Page[PrivacyRequestRow]:
        """All requests of the customers within reach, newest first: `page.filter` is a PrivacyRequestFilter (X6)."""
        ...


class PrivacyWriter(Writer, Protocol):
    """Changes privacy. Raises Refusal, SourceUnavailable, SourceTimedOut, OutcomeUnknown."""

    async def carry_out_at_once(self, write: Write, asked: PrivacyAction) -> Written[PrivacyShown]:
        """Restrict processing, or take it up again: complete when it returns; names `request`."""
        ...

    async def submit(self, write: Write, asked: PrivacyAction) -> Written[PrivacyShown]:
        """Record a request that is carried out later, at most one of its type at a time; names `request`."""
        ...

    async def cancel(self, write: Write, customer: CustomerId | None, request_id: UUID) -> Written[PrivacyShown]:
        """Withdraw a request of the customer (None once forgotten) before it begins."""
        ...
