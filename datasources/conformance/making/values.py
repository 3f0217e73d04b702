"""Values for the fields of rows, by type and name: among them what sources get wrong."""

import datetime as dt
import zlib
from collections.abc import Callable, Mapping
from enum import Enum
from types import NoneType
from typing import Any, get_args, get_origin, get_type_hints
from uuid import UUID

import msgspec

from datasources.ids import derived_id
from datasources.values import ActorKind

NOW = dt.datetime(2026, 1, 31, 12, tzinfo=dt.UTC)
"""The moment at which the kit asks."""

TEXTS = (
    "Plain words",
    "plain words",
    "Zürich, “Straße” 7",
    'O\'Brien; the "2nd", -- again',
    "first line\nsecond\tline",
    " spaces around ",
    "100% of_it \\ {} $1 ?",
    "日本語のテキスト",
    "مرحبا بالعالم",
    "e\u0301 is not é",
    "🙂 beyond the basic plane",
    "NULL",
    "x" * 500,
)
"""What a text can be; some again and again, so that lists sorted by them have ties."""

NUMBERS = (1, 0, 3, 2, 12)
AMOUNTS = (1_999, 0, 5, 2**31 + 1, 2**53 - 1)
"""Money and points have 64 bits."""
LARGE = ("_minor", "points", "points_price", "points_spent")
"""How the names of such numbers end."""

UPCOMING = ("ends_at", "expires_at", "redeemable_until", "protected_until", "window_ends_at")
"""What is open ends after the kit's moment, so that no state depends on the clock."""
UNIQUE = ("key", "store_id", "support_id", "external_id", "number", "card_number", "code", "system_key", "value_key")
"""Texts that no two rows have in common."""

WORDS: Mapping[str, Callable[[int], str]] = {
    "currency": lambda n: ("USD", "EUR", "JPY")[n % 3],
    "timezone": lambda n: ("America/New_York", "Europe/Vienna", "Asia/Kathmandu", "UTC")[n % 4],
    "locale": lambda n: ("en-US", "de-AT", "zh-Hant")[n % 3],
    "country_code": lambda n: ("US", "AT", "TW")[n % 3],
    "email": lambda n: f"Somebody.{n}@Example.com",
    "phone": lambda n: f"+1212555{n:04}",
    "last_four": lambda n: f"{n:04}",
    "card_last_four": lambda n: f"{n:04}",
    "counterpart_last_four": lambda n: f"{n:04}",
    "opens": lambda n: f"{n % 12:02}:00",
    "closes": lambda n: f"{12 + n % 12:02}:30",
    "attributes": lambda n: msgspec.json.encode({"note": TEXTS[n % len(TEXTS)]}).decode(),
    "changes_json": lambda n: msgspec.json.encode([{"path": "nickname", "after": TEXTS[n % len(TEXTS)]}]).decode(),
}
"""Texts that are made by rules, by the name of the field."""


def value_of(hint: Any, name: str, number: int) -> Any:
    """What the field of this name holds in the row of this number."""
    kinds = get_args(hint)
    if NoneType in kinds:
        return None if (number + _offset(name)) % 3 == 0 else value_of(kinds[0], name, number)
    hint = getattr(hint, "__supertype__", hint)
    if get_origin(hint) is tuple:
        return tuple(value_of(kinds[0], name, number + index) for index in range(number % 3))
    if get_origin(hint) is dict:
        return {f"{name}-{index}": value_of(kinds[1], name, number + index) for index in range(number % 3)}
    if issubclass(hint, Enum):
        return list(hint)[number % len(hint)]
    if issubclass(hint, msgspec.Struct):
        return struct_of(hint, number)
    return PLAIN[hint](name, number)


def struct_of(struct: type[msgspec.Struct], number: int, **known: Any) -> Any:
    """The struct of this number; what is known of it is not made up."""
    hints = get_type_hints(struct)
    return struct(
        **{
            name: known[name] if name in known else value_of(hints[name], name, number)
            for name in struct.__struct_fields__
        }
    )


def id_of(kind: str, number: int) -> UUID:
    """The id of the row of this number; ids do not rise with the numbers, as few things do."""
    return derived_id(NOW - dt.timedelta(days=number * 7 % 11), kind, str(number))


def _text(name: str, number: int) -> str:
    if name in WORDS:
        return WORDS[name](number)
    if name.endswith("url"):
        return f"https://example.com/{name}/{number}?a=1&b=ü"
    if name.endswith("_kind"):
        return list(ActorKind)[number % len(ActorKind)].value
    if name in UNIQUE or name.endswith("_id"):
        return f"{name}-{number:03}"
    if name.endswith("_key"):
        return f"{name}-{number % 3}"
    # Not the same text in all fields of a row: two that are mixed up would not show.
    return TEXTS[(number + _offset(name)) % len(TEXTS)]


def _whole(name: str, number: int) -> int:
    if name == "weekday":
        return 1 + number % 7
    return (AMOUNTS if name.endswith(LARGE) else NUMBERS)[(number + _offset(name)) % 5]


def _real(name: str, number: int) -> float:
    if name == "latitude":
        return round(40.7 + number / 7, 6)
    if name == "longitude":
        return round(-74.0 + number / 3, 6)
    return number / 8


def _instant(name: str, number: int) -> dt.datetime:
    """Two rows share each instant, to the microsecond; the last one is from another century."""
    if name in UPCOMING:
        return NOW + dt.timedelta(days=1 + number // 2, microseconds=1)
    if number % 11 == 10:
        return dt.datetime(1999, 12, 31, 23, 59, 59, 999_999, tzinfo=dt.UTC)
    return NOW - dt.timedelta(days=1 + _offset(name) % 5, hours=7 * (number // 2 * 5 % 7), microseconds=number // 2)


def _offset(name: str) -> int:
    """A number of the field's own, so that not all are null at once; what belongs together has the same."""
    for end in ("_kind", "_id", "latitude", "longitude"):
        name = name.removesuffix(end)
    return zlib.crc32(name.encode())


PLAIN: Mapping[Any, Callable[[str, int], Any]] = {
    Any: lambda name, number: (number, TEXTS[number % len(TEXTS)], None, [name])[number % 4],
    str: _text,
    int: _whole,
    float: _real,
    bool: lambda name, number: (number + _offset(name)) % 2 == 0,
    bytes: lambda _name, number: bytes((number, 0, 255)),
    UUID: id_of,
    dt.datetime: _instant,
    dt.date: lambda _name, number: dt.date(1980, 2, 29) + dt.timedelta(days=366 * number),
}
"""What makes the values of a type."""
