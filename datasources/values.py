"""Values that rows of several domains share."""

import datetime as dt
from enum import Enum

import msgspec
from babel.numbers import get_currency_precision


class Money(msgspec.Struct, frozen=True):
    """An amount in minor units of an ISO 4217 currency; no arithmetic across currencies."""

    amount_minor: int
    currency: str

    @property
    def amount(self) -> str:
        """The amount in the currency's major unit, with as many decimals as ISO 4217 gives it."""
        decimals = get_currency_precision(self.currency)
        sign, digits = "-" if self.amount_minor < 0 else "", str(abs(self.amount_minor)).rjust(decimals + 1, "0")
        return f"{sign}{digits[:-decimals]}.{digits[-decimals:]}" if decimals else f"{sign}{digits}"

    @property
    def hundredths(self) -> int:
        """The amount in hundredths of the major unit, whatever the currency's minor unit; a smaller rest is dropped."""
        decimals: int = get_currency_precision(self.currency)
        return self.amount_minor * 100 // int(10**decimals)


def half_even(amount: int, parts: int) -> int:
    """The amount divided into parts, rounded half to even."""
    whole, rest = divmod(amount, parts)
    return whole + (2 * rest > parts or (2 * rest == parts and whole % 2 == 1))


class ActorKind(Enum):
    """What kind of actor did something."""

    STAFF = "STAFF"
    MEMBER = "MEMBER"
    SERVICE = "SERVICE"
    SYSTEM = "SYSTEM"


class ActorRef(msgspec.Struct, frozen=True):
    """Who did it, as histories keep it; the name is resolved when read."""

    kind: ActorKind
    id: str


def actor_of(kind: str | None, id: str | None) -> ActorRef | None:
    """The actor that two columns tell, or None."""
    return None if kind is None or id is None else ActorRef(ActorKind(kind), id)


class DateTimeRange(msgspec.Struct, frozen=True, rename={"since": "from"}):
    """A half-open window: `since` included, `until` not."""

    since: dt.datetime | None = None
    until: dt.datetime | None = None


class KeyValue(msgspec.Struct, frozen=True):
    """A key and its value."""

    key: str
    value: str | None = None


class GeoPoint(msgspec.Struct, frozen=True):
    """A point on the earth, WGS 84 degrees."""

    latitude: float
    longitude: float
