"""Tags on customers, the history of each, and the vocabulary. Rules: requirements 1.J, inv-G1, inv-G2."""

import datetime as dt
from collections.abc import Sequence
from enum import Enum
from typing import Protocol
from uuid import UUID

import msgspec

from datasources.ids import CustomerId, OwnedId
from datasources.paging import Page, PageRequest
from datasources.program import ProgramSettings, TagDefinition
from datasources.refusals import UserErrorCode
from datasources.values import ActorKind, ActorRef, actor_of
from datasources.writing import Refusal, Write, Writer, Written, check_length

LONGEST_KEY, LONGEST_VALUE = 100, 200


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


class CustomerTagRow(msgspec.Struct, frozen=True, array_like=True):
    """A tag that a customer has, and how often it was applied since the last reset.

    `value_key` is its value, empty for a tag without one.
    """

    customer_id: CustomerId
    key: str
    value_key: str
    count: int
    origin: TagOrigin
    first_applied_at: dt.datetime
    last_applied_at: dt.datetime

    @property
    def value(self) -> str | None:
        """Its value, for tags that have one."""
        return self.value_key or None

    @property
    def name(self) -> str:
        """The key, or `key=value` where there is a value (J10)."""
        return self.key if self.value is None else f"{self.key}={self.value}"


class TagChangeRow(msgspec.Struct, frozen=True, array_like=True):
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
        """Tags by count, then last applied, then key and value, each the greatest first; one page per customer."""
        ...

    async def held(self, keys: Sequence[tuple[CustomerId, str]]) -> Sequence[Sequence[CustomerTagRow]]:
        """What each (customer, key) has: a row for each value, the last applied first."""
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


class Tagging(msgspec.Struct, frozen=True):
    """Which tag of a customer something is done to; `value` None names the one that is there."""

    customer_id: CustomerId
    key: str
    value: str | None = None


class TagShown(msgspec.Struct, frozen=True):
    """How a write of tags came out: the tag as it is then, None where it was taken off."""

    tag: CustomerTagRow | None


class TagWriter(Writer, Protocol):
    """Changes tags, of programs and of new names alike. Makes `change` and `audit`.

    Raises Refusal, SourceUnavailable, SourceTimedOut, OutcomeUnknown.
    """

    async def add(self, write: Write, asked: Tagging) -> Written[TagShown]:
        """Apply a tag once more, up to its cap, or give it another value where it takes one (J4, J11, J14)."""
        ...

    async def reset(self, write: Write, asked: Tagging) -> Written[TagShown]:
        """Set the count of a tag that has a cap back to 0 (J5)."""
        ...

    async def remove(self, write: Write, asked: Tagging) -> Written[TagShown]:
        """Take a tag off; its history stays (J15)."""
        ...


def definition_of(program: ProgramSettings, key: str) -> TagDefinition:
    """How the program defined the tag; without a cap and with one value where it did not (settled.md)."""
    return next((known for known in program.tags if known.key == key), None) or TagDefinition(key)


def is_new_name(program: ProgramSettings, key: str) -> bool:
    """True for what can be the key of a tag and is none of the program's yet (J6)."""
    return 1 <= len(key) <= LONGEST_KEY and all(known.key != key for known in program.tags)


def check_named(asked: Tagging) -> None:
    """Pass for a key and a value that can be kept. Raises Refusal."""
    check_length(asked.key, LONGEST_KEY, "key")
    check_length(asked.value, LONGEST_VALUE, "value")


def applied_to(values: Sequence[str], stated: str | None, *, several: bool) -> str | None:
    """Which of the values of a key is applied once more or gives way to another; None where it is one more.

    `values` are those that the customer has, the last applied first; `several`: the key may have several (inv-G2).
    """
    place = stated or ""
    if place in values:
        return place
    return None if several or not values else values[0]


def origin_of(actor: ActorRef) -> TagOrigin:
    """By hand where staff do it (J13)."""
    return TagOrigin.MANUAL if actor.kind is ActorKind.STAFF else TagOrigin.AUTOMATIC


def applied(
    write: Write, tag: CustomerTagRow | None, asked: Tagging, cap: int | None
) -> tuple[TagAction, CustomerTagRow]:
    """What applying comes to: one more of the count, or another value, which does not count. Raises Refusal."""
    if tag is not None and asked.value not in (None, tag.value):
        return TagAction.VALUE_SET, msgspec.structs.replace(tag, value_key=asked.value, last_applied_at=write.now)
    count = 1 if tag is None else tag.count + 1
    if cap is not None and count > cap:
        raise Refusal(UserErrorCode.TAG_CAP_REACHED, f"It was applied {cap} times: reset its count first.", "key")
    if tag is None:
        origin = origin_of(write.actor)
        tag = CustomerTagRow(asked.customer_id, asked.key, asked.value or "", count, origin, write.now, write.now)
    return TagAction.ADDED, msgspec.structs.replace(tag, count=count, last_applied_at=write.now)


def the_one(tags: Sequence[CustomerTagRow], asked: Tagging) -> CustomerTagRow | None:
    """The tag that is meant: the one of the value stated, or the only one; None where there is none. Raises Refusal."""
    meant = [tag for tag in tags if asked.value in (None, tag.value)]
    if len(meant) > 1:
        raise Refusal(UserErrorCode.REQUIRED, "The customer has several values of this tag: name one.", "value")
    return meant[0] if meant else None
