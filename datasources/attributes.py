"""What a custom attribute may hold, by its definition, in the form that it is kept in (E4, E14)."""

import datetime as dt
import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Annotated, Any

import msgspec

from datasources.countries import COUNTRIES
from datasources.folding import EMAIL, email_key, phone_key
from datasources.profiles import AttributeValue
from datasources.program import AttributeDefinition, AttributeType, ProgramSettings
from datasources.refusals import UserErrorCode
from datasources.values import ActorKind
from datasources.writing import LONGEST_NAME, Refusal, Write

LONGEST_TEXT, LARGEST_JSON = 2_000, 16_384
"""Of one attribute (settled.md, "Lengths")."""
MASK = "•••"
"""Stands in what callers see masked: it comes back when they send a form as they got it."""
DECIMAL = re.compile(r"[+-]?\d+(\.\d+)?")

Json = Any  # any JSON value
Text = Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST_TEXT)]
Long = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
Moment = Annotated[dt.datetime, msgspec.Meta(tz=True)]
Part = Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST_NAME)] | None


class AttributeChange(msgspec.Struct, frozen=True):
    """What an attribute is to hold: any JSON value, None for nothing; unset leaves it as it is."""

    key: str
    value: Json | msgspec.UnsetType = msgspec.UNSET


class AddressValue(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """An ADDRESS, spelled as clients spell an `Address`."""

    label: Part = None
    line1: Part = None
    line2: Part = None
    city: Part = None
    region: Part = None
    postal_code: Part = None
    country_code: Part = None

    def __post_init__(self) -> None:
        if self.country_code is not None and self.country_code not in COUNTRIES:
            raise ValueError("countryCode is an ISO 3166-1 alpha-2 code")


def _converted(type_: Any) -> Callable[[Json, ProgramSettings], Json]:
    """Holds a value to a type and gives it as JSON."""
    return lambda value, _program: msgspec.to_builtins(msgspec.convert(value, type_))


def _decimal(value: Json, _program: ProgramSettings) -> str:
    text = format(Decimal(repr(value)), "f") if isinstance(value, float) else str(value)
    if isinstance(value, bool) or not isinstance(value, (str, int, float)) or not DECIMAL.fullmatch(text):
        raise ValueError("a decimal number is expected, such as 12.50")
    return text


def _instant(value: Json, _program: ProgramSettings) -> str:
    return msgspec.convert(value, Moment).astimezone(dt.UTC).isoformat().replace("+00:00", "Z")


def _phone(value: Json, program: ProgramSettings) -> str:
    number = phone_key(msgspec.convert(value, Text), program.region)
    if number is None:
        raise ValueError("a telephone number in E.164 is expected: +12125550123")
    return number


def _email(value: Json, _program: ProgramSettings) -> str:
    address = email_key(msgspec.convert(value, Text))
    if not EMAIL.fullmatch(address):
        raise ValueError("an e-mail address is expected")
    return address


KEPT: Mapping[AttributeType, Callable[[Json, ProgramSettings], Json]] = {
    AttributeType.STRING: _converted(Text),
    AttributeType.INT: _converted(Long),
    AttributeType.DECIMAL: _decimal,
    AttributeType.BOOLEAN: _converted(bool),
    AttributeType.DATE: _converted(dt.date),
    AttributeType.DATETIME: _instant,
    AttributeType.ENUM: _converted(Text),
    AttributeType.LIST: _converted(list[Text]),
    AttributeType.PHONE: _phone,
    AttributeType.EMAIL: _email,
    AttributeType.ADDRESS: _converted(AddressValue),
}
"""Each gives a value as it is kept, and raises ValueError or msgspec.ValidationError for what is none of its type."""


def checked(
    write: Write, given: Sequence[AttributeChange] | None, held: Mapping[str, AttributeValue]
) -> dict[str, Json]:
    """What is given of attributes by key, as it is kept; None clears, as no list at all clears every one that is held.

    Raises Refusal: one attribute that the caller may not write refuses them all.
    """
    path = ("profile", "attributes")
    if given is None:
        for key in held:
            _check_writable(write, _definition(write, key, path), path)
        return dict.fromkeys(held)
    found: dict[str, Json] = {}
    for index, one in enumerate(given):
        at = (*path, str(index))
        definition = _definition(write, one.key, (*at, "key"))
        if one.key in found:
            raise Refusal(UserErrorCode.INVALID, "This attribute is given twice.", *at, "key")
        if one.value is msgspec.UNSET:
            continue
        _check_writable(write, definition, (*at, "value"))
        found[one.key] = None if one.value is None else _kept(write.program, definition, one.value, (*at, "value"))
    return found


def _definition(write: Write, key: str, path: tuple[str, ...]) -> AttributeDefinition:
    known = next((one for one in write.program.attribute_definitions if one.key == key), None)
    if known is None:
        raise Refusal(UserErrorCode.NOT_FOUND, "The program has no such attribute.", *path)
    return known


def _check_writable(write: Write, definition: AttributeDefinition, path: tuple[str, ...]) -> None:
    by_member = write.actor.kind is ActorKind.MEMBER
    if not definition.is_writable or (by_member and not definition.member_writable):
        raise Refusal(UserErrorCode.FORBIDDEN, f"You may not write the attribute {definition.key}.", *path)


def _kept(program: ProgramSettings, definition: AttributeDefinition, value: Json, path: tuple[str, ...]) -> Json:
    try:
        kept = KEPT[definition.type](value, program)
    except (ValueError, msgspec.ValidationError):
        # The library's own text may quote the value.
        raise Refusal(UserErrorCode.INVALID, f"This is no value of type {definition.type.value}.", *path) from None
    options = definition.options
    if options is not None and not set(kept if isinstance(kept, list) else [kept]) <= set(options):
        raise Refusal(UserErrorCode.INVALID, f"Only these are possible: {', '.join(options)}.", *path)
    written = msgspec.json.encode(kept)
    if len(written) > LARGEST_JSON or (isinstance(kept, str) and len(kept) > LONGEST_TEXT):
        raise Refusal(UserErrorCode.INVALID, "An attribute holds at most 2,000 characters, or 16 kB of JSON.", *path)
    if MASK.encode() in written:
        raise Refusal(UserErrorCode.INVALID, "This is masked: leave out what you can't read.", *path)
    return kept
