"""The body of a POST: read within its size, and taken as strict JSON (RFC 8259, I-JSON)."""

import json
import math
from collections.abc import Set
from typing import Any, NoReturn

import msgspec
import orjson
from starlette.types import Receive

from gateway.errors import Code, Refused, refused
from permissions.model import Scope
from schema.scalars import ESCAPED, are_short

MAX_DIGITS = 20
INGESTING = frozenset((Scope("events:ingest"), Scope("transactions:ingest")))
"""Who holds one of these sends batches."""
SHAPES = bytes(
    ord("0") if chr(byte) in "0123456789." else ord(":") if chr(byte) in ":,[" else ord("x") for byte in range(256)
)
"""Makes every digit a 0, and a colon of what stands before a value: looking for these costs a tenth of a pattern."""
LONG, SIGNS = b":" + b"0" * 19, b" \t\n\r-"


class Disconnected(Exception):
    """The client is gone; nobody waits for an answer."""


class Limits(msgspec.Struct, frozen=True):
    """How much a body may hold: bytes, values of its JSON, and levels of these."""

    size: int
    values: int = 5_000
    depth: int = 32


MEMBERS: dict[str, tuple[type, str]] = {
    "query": (str, "a string"),
    "operationName": (str, "a string"),
    "variables": (dict, "an object"),
    "extensions": (dict, "an object"),
}
"""What a body is read for: what each is, and how that is told."""
BATCHES = Limits(4 * 1_048_576, 100_000, 40)


def limits_of(scopes: Set[Scope], size: int) -> Limits:
    """The limits of a caller, `size` being that of those who send no batches."""
    return BATCHES if scopes & INGESTING else Limits(size)


class GraphQLRequest(msgspec.Struct, frozen=True):
    """The parameters of a request (GraphQL over HTTP, section 5.1)."""

    query: str
    operation_name: str | None
    variables: dict[str, Any] | None  # JSON of any shape
    texts_fit: bool
    """True where none of its texts is too long for an argument, or can't be held; False where they have to be looked at."""


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


def parsed(body: bytes, limits: Limits) -> GraphQLRequest:
    """The request in a body. Raises Refused."""
    plain = _plain(body, limits)
    given = _strict(body, limits) if plain is None else plain
    query, name, variables, extensions = map(given.get, MEMBERS)
    if not (
        isinstance(query, str)
        and (name is None or isinstance(name, str))
        and (variables is None or isinstance(variables, dict))
        and (extensions is None or isinstance(extensions, dict))
    ):
        raise _unfit(given)
    return GraphQLRequest(query, name, variables, plain is not None and are_short(body))


def _unfit(given: dict[str, Any]) -> Refused:
    """The refusal of a body one of whose members is not what it should be."""
    for name, (kind, wanted) in MEMBERS.items():
        if not isinstance(given.get(name), kind | None):
            return bad(f"{name} must be {wanted}.")
    return bad("The body has no query.")


def _plain(body: bytes, limits: Limits) -> dict[str, Any] | None:
    """The object in a body that is simple enough to be read fast, which large ones are: without an escaped quote, so that
    every quote ends or begins a text, and without long numbers. None for all others, and for whatever is to be refused."""
    if ESCAPED.search(body) is not None or LONG in body.translate(SHAPES, SIGNS):
        return None
    try:
        given = orjson.loads(body)
        laid_out = orjson.dumps(given, option=orjson.OPT_INDENT_2)
    except (orjson.JSONDecodeError, orjson.JSONEncodeError):
        return None
    # A line for each value at least, indented by two spaces a level; and where a member is named twice, fewer texts.
    is_deep = b"\n" + b"  " * limits.depth in laid_out
    fits = not is_deep and laid_out.count(b"\n") < limits.values and laid_out.count(b'"') == body.count(b'"')
    return given if fits and isinstance(given, dict) else None


def _strict(body: bytes, limits: Limits) -> dict[str, Any]:
    """The object in a body. Raises Refused."""
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
        raise bad(f"The JSON is nested deeper than {limits.depth} levels.") from None
    except json.JSONDecodeError as error:
        raise bad(f"The body is not JSON: {error.msg} at character {error.pos}.") from None
    if not isinstance(given, dict):
        raise bad("The body must be a JSON object.")
    _check(body, given, limits)
    return given


def bad(message: str) -> Refused:
    """The refusal of a body that is no request."""
    return refused(Code.BAD_REQUEST, 400, message)


def _check(body: bytes, given: object, limits: Limits) -> None:
    """Refuse what is nested too deep, has too many values, or text that no database can hold."""
    # What the bytes alone rule out spares the walk; a small request has neither.
    openings = body.count(b"{") + body.count(b"[")
    if openings > limits.depth or openings + body.count(b",") + 1 > limits.values:
        _walk(given, limits)
    if b"\\u" not in body:
        return
    if b"\\u0000" in body and _has_nul(given):
        raise refused(Code.BAD_USER_INPUT, 400, "A text of the body has a NUL character.")
    try:
        orjson.loads(body)
    except orjson.JSONDecodeError:
        raise refused(Code.BAD_USER_INPUT, 400, "A text of the body has half of a surrogate pair.") from None


def _walk(given: object, limits: Limits) -> None:
    waiting: list[tuple[object, int]] = [(given, 1)]
    values = 0
    while waiting:
        value, depth = waiting.pop()
        values += 1
        below = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
        if depth > limits.depth and isinstance(value, dict | list):
            raise bad(f"The JSON is nested deeper than {limits.depth} levels.")
        if values > limits.values:
            raise bad(f"The JSON has more than {limits.values} values.")
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
