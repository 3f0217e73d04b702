"""What every write carries, what it gives back, and the refusals that all of them share (settled.md, "Writes in general")."""

import datetime as dt
import hashlib
import re
from collections.abc import Mapping
from enum import Enum
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar
from uuid import UUID

import msgspec

from datasources.ids import CustomerId
from datasources.program import ProgramSettings
from datasources.refusals import UserErrorCode
from datasources.values import ActorRef

if TYPE_CHECKING:
    from datasources.audit import AuditRow

Shown = TypeVar("Shown")

LONGEST_NAME = 200
LONGEST_REASON = 2_000
KEY = re.compile(r"[\x21-\x7e]{1,255}")
"""An idempotency key: visible ASCII characters."""

KEPT_LONG = frozenset(
    (
        "pointsAdjust",
        "pointsAdjustmentReverse",
        "cardBalanceAdjust",
        "cardBalanceTransfer",
        "cardExpire",
        "cardReportLost",
        "cardReportStolen",
        "cardReportFound",
        "cardConfirmStolen",
        "cardRemove",
        "cardRegister",
        "cardNicknameSet",
        "loyaltyCardAdd",
        "loyaltyCardRemove",
        "loyaltyCardReplace",
        "offerIssue",
        "offerActivate",
        "offerRedeem",
        "offerReinstate",
        "offerRevoke",
        "offerRemove",
        "offerRedemptionDatesChange",
        "offerFlexFieldsUpdate",
        "eventsIngest",
        "transactionIngest",
        "transactionReturn",
    )
)
"""Mutations of points, cards, offers and ingest: their keys are kept for 30 days, those of the rest for 24 hours."""
LONG, SHORT = dt.timedelta(days=30), dt.timedelta(hours=24)
FOREVER = dt.datetime(9999, 1, 1, tzinfo=dt.UTC)

REASONED = frozenset(
    (
        "pointsAdjust",
        "pointsAdjustmentReverse",
        "cardBalanceAdjust",
        "cardBalanceTransfer",
        "tierAdjust",
        "customerVerify",
        "customerBlock",
        "customerUnblock",
        "customerDelete",
        "customerRestore",
        "customerStatusSet",
        "customerAnonymize",
        "privacyExport",
        "privacyRestrict",
        "privacyReinstate",
        "privacyForget",
        "privacyRequestCancel",
    )
)
"""Mutations that nobody does without saying why."""


class Refusal(Exception):
    """The caller can mend it: told in `userErrors`, nothing is stored. `path` runs from the input."""

    def __init__(self, code: UserErrorCode, message: str, *path: str) -> None:
        self.code, self.message, self.path = code, message, path
        super().__init__(message)


class Reason(msgspec.Struct, frozen=True):
    """Why; `customer_visible_reason` is the only part that the customer ever sees."""

    code: str | None = None
    internal_note: str | None = None
    customer_visible_reason: str | None = None
    ticket_id: str | None = None


class Allowance(msgspec.Struct, frozen=True):
    """How far the caller may go without a second person: in one operation, and in all of a UTC day."""

    operation: str
    per_operation: int | None = None
    per_day: int | None = None
    currency: str | None = None


class KeyOf(Enum):
    """What an idempotency key tells apart: what a caller asks, or the purchases of all sources, whoever sends them."""

    CALLER = "CALLER"
    PURCHASE = "PURCHASE"


class Write(msgspec.Struct, frozen=True):
    """One mutation on its way: who does what and why, under which idempotency key, at the program's time.

    `approval_id` names the approval that it is executed by, where a second person decided on it.
    """

    operation: str
    actor: ActorRef
    fingerprint: str
    program: ProgramSettings
    now: dt.datetime
    correlation_id: str
    key: str | None = None
    reason: Reason = Reason()
    expected_version: int | None = None
    dry_run: bool = False
    allowances: tuple[Allowance, ...] = ()
    approval_id: UUID | None = None
    key_of: KeyOf = KeyOf.CALLER

    @property
    def caller(self) -> str:
        """Whose idempotency keys these are."""
        if self.key_of is KeyOf.PURCHASE:
            return KeyOf.PURCHASE.name
        return f"{self.actor.kind.value}:{self.actor.id}"

    def allowance(self, operation: str, currency: str | None) -> Allowance | None:
        """How far the caller may go with an operation; None where nothing holds them."""
        found = (one for one in self.allowances if one.operation == operation and one.currency in (None, currency))
        return next(found, None)

    @property
    def key_expires_at(self) -> dt.datetime:
        """Until when the key is kept."""
        if self.key_of is KeyOf.PURCHASE:
            return FOREVER
        return self.now + (LONG if self.operation in KEPT_LONG else SHORT)

    @property
    def reused(self) -> Refusal:
        """Why something else is refused under the same key."""
        if self.key_of is KeyOf.PURCHASE:
            message = "Another purchase has this id at its source: send it under an id of its own."
            return Refusal(UserErrorCode.CONFLICT, message, "externalId")
        message = "This idempotency key was used for something else."
        return Refusal(UserErrorCode.IDEMPOTENCY_KEY_REUSED, message, "idempotencyKey")


class Written(msgspec.Struct, Generic[Shown], frozen=True):
    """What came of a write: the ids of what it made, by name.

    `shown` is how it came out where it was done just now, None where an earlier answer is repeated; `refusal` says why
    nothing but what `ids` names was stored. `entry` is what the audit log will say of it, where another source keeps that
    and is yet to be told.
    """

    ids: Mapping[str, UUID] = {}
    shown: Shown | None = None
    replayed: bool = False
    refusal: Refusal | None = None
    entry: "AuditRow | None" = None


class Writer(Protocol):
    """What every domain that can be written has. Raises SourceUnavailable, SourceTimedOut."""

    async def refuse(self, write: Write, customer: CustomerId | None, refusal: Refusal) -> None:
        """Tell the audit log of the customer, or of the program where there is none, that the write was refused."""
        ...


def fingerprint_of(asked: Mapping[str, Any]) -> str:  # an input of any mutation
    """SHA-256 of the input's canonical JSON, as hexadecimal digits."""
    return hashlib.sha256(msgspec.json.encode(asked, order="sorted")).hexdigest()


def check_key(key: str | None) -> None:
    """Pass for a key that can be kept, or none. Raises Refusal."""
    if key is not None and not KEY.fullmatch(key):
        raise Refusal(
            UserErrorCode.INVALID, "An idempotency key has 1 to 255 visible ASCII characters.", "idempotencyKey"
        )


def check_reason(write: Write) -> None:
    """Pass for a reason that says enough, and nothing too long. Raises Refusal."""
    reason = write.reason
    if not reason.code and write.operation in REASONED:
        raise Refusal(UserErrorCode.REQUIRED, "This needs a reason code.", "reason", "code")
    if reason.code and all(known.key != reason.code for known in write.program.reasons):
        raise Refusal(UserErrorCode.INVALID, "The program has no such reason code.", "reason", "code")
    check_length(reason.internal_note, LONGEST_REASON, "reason", "internalNote")
    check_length(reason.customer_visible_reason, LONGEST_REASON, "reason", "customerVisibleReason")
    check_length(reason.ticket_id, LONGEST_NAME, "reason", "ticketId")


def known_reason(write: Write) -> Reason:
    """What of the reason the audit log keeps of a refused write: nothing that is no key, nothing too long."""
    code, ticket = write.reason.code, write.reason.ticket_id
    return Reason(
        code if any(known.key == code for known in write.program.reasons) else None,
        ticket_id=ticket if ticket is not None and len(ticket) <= LONGEST_NAME else None,
    )


def check_length(text: str | None, longest: int, *path: str) -> None:
    """Pass for a text of 1 to `longest` characters, or none. Raises Refusal."""
    if text is not None and not 1 <= len(text) <= longest:
        raise Refusal(UserErrorCode.INVALID, f"A text of 1 to {longest} characters is expected.", *path)
