"""The custom scalars of the contract. They let values through that orjson writes itself, and check what comes in."""

import datetime as dt
import re
from collections.abc import Callable
from decimal import Decimal as PythonDecimal
from decimal import InvalidOperation
from typing import Any, NewType

import strawberry
from strawberry.types.scalar import ScalarDefinition

from datasources.folding import EMAIL, email_key, phone_key

Long = NewType("Long", int)
Decimal = NewType("Decimal", str)
Json = NewType("Json", object)
Url = NewType("Url", str)
CurrencyCode = NewType("CurrencyCode", str)
PhoneNumber = NewType("PhoneNumber", str)
EmailAddress = NewType("EmailAddress", str)
Locale = NewType("Locale", str)
FederationScope = NewType("FederationScope", str)
FieldSet = NewType("FieldSet", str)


class Representation:
    """JSON that names an entity. Only who looks for it looks into it: one that is wrong must not spoil the others."""

    __slots__ = ("given",)

    def __init__(self, given: object) -> None:
        self.given = given


LONGEST_TEXT = 8_000
"""Above the longest text that is kept (5,000), so that one a little too long can be refused in its own words."""
LONG_MIN, LONG_MAX = -(2**63), 2**63 - 1
UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
ESCAPED = re.compile(rb'\\(?:"|u00(?:22|00))')
"""A quote or a NUL inside a text of a JSON document."""
INSTANT = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,6})?([Zz]|[+-]\d\d:\d\d)")


def text(value: object) -> str:
    """A text that every database can hold. Raises ValueError for NUL, lone surrogates and over 8,000 characters."""
    if not isinstance(value, str):
        raise ValueError("a text is expected")  # graphql-core turns ValueError into its own error
    if len(value) > LONGEST_TEXT:
        raise ValueError(f"a text of at most {LONGEST_TEXT} characters is expected")
    if UNSTORABLE.search(value):
        raise ValueError("the text has a NUL character or half of a surrogate pair")
    return value


def are_short(document: bytes) -> bool:
    """True where no text of a JSON document can be too long, for one in which every quote begins or ends a text."""
    # From one quote to the last that the longest text would reach: behind none is a longer one.
    start = 0
    while len(document) - start > LONGEST_TEXT:
        start = document.rfind(b'"', start, start + LONGEST_TEXT + 1) + 1
        if start == 0:
            return False
    return True


def instant(value: object) -> dt.datetime:
    """RFC 3339 with an offset, as UTC. Raises ValueError for naive and impossible times."""
    if not isinstance(value, str) or not INSTANT.fullmatch(value):
        raise ValueError("a time with an offset is expected: 2026-01-31T12:00:00Z")
    try:
        return dt.datetime.fromisoformat(value.upper()).astimezone(dt.UTC)
    except (ValueError, OverflowError):
        raise ValueError("there is no such time") from None


def date(value: object) -> dt.date:
    """A calendar date, YYYY-MM-DD. Raises ValueError."""
    if not isinstance(value, str) or not re.fullmatch(r"\d{4}-\d\d-\d\d", value):
        raise ValueError("a date is expected, such as 2026-01-31")
    return dt.date.fromisoformat(value)


def long(value: object) -> int:
    """A whole number of 64 bits. Raises ValueError."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError("a whole number is expected")
    if not LONG_MIN <= value <= LONG_MAX:
        raise ValueError("a whole number of 64 bits is expected")
    return value


def decimal(value: object) -> str:
    """A decimal number as text, exact. Raises ValueError."""
    try:
        number = PythonDecimal(str(value))
    except InvalidOperation:
        raise ValueError("a decimal number is expected") from None
    if isinstance(value, bool) or not number.is_finite():
        raise ValueError("a decimal number is expected")
    return str(value)


def email(value: object) -> str:
    """An e-mail address, case-folded. Raises ValueError."""
    address = email_key(text(value))
    if not EMAIL.fullmatch(address):
        raise ValueError("an e-mail address is expected")
    return address


def phone(value: object) -> str:
    """A telephone number in E.164. Raises ValueError."""
    number = phone_key(text(value))
    if number is None:
        raise ValueError("a telephone number in E.164 is expected: +12125550123")
    return number


def matching(pattern: str, wanted: str) -> Callable[[object], str]:
    """A parser of texts that match a pattern."""
    compiled = re.compile(pattern)

    def parse(value: object) -> str:
        if not compiled.fullmatch(text(value)):
            raise ValueError(f"{wanted} is expected")
        return text(value)

    return parse


def _scalar(name: str, description: str, parse: Callable[[Any], Any]) -> ScalarDefinition:
    return strawberry.scalar(name=name, description=description, parse_value=parse)


SCALARS: dict[object, ScalarDefinition] = {
    dt.datetime: _scalar(
        "DateTime", "An instant: RFC 3339 in UTC with `Z`; inputs with another offset are converted.", instant
    ),
    dt.date: _scalar("Date", "A calendar date, YYYY-MM-DD.", date),
    Decimal: _scalar("Decimal", "A decimal number as text, exact.", decimal),
    Long: _scalar("Long", "A 64-bit signed integer.", long),
    Json: _scalar("JSON", "Any JSON value.", lambda value: value),
    Url: _scalar("URL", "An absolute URL.", matching(r"https?://\S+", "an absolute URL")),
    CurrencyCode: _scalar("CurrencyCode", "An ISO 4217 code.", matching("[A-Z]{3}", "an ISO 4217 code")),
    PhoneNumber: _scalar("PhoneNumber", "A telephone number in E.164; masked ones pass.", phone),
    EmailAddress: _scalar("EmailAddress", "An e-mail address; masked ones pass.", email),
    Locale: _scalar("Locale", "A BCP 47 language tag.", matching("[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*", "a BCP 47 tag")),
    FederationScope: _scalar("federation__Scope", "A scope of this graph.", text),
    FieldSet: _scalar("federation__FieldSet", "Fields of a type, as in a selection.", text),
    Representation: _scalar("_Any", "An entity as other graphs know it: `__typename` and a key.", Representation),
}
