"""Stored value cards with their append-only history, and loyalty cards."""

from sqlalchemy import BigInteger, Index, Text

from datasources.sql.types import Id, Instant, Sealed

from ._build import actor, by, keyword, optional, owned, required, shared

cards = owned(
    "cards",
    required("number", Sealed()),
    keyword("last_four"),
    keyword("kind"),
    keyword("status"),
    keyword("type"),
    optional("design", Text()),
    optional("nickname", Text()),
    keyword("currency"),
    required("balance_minor", BigInteger()),
    optional("expires_at", Instant()),
    required("registered_at", Instant()),
    optional("removed_at", Instant()),
    required("version", BigInteger()),
)
"""EXPIRED is derived from `expires_at` before the expiry run too (inv-C5)."""
by(cards, "registered_at")

card_numbers = shared(
    "card_numbers",
    keyword("number_hash"),
    required("customer_id", Id()),
    required("card_id", Id()),
    key=("number_hash",),
)
"""A number belongs to one customer for ever (inv-C6); kept as a keyed hash."""

card_history = owned(
    "card_history",
    required("card_id", Id()),
    required("at", Instant()),
    keyword("activity"),
    required("amount_minor", BigInteger()),
    required("balance_after_minor", BigInteger()),
    keyword("currency"),
    *actor(),
    keyword("reason_code", nullable=True),
    keyword("counterpart_last_four", nullable=True),
    optional("correlation_id", Text()),
)
Index("ix_card_history_card", card_history.c.card_id, card_history.c.at, card_history.c.id)
Index("ix_card_history_row", card_history.c.card_id, card_history.c.id)
"""A page is found by the first index; SQLite then takes its rows by the second, whatever the length of the history."""

loyalty_cards = owned(
    "loyalty_cards",
    required("number", Text()),
    keyword("status"),
    required("issued_at", Instant()),
    optional("replaced_at", Instant()),
    optional("replaced_by_id", Id()),
)
by(loyalty_cards, "issued_at")
