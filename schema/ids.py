"""Global ids: `Type:key`, opaque to clients. The key is the row's own id, behind its customer's id where it has one."""

import base64
import binascii
import re
from uuid import UUID

from datasources.errors import InvalidRequest
from datasources.ids import base64url

ID = re.compile(r"([A-Z][A-Za-z]{1,40}):([A-Za-z0-9_-]{22}|[A-Za-z0-9_-]{43})")


def global_id(type_name: str, *parts: UUID) -> str:
    """The id of a row of the type named: 22 characters of base64url for one UUID, 43 for a customer's and its own."""
    return f"{type_name}:{base64url(b''.join([part.bytes for part in parts]))}"


def parse_id(text: str, argument: str, *types: str) -> tuple[str, tuple[UUID, ...]]:
    """Type name and UUIDs of a global id, of one of the types where any are named. Raises InvalidRequest."""
    found = ID.fullmatch(text)
    if found is None or (types and found[1] not in types):
        wanted = f"an id of a {' or '.join(types)}" if types else "an id of this graph"
        raise InvalidRequest(f"This is not {wanted}.", argument)
    try:
        raw = base64.b64decode(found[2] + "=" * (-len(found[2]) % 4), b"-_", validate=True)
    except binascii.Error:
        raise InvalidRequest("This is not an id of this graph.", argument) from None
    parts = tuple(UUID(bytes=raw[start : start + 16]) for start in range(0, len(raw), 16))
    # Base64 has spare bits: only the text that we would write ourselves is an id.
    if global_id(found[1], *parts) != text:
        raise InvalidRequest("This is not an id of this graph.", argument)
    return found[1], parts


def parse_uuid(text: str, argument: str) -> UUID:
    """The UUID that a text spells with dashes. Raises InvalidRequest."""
    if not re.fullmatch(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", text):
        raise InvalidRequest("This is not a UUID.", argument)
    return UUID(text)
