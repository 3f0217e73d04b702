"""Promo codes: those that exist, those that customers hold, and what went wrong with claims."""

from sqlalchemy import Boolean, Index, Integer, Text

from datasources.outcomes import Outcome
from datasources.promo_codes import ClaimWindow
from datasources.sql.types import Document, Instant

from ._build import by, keyword, optional, owned, required, shared

promo_codes = shared(
    "promo_codes",
    keyword("code"),
    required("campaign_name", Text()),
    optional("starts_at", Instant()),
    optional("expires_at", Instant()),
    optional("claim_cap", Integer()),
    required("claims", Integer()),
    keyword("limiter", nullable=True),
    optional("limiter_description", Text()),
    optional("window", Document(ClaimWindow)),
    # None: once.
    optional("per_customer_limit", Integer()),
    required("only_assigned", Boolean()),
    required("outcomes", Document(tuple[Outcome, ...])),
)
"""`limiter` names the window where there is one, else the limit for each customer; `outcomes` are granted for a claim."""
Index("ux_promo_codes_code", promo_codes.c.code, unique=True)

customer_promo_codes = owned(
    "customer_promo_codes",
    keyword("code"),
    keyword("state"),
    required("campaign_name", Text()),
    required("at", Instant()),
    optional("claimed_at", Instant()),
    optional("assigned_at", Instant()),
)
"""`at` is when it was claimed, else assigned: what the list is ordered by."""
by(customer_promo_codes, "at")

promo_code_errors = owned(
    "promo_code_errors",
    # Masked: a mistyped code may be another's.
    required("entered_code", Text()),
    keyword("reason"),
    required("at", Instant()),
)
by(promo_code_errors, "at")

promo_code_limiters = owned(
    "promo_code_limiters",
    keyword("code"),
    keyword("policy"),
    required("description", Text()),
    required("triggered_at", Instant()),
    required("attempts", Integer()),
    optional("window_ends_at", Instant()),
)
by(promo_code_limiters, "triggered_at")

promo_code_lockouts = owned(
    "promo_code_lockouts",
    optional("locked_at", Instant()),
    optional("expires_at", Instant()),
    required("consecutive_failures", Integer()),
    required("total_failures", Integer()),
    required("reset_count", Integer()),
    key=(),
)
