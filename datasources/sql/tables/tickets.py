"""Tickets that a support desk holds."""

from sqlalchemy import Text

from datasources.sql.types import Instant, Sealed

from ._build import by, keyword, optional, owned, required

tickets = owned(
    "tickets",
    keyword("external_id"),
    keyword("system"),
    keyword("status"),
    keyword("type", nullable=True),
    optional("subject", Sealed()),
    required("submitted_at", Instant()),
    optional("updated_at", Instant()),
    required("url", Text()),
)
by(tickets, "submitted_at")
