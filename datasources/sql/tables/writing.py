"""What every write of the source shares: claimed idempotency keys, the outbox, and what came in from others' outboxes."""

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
    required("lane", Id()),
    required("sequence", BigInteger()),
    required("id", Id()),
    required("customer_id", Id()),
    keyword("kind"),
    required("payload", Document(dict[str, object])),
    required("created_at", Instant()),
    key=("topic", "lane", "sequence"),
)
"""What waits to be delivered, written in the transaction that causes it and deleted once it is: messages, and rows of other
sources. What is in one lane is delivered in its order."""
Index("ix_outbox_created_at", outbox.c.topic, outbox.c.created_at)

outbox_lanes = shared(
    "outbox_lanes",
    keyword("topic"),
    required("lane", Id()),
    # Of what was put in last: never taken back, so that whoever receives can tell what they have had.
    required("sequence", BigInteger()),
    # When it may be tried, by the wall clock: later while somebody tries it, and after it was not taken. Null: nothing waits.
    optional("due_at", Instant()),
    required("attempts", BigInteger()),
    key=("topic", "lane"),
)
Index("ix_outbox_lanes_due", outbox_lanes.c.topic, outbox_lanes.c.due_at, outbox_lanes.c.lane)

inbox = shared(
    "inbox",
    keyword("origin"),
    required("customer_id", Id()),
    required("sequence", BigInteger()),
    key=("origin", "customer_id"),
)
"""How far each source was heard about each customer: what comes in again, or late, is told by it."""
