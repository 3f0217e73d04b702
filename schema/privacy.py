"""Privacy requests as clients see them."""

import datetime as dt
from typing import TYPE_CHECKING, Annotated

import strawberry

from datasources import privacy as rows
from datasources.profiles import CustomerRow, ProcessingState
from datasources.registry import Domain
from resolvers import privacy
from schema.audit import Audited
from schema.commands import Keyed, Payload, ReasonInput
from schema.connections import page_type
from schema.enums import enum
from schema.fields import argument, command, connection, lookup
from schema.scalars import Url
from schema.values import Actor, DateTimeRange
from schema.views import Node, values, view

if TYPE_CHECKING:
    from schema.customer import Customer

PRIVACY = Domain.PRIVACY
HISTORY = "privacy:history"

enum(
    rows.PrivacyRequestType,
    EXPORT="A copy of everything known of the customer.",
    RESTRICT="Stop processing: no messages, no points, no offers.",
    REINSTATE="Take processing up again.",
    FORGET="Erase everything personal.",
    ANONYMIZE="Remove personal data, keep the history under a pseudonym.",
)
enum(
    rows.PrivacyRequestState,
    SUBMITTED="Not begun yet; can still be cancelled.",
    IN_PROGRESS="Under way.",
    COMPLETED="Done and verified.",
    PARTIALLY_FAILED="Some sources failed and are tried again.",
    FAILED="Given up.",
    CANCELLED="Withdrawn before it began.",
)


@view(rows.PrivacyStep)
class PrivacyStep:
    """What one domain did for a privacy request."""

    domain: Domain
    """The domain."""
    state: rows.PrivacyRequestState
    """How far it has come."""
    attempts: int
    """How often it was tried."""
    verified_at: dt.datetime | None
    """When reading again showed that it is done."""
    rows_removed: int | None
    """How many rows were removed."""
    rows_retained: int | None
    """How many rows had to be kept."""
    retention_basis: str | None
    """Why they had to be kept."""


@view(rows.ExportFile)
class ExportFile:
    """A file that an export made."""

    name: str
    """Its name."""
    format: str
    """Its format, such as CSV."""
    rows: int
    """How many rows it has."""
    sha256: str
    """SHA-256 of its content, in hexadecimal digits."""
    download_url: Url
    """Where it can be fetched."""
    expires_at: dt.datetime
    """Until when it can be fetched."""


@view(rows.PrivacyRequestRow, requires=HISTORY, key=("id",), find=privacy.request)
class PrivacyRequest(Node):
    """Something asked for under privacy law on a customer's behalf."""

    type: rows.PrivacyRequestType
    """What was asked for."""
    state: rows.PrivacyRequestState
    """How far it has come."""
    customer = lookup(
        Annotated["Customer", strawberry.lazy("schema.customer")] | None,
        privacy.customer,
        served_by=Domain.PROFILES,
    )
    """The customer; null once forgotten."""
    submitted_at: dt.datetime
    """When it was asked for."""
    completed_at: dt.datetime | None
    """When it was done."""
    requested_by: Actor
    """Who asked for it on the customer's behalf."""
    steps: list[PrivacyStep]
    """What each source did, and when that was verified by reading it again."""
    files: list[ExportFile]
    """What an export made."""


PrivacyRequestConnection = page_type("PrivacyRequest", PrivacyRequest, "privacy requests")


@values(rows.PrivacyRequestFilter)
class PrivacyRequestFilter:
    """Which privacy requests; everything given must hold."""

    types: list[rows.PrivacyRequestType] | None
    """Requests for one of these."""
    states: list[rows.PrivacyRequestState] | None
    """Requests in one of these states."""
    submitted_at: DateTimeRange | None
    """Requests submitted in this window."""


@view(CustomerRow, requires=HISTORY)
class CustomerPrivacy:
    """How a customer stands under privacy law."""

    processing: ProcessingState
    """Whether the customer restricted processing."""
    status_text = lookup(str, privacy.status_text)
    """The whole of it in words: processing, requests under way, last export."""
    latest_export = lookup(PrivacyRequest | None, privacy.latest_export)
    """The newest export that was not cancelled, completed or not."""
    requests = connection(PrivacyRequestConnection, privacy.of_customer, nullable=False)
    """Every request made on the customer's behalf, newest first."""


class PrivacyFields:
    """What a customer shows of privacy."""

    privacy = lookup(CustomerPrivacy | None, lambda row, _context: row, requires=HISTORY, domain=PRIVACY)
    """How the customer stands under privacy law."""


class PrivacyQueries:
    """Privacy requests of all customers."""

    privacy_requests = connection(
        PrivacyRequestConnection,
        privacy.history,
        argument("filter", PrivacyRequestFilter | None, "Which requests."),
        requires=HISTORY,
        served_by=PRIVACY,
    )
    """Every privacy request made on behalf of any customer that you can reach, newest first."""


@values(privacy.PrivacyActionInput)
class PrivacyActionInput(Keyed):
    """What a customer asks for under privacy law. `identityVerified` must be true, the reason code is required."""

    customer_id: strawberry.ID
    """Who asks for it."""
    identity_verified: bool
    """True to confirm that you made sure it is the customer who asks; else IDENTITY_NOT_VERIFIED."""
    reason: ReasonInput | None
    """Why; `code` is required."""


@values(privacy.PrivacyRequestCancelInput)
class PrivacyRequestCancelInput:
    """Which request to withdraw: one that has not begun. The reason code is required."""

    request_id: strawberry.ID
    """A request that is SUBMITTED."""
    idempotency_key: str | None
    """1 to 255 visible ASCII characters: the same key and input again changes nothing and gives the same answer."""
    reason: ReasonInput | None
    """Why; `code` is required."""


@view(privacy.PrivacyRequestPayload)
class PrivacyRequestPayload(Audited, Payload):
    """What came of a privacy request."""

    request = lookup(PrivacyRequest | None, privacy.made_request)
    """The request as it stands."""


ABOUT = {"customer_id": "Customer"}


class PrivacyMutations:
    """Changes of privacy."""

    privacy_export = command(
        PrivacyRequestPayload,
        privacy.export,
        PrivacyActionInput,
        ids=ABOUT,
        requires="privacy:export",
        written_by=PRIVACY,
    )
    """Ask for a copy of everything known of the customer. It is made in the background: the request tells how far it is
    and, once completed, where the files are."""
    privacy_restrict = command(
        PrivacyRequestPayload,
        privacy.restrict,
        PrivacyActionInput,
        ids=ABOUT,
        requires="privacy:restrict",
        written_by=PRIVACY,
    )
    """Stop processing at once: no messages, no points, no offers, no tiers. Purchases are stored and earn nothing."""
    privacy_reinstate = command(
        PrivacyRequestPayload,
        privacy.reinstate,
        PrivacyActionInput,
        ids=ABOUT,
        requires="privacy:restrict",
        written_by=PRIVACY,
    )
    """Take processing up again at once. What was not granted meanwhile is not made up for."""
    privacy_forget = command(
        PrivacyRequestPayload,
        privacy.forget,
        PrivacyActionInput,
        ids=ABOUT,
        requires="privacy:forget",
        written_by=PRIVACY,
    )
    """Ask for everything personal to be erased. It is done in the background, can be cancelled until it begins, and can't
    be undone after that."""
    customer_anonymize = command(
        PrivacyRequestPayload,
        privacy.anonymize,
        PrivacyActionInput,
        ids=ABOUT,
        requires="membership:anonymize",
        written_by=PRIVACY,
    )
    """Ask for the personal data to be removed, the history staying under a pseudonym. It is done in the background, can be
    cancelled until it begins, and can't be undone after that."""
    privacy_request_cancel = command(
        PrivacyRequestPayload,
        privacy.cancel,
        PrivacyRequestCancelInput,
        ids={"request_id": "PrivacyRequest"},
        requires="privacy:forget",
        written_by=PRIVACY,
    )
    """Withdraw a request that has not begun."""
