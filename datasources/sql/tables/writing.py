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
    # When it may be tried, by the wall clock: later while somebody tries it, and after it was not taken.
    required("due_at", Instant()),
    required("attempts", BigInteger()),
)
"""What is to be delivered after the commit of the transaction that caused it: messages, rows for another source."""
Index("ix_outbox_undelivered", outbox.c.topic, outbox.c.delivered_at, outbox.c.due_at, outbox.c.id)
