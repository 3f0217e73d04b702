"""Ids of another system as the UUIDs that rows have, and back again.

A UUID stands for itself. Any other text is written into one of version 8 (RFC 9562, section 5.8), which leaves 122 bits:
two say how, 120 hold the text. One of up to 15 bytes, and a number of up to 36 digits, can be read back, so a row is found
again by its id without a table of ids. Of a longer text the UUID holds a hash: its row is found in the list it belongs to.
"""

import hashlib
import re
from enum import IntEnum
from uuid import UUID

from datasources.ids import EntityId

CANONICAL = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
NUMBER = re.compile(r"[1-9][0-9]{15,35}")
OWN_VERSION = 8
BYTES = 15
LOW = (1 << 62) - 1
MIDDLE = (1 << 12) - 1


class Form(IntEnum):
    """How a UUID of ours holds the text."""

    HASH = 0
    TEXT = 1
    NUMBER = 2


def id_of(text: str) -> EntityId:
    """The UUID of an id of the other system: the same in every process, for ever."""
    if CANONICAL.fullmatch(text) and UUID(text).version != OWN_VERSION:
        return EntityId(UUID(text))
    raw = text.encode()
    if NUMBER.fullmatch(text):
        return _packed(Form.NUMBER, int(text))
    if len(raw) <= BYTES and raw.strip(b"\x00") == raw:
        return _packed(Form.TEXT, int.from_bytes(raw.ljust(BYTES, b"\x00"), "big"))
    return _packed(Form.HASH, int.from_bytes(hashlib.sha256(raw).digest()[:BYTES], "big"))


def text_of(id: UUID) -> str | None:
    """The id that the other system gave; None where only its hash is known, or no id leads to this UUID."""
    if id.version != OWN_VERSION:
        return str(id)
    text = _unpacked(id)
    # One UUID alone stands for an id: no other one that could be read so leads to its row.
    return text if text is not None and id_of(text) == id else None


def is_hashed(id: UUID) -> bool:
    """True where the id's text can't be read back."""
    return id.version == OWN_VERSION and text_of(id) is None


def _packed(form: Form, held: int) -> EntityId:
    value = form << 120 | held
    high, middle, low = value >> 74, value >> 62 & MIDDLE, value & LOW
    return EntityId(UUID(int=high << 80 | OWN_VERSION << 76 | middle << 64 | 0b10 << 62 | low))


def _unpacked(id: UUID) -> str | None:
    value = (id.int >> 80) << 74 | (id.int >> 64 & MIDDLE) << 62 | id.int & LOW
    form, held = value >> 120, value & ((1 << 120) - 1)
    if form == Form.NUMBER:
        return str(held)
    if form != Form.TEXT:
        return None
    try:
        return held.to_bytes(BYTES, "big").rstrip(b"\x00").decode()
    except UnicodeDecodeError:
        return None
