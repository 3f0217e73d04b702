"""Campaign messages and direct messages of a customer, and what is sent and read."""

from uuid import UUID

import msgspec

from datasources.ids import CustomerId, EntityId, OwnedId
from datasources.messages import (
    DirectMessageRow,
    DirectMessageShown,
    DirectMessageToSend,
    MessageReading,
    MessageRow,
    MessageShown,
)
from datasources.paging import PageRequest
from resolvers.command import Command, Payload, carried_out
from resolvers.context import Context
from resolvers.customer_lists import Asked, CustomerList


@CustomerList
def inbox(context: Context, page: PageRequest) -> Asked[MessageRow]:
    """Campaign messages, newest first (P1)."""
    return context.sources.messages.inbox, page


async def message(context: Context, customer: UUID, id: UUID) -> MessageRow | None:
    """A campaign message by its id."""
    return await context.load(context.sources.messages.messages, (CustomerId(customer), EntityId(id)), context.now)


@CustomerList
def conversation(context: Context, page: PageRequest) -> Asked[DirectMessageRow]:
    """What customer and staff wrote each other, newest first (P7)."""
    return context.sources.messages.conversation, page


async def direct_message(context: Context, customer: UUID, id: UUID) -> DirectMessageRow | None:
    """A direct message by its id."""
    return await context.load(context.sources.messages.direct_messages, (CustomerId(customer), EntityId(id)))


class DirectMessageSendInput(msgspec.Struct, frozen=True):
    """A direct message as it is asked for."""

    customer_id: CustomerId
    body: str
    idempotency_key: str
    support_request_id: str | None = None
    dry_run: bool | None = False


class DirectMessagePayload(Payload[DirectMessageShown], frozen=True):
    """What came of a direct message."""


class MessageMarkReadInput(msgspec.Struct, frozen=True):
    """The message that the customer read."""

    message_id: OwnedId


class MessagePayload(Payload[MessageShown], frozen=True):
    """What came of a write of campaign messages."""


async def send(command: Command[DirectMessageSendInput]) -> DirectMessagePayload:
    """Send a direct message (P6, P7)."""
    asked = command.asked
    message = DirectMessageToSend(asked.customer_id, asked.body, asked.support_request_id)
    return DirectMessagePayload(*await carried_out(command, command.context.sources.writers.messages.send, message))


async def mark_read(command: Command[MessageMarkReadInput]) -> MessagePayload:
    """Note that the customer read a message (P12)."""
    reading = MessageReading(command.asked.message_id)
    return MessagePayload(*await carried_out(command, command.context.sources.writers.messages.mark_read, reading))


async def sent_message(payload: DirectMessagePayload, context: Context) -> DirectMessageRow | None:
    """The direct message, as it is now where an earlier answer is repeated."""
    shown, made = payload.written.shown, payload.stored("message")
    if shown is not None or made is None or payload.customer_id is None:
        return None if shown is None else shown.message
    return await direct_message(context, payload.customer_id, made)


def read_message(payload: MessagePayload, _context: Context) -> MessageRow | None:
    """The message once it was read: there is no key under which an answer could be repeated."""
    shown = payload.written.shown
    return None if shown is None else shown.message
