"""Values of an answer as the types that rows have. What is not of the type raises one of MISFITS."""

import datetime as dt
import math
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
from babel.numbers import get_currency_precision

from datasources.http.ids import id_of
from datasources.http.paths import JSON

Convert = Callable[[JSON], Any]
"""Makes a value of an attribute's type."""
MISFITS = (ValueError, TypeError, ArithmeticError)

DECIMAL = re.compile(r"-?[0-9]{1,18}(\.[0-9]{1,12})?")
CODE = re.compile(r"[A-Za-z]{3}")
"""A currency of ISO 4217, in capitals or not."""
LARGEST = 10**18
"""Amounts of more digits are none that a 64-bit integer holds."""
BEGINNING = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def converter(kind: Any, zone: str | None) -> Convert:
    """Makes values of a type. Raises ValueError for a zone that is none, or not needed."""
    if zone is not None:
        if kind is not dt.datetime:
            raise ValueError("a zone is of instants")
        try:
            place = ZoneInfo(zone)
        except (OSError, ValueError, KeyError):
            raise ValueError("must be a time zone of the IANA database") from None
        return lambda found: _instant(found, place)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return kind
    simple = CONVERTERS.get(kind)
    if simple is not None:
        return simple
    return lambda found: _aware(msgspec.convert(_floats(found), kind))


def of_unit(unit: str, kind: Any) -> Convert:
    """Makes values of what is told in a unit. Raises ValueError where the type has none."""
    if unit == "major" and kind is int:
        return _number
    if unit in UNITS and kind is dt.datetime:
        return lambda found: BEGINNING + dt.timedelta(microseconds=int(_number(found) * UNITS[unit]))
    raise ValueError("units s and ms are of instants, major of amounts")


def minor_units(amount: Decimal, currency: str) -> int:
    """An amount of major units in minor ones, exactly. Raises ValueError where that is no whole number."""
    scaled = amount.scaleb(get_currency_precision(currency))
    if scaled != scaled.to_integral_value() or abs(scaled) >= LARGEST:
        raise ValueError("no amount of this currency")
    return int(scaled)


def currency(found: JSON) -> str:
    """A currency's code."""
    if not isinstance(found, str) or not CODE.fullmatch(found):
        raise ValueError("no currency")
    return found.upper()


def exact(value: Any) -> JSON:
    """A value of the config as an answer would have it."""
    return Decimal(repr(value)) if isinstance(value, float) else value


def _text(found: JSON) -> str:
    if isinstance(found, str):
        return found
    if isinstance(found, bool) or not isinstance(found, (int, Decimal)):
        raise ValueError("no text")
    return str(found) if isinstance(found, int) else format(_bounded(found), "f")


def _whole(found: JSON) -> int:
    number = _number(found)
    if number != number.to_integral_value():
        raise ValueError("no whole number")
    return int(number)


def _float(found: JSON) -> float:
    number = float(_number(found))
    if not math.isfinite(number):
        raise ValueError("no number")
    return number


def _number(found: JSON) -> Decimal:
    """A number, told as one or as a text of digits."""
    if isinstance(found, str) and DECIMAL.fullmatch(found):
        return Decimal(found)
    if isinstance(found, bool) or not isinstance(found, (int, Decimal)):
        raise ValueError("no number")
    return _bounded(Decimal(found))


def _bounded(number: Decimal) -> Decimal:
    """The number; one of millions of digits would take seconds to write out."""
    if number and not -40 < number.adjusted() < 19:
        raise ValueError("no number of an ordinary size")
    return number


def _truth(found: JSON) -> bool:
    if not isinstance(found, bool):
        raise ValueError("neither true nor false")
    return found


def _id(found: JSON) -> UUID:
    if isinstance(found, bool) or not isinstance(found, (str, int)) or found == "":
        raise ValueError("no id")
    return id_of(str(found))


def _instant(found: JSON, zone: ZoneInfo | None = None) -> dt.datetime:
    """An instant with its zone, or in the zone given where it has none."""
    if not isinstance(found, str):
        raise ValueError("no instant")
    read = msgspec.convert(found, dt.datetime)
    if read.tzinfo is None:
        if zone is None:
            raise ValueError("no time zone")
        read = read.replace(tzinfo=zone)
    return read.astimezone(dt.UTC)


def _floats(found: JSON) -> JSON:
    """The same JSON with its fractions as floats, which nested values and JSON of ours have."""
    if isinstance(found, Decimal):
        return _float(found)
    if isinstance(found, dict):
        return {name: _floats(part) for name, part in found.items()}
    return [_floats(part) for part in found] if isinstance(found, list) else found


def _aware(value: Any) -> Any:
    """The same value with its instants in UTC. Raises ValueError for one without a time zone."""
    if isinstance(value, dt.datetime):
        if value.tzinfo is None:
            raise ValueError("no time zone")
        return value.astimezone(dt.UTC)
    if isinstance(value, msgspec.Struct):
        parts = {name: _aware(getattr(value, name)) for name in value.__struct_fields__}
        return msgspec.structs.replace(value, **parts)
    return tuple(map(_aware, value)) if isinstance(value, tuple) else value


CONVERTERS: Mapping[Any, Convert] = {
    str: _text,
    int: _whole,
    float: _float,
    bool: _truth,
    UUID: _id,
    dt.datetime: _instant,
}
"""How values of plain types are made."""
UNITS: Mapping[str, int] = {"s": 1_000_000, "ms": 1_000}
"""Microseconds of the units that instants are counted in."""
