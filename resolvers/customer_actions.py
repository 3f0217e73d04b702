"""What can be done with a customer: every mutation that takes a customer's id, and what stands in its way (1.W, 1.X)."""

from collections.abc import Callable

from datasources.access import address_refusal, session_refusal
from datasources.membership import MembershipAction, refusal_of, window_refusal
from datasources.notifying import Template, address_of
from datasources.privacy import PrivacyRequestType, processing_refusal
from datasources.profiles import CustomerRow, ProcessingState
from datasources.registry import Domain
from permissions.model import AdjustmentOperation, Scope
from resolvers.actions import AvailableAction, Rule, Standing, available, rule
from resolvers.context import Context

Refusal = Callable[[CustomerRow, Context], str | None]


def _unless_open(action: MembershipAction) -> Refusal:
    """The membership has to be in a state that the action leads out of."""

    def refused(customer: CustomerRow, context: Context) -> str | None:
        found = refusal_of(customer.membership_state, action)
        if found is None and action is MembershipAction.RESTORE:
            found = window_refusal(customer.deleted_at, context.settings, context.now)
        return None if found is None else found.message

    return refused


def _unless_processed(type_: PrivacyRequestType) -> Refusal:
    """Processing must not be as it is asked to be already."""

    def refused(customer: CustomerRow, _context: Context) -> str | None:
        found = processing_refusal(type_, customer.processing)
        return None if found is None else found.message

    return refused


def _restricted_profile(customer: CustomerRow, context: Context) -> str | None:
    """A restricted customer's data is frozen for all but those who handle privacy (X3)."""
    if customer.processing is ProcessingState.RESTRICTED and not context.holds(Scope("privacy:restrict")):
        return "The customer restricted processing: you need the scope privacy:restrict."
    return None


def _final_status(customer: CustomerRow, context: Context) -> str | None:
    """Statuses say which ones can follow (D4)."""
    status = context.settings.status(customer.status_key)
    if status.system_state:
        return f"The status {status.label} comes and goes with the membership's state."
    return None if status.allowed_next else f"No status can follow {status.label}."


def _no_persona(customer: CustomerRow, _context: Context) -> str | None:
    """Sessions are for test personas that can sign in (C5, inv-P2)."""
    found = session_refusal(customer.membership_state, is_persona=customer.is_test_persona)
    return None if found is None else found.message


def _unless_addressed(template: Template) -> Refusal:
    """There has to be somewhere to send it to."""

    def refused(customer: CustomerRow, _context: Context) -> str | None:
        found = address_refusal(template, address_of(customer, template))
        return None if found is None else found.message

    return refused


KNOWN, LIVE, TAKING_PART = Standing.KNOWN, Standing.LIVE, Standing.TAKING_PART
ADJUSTING_POINTS = (AdjustmentOperation.POINTS_ADD, AdjustmentOperation.POINTS_DEDUCT)

RULES: tuple[Rule[CustomerRow], ...] = (
    rule("customerUpdate", "profile:write", Domain.PROFILES, refused=_restricted_profile),
    rule("customerStatusSet", "customers:status", Domain.PROFILES, refused=_final_status),
    rule(
        "customerVerify",
        "membership:verify",
        Domain.PROFILES,
        refused=_unless_open(MembershipAction.VERIFY),
    ),
    rule(
        "customerBlock",
        "membership:block",
        Domain.PROFILES,
        refused=_unless_open(MembershipAction.BLOCK),
    ),
    rule(
        "customerUnblock",
        "membership:block",
        Domain.PROFILES,
        refused=_unless_open(MembershipAction.UNBLOCK),
    ),
    rule("customerDelete", "membership:delete", Domain.PROFILES),
    rule(
        "customerRestore",
        "membership:delete",
        Domain.PROFILES,
        KNOWN,
        refused=_unless_open(MembershipAction.RESTORE),
    ),
    rule("customerAnonymize", "membership:anonymize", Domain.PRIVACY, KNOWN),
    rule("customerExternalAccountSync", "customers:sync", Domain.PROFILES),
    rule(
        "customerSmsVerificationReset",
        "access:reset",
        Domain.PROFILES,
        refused=_unless_addressed(Template.PHONE_VERIFICATION),
    ),
    rule(
        "customerPasswordResetEmailSend",
        "access:reset",
        Domain.PROFILES,
        refused=_unless_addressed(Template.PASSWORD_RESET),
    ),
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
        refused=_unless_processed(PrivacyRequestType.RESTRICT),
    ),
    rule(
        "privacyReinstate",
        "privacy:restrict",
        Domain.PRIVACY,
        KNOWN,
        refused=_unless_processed(PrivacyRequestType.REINSTATE),
    ),
    rule("privacyForget", "privacy:forget", Domain.PRIVACY, KNOWN),
)


def actions(customer: CustomerRow, context: Context) -> list[AvailableAction]:
    """What the caller can do with the customer now, as far as the customer's own row tells."""
    return available(RULES, customer, customer, context)
