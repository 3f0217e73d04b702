"""What can be changed of a customer, and how it comes out. Rules: requirements 1.C to 1.E."""

import datetime as dt
from enum import Enum
from typing import Protocol
from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType

from datasources.attributes import AttributeChange
from datasources.ids import CustomerId
from datasources.membership import MembershipAction
from datasources.profiles import (
    Address,
    Channel,
    ConsentRow,
    ConsentState,
    CustomerRow,
    ExternalId,
)
from datasources.writing import Write, Writer, Written


class ProfileChange(msgspec.Struct, frozen=True):
    """What is to be known of the person: unset stays as it is, None clears."""

    first_name: str | UnsetType | None = UNSET
    last_name: str | UnsetType | None = UNSET
    email: str | UnsetType | None = UNSET
    phone: str | UnsetType | None = UNSET
    date_of_birth: dt.date | UnsetType | None = UNSET
    gender: str | UnsetType | None = UNSET
    locale: str | UnsetType | None = UNSET
    spoken_languages: tuple[str, ...] | UnsetType | None = UNSET
    addresses: tuple[Address, ...] | UnsetType | None = UNSET
    attributes: tuple[AttributeChange, ...] | UnsetType | None = UNSET


class FavoriteLocation(msgspec.Struct, frozen=True):
    """A location that somebody prefers; `is_known` is False where there is none of this id."""

    location_id: UUID
    store_id: str | None = None
    is_known: bool = True


class NewCustomer(msgspec.Struct, frozen=True):
    """Someone to enroll; `stores` are those at one of which it has to be, None where it may be anywhere."""

    profile: ProfileChange
    external_ids: tuple[ExternalId, ...] = ()
    is_test_persona: bool = False
    favorite: FavoriteLocation | None = None
    stores: frozenset[str] | None = None


class CustomerChange(msgspec.Struct, frozen=True):
    """What is to change of a customer."""

    customer_id: CustomerId
    profile: ProfileChange | UnsetType | None = UNSET
    favorite: FavoriteLocation | UnsetType | None = UNSET


class SyncDirection(Enum):
    """Which way an external account is synchronized (A8)."""

    PULL = "PULL"
    PUSH = "PUSH"
    LINK_ONLY = "LINK_ONLY"


class AccountLink(msgspec.Struct, frozen=True):
    """An account of another system that is the customer's."""

    customer_id: CustomerId
    account: ExternalId
    direction: SyncDirection


class Consent(msgspec.Struct, frozen=True):
    """What a customer agrees to, and how that is known."""

    customer_id: CustomerId
    channel: Channel
    purpose: str
    state: ConsentState
    evidence: str | None = None


class CustomerShown(msgspec.Struct, frozen=True):
    """The customer as a dry run would leave them, with their consents."""

    customer: CustomerRow
    consents: tuple[ConsentRow, ...]


class ProfileWriter(Writer, Protocol):
    """Changes profiles and memberships. Raises Refusal, SourceUnavailable, SourceTimedOut, OutcomeUnknown.

    What was written is shown for dry runs alone: else the customer is read as they are now.
    """

    async def enroll(self, write: Write, asked: NewCustomer) -> Written[CustomerShown | None]:
        """Make a customer; names `customer`."""
        ...

    async def update(
        self, write: Write, asked: CustomerChange, *, handles_privacy: bool
    ) -> Written[CustomerShown | None]:
        """Change what is known of a customer; of one who restricted processing where the caller handles privacy."""
        ...

    async def set_status(self, write: Write, customer: CustomerId, status_key: str) -> Written[CustomerShown | None]:
        """Give a customer another status."""
        ...

    async def move(self, write: Write, customer: CustomerId, action: MembershipAction) -> Written[CustomerShown | None]:
        """Do something to a membership."""
        ...

    async def link(self, write: Write, asked: AccountLink) -> Written[CustomerShown | None]:
        """Tie a customer to an account of another system."""
        ...

    async def set_consent(self, write: Write, asked: Consent) -> Written[CustomerShown | None]:
        """Record what a customer agrees to."""
        ...
