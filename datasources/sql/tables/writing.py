"""What every write of the source shares: claimed idempotency keys and the outbox."""

from sqlalchemy import BigInteger, Date, Index

from datasources.sql.types import Document, Id, Instant

from ._build import keyword, optional, required, shared

idempotency_keys = shared(
    "idempotency_keys",
    keyword("caller"),
    keyword("key"),
    keyword("operation"),
    keyword("fingerprint"),
    required("made", Document(dict[str, object])),
    required("claimed_at", Instant()),
    required("expires_at", Instant()),
    key=("caller", "key"),
)
"""Ids of what was made under a caller's key, no personal data."""

adjustment_days = shared(
    "adjustment_days",
    keyword("actor_kind"),
    keyword("actor_id"),
    keyword("operation"),
    keyword("currency"),
    required("day", Date()),
    required("amount", BigInteger()),
    key=("actor_kind", "actor_id", "operation", "currency", "day"),
)
"""What a limited actor adjusted on a UTC day over all customers; `currency` is '' for points."""

outbox = shared(
    "outbox",
    keyword("topic"),
    required("customer_id", Id()),
    required("payload", Document(dict[str, object])),
    required("created_at", Instant()),
    optional("delivered_at", Instant()),
)
"""Rows for domains that another source serves, written in the transaction that caused them."""
Index("ix_outbox_undelivered", outbox.c.delivered_at, outbox.c.created_at, outbox.c.id)
