"""Customers: who they are, how they are found, and the state of their membership. Rules: requirements 1.B to 1.E, 1.W."""

import datetime as dt
from collections.abc import Sequence
from enum import Enum
from typing import Any, Protocol
from uuid import UUID

import msgspec

from datasources.ids import CustomerId
from datasources.paging import Page, PageRequest
from datasources.values import KeyValue


class MembershipState(Enum):
    """Where a membership stands (1.W)."""

    PENDING_VERIFICATION = "PENDING_VERIFICATION"
    ACTIVE = "ACTIVE"
    BLOCKED = "BLOCKED"
    DELETED = "DELETED"
    ANONYMIZED = "ANONYMIZED"
    FORGOTTEN = "FORGOTTEN"


NEVER = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
"""What customers who never did anything are sorted by."""

LISTED = (MembershipState.PENDING_VERIFICATION, MembershipState.ACTIVE, MembershipState.BLOCKED)
"""The states that the member list shows (B19)."""


class ProcessingState(Enum):
    """Whether the customer restricted processing (1.X)."""

    ACTIVE = "ACTIVE"
    RESTRICTED = "RESTRICTED"


class Channel(Enum):
    """By which a customer is reached."""

    EMAIL = "EMAIL"
    SMS = "SMS"
    PUSH = "PUSH"
    DIRECT_MAIL = "DIRECT_MAIL"
    IN_APP = "IN_APP"
    PHONE = "PHONE"


class ConsentState(Enum):
    """What a customer agreed to."""

    OPTED_IN = "OPTED_IN"
    OPTED_OUT = "OPTED_OUT"
    NOT_SET = "NOT_SET"


class LookupKind(Enum):
    """What an exact search compares."""

    PHONE = "PHONE"
    LOYALTY_NUMBER = "LOYALTY_NUMBER"
    EMAIL = "EMAIL"
    EXTERNAL_ID = "EXTERNAL_ID"


class CustomerOrderField(Enum):
    """What the member list is sorted by (B12)."""

    LAST_NAME = "LAST_NAME"
    FIRST_NAME = "FIRST_NAME"
    PHONE = "PHONE"
    EMAIL = "EMAIL"
    CREATED_AT = "CREATED_AT"
    LAST_ACTIVE_AT = "LAST_ACTIVE_AT"


class OrderDirection(Enum):
    """Which way a list is sorted."""

    ASC = "ASC"
    DESC = "DESC"


class ExternalId(msgspec.Struct, frozen=True, gc=False):
    """The customer's id in another system."""

    system: str
    value: str


class Address(msgspec.Struct, frozen=True):
    """A postal address."""

    label: str | None = None
    line1: str | None = None
    line2: str | None = None
    city: str | None = None
    region: str | None = None
    postal_code: str | None = None
    country_code: str | None = None


class AttributeValue(msgspec.Struct, frozen=True):
    """What a custom attribute holds, any JSON value, and where that comes from (A3)."""

    value: Any
    updated_at: dt.datetime | None = None
    source: str | None = None


class ConsentRow(msgspec.Struct, frozen=True):
    """A communication preference."""

    customer_id: CustomerId
    channel: Channel
    purpose: str
    state: ConsentState
    updated_at: dt.datetime | None
    evidence: str | None


class CustomerRow(msgspec.Struct, frozen=True):
    """A customer with everything that their own row tells."""

    customer_id: CustomerId
    support_id: str
    version: int
    first_name: str | None
    last_name: str | None
    email: str | None
    phone: str | None
    email_verified_at: dt.datetime | None
    phone_verified_at: dt.datetime | None
    date_of_birth: dt.date | None
    gender: str | None
    locale: str | None
    spoken_languages: tuple[str, ...]
    addresses: tuple[Address, ...]
    attributes: dict[str, AttributeValue]
    external_ids: tuple[ExternalId, ...]
    loyalty_number: str | None
    status_key: str
    membership_state: MembershipState
    verified_at: dt.datetime | None
    blocked_at: dt.datetime | None
    block_reason: str | None
    deleted_at: dt.datetime | None
    processing: ProcessingState
    is_test_persona: bool
    created_at: dt.datetime
    updated_at: dt.datetime
    enrolled_at: dt.datetime | None
    last_active_at: dt.datetime | None
    favorite_location_id: UUID | None
    first_name_key: str
    last_name_key: str
    email_key: str
    phone_key: str
    active_key: dt.datetime
    wrapped_key: bytes | None

    @classmethod
    def empty(cls, customer: CustomerId, status_key: str, at: dt.datetime) -> "CustomerRow":
        """An active customer, made at the instant, of whom nothing is known and nothing kept yet."""
        return cls(
            customer_id=customer,
            support_id="",
            version=1,
            first_name=None,
            last_name=None,
            email=None,
            phone=None,
            email_verified_at=None,
            phone_verified_at=None,
            date_of_birth=None,
            gender=None,
            locale=None,
            spoken_languages=(),
            addresses=(),
            attributes={},
            external_ids=(),
            loyalty_number=None,
            status_key=status_key,
            membership_state=MembershipState.ACTIVE,
            verified_at=None,
            blocked_at=None,
            block_reason=None,
            deleted_at=None,
            processing=ProcessingState.ACTIVE,
            is_test_persona=False,
            created_at=at,
            updated_at=at,
            enrolled_at=None,
            last_active_at=None,
            favorite_location_id=None,
            first_name_key="",
            last_name_key="",
            email_key="",
            phone_key="",
            active_key=NEVER,
            wrapped_key=None,
        )

    @property
    def id(self) -> CustomerId:
        """The customer's own id."""
        return self.customer_id

    @property
    def uuid(self) -> str:
        """The id that other systems know the customer by."""
        return str(self.customer_id)

    @property
    def membership(self) -> "CustomerRow":
        """The row answers what `Membership` asks."""
        return self

    @property
    def state(self) -> MembershipState:
        """Where the membership stands."""
        return self.membership_state

    @property
    def is_active(self) -> bool:
        """True for members who can take part."""
        return self.membership_state is MembershipState.ACTIVE

    @property
    def is_gone(self) -> bool:
        """True once the personal data was removed for good."""
        return self.membership_state in (MembershipState.ANONYMIZED, MembershipState.FORGOTTEN)


class Within(msgspec.Struct, frozen=True):
    """The customers that a read may find: one, or those of some stores; neither means all."""

    customer: UUID | None = None
    stores: tuple[str, ...] | None = None


class Identity(msgspec.Struct, frozen=True):
    """What one text may be the id of: the customer (None where it is no UUID), a support call, another system (B8)."""

    uuid: UUID | None
    support_id: str
    external_id: str


class CustomerFilter(msgspec.Struct, frozen=True):
    """Whom a search finds; everything given must hold (B10).

    For a source the texts are folded, `segment_id` and `location_id` are UUIDs, `customer_id` is an Identity, and
    `states` says what `include_inactive` means.
    """

    first_name: str | None = None
    last_name: str | None = None
    email: str | None = None
    phone: str | None = None
    customer_id: str | Identity | None = None
    date_of_birth: dt.date | None = None
    status_keys: tuple[str, ...] | None = None
    segment_id: str | UUID | None = None
    tag: KeyValue | None = None
    location_id: str | UUID | None = None
    is_test_persona: bool | None = None
    include_inactive: bool = False
    states: tuple[MembershipState, ...] | None = None


class CustomerOrder(msgspec.Struct, frozen=True):
    """How a search is sorted."""

    field: CustomerOrderField
    direction: OrderDirection = OrderDirection.ASC


class CustomerKey(msgspec.Struct, frozen=True):
    """One identifier of a customer that is no personal data."""

    id: str | None = None
    uuid: str | None = None
    support_id: str | None = None
    external_id: ExternalId | None = None


class Match(msgspec.Struct, frozen=True):
    """A customer that has an identifier, and by what kind."""

    customer_id: CustomerId
    kind: LookupKind
    is_replaced: bool


class Named(msgspec.Struct, frozen=True, cache_hash=True, gc=False):
    """How a message names a customer: by their own id, or by one identifier as the index holds it (`system` is '' but for
    external ids)."""

    customer_id: UUID | None = None
    kind: LookupKind | None = None
    system: str = ""
    value: str = ""


class LocationRelation(Enum):
    """How a customer is tied to a location (S-2), in the order of lists."""

    FAVORITE = "FAVORITE"
    LAST_CHECK_IN = "LAST_CHECK_IN"
    PURCHASED = "PURCHASED"


RELATIONS = {relation: rank for rank, relation in enumerate(LocationRelation)}


class PlaceRow(msgspec.Struct, frozen=True):
    """A tie of a customer to a location."""

    customer_id: CustomerId
    relation: LocationRelation
    location_id: UUID
    last_seen_at: dt.datetime | None

    @property
    def rank(self) -> int:
        """The relation's place among the relations."""
        return RELATIONS[self.relation]

    @property
    def recency(self) -> float:
        """Smaller the later the customer was seen there."""
        return float("inf") if self.last_seen_at is None else -self.last_seen_at.timestamp()


class ProfileReader(Protocol):
    """Serves customers. Raises SourceUnavailable, SourceTimedOut."""

    async def customers(
        self, ids: Sequence[CustomerId], within: Within, columns: frozenset[str] | None = None
    ) -> Sequence[CustomerRow | None]:
        """Customers by id, in the order given; None for the unknown and those out of reach.

        `columns` is a hint, as that of a page request.
        """
        ...

    async def by_support_id(self, ids: Sequence[str], within: Within) -> Sequence[CustomerRow | None]:
        """Customers by support id, in the order given."""
        ...

    async def matches(self, values: Sequence[str]) -> Sequence[Sequence[Match]]:
        """Who has each normalized value as identifier of any kind, in the order given, whoever asks."""
        ...

    async def by_external_id(self, ids: Sequence[tuple[str, str]]) -> Sequence[Match | None]:
        """Who has each (system, value) as external id, in the order given, whoever asks."""
        ...

    async def named(self, names: Sequence[Named], within: Within) -> Sequence[CustomerId | None]:
        """The customer whom each names, in the order given; None for the unknown and those out of reach."""
        ...

    async def search(self, page: PageRequest, within: Within) -> Page[CustomerRow]:
        """The member list: `page.filter` a CustomerFilter with folded values, `page.order` a CustomerOrder."""
        ...

    async def consents(self, customers: Sequence[CustomerId]) -> Sequence[Sequence[ConsentRow]]:
        """Communication preferences of each customer, by channel and purpose."""
        ...

    async def places(self, customers: Sequence[CustomerId]) -> Sequence[Sequence[PlaceRow]]:
        """The locations that each customer is tied to, by relation and id: there are no more than there are stores."""
        ...
