"""Tags on customers, the history of each, and the vocabulary. Rules: requirements 1.J, inv-G1, inv-G2."""

import datetime as dt
from collections.abc import Sequence
from enum import Enum
from typing import Protocol
from uuid import UUID

import msgspec

from datasources.ids import CustomerId, OwnedId
from datasources.paging import Page, PageRequest
from datasources.values import ActorRef, actor_of


class TagOrigin(Enum):
    """How a tag came (J13)."""

    AUTOMATIC = "AUTOMATIC"
    MANUAL = "MANUAL"


class TagAction(Enum):
    """What happened to a tag."""

    ADDED = "ADDED"
    VALUE_SET = "VALUE_SET"
    COUNT_RESET = "COUNT_RESET"
    REMOVED = "REMOVED"


class CustomerTagRow(msgspec.Struct, frozen=True):
    """A tag that a customer has, and how often it was applied since the last reset."""

    customer_id: CustomerId
    key: str
    value: str | None
    count: int
    origin: TagOrigin
    first_applied_at: dt.datetime
    last_applied_at: dt.datetime

    @property
    def name(self) -> str:
        """The key, or `key=value` where there is a value (J10)."""
        return self.key if self.value is None else f"{self.key}={self.value}"


class TagChangeRow(msgspec.Struct, frozen=True):
    """Something that happened to a tag of a customer."""

    customer_id: CustomerId
    id: UUID
    key: str
    value: str | None
    action: TagAction
    origin: TagOrigin
    at: dt.datetime
    actor_kind: str | None
    actor_id: str | None

    @property
    def actor(self) -> ActorRef | None:
        """Who did it."""
        return actor_of(self.actor_kind, self.actor_id)


class TagReader(Protocol):
    """Serves tags. Every method answers one result per key, in key order; raises SourceUnavailable, SourceTimedOut."""

    async def tags(self, customers: Sequence[CustomerId], page: PageRequest) -> Sequence[Page[CustomerTagRow]]:
        """Tags by count, then last applied, then key, each the greatest first; one page per customer."""
        ...

    async def history(self, customers: Sequence[CustomerId], page: PageRequest) -> Sequence[Page[TagChangeRow]]:
        """Changes of tags newest first, one page per customer."""
        ...

    async def changes(self, keys: Sequence[OwnedId]) -> Sequence[TagChangeRow | None]:
        """Changes of tags by their id."""
        ...

    async def in_use(self, prefixes: Sequence[str]) -> Sequence[Sequence[str]]:
        """The keys of tags that any customer has and that, folded, begin with each folded prefix."""
        ...
