"""The catalogue of offers, and what was issued to whom."""

from sqlalchemy import BigInteger, Boolean, Index, Integer, Text

from datasources.sql.types import Document, Id, Instant
from datasources.values import KeyValue

from ._build import actor, by, keyword, optional, owned, required, shared

offers = shared(
    "offers",
    keyword("key"),
    required("name", Text()),
    required("name_key", Text()),
    keyword("type"),
    required("title", Text()),
    optional("description", Text()),
    optional("starts_at", Instant()),
    optional("ends_at", Instant()),
    required("is_active", Boolean()),
    required("is_issuable", Boolean()),
    optional("inventory_initial", Integer()),
    optional("inventory_remaining", Integer()),
    optional("per_customer_limit", Integer()),
    optional("redeemable_days", Integer()),
    required("created_at", Instant()),
)
Index("ux_offers_key", offers.c.key, unique=True)
Index("ix_offers_created", offers.c.created_at, offers.c.id)

customer_offers = owned(
    "customer_offers",
    required("offer_id", Id()),
    # ISSUED, ACTIVATED, REDEEMED, REVOKED or REMOVED; EXPIRED is derived from the clock (inv-O5).
    keyword("state"),
    required("issued_at", Instant()),
    *actor("issued_by"),
    optional("distributed_at", Instant()),
    optional("activated_at", Instant()),
    optional("redeemable_from", Instant()),
    optional("redeemable_until", Instant()),
    optional("redeemed_at", Instant()),
    required("is_visible", Boolean()),
    required("flex_fields", Document(tuple[KeyValue, ...])),
    optional("transaction_id", Text()),
    keyword("variant", nullable=True),
    required("version", BigInteger()),
)
by(customer_offers, "issued_at")
by(customer_offers, "offer_id")
by(customer_offers, "transaction_id")

offer_exclusions = owned("offer_exclusions", required("offer_id", Id()), required("at", Instant()), key=("offer_id",))
"""Customers barred from getting an offer again (revoke and exclude)."""

customer_offer_changes = owned(
    "customer_offer_changes",
    required("customer_offer_id", Id()),
    keyword("from_state", nullable=True),
    keyword("to_state"),
    required("at", Instant()),
    *actor(),
    keyword("reason_code", nullable=True),
)
by(customer_offer_changes, "customer_offer_id", "at")
