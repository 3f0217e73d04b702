"""Campaign messages and direct messages as clients see them."""

import datetime as dt

from datasources import messages as rows
from datasources.profiles import Channel
from datasources.registry import Domain
from permissions.masking import PiiKind
from resolvers import messages
from schema.connections import page_type
from schema.enums import enum
from schema.fields import argument, connection, leaf
from schema.values import Actor
from schema.views import Node, view

MESSAGES = Domain.MESSAGES
READ = "messages:read"

enum(
    rows.MessageStatus,
    NEW="Not opened in the app or on the web yet.",
    READ="Opened by the customer in the app or on the web.",
    EXPIRED="Its end has passed, whether it was read or not.",
)
enum(rows.MessageDirection, INBOUND="From the customer to staff.", OUTBOUND="From staff to the customer.")


@view(rows.MessageDelivery)
class MessageDelivery:
    """What became of a message on one channel."""

    channel: Channel
    """The channel."""
    sent_at: dt.datetime | None
    """When it was sent."""
    delivered_at: dt.datetime | None
    """When it arrived."""
    opened_at: dt.datetime | None
    """When it was opened there."""
    failure_reason: str | None
    """Why it did not arrive."""


@view(rows.MessageRow, requires=READ, find=messages.message)
class Message(Node):
    """A campaign message in a customer's inbox."""

    display_title: str
    """Title as the customer sees it."""
    preview: str
    """Beginning of its text."""
    distributed_at: dt.datetime
    """When it was sent out."""
    ends_at: dt.datetime | None
    """When it expires."""
    status: rows.MessageStatus
    """Where it stands now; a message that was read and then ended is EXPIRED."""
    read_at: dt.datetime | None
    """When the customer read it; stays when it expires."""
    deliveries: list[MessageDelivery]
    """What became of it on each channel."""


@view(rows.DirectMessageRow, requires=READ, find=messages.direct_message)
class DirectMessage(Node):
    """One message between a customer and staff."""

    direction: rows.MessageDirection
    """Who it came from."""
    author: Actor | None
    """Who wrote it."""
    body: str = leaf(pii=PiiKind.FREE_TEXT)
    """What it says."""
    sent_at: dt.datetime
    """When it was sent."""
    read_at: dt.datetime | None
    """When the other side read it."""
    support_request_id: str | None
    """The support request that it belongs to."""
    deliveries: list[MessageDelivery]
    """What became of it on each channel."""


MessageConnection = page_type("Message", Message, "messages")
DirectMessageConnection = page_type("DirectMessage", DirectMessage, "direct messages")


class MessageFields:
    """What a customer shows of messages."""

    direct_messages = connection(DirectMessageConnection, messages.conversation, requires=READ, domain=MESSAGES)
    """What customer and staff wrote each other, newest first."""
    messages = connection(
        MessageConnection,
        messages.inbox,
        argument("status", list[rows.MessageStatus] | None, "Only messages that stand so."),
        filter=rows.MessageFilter,
        requires=READ,
        domain=MESSAGES,
    )
    """Campaign messages in the customer's inbox, newest first."""
