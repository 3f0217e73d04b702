"""Types that several domains show."""

import datetime as dt

import strawberry
from babel.numbers import get_currency_precision

from datasources import values
from datasources.profiles import OrderDirection as Direction
from datasources.program import CardKind
from resolvers import actors
from schema.enums import enum
from schema.fields import lookup
from schema.scalars import CurrencyCode, Decimal, Long
from schema.views import values as input_of
from schema.views import view

ActorKind = enum(
    values.ActorKind,
    STAFF="A person who serves members.",
    MEMBER="The customer.",
    SERVICE="Another system.",
    SYSTEM="A rule or job of the program itself.",
)
OrderDirection = enum(Direction, ASC="Smallest, earliest or first in the alphabet first.", DESC="The other way round.")
enum(
    CardKind,
    PROMOTIONAL="Loaded by the program, as a gift or a promotion.",
    PRIVATE_LABEL_DEBIT="Loaded by the customer, accepted by the program alone.",
)


def amount(money: values.Money, _context: object) -> str:
    """The amount in the currency's major unit, with as many decimals as ISO 4217 gives it."""
    decimals = get_currency_precision(money.currency)
    sign, digits = "-" if money.amount_minor < 0 else "", str(abs(money.amount_minor)).rjust(decimals + 1, "0")
    return f"{sign}{digits[:-decimals]}.{digits[-decimals:]}" if decimals else f"{sign}{digits}"


@view(values.Money)
class Money:
    """An amount of money; there is no arithmetic across currencies."""

    amount_minor: Long
    """In the currency's minor unit: 1234 is 12.34 in USD."""
    currency: CurrencyCode
    """ISO 4217."""
    amount = lookup(Decimal, amount)
    """In the currency's major unit, exact."""


@view(values.GeoPoint)
class GeoPoint:
    """A point on the earth, WGS 84."""

    latitude: float
    """Degrees north of the equator."""
    longitude: float
    """Degrees east of Greenwich."""


@view(values.KeyValue)
class KeyValue:
    """A key and its value."""

    key: str
    """The key."""
    value: str | None
    """The value, if there is one."""


@view(values.ActorRef)
class Actor:
    """Who did something."""

    kind: values.ActorKind
    """What kind of actor."""
    id: str
    """The actor's id where they come from: a user of the staff directory, a service, a rule."""
    name = lookup(str, actors.name)
    """The name the actor goes by now."""


@input_of(values.GeoPoint)
class GeoPointInput:
    """A point on the earth, WGS 84."""

    latitude: float
    """Degrees north of the equator, -90 to 90."""
    longitude: float
    """Degrees east of Greenwich, -180 to 180."""


@input_of(values.KeyValue)
class KeyValueInput:
    """A key and its value."""

    key: str
    """The key."""
    value: str | None
    """The value; left out, any."""


@input_of(values.DateTimeRange)
class DateTimeRange:
    """A half-open window of time."""

    since: dt.datetime | None = strawberry.field(name="from", default=strawberry.UNSET)
    """From this moment on."""
    until: dt.datetime | None
    """Before this moment."""
