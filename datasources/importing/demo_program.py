"""The demo program: every setting that `settled.md` asks of it, over the Complete Journey data."""

from datasources.outcomes import Outcome
from datasources.program import (
    AdjustmentReason,
    AttributeDefinition,
    AttributeType,
    CardKind,
    CardProduct,
    Clock,
    CustomerStatus,
    EarnRule,
    NoteReason,
    PointAccountDefinition,
    PointAccountType,
    PointSource,
    ProgramSettings,
    SearchMode,
    SearchSettings,
    TagDefinition,
    Tier,
    TierSystem,
)

from .demo_event_types import CATEGORIES, EVENT_TYPES

STATUSES = (
    CustomerStatus("active", "Active", "#2e7d32", allowed_next=("vip", "watch", "closed")),
    CustomerStatus("vip", "VIP", "#6a1b9a", allowed_next=("active", "watch", "closed")),
    CustomerStatus("watch", "Under watch", "#ef6c00", allowed_next=("active", "vip", "closed")),
    CustomerStatus("closed", "Closed", "#616161", is_terminal=True),
)

LOT_MONTHS = 24
"""After how many months earned points expire."""

ACCOUNTS = (
    PointAccountDefinition(
        key="points",
        label="Points",
        type=PointAccountType.REDEEMABLE,
        counts_toward_total=True,
        sources=("purchase", "manual", "promotion", "return"),
        expiry_policy=f"Points expire {LOT_MONTHS} months after they were earned.",
        expires_after_months=LOT_MONTHS,
        max_balance=1_000_000,
    ),
    PointAccountDefinition(
        key="tier_points",
        label="Tier points",
        type=PointAccountType.QUALIFYING,
        counts_toward_total=False,
        sources=("purchase", "manual", "return"),
        allow_negative=True,
    ),
)

SOURCES = (
    PointSource("purchase", "Purchase"),
    PointSource("manual", "Manual adjustment"),
    PointSource("promotion", "Promotion"),
    PointSource("return", "Return"),
)

EARN_RULES = tuple(EarnRule(account.key, points=1, per_minor=100) for account in ACCOUNTS)
"""One point for every full dollar of a basket (settled.md, "Points")."""


def bonus(points: int) -> tuple[Outcome, ...]:
    """Points that the program grants for something else."""
    return (Outcome(points=points, account_key="points", source_key="promotion"),)


TIER_SYSTEM = "journey"
TIERS = (
    Tier("base", "Base", 1, 0, ("One point per dollar",), "Join the program"),
    Tier("silver", "Silver", 2, 50_000, ("Birthday coupon",), "Spend 500 USD within twelve months", bonus(50)),
    Tier(
        "gold",
        "Gold",
        3,
        150_000,
        ("Birthday coupon", "Free delivery"),
        "Spend 1,500 USD within twelve months",
        bonus(150),
    ),
    Tier(
        "platinum",
        "Platinum",
        4,
        400_000,
        ("Birthday coupon", "Free delivery", "Personal shopper"),
        "Spend 4,000 USD within twelve months",
        bonus(400),
    ),
)

_DEMOGRAPHICS = (
    ("age_band", "Age band", ("19-24", "25-34", "35-44", "45-54", "55-64", "65+")),
    (
        "income_band",
        "Income band",
        (
            "Under 15K",
            "15-24K",
            "25-34K",
            "35-49K",
            "50-74K",
            "75-99K",
            "100-124K",
            "125-149K",
            "150-174K",
            "175-199K",
            "200-249K",
            "250K+",
        ),
    ),
    ("home_ownership", "Home ownership", ("Homeowner", "Renter", "Probable Homeowner", "Probable Renter")),
    ("marital_status", "Marital status", ("Married", "Unmarried")),
    ("household_size", "Household size", ("1", "2", "3", "4", "5+")),
    (
        "household_composition",
        "Household composition",
        ("1 Adult No Kids", "2 Adults No Kids", "1 Adult Kids", "2 Adults Kids"),
    ),
    ("kids_count", "Kids", ("0", "1", "2", "3+")),
)

ATTRIBUTES = (
    *(
        AttributeDefinition(key, label, AttributeType.ENUM, "household", is_pii=True, options=options)
        for key, label, options in _DEMOGRAPHICS
    ),
    AttributeDefinition("favorite_department", "Favorite department", AttributeType.STRING, "habits"),
    AttributeDefinition("stores_visited", "Stores visited", AttributeType.INT, "habits"),
    AttributeDefinition("weekly_spend", "Weekly spend in USD", AttributeType.DECIMAL, "habits"),
    AttributeDefinition("interests", "Interests", AttributeType.LIST, "habits", member_writable=True),
    AttributeDefinition("paperless", "Paperless receipts", AttributeType.BOOLEAN, "preferences", member_writable=True),
    AttributeDefinition("anniversary", "Anniversary", AttributeType.DATE, "preferences", member_writable=True),
    AttributeDefinition("last_survey_at", "Last survey", AttributeType.DATETIME, "preferences"),
    AttributeDefinition("alternate_phone", "Alternate phone", AttributeType.PHONE, "contact", is_pii=True),
    AttributeDefinition("alternate_email", "Alternate e-mail", AttributeType.EMAIL, "contact", is_pii=True),
    AttributeDefinition("delivery_address", "Delivery address", AttributeType.ADDRESS, "contact", is_pii=True),
    AttributeDefinition("synthetic", "Made-up personal data", AttributeType.BOOLEAN, "origin", is_writable=False),
)

NOTE_REASONS = (
    NoteReason("call", "Phone call"),
    NoteReason("complaint", "Complaint"),
    NoteReason("points", "Points question"),
    NoteReason("delivery", "Delivery"),
    NoteReason("other", "Other"),
)

REASONS = (
    AdjustmentReason("goodwill", "Goodwill", goodwill=True),
    AdjustmentReason("service_recovery", "Service recovery", goodwill=True),
    AdjustmentReason("missing_points", "Missing points"),
    AdjustmentReason("correction", "Correction"),
    AdjustmentReason("entered_in_error", "Adjustment entered in error"),
    AdjustmentReason("card_balance_correction", "Card balance correction"),
    AdjustmentReason("card_balance_moved", "Card balance moved"),
    AdjustmentReason("tier_match", "Tier matched"),
    AdjustmentReason("tier_exception", "Tier exception"),
    AdjustmentReason("identity_confirmed", "Identity confirmed"),
    AdjustmentReason("suspected_fraud", "Suspected fraud"),
    AdjustmentReason("terms_violation", "Violation of the terms"),
    AdjustmentReason("fraud_cleared", "Suspicion cleared"),
    AdjustmentReason("customer_request", "At the customer's request"),
    AdjustmentReason("duplicate_account", "Duplicate account"),
    AdjustmentReason("deleted_in_error", "Deleted in error"),
    AdjustmentReason("status_review", "Status review"),
    AdjustmentReason("privacy_request", "Privacy request"),
    AdjustmentReason("privacy_request_withdrawn", "Privacy request withdrawn"),
    AdjustmentReason("other", "Other"),
)

TAGS = (
    TagDefinition("goodwill_credit", cap=3),
    TagDefinition("coupon_user"),
    TagDefinition("favorite_department"),
    TagDefinition("USER_AFFILIATION"),
    TagDefinition("interest", is_multi_value=True),
)

_PROMOTIONAL = tuple(
    CardProduct(digit, CardKind.PROMOTIONAL, "gift", "USD", design, expires_after_months=36)
    for digit, design in zip(
        "02468", ("Winter Lights", "Spring Bloom", "Fall Colors", "Picnic", "Sunrise"), strict=True
    )
)
_DEBIT = tuple(
    CardProduct(digit, CardKind.PRIVATE_LABEL_DEBIT, "reloadable", "USD", design)
    for digit, design in zip("13579", ("Market Blue", "Market Green", "Harvest", "Orchard", "Classic"), strict=True)
)
CARD_PRODUCTS = (
    *_PROMOTIONAL,
    *_DEBIT,
    CardProduct("63", CardKind.PROMOTIONAL, "campaign", "USD", "Journey Anniversary", expires_after_months=12),
)


def demo_program(clock: Clock, mode: SearchMode = SearchMode.ADVANCED) -> ProgramSettings:
    """The settings of the demo program, running on the clock given."""
    return ProgramSettings(
        name="Complete Journey Rewards",
        currency="USD",
        timezone="America/New_York",
        region="US",
        search=SearchSettings(mode=mode),
        customer_statuses=STATUSES,
        point_accounts=ACCOUNTS,
        point_sources=SOURCES,
        earn_rules=EARN_RULES,
        tier_systems=(TierSystem(TIER_SYSTEM, "Journey Tiers", "USD", TIERS, external_id="journey-tiers"),),
        event_types=EVENT_TYPES,
        event_categories=CATEGORIES,
        attribute_definitions=ATTRIBUTES,
        note_reasons=NOTE_REASONS,
        reasons=REASONS,
        tags=TAGS,
        card_products=CARD_PRODUCTS,
        profile_header=("status", "name", "points", "tier", "tenure", "last_active", "metric:lifetime_spend"),
        admin_url="https://admin.example.com",
        clock=clock,
    )
