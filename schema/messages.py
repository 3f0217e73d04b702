"""Campaign messages and direct messages as clients see them."""

import datetime as dt

import strawberry

from datasources import messages as rows
from datasources.profiles import Channel
from datasources.registry import Domain
from permissions.masking import PiiKind
from resolvers import messages
from schema.audit import Audited
from schema.commands import Keyed, Payload
from schema.connections import page_type
from schema.enums import enum
from schema.fields import argument, command, connection, leaf, lookup
from schema.values import Actor
from schema.views import Node, values, view

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


@values(messages.DirectMessageSendInput)
class DirectMessageSendInput(Keyed):
    """What is said, and to what it belongs."""

    customer_id: strawberry.ID
    """The customer of the conversation."""
    body: str
    """What it says, 1 to 5,000 characters after trimming."""
    support_request_id: str | None
    """A support request of the customer: its answer reaches those who restricted processing, and blocked ones, too."""


@view(messages.DirectMessagePayload)
class DirectMessagePayload(Audited, Payload):
    """What came of a direct message."""

    message = lookup(DirectMessage | None, messages.sent_message)
    """The message."""


@values(messages.MessageMarkReadInput)
class MessageMarkReadInput:
    """Only the customer's own token marks a message read."""

    message_id: strawberry.ID
    """The campaign message that the customer opened."""


@view(messages.MessagePayload)
class MessagePayload(Payload):
    """What came of a change of a campaign message."""

    message = lookup(Message | None, messages.read_message)
    """The message as it is now."""


class MessageMutations:
    """Changes of messages."""

    direct_message_send = command(
        DirectMessagePayload,
        messages.send,
        DirectMessageSendInput,
        ids={"customer_id": "Customer"},
        requires="messages:send",
        written_by=MESSAGES,
    )
    """Send a direct message in the app: by a customer's own token to staff, else to the customer."""
    message_mark_read = command(
        MessagePayload,
        messages.mark_read,
        MessageMarkReadInput,
        ids={"message_id": "Message"},
        requires=READ,
        written_by=MESSAGES,
    )
    """Note that the customer opened a campaign message in the app or on the web."""
