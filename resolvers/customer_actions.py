"""What can be done with a customer: every mutation that takes a customer's id, and what stands in its way (1.W, 1.X)."""

from collections.abc import Callable

from datasources.profiles import CustomerRow, MembershipState, ProcessingState
from datasources.registry import Domain
from permissions.model import AdjustmentOperation, Scope
from resolvers.actions import AvailableAction, Rule, Standing, available, rule
from resolvers.context import Context

State = MembershipState
Refusal = Callable[[CustomerRow, Context], str | None]


def _unless_in(state: MembershipState, reason: str) -> Refusal:
    """The membership has to be in this state (section 2, "State machines")."""
    return lambda customer, _context: None if customer.membership_state is state else reason


def _unless_processing(state: ProcessingState, reason: str) -> Refusal:
    return lambda customer, _context: None if customer.processing is state else reason


def _restricted_profile(customer: CustomerRow, context: Context) -> str | None:
    """A restricted customer's data is frozen for all but those who handle privacy (X3)."""
    if customer.processing is ProcessingState.RESTRICTED and not context.holds(Scope("privacy:restrict")):
        return "The customer restricted processing: you need the scope privacy:restrict."
    return None


def _final_status(customer: CustomerRow, context: Context) -> str | None:
    """Statuses say which ones can follow (D4)."""
    status = context.settings.status(customer.status_key)
    return None if status.allowed_next else f"No status can follow {status.label}."


def _no_persona(customer: CustomerRow, _context: Context) -> str | None:
    """Sessions are for test personas that can sign in (C5, inv-P2)."""
    if not customer.is_test_persona:
        return "The customer is no test persona."
    return "The customer is blocked." if customer.membership_state is State.BLOCKED else None


def _no_phone(customer: CustomerRow, _context: Context) -> str | None:
    return None if customer.phone else "The customer has no telephone number."


def _no_email(customer: CustomerRow, _context: Context) -> str | None:
    return None if customer.email else "The customer has no e-mail address."


KNOWN, LIVE, TAKING_PART = Standing.KNOWN, Standing.LIVE, Standing.TAKING_PART
ADJUSTING_POINTS = (AdjustmentOperation.POINTS_ADD, AdjustmentOperation.POINTS_DEDUCT)

RULES: tuple[Rule[CustomerRow], ...] = (
    rule("customerUpdate", "profile:write", Domain.PROFILES, refused=_restricted_profile),
    rule("customerStatusSet", "customers:status", Domain.PROFILES, refused=_final_status),
    rule(
        "customerVerify",
        "membership:verify",
        Domain.PROFILES,
        refused=_unless_in(State.PENDING_VERIFICATION, "The customer is not waiting for verification."),
    ),
    rule(
        "customerBlock",
        "membership:block",
        Domain.PROFILES,
        refused=_unless_in(State.ACTIVE, "Only an active customer can be blocked."),
    ),
    rule(
        "customerUnblock",
        "membership:block",
        Domain.PROFILES,
        refused=_unless_in(State.BLOCKED, "The customer is not blocked."),
    ),
    rule("customerDelete", "membership:delete", Domain.PROFILES),
    rule(
        "customerRestore",
        "membership:delete",
        Domain.PROFILES,
        KNOWN,
        refused=_unless_in(State.DELETED, "The customer is not deleted."),
    ),
    rule("customerAnonymize", "membership:anonymize", Domain.PRIVACY, KNOWN),
    rule("customerExternalAccountSync", "customers:sync", Domain.PROFILES),
    rule("customerSmsVerificationReset", "access:reset", Domain.PROFILES, refused=_no_phone),
    rule("customerPasswordResetEmailSend", "access:reset", Domain.PROFILES, refused=_no_email),
    rule("personaSessionCreate", "personas:impersonate", Domain.PROFILES, refused=_no_persona),
    rule("communicationPreferenceSet", "profile:write", Domain.PROFILES),
    # Deducting stays open for a blocked or restricted customer, as lowering a tier does.
    rule("pointsAdjust", "points:adjust", Domain.POINTS, operations=ADJUSTING_POINTS),
    rule("tierAdjust", "tiers:adjust", Domain.TIERS),
    rule("cardRegister", "cards:manage", Domain.CARDS),
    rule("loyaltyCardAdd", "cards:manage", Domain.CARDS),
    rule("offerIssue", "offers:issue", Domain.OFFERS, TAKING_PART),
    rule("promoCodeClaim", "promocodes:manage", Domain.PROMO_CODES, TAKING_PART),
    rule("promoCodeLockoutReset", "promocodes:manage", Domain.PROMO_CODES),
    rule("tagAdd", "tags:write", Domain.TAGS, TAKING_PART),
    rule("tagCountReset", "tags:write", Domain.TAGS),
    rule("tagRemove", "tags:write", Domain.TAGS),
    rule("segmentMemberAdd", "segments:manage", Domain.SEGMENTS, TAKING_PART),
    rule("segmentMemberRemove", "segments:manage", Domain.SEGMENTS),
    rule("noteAdd", "notes:write", Domain.NOTES),
    # Answering what a blocked or restricted customer asked stays open (P11).
    rule("directMessageSend", "messages:send", Domain.MESSAGES),
    rule("privacyExport", "privacy:export", Domain.PRIVACY, KNOWN),
    rule(
        "privacyRestrict",
        "privacy:restrict",
        Domain.PRIVACY,
        KNOWN,
        refused=_unless_processing(ProcessingState.ACTIVE, "The customer has restricted processing already."),
    ),
    rule(
        "privacyReinstate",
        "privacy:restrict",
        Domain.PRIVACY,
        KNOWN,
        refused=_unless_processing(ProcessingState.RESTRICTED, "The customer has not restricted processing."),
    ),
    rule("privacyForget", "privacy:forget", Domain.PRIVACY, KNOWN),
)


def actions(customer: CustomerRow, context: Context) -> list[AvailableAction]:
    """What the caller can do with the customer now, as far as the customer's own row tells."""
    return available(RULES, customer, customer, context)
