"""Campaigns, and which customers they target."""

from sqlalchemy import BigInteger, Index, Text

from datasources.outcomes import Outcome
from datasources.sql.types import Document, Id, Instant

from ._build import actor, by, keyword, optional, owned, required, shared

campaigns = shared(
    "campaigns",
    keyword("key"),
    required("name", Text()),
    keyword("type"),
    required("starts_at", Instant()),
    optional("ends_at", Instant()),
    keyword("unit", nullable=True),
    optional("target_hundredths", BigInteger()),
    required("outcomes", Document(tuple[Outcome, ...])),
)
"""`outcomes` are granted for completing it."""
Index("ux_campaigns_key", campaigns.c.key, unique=True)

customer_campaigns = owned(
    "customer_campaigns",
    required("campaign_id", Id()),
    # ELIGIBLE, IN_PROGRESS or COMPLETED; EXPIRED is derived from the campaign's end.
    keyword("status"),
    # The campaign's own start, kept here so that a customer's list pages by index.
    required("starts_at", Instant()),
    optional("completed_at", Instant()),
    *actor("completed_by"),
    optional("progress_hundredths", BigInteger()),
    required("version", BigInteger()),
)
by(customer_campaigns, "starts_at")
by(customer_campaigns, "campaign_id")
