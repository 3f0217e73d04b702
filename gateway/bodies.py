"""The body of a POST: read within its size, and taken as strict JSON (RFC 8259, I-JSON)."""

import json
import math
from typing import Any, NoReturn

import msgspec
import orjson
from starlette.types import Receive

from gateway.errors import Code, Refused, refused

MAX_DEPTH = 32
MAX_VALUES = 5_000
MAX_DIGITS = 20


class Disconnected(Exception):
    """The client is gone; nobody waits for an answer."""


class GraphQLRequest(msgspec.Struct, frozen=True):
    """The parameters of a request (GraphQL over HTTP, section 5.1)."""

    query: str
    operation_name: str | None
    variables: dict[str, Any] | None  # JSON of any shape


async def read(receive: Receive, declared: bytes | None, limit: int) -> bytes:
    """The whole body. Raises Refused when it is too long, whether it says so or not; Disconnected."""
    if declared is not None and (not declared.isdigit() or int(declared[:MAX_DIGITS]) > limit):
        raise _too_long(limit)
    body: bytes = b""
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Disconnected
        body += message.get("body", b"")
        if len(body) > limit:
            raise _too_long(limit)
        if not message.get("more_body", False):
            return body


def _too_long(limit: int) -> Refused:
    return refused(Code.BAD_REQUEST, 413, f"The body is longer than {limit} bytes.")


def parsed(body: bytes) -> GraphQLRequest:
    """The request in a body. Raises Refused."""
    try:
        given = json.loads(
            body.decode("utf-8"),
            object_pairs_hook=_unique,
            parse_int=_whole,
            parse_float=_decimal,
            parse_constant=_no_number,
        )
    except UnicodeDecodeError:
        raise bad("The body is not UTF-8.") from None
    except RecursionError:
        raise bad(f"The JSON is nested deeper than {MAX_DEPTH} levels.") from None
    except json.JSONDecodeError as error:
        raise bad(f"The body is not JSON: {error.msg} at character {error.pos}.") from None
    if not isinstance(given, dict):
        raise bad("The body must be a JSON object.")
    _check(body, given)
    query = _member(given, "query", str, "a string")
    if query is None:
        raise bad("The body has no query.")
    _member(given, "extensions", dict, "an object")
    return GraphQLRequest(
        query, _member(given, "operationName", str, "a string"), _member(given, "variables", dict, "an object")
    )


def bad(message: str) -> Refused:
    """The refusal of a body that is no request."""
    return refused(Code.BAD_REQUEST, 400, message)


def _member(given: dict[str, Any], name: str, kind: type, wanted: str) -> Any:  # the kind that is asked for, or None
    value = given.get(name)
    if value is not None and not isinstance(value, kind):
        raise bad(f"{name} must be {wanted}.")
    return value


def _check(body: bytes, given: object) -> None:
    """Refuse what is nested too deep, has too many values, or text that no database can hold."""
    # What the bytes alone rule out spares the walk; a small request has neither.
    openings = body.count(b"{") + body.count(b"[")
    if openings > MAX_DEPTH or openings + body.count(b",") + 1 > MAX_VALUES:
        _walk(given)
    if b"\\u" not in body:
        return
    if b"\\u0000" in body and _has_nul(given):
        raise refused(Code.BAD_USER_INPUT, 400, "A text of the body has a NUL character.")
    try:
        orjson.loads(body)
    except orjson.JSONDecodeError:
        raise refused(Code.BAD_USER_INPUT, 400, "A text of the body has half of a surrogate pair.") from None


def _walk(given: object) -> None:
    waiting: list[tuple[object, int]] = [(given, 1)]
    values = 0
    while waiting:
        value, depth = waiting.pop()
        values += 1
        below = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
        if depth > MAX_DEPTH and isinstance(value, dict | list):
            raise bad(f"The JSON is nested deeper than {MAX_DEPTH} levels.")
        if values > MAX_VALUES:
            raise bad(f"The JSON has more than {MAX_VALUES} values.")
        waiting.extend((item, depth + 1) for item in below)


def _has_nul(given: object) -> bool:
    """True where an escape made a NUL; the six bytes alone may also be a backslash before `u0000`."""
    return b"\\u0000" in orjson.dumps(given).replace(b"\\\\", b"")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise bad("An object of the body names a member twice.")
    return found


def _whole(digits: str) -> int:
    if len(digits) > MAX_DIGITS:
        raise bad(f"The body has a number of more than {MAX_DIGITS} digits.")
    return int(digits)


def _decimal(digits: str) -> float:
    if len(digits) > MAX_DIGITS + 1:
        raise bad(f"The body has a number of more than {MAX_DIGITS} digits.")
    number = float(digits)
    if math.isinf(number):
        raise bad("The body has a number that is too large.")
    return number


def _no_number(name: str) -> NoReturn:
    raise bad(f"{name} is not JSON.")
