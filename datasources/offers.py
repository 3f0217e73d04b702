"""Offers: the catalogue, what customers hold of it, and which moves are open. Rules: requirements 1.O, inv-O1 to inv-O5."""

import datetime as dt
from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Protocol
from uuid import UUID

import msgspec

from datasources.ids import CustomerId, EntityId, OwnedId
from datasources.paging import Page, PageRequest
from datasources.profiles import CustomerRow, MembershipState, ProcessingState
from datasources.values import ActorRef, KeyValue, actor_of
from datasources.writing import Write, Writer, Written

PREVIEW_LENGTH = 140
"""Characters of the description that a preview shows (O16)."""


class OfferType(Enum):
    """What an offer gives (O20)."""

    PERCENT_OFF = "PERCENT_OFF"
    AMOUNT_OFF = "AMOUNT_OFF"
    FREE_ITEM = "FREE_ITEM"
    POINTS = "POINTS"
    MULTIPLIER = "MULTIPLIER"
    CUSTOM = "CUSTOM"


class CustomerOfferState(Enum):
    """Where a customer's offer stands; EXPIRED is derived from the clock (inv-O5)."""

    ISSUED = "ISSUED"
    ACTIVATED = "ACTIVATED"
    REDEEMED = "REDEEMED"
    EXPIRED = "EXPIRED"
    REVOKED = "REVOKED"
    REMOVED = "REMOVED"


IN_WALLET = frozenset({CustomerOfferState.ISSUED, CustomerOfferState.ACTIVATED})
"""The states in which an offer can still be used."""
MOVES: Mapping[tuple[CustomerOfferState, str], CustomerOfferState] = {
    (CustomerOfferState.ISSUED, "offerActivate"): CustomerOfferState.ACTIVATED,
    (CustomerOfferState.ISSUED, "offerRedeem"): CustomerOfferState.REDEEMED,
    (CustomerOfferState.ACTIVATED, "offerRedeem"): CustomerOfferState.REDEEMED,
    (CustomerOfferState.REDEEMED, "offerReinstate"): CustomerOfferState.ISSUED,
    (CustomerOfferState.ISSUED, "offerRevoke"): CustomerOfferState.REVOKED,
    (CustomerOfferState.ACTIVATED, "offerRevoke"): CustomerOfferState.REVOKED,
    (CustomerOfferState.ISSUED, "offerRemove"): CustomerOfferState.REMOVED,
    (CustomerOfferState.ACTIVATED, "offerRemove"): CustomerOfferState.REMOVED,
    (CustomerOfferState.ISSUED, "offerRedemptionDatesChange"): CustomerOfferState.ISSUED,
    (CustomerOfferState.ACTIVATED, "offerRedemptionDatesChange"): CustomerOfferState.ACTIVATED,
    (CustomerOfferState.EXPIRED, "offerRedemptionDatesChange"): CustomerOfferState.ISSUED,
    (CustomerOfferState.ISSUED, "offerFlexFieldsUpdate"): CustomerOfferState.ISSUED,
    (CustomerOfferState.ACTIVATED, "offerFlexFieldsUpdate"): CustomerOfferState.ACTIVATED,
    (CustomerOfferState.EXPIRED, "offerFlexFieldsUpdate"): CustomerOfferState.EXPIRED,
    (CustomerOfferState.REDEEMED, "offerFlexFieldsUpdate"): CustomerOfferState.REDEEMED,
}
"""Where each mutation leads from a state; what is not here it refuses (section 2, "State machines"; settled.md, "Cards,
offers, promo codes, tags")."""

OPEN_IN: Mapping[str, frozenset[CustomerOfferState]] = {
    action: frozenset(state for state, moved_by in MOVES if moved_by == action)
    for action in dict.fromkeys(action for _, action in MOVES)
}
"""From which states each mutation leads."""

GRANTING = frozenset({"offerActivate", "offerRedeem", "offerReinstate", "offerRedemptionDatesChange"})
"""The mutations that grant value: refused for who is blocked or restricted (settled.md, "Restricted and blocked")."""


class IssueBlocker(Enum):
    """What keeps an offer from being issued to a customer (O7)."""

    INACTIVE = "INACTIVE"
    ENDED = "ENDED"
    NOT_STARTED = "NOT_STARTED"
    NOT_ISSUABLE = "NOT_ISSUABLE"
    NO_INVENTORY = "NO_INVENTORY"
    EXCLUDED = "EXCLUDED"
    PER_CUSTOMER_LIMIT = "PER_CUSTOMER_LIMIT"
    CUSTOMER_GONE = "CUSTOMER_GONE"
    CUSTOMER_BLOCKED = "CUSTOMER_BLOCKED"
    CUSTOMER_RESTRICTED = "CUSTOMER_RESTRICTED"


class OfferRow(msgspec.Struct, frozen=True, array_like=True):
    """An offer of the catalogue; `is_active` while it is switched on and has not ended."""

    id: EntityId
    key: str
    name: str
    type: OfferType
    title: str
    description: str | None
    starts_at: dt.datetime | None
    ends_at: dt.datetime | None
    is_active: bool
    is_issuable: bool
    inventory_remaining: int | None
    per_customer_limit: int | None
    created_at: dt.datetime


class CustomerOfferRow(msgspec.Struct, frozen=True, array_like=True):
    """An offer that was issued to a customer, with the offer itself, as of the request's clock."""

    customer_id: CustomerId
    id: EntityId
    offer_id: EntityId
    state: CustomerOfferState
    issued_at: dt.datetime
    issued_by_kind: str | None
    issued_by_id: str | None
    distributed_at: dt.datetime | None
    activated_at: dt.datetime | None
    redeemable_from: dt.datetime | None
    redeemable_until: dt.datetime | None
    redeemed_at: dt.datetime | None
    is_visible: bool
    excluded_at: dt.datetime | None
    flex_fields: tuple[KeyValue, ...]
    transaction_id: str | None
    variant: str | None
    offer_key: str
    offer_name: str
    offer_type: OfferType
    offer_title: str
    offer_description: str | None
    offer_starts_at: dt.datetime | None
    offer_ends_at: dt.datetime | None
    offer_is_active: bool
    offer_is_issuable: bool
    offer_inventory_remaining: int | None
    offer_per_customer_limit: int | None
    offer_created_at: dt.datetime

    @property
    def offer(self) -> OfferRow:
        """What was issued."""
        return OfferRow(
            self.offer_id,
            self.offer_key,
            self.offer_name,
            self.offer_type,
            self.offer_title,
            self.offer_description,
            self.offer_starts_at,
            self.offer_ends_at,
            self.offer_is_active,
            self.offer_is_issuable,
            self.offer_inventory_remaining,
            self.offer_per_customer_limit,
            self.offer_created_at,
        )

    @property
    def display_title(self) -> str:
        """The offer's title as customers read it."""
        return self.offer_title

    @property
    def preview(self) -> str:
        """The beginning of the description."""
        return (self.offer_description or "")[:PREVIEW_LENGTH]

    @property
    def issued_by(self) -> ActorRef | None:
        """Who issued it."""
        return actor_of(self.issued_by_kind, self.issued_by_id)

    @property
    def hidden_reason(self) -> str | None:
        """Why the customer does not see it in the app; None where they do (O13)."""
        if self.state not in IN_WALLET:
            return self.state.value
        return None if self.is_visible else "HIDDEN"

    @property
    def is_visible_to_customer(self) -> bool:
        """True while the customer sees it in the app."""
        return self.hidden_reason is None

    @property
    def is_excluded(self) -> bool:
        """True where the customer can't get this offer again."""
        return self.excluded_at is not None


class AvailableOfferRow(msgspec.Struct, frozen=True, array_like=True):
    """An active offer with what the customer has had of it: `held` counts what was issued and not revoked."""

    offer: OfferRow
    held: int
    excluded_at: dt.datetime | None

    @property
    def created_at(self) -> dt.datetime:
        """When the offer was made: what the list is ordered by."""
        return self.offer.created_at

    @property
    def id(self) -> EntityId:
        """The offer's id."""
        return self.offer.id


class OfferFilter(msgspec.Struct, frozen=True):
    """Which offers of the catalogue; everything given must hold. `name_contains` is folded for a source."""

    is_active: bool | None = None
    type: tuple[OfferType, ...] | None = None
    name_contains: str | None = None


class CustomerOfferFilter(msgspec.Struct, frozen=True):
    """Which offers of a customer."""

    state: tuple[CustomerOfferState, ...] | None = None

    @property
    def without_expired(self) -> "CustomerOfferFilter":
        """The same, but for those that expired (O17)."""
        asked = tuple(CustomerOfferState) if self.state is None else self.state
        return CustomerOfferFilter(tuple(state for state in asked if state is not CustomerOfferState.EXPIRED))


def offer_blockers(available: AvailableOfferRow, now: dt.datetime) -> tuple[IssueBlocker, ...]:
    """What keeps the offer from being issued now, whoever the customer is but for what they had of it."""
    offer = available.offer
    has_ended = offer.ends_at is not None and offer.ends_at <= now
    limit, left = offer.per_customer_limit, offer.inventory_remaining
    found = {
        IssueBlocker.INACTIVE: not offer.is_active and not has_ended,
        IssueBlocker.ENDED: has_ended,
        IssueBlocker.NOT_STARTED: offer.starts_at is not None and offer.starts_at > now,
        IssueBlocker.NOT_ISSUABLE: not offer.is_issuable,
        IssueBlocker.NO_INVENTORY: left is not None and left <= 0,
        IssueBlocker.EXCLUDED: available.excluded_at is not None,
        IssueBlocker.PER_CUSTOMER_LIMIT: limit is not None and available.held >= limit,
    }
    return tuple(blocker for blocker, holds in found.items() if holds)


def issue_blockers(available: AvailableOfferRow, customer: CustomerRow, now: dt.datetime) -> tuple[IssueBlocker, ...]:
    """Everything that keeps the offer from being issued to the customer now, in the order of `IssueBlocker`."""
    found = {
        IssueBlocker.CUSTOMER_GONE: customer.is_gone or customer.membership_state is MembershipState.DELETED,
        IssueBlocker.CUSTOMER_BLOCKED: customer.membership_state is MembershipState.BLOCKED,
        IssueBlocker.CUSTOMER_RESTRICTED: customer.processing is ProcessingState.RESTRICTED,
    }
    return (*offer_blockers(available, now), *(blocker for blocker, holds in found.items() if holds))


class OfferIssue(msgspec.Struct, frozen=True):
    """An offer of the catalogue for a customer, as it is asked for."""

    customer_id: CustomerId
    offer_id: EntityId


class OfferReinstate(msgspec.Struct, frozen=True):
    """A redeemed offer that is to be in the wallet again; `extend_to` is the new end of its window."""

    customer_offer_id: OwnedId
    extend_to: dt.datetime | None = None


class OfferRevoke(msgspec.Struct, frozen=True):
    """An offer that is to be taken back, and whether the customer is barred from it for good."""

    customer_offer_id: OwnedId
    exclude: bool


class OfferDates(msgspec.Struct, frozen=True):
    """Another window for an offer; `redeemable_from` stays where it is UNSET, and goes where it is None."""

    customer_offer_id: OwnedId
    redeemable_until: dt.datetime
    redeemable_from: dt.datetime | msgspec.UnsetType | None = msgspec.UNSET


class OfferFields(msgspec.Struct, frozen=True):
    """Flex fields for an offer: set, or deleted where they have no value."""

    customer_offer_id: OwnedId
    fields: tuple[KeyValue, ...]


class OfferReader(Protocol):
    """Serves offers. Every method but `catalogue` answers one result per key, in key order.

    Raises SourceUnavailable, SourceTimedOut.
    """

    async def offers(self, ids: Sequence[UUID], now: dt.datetime) -> Sequence[OfferRow | None]:
        """Offers of the catalogue by their id."""
        ...

    async def catalogue(self, page: PageRequest) -> Page[OfferRow]:
        """The catalogue, newest first; `page.filter` is an OfferFilter."""
        ...

    async def available(self, customers: Sequence[CustomerId], page: PageRequest) -> Sequence[Page[AvailableOfferRow]]:
        """Active offers newest first, one page per customer, with what the customer has had of each."""
        ...

    async def held(self, customers: Sequence[CustomerId], page: PageRequest) -> Sequence[Page[CustomerOfferRow]]:
        """What was issued, newest first, one page per customer; `page.filter` is a CustomerOfferFilter."""
        ...

    async def customer_offers(self, keys: Sequence[OwnedId], now: dt.datetime) -> Sequence[CustomerOfferRow | None]:
        """What was issued, by its id."""
        ...

    async def of_transactions(
        self, keys: Sequence[tuple[CustomerId, str]], now: dt.datetime
    ) -> Sequence[Sequence[CustomerOfferRow]]:
        """What was redeemed with the purchase of each (customer, external id), in the order of issuing."""
        ...


class OfferWriter(Writer, Protocol):
    """Changes offers; what is shown is the customer's offer as it came out.

    Raises Refusal, SourceUnavailable, SourceTimedOut, OutcomeUnknown.
    """

    async def issue(self, write: Write, asked: OfferIssue) -> Written[CustomerOfferRow]:
        """Take one of the inventory and put it into the customer's wallet."""
        ...

    async def activate(self, write: Write, customer_offer: OwnedId) -> Written[CustomerOfferRow]:
        """Switch the offer on."""
        ...

    async def redeem(self, write: Write, customer_offer: OwnedId) -> Written[CustomerOfferRow]:
        """Mark the offer as used, without a purchase."""
        ...

    async def reinstate(self, write: Write, asked: OfferReinstate) -> Written[CustomerOfferRow]:
        """Put a redeemed offer into the wallet again."""
        ...

    async def revoke(self, write: Write, asked: OfferRevoke) -> Written[CustomerOfferRow]:
        """Take the offer back and return it to the inventory."""
        ...

    async def remove(self, write: Write, customer_offer: OwnedId) -> Written[CustomerOfferRow]:
        """Take the offer out of the customer's inbox; nothing is returned to the inventory."""
        ...

    async def change_dates(self, write: Write, asked: OfferDates) -> Written[CustomerOfferRow]:
        """Give the offer another redemption window."""
        ...

    async def update_fields(self, write: Write, asked: OfferFields) -> Written[CustomerOfferRow]:
        """Set and delete flex fields."""
        ...
