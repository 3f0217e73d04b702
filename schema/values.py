"""Types that several domains show."""

import datetime as dt

import strawberry

from datasources import refusals, values
from datasources.profiles import OrderDirection as Direction
from datasources.program import CardKind
from permissions.model import AdjustmentOperation
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
    AdjustmentOperation,
    POINTS_ADD="Adding points.",
    POINTS_DEDUCT="Deducting points.",
    CARD_ADD="Adding money to a card.",
    CARD_DEDUCT="Deducting money from a card.",
)
enum(
    refusals.UserErrorCode,
    INVALID="The value is not allowed here.",
    REQUIRED="A value is needed here.",
    NOT_FOUND="There is no such thing, or none that you can reach.",
    FORBIDDEN="You may not do this to that thing.",
    CONFLICT="It was changed by someone else, or differs from what was stored.",
    IDENTIFIER_TAKEN="Another customer has this identifier.",
    INVALID_TRANSITION="Not possible in its present state.",
    INSUFFICIENT_POINTS="Fewer points are available than that.",
    INSUFFICIENT_BALANCE="The card holds less money than that.",
    LIMIT_EXCEEDED="The account can't hold that much.",
    APPROVAL_REQUIRED="Beyond your limit: it waits for a second person.",
    IDEMPOTENCY_KEY_REUSED="The idempotency key was used for something else.",
    CUSTOMER_RESTRICTED="The customer restricted processing.",
    CUSTOMER_BLOCKED="The customer is blocked.",
    CUSTOMER_GONE="The customer's personal data was removed, or the membership is closed.",
    ALREADY_DONE="It is so already.",
    NOT_LOCKED="There is no lock to lift.",
    NO_CAP="The tag has no cap.",
    TAG_CAP_REACHED="The tag can't be applied more often.",
    OFFER_NOT_ISSUABLE="The offer can't be issued.",
    REDEMPTION_WINDOW_PASSED="The time to redeem it has passed.",
    CURRENCY_MISMATCH="The currencies differ.",
    BALANCE_REMAINS="The card still holds money.",
    PROMO_CODE_REFUSED="The promo code can't be claimed.",
    IDENTITY_NOT_VERIFIED="The customer's identity has to be verified first.",
    SOURCE_UNAVAILABLE="A source that has to be asked did not answer.",
)
enum(
    CardKind,
    PROMOTIONAL="Loaded by the program, as a gift or a promotion.",
    PRIVATE_LABEL_DEBIT="Loaded by the customer, accepted by the program alone.",
)


@view(values.Money, weighs=False)
class Money:
    """An amount of money; there is no arithmetic across currencies."""

    amount_minor: Long
    """In the currency's minor unit: 1234 is 12.34 in USD."""
    currency: CurrencyCode
    """ISO 4217."""
    amount: Decimal
    """In the currency's major unit, exact."""


@view(values.GeoPoint, weighs=False)
class GeoPoint:
    """A point on the earth, WGS 84."""

    latitude: float
    """Degrees north of the equator."""
    longitude: float
    """Degrees east of Greenwich."""


@view(values.KeyValue, weighs=False)
class KeyValue:
    """A key and its value."""

    key: str
    """The key."""
    value: str | None
    """The value, if there is one."""


@view(values.ActorRef, weighs=False)
class Actor:
    """Who did something."""

    kind: values.ActorKind
    """What kind of actor."""
    id: str
    """The actor's id where they come from: a user of the staff directory, a service, a rule."""
    name = lookup(str, actors.name)
    """The name the actor goes by now."""


@input_of(values.Money)
class MoneyInput:
    """An amount of money."""

    amount_minor: Long
    """In minor units of the currency, such as cents."""
    currency: CurrencyCode
    """Which currency."""


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
    """The value; left out, any value in a filter, and none any more in a change."""


@input_of(values.DateTimeRange)
class DateTimeRange:
    """A half-open window of time."""

    since: dt.datetime | None = strawberry.field(name="from", default=strawberry.UNSET)
    """From this moment on."""
    until: dt.datetime | None
    """Before this moment."""
