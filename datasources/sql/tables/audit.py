"""Who did what on an account, and adjustments that wait for a second person."""

from sqlalchemy import BigInteger, Index

from datasources.sql.types import Document, Id, Instant, Sealed

from ._build import actor, by, keyword, optional, owned, required, shared

audit_entries = owned(
    "audit_entries",
    # The chain: number and hash of the entry before it, over the ciphertext.
    required("sequence", BigInteger()),
    keyword("type"),
    required("at", Instant()),
    *actor(nullable=False),
    keyword("outcome"),
    required("summary", Sealed()),
    required("changes", Sealed()),
    keyword("reason_code", nullable=True),
    keyword("ticket_id", nullable=True),
    keyword("correlation_id"),
    required("hash", Sealed()),
)
by(audit_entries, "at")
Index("ux_audit_entries_sequence", audit_entries.c.customer_id, audit_entries.c.sequence, unique=True)

audit_heads = owned("audit_heads", required("sequence", BigInteger()), required("hash", Sealed()), key=())
"""The newest entry of each customer's chain."""

approvals = shared(
    "approvals",
    keyword("operation"),
    keyword("state"),
    *actor("requested_by", nullable=False),
    required("requested_at", Instant()),
    *actor("decided_by"),
    optional("decided_at", Instant()),
    required("expires_at", Instant()),
    required("amount", BigInteger()),
    keyword("currency", nullable=True),
    required("customer_id", Id()),
    keyword("reason_code", nullable=True),
    optional("comment", Sealed()),
    keyword("failure_code", nullable=True),
    # The input of the mutation, to be validated again when executed.
    required("request", Document(dict[str, object])),
)
"""EXPIRED is derived from `expires_at` while PENDING."""
Index("ix_approvals_requested", approvals.c.requested_at, approvals.c.id)
Index("ix_approvals_state", approvals.c.state, approvals.c.requested_at, approvals.c.id)
