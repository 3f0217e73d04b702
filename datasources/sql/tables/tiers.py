"""Current tiers, their history, and the spend that tiers are reckoned by."""

from sqlalchemy import BigInteger, Date

from datasources.sql.types import Instant, Sealed

from ._build import actor, by, keyword, optional, owned, required

customer_tiers = owned(
    "customer_tiers",
    keyword("system_key"),
    keyword("tier_key"),
    keyword("status"),
    required("entered_at", Instant()),
    optional("expires_at", Instant()),
    # The tier below which nothing drops the customer before the protection ends: not always the one held.
    keyword("protected_key", nullable=True),
    optional("protected_until", Instant()),
    key=("system_key",),
)

tier_changes = owned(
    "tier_changes",
    keyword("system_key"),
    keyword("from_key", nullable=True),
    keyword("to_key"),
    keyword("direction"),
    keyword("reason"),
    optional("note", Sealed()),
    required("at", Instant()),
    *actor(),
)
by(tier_changes, "at")

tier_days = owned(
    "tier_days",
    keyword("system_key"),
    required("day", Date()),
    required("amount_minor", BigInteger()),
    key=("system_key", "day"),
)
"""What counted toward a tier system by UTC day, in hundredths of its unit: progress is the trailing sum."""
