"""The points ledger: entries and allocations are append-only, lots and sums are projections of them."""

from sqlalchemy import BigInteger, Date, Index, Integer, Text

from datasources.sql.types import Id, Instant, Sealed

from ._build import actor, by, keyword, optional, owned, required

point_accounts = owned(
    "point_accounts",
    keyword("account_key"),
    required("balance", BigInteger()),
    required("pending", BigInteger()),
    required("held", BigInteger()),
    required("lifetime_earned", BigInteger()),
    required("lifetime_spent", BigInteger()),
    required("lifetime_expired", BigInteger()),
    # Sequence of the account's newest entry: the next one takes it plus one.
    required("sequence", BigInteger()),
    key=("account_key",),
)

point_entries = owned(
    "point_entries",
    keyword("account_key"),
    required("sequence", BigInteger()),
    keyword("kind"),
    keyword("source_key"),
    required("modification", BigInteger()),
    required("balance_before", BigInteger()),
    required("balance_after", BigInteger()),
    keyword("reference_type"),
    optional("reference_id", Text()),
    optional("transaction_id", Text()),
    optional("purchase_id", Id()),
    optional("description", Text()),
    required("occurred_at", Instant()),
    required("recorded_at", Instant()),
    optional("expires_at", Instant()),
    *actor(),
    keyword("reason_code", nullable=True),
    optional("internal_note", Sealed()),
    optional("customer_visible_reason", Text()),
    optional("reverses", Id()),
    optional("uncovered", BigInteger()),
    optional("paid_off", BigInteger()),
    optional("correlation_id", Text()),
    optional("approval_id", Id()),
)
"""`transaction_id` is the purchase's external id, `purchase_id` its own; `uncovered` is the part of a debit that no lot
covered when it was made (a deficit), `paid_off` the part of an addition that paid such parts, by allocations of its own
lot to those debits; `approval_id` names the approval that an entry was executed by."""
by(point_entries, "occurred_at")
Index(
    "ux_point_entries_sequence",
    point_entries.c.customer_id,
    point_entries.c.account_key,
    point_entries.c.sequence,
    unique=True,
)
Index("ux_point_entries_reverses", point_entries.c.customer_id, point_entries.c.reverses, unique=True)
by(point_entries, "purchase_id")
Index(
    "ix_point_entries_uncovered",
    point_entries.c.customer_id,
    point_entries.c.account_key,
    point_entries.c.sequence,
    sqlite_where=point_entries.c.uncovered.is_not(None),
    postgresql_where=point_entries.c.uncovered.is_not(None),
)
by(point_entries, "account_key", "occurred_at")

point_lots = owned(
    "point_lots",
    required("entry_id", Id()),
    keyword("account_key"),
    required("earned_at", Instant()),
    optional("expires_at", Instant()),
    required("points", BigInteger()),
    required("amount_spent", BigInteger()),
    required("amount_expired", BigInteger()),
    # points - amount_spent - amount_expired, kept so that open lots are found by index.
    required("remaining", BigInteger()),
    key=("entry_id",),
)
Index(
    "ix_point_lots_open",
    point_lots.c.customer_id,
    point_lots.c.account_key,
    point_lots.c.expires_at,
    point_lots.c.earned_at,
    point_lots.c.entry_id,
    sqlite_where=point_lots.c.remaining > 0,
    postgresql_where=point_lots.c.remaining > 0,
)
Index(
    "ix_point_lots_due",
    point_lots.c.expires_at,
    point_lots.c.customer_id,
    sqlite_where=point_lots.c.remaining > 0,
    postgresql_where=point_lots.c.remaining > 0,
)

point_allocations = owned(
    "point_allocations",
    required("debit_id", Id()),
    required("lot_id", Id()),
    required("points", BigInteger()),
    key=("debit_id", "lot_id"),
)
"""Which lots a debit consumed, at once or when a later lot paid for it, or an entry that gives points back restored."""

point_days = owned(
    "point_days",
    keyword("account_key"),
    required("day", Date()),
    keyword("kind"),
    required("points", BigInteger()),
    required("entries", Integer()),
    key=("account_key", "day", "kind"),
)
"""Sums by UTC day of occurrence, so that a past balance does not cost the whole history."""
