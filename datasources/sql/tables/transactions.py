"""Purchases and their items."""

from sqlalchemy import BigInteger, Boolean, Index, Integer, Text

from datasources.sql.types import Document, Id, Instant
from datasources.transactions import Discount, Payment

from ._build import by, keyword, optional, owned, required

transactions = owned(
    "transactions",
    keyword("source"),
    keyword("external_id"),
    required("occurred_at", Instant()),
    keyword("order_source"),
    keyword("state"),
    optional("location_id", Id()),
    keyword("currency"),
    required("subtotal_minor", BigInteger()),
    required("discount_minor", BigInteger()),
    required("tax_minor", BigInteger()),
    required("total_minor", BigInteger()),
    required("payments", Document(tuple[Payment, ...])),
    required("discounts", Document(tuple[Discount, ...])),
    required("non_accruing", Boolean()),
    # When it counted toward tiers, where that is not when it was made: it came in ahead of the program's clock.
    optional("counted_at", Instant()),
    optional("receipt_url", Text()),
)
by(transactions, "occurred_at")
Index(
    "ux_transactions_external_id",
    transactions.c.customer_id,
    transactions.c.source,
    transactions.c.external_id,
    unique=True,
)

transaction_items = owned(
    "transaction_items",
    required("transaction_id", Id()),
    required("line", Integer()),
    keyword("sku"),
    required("name", Text()),
    required("quantity", Integer()),
    required("unit_price_minor", BigInteger()),
    required("total_minor", BigInteger()),
    required("returned_quantity", Integer()),
    key=("transaction_id", "line"),
)
