"""A customer's profile, membership and identifiers as clients see them."""

import datetime as dt

import strawberry

from datasources import profiles as rows
from datasources import program
from datasources.registry import Domain
from permissions.masking import PiiKind
from resolvers import devices, profiles
from schema.devices import DEVICES, Device
from schema.enums import enum
from schema.fields import argument, leaf, lookup
from schema.scalars import EmailAddress, Json, Locale, PhoneNumber
from schema.values import KeyValueInput, OrderDirection
from schema.views import values, view

PROFILES = Domain.PROFILES

enum(
    rows.MembershipState,
    PENDING_VERIFICATION="Enrolled, not verified yet.",
    ACTIVE="Takes part in the program.",
    BLOCKED="Excluded for now by the program.",
    DELETED="Closed; can be restored for a while.",
    ANONYMIZED="Personal data removed for good, history kept under a pseudonym.",
    FORGOTTEN="Everything personal erased.",
)
enum(
    rows.ProcessingState,
    ACTIVE="Processing goes on as usual.",
    RESTRICTED="The customer restricted processing: no messages, no points, no offers.",
)
enum(
    rows.Channel,
    EMAIL="E-mail.",
    SMS="Text message.",
    PUSH="Push notification.",
    DIRECT_MAIL="Letter.",
    IN_APP="Inbox of the app.",
    PHONE="Telephone call.",
)
enum(rows.ConsentState, OPTED_IN="Agreed.", OPTED_OUT="Refused.", NOT_SET="Never asked, or never answered.")
enum(
    rows.LookupKind,
    PHONE="Telephone number.",
    LOYALTY_NUMBER="Number of a loyalty card, replaced ones too.",
    EMAIL="E-mail address.",
    EXTERNAL_ID="Id in another system.",
)
enum(
    rows.CustomerOrderField,
    LAST_NAME="Last name, then first name.",
    FIRST_NAME="First name.",
    PHONE="Telephone number.",
    EMAIL="E-mail address.",
    CREATED_AT="When the record was made.",
    LAST_ACTIVE_AT="When the customer was last active.",
)
enum(
    program.AttributeType,
    STRING="Text.",
    INT="Whole number.",
    DECIMAL="Decimal number, as text.",
    BOOLEAN="True or false.",
    DATE="Calendar date.",
    DATETIME="Instant.",
    ENUM="One of the options.",
    LIST="Several texts.",
    PHONE="Telephone number in E.164.",
    EMAIL="E-mail address.",
    ADDRESS="Postal address.",
)


@view(rows.ExternalId, weighs=False)
class ExternalId:
    """The customer's id in another system."""

    system: str
    """Key of the other system."""
    value: str
    """The id there."""


@values(rows.ExternalId)
class ExternalIdInput:
    """An id in another system."""

    system: str
    """Key of the other system."""
    value: str
    """The id there."""


@view(program.CustomerStatus)
class CustomerStatus:
    """A status that staff can give a customer, or one that comes and goes with a state of the membership; the program
    configures them."""

    key: str
    """Key of the status."""
    label: str
    """What the program calls it."""
    color: str | None
    """A CSS color for its flag."""
    is_terminal: bool
    """True when no other status can follow."""
    allowed_next: list[str]
    """Keys of the statuses that can follow."""
    system_state = lookup(rows.MembershipState | None, profiles.system_state)
    """The state of the membership that the status comes and goes with; null for those that staff set."""


@view(rows.CustomerRow)
class Membership:
    """Where the customer's membership stands."""

    state: rows.MembershipState
    """The state."""
    verified_at: dt.datetime | None
    """When the customer was verified."""
    blocked_at: dt.datetime | None
    """When the customer was blocked, if they are."""
    block_reason: str | None
    """Why the customer is blocked."""
    is_active: bool
    """True for members who can take part."""


@view(rows.Address, weighs=False)
class Address:
    """A postal address."""

    label: str | None
    """What the customer calls it, such as home."""
    line1: str | None
    """Street and number."""
    line2: str | None
    """Further address line."""
    city: str | None
    """City."""
    region: str | None
    """State, province or region."""
    postal_code: str | None
    """Postal code."""
    country_code: str | None
    """ISO 3166-1 alpha-2."""


@view(program.AttributeDefinition)
class AttributeDefinition:
    """A custom attribute that the program defined."""

    key: str
    """Key of the attribute."""
    label: str
    """What the program calls it."""
    type: program.AttributeType
    """What it holds."""
    section: str
    """Where forms show it."""
    is_pii: bool
    """True when it is personal data."""
    is_writable: bool
    """True when it can be changed here."""
    options: list[str] | None
    """The values an ENUM or LIST takes."""


@view(profiles.AttributeShown)
class Attribute:
    """A custom attribute and what it holds for this customer."""

    definition: AttributeDefinition
    """Which attribute."""
    value: Json | None = leaf(masks_parts=True)
    """What it holds, an ADDRESS with the fields of `Address`; masked where the attribute is personal data."""
    updated_at: dt.datetime | None
    """When it last changed."""
    source: str | None
    """The system that the value comes from, or what it is derived from; null where that is not known."""


@view(rows.ConsentRow)
class CommunicationPreference:
    """What a customer agreed to on one channel for one purpose."""

    channel: rows.Channel
    """The channel."""
    purpose: str
    """What for, such as marketing."""
    state: rows.ConsentState
    """What the customer agreed to."""
    updated_at: dt.datetime | None
    """When that was."""
    evidence: str | None
    """How it is known."""


@view(rows.CustomerRow, requires="profile:read")
class Profile:
    """What is known of the person."""

    first_name: str | None = leaf(pii=PiiKind.NAME)
    """First name."""
    last_name: str | None = leaf(pii=PiiKind.NAME)
    """Last name."""
    email: EmailAddress | None = leaf(pii=PiiKind.EMAIL)
    """E-mail address."""
    phone: PhoneNumber | None = leaf(pii=PiiKind.PHONE)
    """Telephone number."""
    email_verified_at: dt.datetime | None
    """When the e-mail address was verified."""
    phone_verified_at: dt.datetime | None
    """When the telephone number was verified."""
    date_of_birth: dt.date | None = leaf(pii=PiiKind.DATE_OF_BIRTH)
    """Date of birth."""
    age = lookup(int | None, profiles.age, pii=PiiKind.DATE_OF_BIRTH)
    """Full years since birth."""
    gender: str | None
    """As the customer told it."""
    locale: Locale | None
    """The language to address the customer in."""
    spoken_languages: list[Locale]
    """Languages the customer speaks."""
    addresses: list[Address] = leaf(pii=PiiKind.ADDRESS)
    """Postal addresses."""
    attributes = lookup(
        list[Attribute],
        profiles.attributes,
        argument("keys", list[str] | None, "Only these attributes."),
        argument("with_value_only", bool | None, "Leave out attributes without a value.", default=True),
    )
    """Custom attributes in the order of the program."""
    communication_preferences = lookup(list[CommunicationPreference], profiles.consents)
    """What the customer agreed to, by channel and purpose."""
    latest_device = lookup(Device | None, devices.latest, domain=DEVICES)
    """The device last used, as far as the profile tells."""


@values(rows.CustomerFilter)
class CustomerFilter:
    """Whom to find; everything given must hold."""

    first_name: str | None
    """First name begins with this, whatever case and accents."""
    last_name: str | None
    """Last name begins with this, whatever case and accents."""
    email: EmailAddress | None
    """Exact e-mail address."""
    phone: PhoneNumber | None
    """Exact telephone number."""
    customer_id: str | None
    """UUID, support id or external id, exact."""
    date_of_birth: dt.date | None
    """Born on this day."""
    status_keys: list[str] | None
    """With one of these statuses."""
    segment_id: strawberry.ID | None
    """Member of this segment."""
    tag: KeyValueInput | None
    """With this tag, and this value where one is given."""
    location_id: strawberry.ID | None
    """Home or favorite location."""
    is_test_persona: bool | None
    """Only test personas, or none of them."""
    include_inactive: bool | None = False
    """Deleted, anonymized and forgotten ones too, never their personal data; needs `audit:read`."""


@values(rows.CustomerOrder)
class CustomerOrder:
    """How the list is sorted."""

    field: rows.CustomerOrderField
    """What by."""
    direction: rows.OrderDirection = rows.OrderDirection.ASC
    """Which way."""


__all__ = ["CustomerFilter", "CustomerOrder", "OrderDirection", "Profile"]
