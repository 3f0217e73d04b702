"""Promo codes as clients see them."""

import datetime as dt

import strawberry

from datasources import profiles
from datasources import promo_codes as rows
from datasources.registry import Domain
from resolvers import promo_codes
from schema.audit import Audited
from schema.commands import CustomerActionInput, Payload
from schema.connections import page_type
from schema.enums import enum
from schema.fields import argument, command, connection, lookup
from schema.scalars import Url
from schema.views import Node, values, view

READ = "promocodes:read"

enum(rows.PromoCodeState, CLAIMED="Claimed by the customer.", ASSIGNED="Given to the customer, not claimed.")
enum(
    rows.PromoCodeFailure,
    UNKNOWN_CODE="There is no such code.",
    NOT_STARTED="The code can't be claimed yet.",
    EXPIRED="The code can't be claimed any more.",
    ALREADY_CLAIMED="The customer has claimed it as often as allowed.",
    CAP_REACHED="All customers together have claimed it as often as allowed.",
    LIMITER="A limit on how the code is used stands in the way.",
    LOCKED_OUT="The customer is locked out after too many failed claims.",
    NOT_ELIGIBLE="The code is not for this customer.",
)


@view(rows.PromoCodeRow, requires=READ, find=promo_codes.code)
class PromoCode(Node):
    """A code that a customer claimed or was assigned."""

    code: str
    """The code."""
    state: rows.PromoCodeState
    """How the customer came by it."""
    campaign_name: str | None
    """The campaign that it belongs to."""
    claimed_at: dt.datetime | None
    """When it was claimed."""
    assigned_at: dt.datetime | None
    """When it was assigned."""
    admin_url = lookup(Url | None, promo_codes.admin_url)
    """The code in the program's own admin tool."""


@view(rows.PromoCodeErrorRow, guarded_by=READ, find=promo_codes.error)
class PromoCodeError(Node):
    """A claim that failed."""

    entered_code: str
    """What was entered, all but the first characters masked: it may be another's code."""
    reason: rows.PromoCodeFailure
    """Why it failed."""
    at: dt.datetime
    """When."""


@view(rows.PromoCodeLimiterRow, guarded_by=READ, find=promo_codes.limiter)
class PromoCodeLimiter(Node):
    """A limit on a code's use that a customer met."""

    code: str
    """The code."""
    policy: str
    """Key of the limit."""
    description: str
    """What the limit is, in words."""
    triggered_at: dt.datetime
    """When the customer met it."""
    attempts: int
    """How often the customer tried."""
    window_ends_at: dt.datetime | None
    """When the customer can try again; null where that does not help."""


@view(rows.LockoutRow)
class PromoCodeLockout:
    """Whether failed claims have locked a customer out."""

    is_locked = lookup(bool, promo_codes.is_locked)
    """True while the customer can't claim codes."""
    locked_at: dt.datetime | None
    """When the latest lockout began."""
    expires_at: dt.datetime | None
    """When the latest lockout ends or ended; null: it lasts until it is reset."""
    consecutive_failures: int
    """Failed claims since the last that succeeded, or the last reset."""
    total_failures: int
    """Failed claims in all."""
    reset_count: int
    """How often staff reset a lockout."""
    policy = lookup(str, promo_codes.policy)
    """When failed claims lock a customer out, in words."""


PromoCodeConnection = page_type("PromoCode", PromoCode, "promo codes of a customer")
PromoCodeErrorConnection = page_type("PromoCodeError", PromoCodeError, "failed claims")
PromoCodeLimiterConnection = page_type("PromoCodeLimiter", PromoCodeLimiter, "limiters met")


@view(profiles.CustomerRow, requires=READ)
class PromoCodeActivity:
    """What a customer did with promo codes."""

    codes = connection(
        PromoCodeConnection,
        promo_codes.codes,
        argument("state", list[rows.PromoCodeState] | None, "Only codes that the customer came by so."),
        filter=rows.PromoCodeFilter,
        nullable=False,
    )
    """Codes claimed and assigned, newest first."""
    claim_errors = connection(PromoCodeErrorConnection, promo_codes.errors, nullable=False)
    """Claims that failed, newest first."""
    limiters = connection(PromoCodeLimiterConnection, promo_codes.limiters, nullable=False)
    """Limits on codes that the customer met, newest first."""
    lockout = lookup(PromoCodeLockout, promo_codes.lockout)
    """Whether failed claims have locked the customer out."""


class PromoCodeFields:
    """What a customer shows of promo codes."""

    promo_codes = lookup(
        PromoCodeActivity | None,
        lambda customer, _context: customer,
        requires=READ,
        domain=Domain.PROMO_CODES,
    )
    """Codes, failed claims, limiters met, and the lockout."""


@values(promo_codes.PromoCodeClaimInput)
class PromoCodeClaimInput:
    """A code that the customer tells you."""

    customer_id: strawberry.ID
    """For whom it is claimed."""
    code: str
    """The code as it is written, with the case of its letters; blanks around it do not count."""
    idempotency_key: str
    """1 to 255 visible ASCII characters: the same key and input again changes nothing and gives the same answer, also where
    the claim failed."""
    dry_run: bool | None = False
    """True to see what would come of it; nothing is stored."""


@view(promo_codes.PromoCodePayload)
class PromoCodePayload(Audited, Payload):
    """What came of a claim, or of the reset of a lockout."""

    promo_code = lookup(PromoCode | None, promo_codes.claimed)
    """The code that was claimed."""
    failure = lookup(rows.PromoCodeFailure | None, promo_codes.failure)
    """Why the claim failed; it is among the customer's `claimErrors` too, and counts toward a lockout."""
    lockout = lookup(PromoCodeLockout | None, promo_codes.lockout_now)
    """Whether failed claims have locked the customer out by now."""


class PromoCodeMutations:
    """Changes of promo codes."""

    promo_code_claim = command(
        PromoCodePayload,
        promo_codes.claim,
        PromoCodeClaimInput,
        ids={"customer_id": "Customer"},
        requires="promocodes:manage",
        written_by=Domain.PROMO_CODES,
    )
    """Claim a code on behalf of the customer. Limits and lockouts hold as if the customer had entered it."""
    promo_code_lockout_reset = command(
        PromoCodePayload,
        promo_codes.reset_lockout,
        CustomerActionInput,
        ids={"customer_id": "Customer"},
        requires="promocodes:manage",
        written_by=Domain.PROMO_CODES,
    )
    """End a lockout and count failed claims anew; the list of them stays."""
