"""Global ids: `Type:key`, opaque to clients. The key is the row's own id, behind its customer's id where it has one."""

import re
from binascii import a2b_base64
from functools import lru_cache
from uuid import UUID

from datasources.errors import InvalidRequest
from datasources.ids import base64url

ID = re.compile(r"([A-Z][A-Za-z]{1,40}):([A-Za-z0-9_-]{21}[AQgw]|[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048])")
"""The last character has spare bits, which are zero in the text that we write ourselves: no other is an id."""
IDS_HELD = 256
STANDARD = str.maketrans("-_", "+/")


def global_id(type_name: str, *parts: UUID) -> str:
    """The id of a row of the type named: 22 characters of base64url for one UUID, 43 for a customer's and its own."""
    return f"{type_name}:{base64url(b''.join([part.bytes for part in parts]))}"


@lru_cache(IDS_HELD)  # whoever takes an id takes it apart more than once in a request
def parse_id(text: str, argument: str, *types: str) -> tuple[str, tuple[UUID, ...]]:
    """Type name and UUIDs of a global id, of one of the types where any are named. Raises InvalidRequest."""
    found = ID.fullmatch(text)
    if found is None or (types and found[1] not in types):
        wanted = f"an id of a {' or '.join(types)}" if types else "an id of this graph"
        raise InvalidRequest(f"This is not {wanted}.", argument)
    raw = a2b_base64(found[2].translate(STANDARD) + "=" * (-len(found[2]) % 4))
    return found[1], tuple([UUID(bytes=raw[start : start + 16]) for start in range(0, len(raw), 16)])


def parse_uuid(text: str, argument: str) -> UUID:
    """The UUID that a text spells with dashes. Raises InvalidRequest."""
    if not re.fullmatch(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", text):
        raise InvalidRequest("This is not a UUID.", argument)
    return UUID(text)
