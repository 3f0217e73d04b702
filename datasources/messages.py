"""Campaign messages in a customer's inbox, and the conversation with staff. Rules: requirements 1.P."""

import datetime as dt
from collections.abc import Sequence
from enum import Enum
from typing import Protocol
from uuid import UUID

import msgspec

from datasources.ids import CustomerId, OwnedId
from datasources.paging import Page, PageRequest
from datasources.profiles import Channel
from datasources.values import ActorRef, actor_of


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


class MessageRow(msgspec.Struct, frozen=True):
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


class DirectMessageRow(msgspec.Struct, frozen=True):
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
