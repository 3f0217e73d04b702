"""Campaign messages in a customer's inbox, and the conversation with staff. Rules: requirements 1.P."""

import datetime as dt
from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Protocol
from uuid import UUID

import msgspec

from datasources.ids import CustomerId, OwnedId
from datasources.paging import Page, PageRequest
from datasources.profiles import Channel
from datasources.refusals import UserErrorCode
from datasources.values import ActorKind, ActorRef, actor_of
from datasources.writing import Refusal, Write, Writer, Written


class MessageStatus(Enum):
    """Where a message stands: EXPIRED wins over READ (P5)."""

    NEW = "NEW"
    READ = "READ"
    EXPIRED = "EXPIRED"


class MessageDirection(Enum):
    """Who a direct message came from."""

    INBOUND = "INBOUND"
    OUTBOUND = "OUTBOUND"


class MessageDelivery(msgspec.Struct, frozen=True):
    """What became of a message on one channel (P3)."""

    channel: Channel
    sent_at: dt.datetime | None = None
    delivered_at: dt.datetime | None = None
    opened_at: dt.datetime | None = None
    failure_reason: str | None = None


class MessageRow(msgspec.Struct, frozen=True, array_like=True):
    """A campaign message as of the request's clock."""

    customer_id: CustomerId
    id: UUID
    display_title: str
    preview: str
    distributed_at: dt.datetime
    ends_at: dt.datetime | None
    status: MessageStatus
    read_at: dt.datetime | None
    deliveries: tuple[MessageDelivery, ...]


class DirectMessageRow(msgspec.Struct, frozen=True, array_like=True):
    """One message of the conversation between a customer and staff."""

    customer_id: CustomerId
    id: UUID
    direction: MessageDirection
    author_kind: str | None
    author_id: str | None
    body: str
    sent_at: dt.datetime
    read_at: dt.datetime | None
    support_request_id: str | None
    deliveries: tuple[MessageDelivery, ...]

    @property
    def author(self) -> ActorRef | None:
        """Who wrote it."""
        return actor_of(self.author_kind, self.author_id)


class MessageFilter(msgspec.Struct, frozen=True):
    """Which messages."""

    status: tuple[MessageStatus, ...] | None = None


class MessageReader(Protocol):
    """Serves messages. Raises SourceUnavailable, SourceTimedOut."""

    async def inbox(self, customers: Sequence[CustomerId], page: PageRequest) -> Sequence[Page[MessageRow]]:
        """Campaign messages newest first, one page per customer in the order given."""
        ...

    async def messages(self, keys: Sequence[OwnedId], now: dt.datetime) -> Sequence[MessageRow | None]:
        """Campaign messages by their id, in the order given."""
        ...

    async def conversation(
        self, customers: Sequence[CustomerId], page: PageRequest
    ) -> Sequence[Page[DirectMessageRow]]:
        """Direct messages newest first, one page per customer in the order given."""
        ...

    async def direct_messages(self, keys: Sequence[OwnedId]) -> Sequence[DirectMessageRow | None]:
        """Direct messages by their id, in the order given."""
        ...


class DirectMessageToSend(msgspec.Struct, frozen=True):
    """A direct message, with the support request that it belongs to."""

    customer_id: CustomerId
    body: str
    support_request_id: str | None = None


class DirectMessageShown(msgspec.Struct, frozen=True):
    """How sending came out: the message as it was sent."""

    message: DirectMessageRow


class MessageReading(msgspec.Struct, frozen=True):
    """The campaign message that the customer read."""

    message_id: OwnedId


class MessageShown(msgspec.Struct, frozen=True):
    """How a write of campaign messages came out: the message as it is then."""

    message: MessageRow


class MessageWriter(Writer, Protocol):
    """Changes messages. Makes `message` where one is sent, and `audit`.

    Raises Refusal, SourceUnavailable, SourceTimedOut, OutcomeUnknown.
    """

    async def send(self, write: Write, asked: DirectMessageToSend) -> Written[DirectMessageShown]:
        """Send a direct message: from the customer by their own token, else to them (P6, P7)."""
        ...

    async def mark_read(self, write: Write, asked: MessageReading) -> Written[MessageShown]:
        """Note that the customer read a campaign message (P12)."""
        ...


UNREADABLE: Mapping[MessageStatus, tuple[UserErrorCode, str]] = {
    MessageStatus.READ: (UserErrorCode.ALREADY_DONE, "The message was read already."),
    MessageStatus.EXPIRED: (UserErrorCode.INVALID_TRANSITION, "The message has expired: nobody reads it any more."),
}
"""Why a message can't be marked read: only a new one can."""


def direction_of(author: ActorRef) -> MessageDirection:
    """From the customer where the token is a member's own (settled.md, "Scope of this stage")."""
    return MessageDirection.INBOUND if author.kind is ActorKind.MEMBER else MessageDirection.OUTBOUND


def check_reader(reader: ActorRef) -> None:
    """Pass for the customer's own token: that staff look at a message does not make it read (P12). Raises Refusal."""
    if reader.kind is not ActorKind.MEMBER:
        message = "Only the customer's own token marks a message read."
        raise Refusal(UserErrorCode.FORBIDDEN, message, "messageId")


def marked_read(message: MessageRow, now: dt.datetime) -> MessageRow:
    """The message once the customer opened it in the app or on the web (P4). Raises Refusal."""
    if message.status in UNREADABLE:
        raise Refusal(*UNREADABLE[message.status], "messageId")
    opened = tuple(
        msgspec.structs.replace(delivery, opened_at=delivery.opened_at or now)
        if delivery.channel is Channel.IN_APP
        else delivery
        for delivery in message.deliveries
    )
    return msgspec.structs.replace(message, status=MessageStatus.READ, read_at=now, deliveries=opened)
