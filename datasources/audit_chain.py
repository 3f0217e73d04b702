"""The chain of the audit log: each entry's hash covers the entry before it and its own ciphertext (architecture 3)."""

import datetime as dt
import hashlib
from collections.abc import Sequence
from uuid import UUID

import msgspec

GENESIS = bytes(32)
"""What the first entry of a chain follows."""

CHAINED = (
    "customer_id",
    "id",
    "sequence",
    "type",
    "at",
    "actor_kind",
    "actor_id",
    "outcome",
    "summary",
    "changes",
    "reason_code",
    "ticket_id",
    "correlation_id",
)
"""The columns of an entry that its hash covers, in their order."""

ChainValue = str | int | bytes | UUID | dt.datetime | None
"""What an entry is made of as it is stored: sealed columns by their ciphertext, so that forgetting breaks no chain."""


def canonical_bytes(values: Sequence[ChainValue]) -> bytes:
    """The values in their order, each with a letter for its type and its length before it, so that no two mean the same."""
    return b"".join(_framed(value) for value in values)


def next_hash(previous: bytes, values: Sequence[ChainValue]) -> bytes:
    """The hash of an entry that follows `previous` (`GENESIS` at the start): sha256(previous + canonical bytes)."""
    return hashlib.sha256(previous + canonical_bytes(values)).digest()


class Head(msgspec.Struct, frozen=True):
    """What is kept beside a chain: number and hash of its newest entry."""

    sequence: int
    hash: bytes


class Link(msgspec.Struct, frozen=True):
    """An entry as it is stored, and the head of its chain as it stood when the entry was read."""

    customer_id: UUID
    sequence: int
    hash: bytes
    values: tuple[ChainValue, ...]
    head: Head | None


class Walked(msgspec.Struct, frozen=True):
    """A chain that was followed to its end: how many entries it has, and the first number that is not as it was written."""

    customer_id: UUID
    entries: int
    broken_at: int | None


class Walk:
    """Follows one chain, entry by entry in their order, however long it is."""

    def __init__(self, customer_id: UUID) -> None:
        self.customer_id = customer_id
        self._entries, self._previous = 0, GENESIS
        self._head: Head | None = None
        self._broken_at: int | None = None

    def follow(self, link: Link) -> None:
        """Take the next entry: it holds where it has the next number, and its hash follows from the one before."""
        self._entries, self._head = self._entries + 1, link.head
        expected = next_hash(self._previous, link.values)
        if self._broken_at is None and (link.sequence, link.hash) != (self._entries, expected):
            self._broken_at = self._entries
        self._previous = link.hash

    def ended(self) -> Walked:
        """What was found. The last entry has to be the one that the head names: it tells of entries cut off at the end."""
        broken_at = self._broken_at
        if broken_at is None and self._head != Head(self._entries, self._previous):
            kept = self._entries if self._head is None else min(self._head.sequence, self._entries)
            is_cut = self._head is not None and self._head.sequence != self._entries
            broken_at = kept + 1 if is_cut else kept
        return Walked(self.customer_id, self._entries, broken_at)


def _framed(value: ChainValue) -> bytes:
    letter, body = _body(value)
    return letter + len(body).to_bytes(8, "big") + body


def _body(value: ChainValue) -> tuple[bytes, bytes]:
    if value is None:
        return b"n", b""
    if isinstance(value, bytes):
        return b"b", value
    if isinstance(value, UUID):
        return b"u", value.bytes
    if isinstance(value, dt.datetime):
        return b"t", value.astimezone(dt.UTC).isoformat(timespec="microseconds").encode()
    if isinstance(value, int):
        return b"i", str(value).encode()
    return b"s", value.encode()
