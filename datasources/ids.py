"""Identifiers of rows: UUIDv7 (RFC 9562, section 5.7), time-ordered so that new rows land together."""

import datetime as dt
import hashlib
from binascii import b2a_base64
from typing import NewType, Protocol
from uuid import UUID, SafeUUID

import msgspec
import uuid_utils

CustomerId = NewType("CustomerId", UUID)
EntityId = NewType("EntityId", UUID)

URL_SAFE = bytes.maketrans(b"+/", b"-_")
UNKNOWN = SafeUUID.unknown
"""Looking a member up in its enum costs a call."""
NO_CUSTOMER = CustomerId(UUID(int=0))
"""Stands for the program where rows belong to it and not to a customer."""


class OfCustomer(Protocol):
    """Whatever tells whose it is. A resolver that takes this needs no more of a customer than the id, and may be asked
    before the customer's own row is there."""

    @property
    def customer_id(self) -> CustomerId:
        """Whose it is."""
        ...


class KnownCustomer(msgspec.Struct, frozen=True):
    """A customer of whom nothing is known yet but the id."""

    customer_id: CustomerId


OwnedId = tuple[CustomerId, EntityId]
"""The key of a row that belongs to a customer."""


def base64url(raw: bytes) -> str:
    """Bytes in the URL-safe alphabet without padding (RFC 4648, section 5): every id and cursor of an answer is one, and
    the standard library takes three calls for it."""
    return b2a_base64(raw).translate(URL_SAFE, b"=\n").decode()


def new_id() -> EntityId:
    """A fresh UUIDv7."""
    # UUID's own constructor takes four times as long: batches make thousands.
    made: EntityId = object.__new__(UUID)  # type: ignore[assignment]  # to the type checker another than a UUID
    object.__setattr__(made, "int", uuid_utils.uuid7().int)
    object.__setattr__(made, "is_safe", UNKNOWN)
    return made


def derived_id(at: dt.datetime, *names: str) -> EntityId:
    """The UUIDv7 that the same instant and names always give: what an import makes twice has the same id twice."""
    digest = hashlib.sha256("\x1f".join(names).encode()).digest()
    millis = int(at.timestamp() * 1000) & ((1 << 48) - 1)
    tail = int.from_bytes(digest[:10], "big")
    value = millis << 80 | 7 << 76 | (tail >> 64 & 0xFFF) << 64 | 0b10 << 62 | tail & ((1 << 62) - 1)
    return EntityId(UUID(int=value))
