"""Campaign messages in the inbox, and the conversation between staff and customer."""

from sqlalchemy import Text

from datasources.messages import MessageDelivery
from datasources.sql.types import Document, Instant, Sealed

from ._build import actor, by, keyword, optional, owned, required

messages = owned(
    "messages",
    required("title", Text()),
    required("preview", Text()),
    required("distributed_at", Instant()),
    required("created_at", Instant()),
    optional("ends_at", Instant()),
    optional("read_at", Instant()),
    required("deliveries", Document(tuple[MessageDelivery, ...])),
)
"""Status is derived: EXPIRED past `ends_at`, else READ, else NEW."""
by(messages, "distributed_at")

direct_messages = owned(
    "direct_messages",
    keyword("direction"),
    *actor("author"),
    required("body", Sealed()),
    required("sent_at", Instant()),
    optional("read_at", Instant()),
    keyword("support_request_id", nullable=True),
    required("deliveries", Document(tuple[MessageDelivery, ...])),
)
by(direct_messages, "sent_at")
by(direct_messages, "support_request_id")
