"""Tags on customers, and everything that happened to them."""

from sqlalchemy import Index, Integer, Text

from datasources.sql.types import Instant

from ._build import actor, by, keyword, optional, owned, required

customer_tags = owned(
    "customer_tags",
    keyword("key"),
    keyword("value_key"),
    required("count", Integer()),
    keyword("origin"),
    required("first_applied_at", Instant()),
    required("last_applied_at", Instant()),
    key=("key", "value_key"),
)
"""`value_key` is the value, empty for a tag without one: a tag of several values has a row for each."""
Index(
    "ix_customer_tags_top",
    customer_tags.c.customer_id,
    customer_tags.c.count,
    customer_tags.c.last_applied_at,
    customer_tags.c.key,
    customer_tags.c.value_key,
)
Index("ix_customer_tags_key", customer_tags.c.key, customer_tags.c.value_key, customer_tags.c.customer_id)

tag_changes = owned(
    "tag_changes",
    keyword("key"),
    optional("value", Text()),
    keyword("action"),
    keyword("origin"),
    required("at", Instant()),
    *actor(),
)
by(tag_changes, "at")
