"""The chain of the audit log: each entry's hash covers the entry before it and its own ciphertext (architecture 3)."""

import datetime as dt
import hashlib
from collections.abc import Sequence
from uuid import UUID

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
