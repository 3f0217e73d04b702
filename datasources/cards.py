"""Stored value cards with their history, and loyalty cards. Rules: requirements 1.M, inv-C1 to inv-C6."""

import datetime as dt
from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Protocol
from uuid import UUID

import msgspec

from datasources.ids import CustomerId, EntityId, OwnedId
from datasources.paging import Page, PageRequest
from datasources.points import AdjustDirection
from datasources.program import CardKind
from datasources.values import ActorRef, Money, actor_of
from datasources.writing import Write, Writer, Written


class CardStatus(Enum):
    """Where a stored value card stands (M2)."""

    REGISTERED = "REGISTERED"
    LOST = "LOST"
    REPORTED_STOLEN = "REPORTED_STOLEN"
    STOLEN = "STOLEN"
    EXPIRED = "EXPIRED"


class CardActivity(Enum):
    """Why a card's balance changed."""

    LOAD = "LOAD"
    SPEND = "SPEND"
    ADJUST_ADD = "ADJUST_ADD"
    ADJUST_DEDUCT = "ADJUST_DEDUCT"
    TRANSFER_IN = "TRANSFER_IN"
    TRANSFER_OUT = "TRANSFER_OUT"
    EXPIRE = "EXPIRE"
    REFUND = "REFUND"


class LoyaltyCardStatus(Enum):
    """Where a loyalty card stands (M21)."""

    ACTIVE = "ACTIVE"
    REPLACED = "REPLACED"
    REMOVED = "REMOVED"


_REGISTERED, _LOST, _REPORTED, _STOLEN, _EXPIRED = CardStatus

TRANSITIONS: Mapping[str, Mapping[CardStatus, CardStatus]] = {
    "cardBalanceAdjust": {_REGISTERED: _REGISTERED},
    "cardBalanceTransfer": {status: status for status in (_REGISTERED, _LOST, _REPORTED, _STOLEN)},
    "cardExpire": dict.fromkeys((_REGISTERED, _LOST, _REPORTED), _EXPIRED),
    "cardReportLost": {_REGISTERED: _LOST},
    "cardReportStolen": dict.fromkeys((_REGISTERED, _LOST), _REPORTED),
    "cardReportFound": dict.fromkeys((_LOST, _REPORTED), _REGISTERED),
    "cardConfirmStolen": {_REPORTED: _STOLEN},
    "cardRemove": {status: status for status in (_REGISTERED, _LOST, _STOLEN, _EXPIRED)},
    "cardNicknameSet": {status: status for status in CardStatus},
}
"""Requirements section 2, "Stored value card": the statuses that each mutation takes a card from, and where to.

A transfer is named by the card that gives.
"""

LOYALTY_TRANSITIONS: Mapping[str, Mapping[LoyaltyCardStatus, LoyaltyCardStatus]] = {
    "loyaltyCardReplace": {LoyaltyCardStatus.ACTIVE: LoyaltyCardStatus.REPLACED},
    "loyaltyCardRemove": {LoyaltyCardStatus.ACTIVE: LoyaltyCardStatus.REMOVED},
}
"""The same of loyalty cards."""


class CardRow(msgspec.Struct, frozen=True):
    """A stored value card as of the request's clock."""

    customer_id: CustomerId
    id: UUID
    card_number: str
    last_four: str
    kind: CardKind
    status: CardStatus
    type: str
    design: str | None
    nickname: str | None
    currency: str
    balance_minor: int
    expires_at: dt.datetime | None
    registered_at: dt.datetime
    removed_at: dt.datetime | None

    @property
    def balance(self) -> Money:
        """What is left on it."""
        return Money(self.balance_minor, self.currency)


class CardHistoryRow(msgspec.Struct, frozen=True):
    """One change of a card's balance."""

    customer_id: CustomerId
    id: UUID
    at: dt.datetime
    activity: CardActivity
    amount_minor: int
    balance_after_minor: int
    currency: str
    actor_kind: str | None
    actor_id: str | None
    reason_code: str | None
    counterpart_last_four: str | None

    @property
    def amount(self) -> Money:
        """What came, or went where it is negative."""
        return Money(self.amount_minor, self.currency)

    @property
    def balance_after(self) -> Money:
        """What the card held then."""
        return Money(self.balance_after_minor, self.currency)

    @property
    def actor(self) -> ActorRef | None:
        """Who caused the change."""
        return actor_of(self.actor_kind, self.actor_id)


class LoyaltyCardRow(msgspec.Struct, frozen=True):
    """A number that identifies the customer at a till."""

    customer_id: CustomerId
    id: UUID
    number: str
    status: LoyaltyCardStatus
    issued_at: dt.datetime
    replaced_at: dt.datetime | None
    replaced_by_id: UUID | None


class CardFilter(msgspec.Struct, frozen=True):
    """Which stored value cards; removed ones only where asked for."""

    status: tuple[CardStatus, ...] | None = None
    include_removed: bool | None = None

    @property
    def is_kept(self) -> bool | None:
        """True where removed cards are left out, None where they are not."""
        return None if self.include_removed else True


class CardReader(Protocol):
    """Serves cards. Every method answers one result per key, in key order; raises SourceUnavailable, SourceTimedOut."""

    async def cards(self, customers: Sequence[CustomerId], page: PageRequest) -> Sequence[Page[CardRow]]:
        """Stored value cards, last registered first, one page per customer."""
        ...

    async def by_id(self, keys: Sequence[OwnedId], now: dt.datetime) -> Sequence[CardRow | None]:
        """Stored value cards by their id, removed ones too."""
        ...

    async def history(self, cards: Sequence[EntityId], page: PageRequest) -> Sequence[Page[CardHistoryRow]]:
        """Changes of the balance newest first, one page per card."""
        ...

    async def changes(self, keys: Sequence[OwnedId]) -> Sequence[CardHistoryRow | None]:
        """Changes of a balance by their id."""
        ...

    async def loyalty_cards(self, customers: Sequence[CustomerId], page: PageRequest) -> Sequence[Page[LoyaltyCardRow]]:
        """Loyalty cards, last issued first, replaced ones too, one page per customer."""
        ...

    async def loyalty_cards_by_id(self, keys: Sequence[OwnedId]) -> Sequence[LoyaltyCardRow | None]:
        """Loyalty cards by their id."""
        ...


class CardAdjustment(msgspec.Struct, frozen=True, rename="camel"):
    """Money to add to a card, or to deduct from it; the amount is positive."""

    card_id: OwnedId
    direction: AdjustDirection
    amount: Money


class CardTransfer(msgspec.Struct, frozen=True, rename="camel"):
    """Money to move from one card to another of the same customer; the whole balance where no amount is given."""

    from_card_id: OwnedId
    to_card_id: OwnedId
    amount: Money | None = None


class CardShown(msgspec.Struct, frozen=True):
    """How a write came out: the card that it is about, and for a transfer the one that the money went to.

    Neither where a second person has to approve it first.
    """

    card: CardRow | None
    counterpart: CardRow | None = None


class CardWriter(Writer, Protocol):
    """Changes cards. Makes `audit`, and `approval` where an adjustment is beyond the allowance.

    Raises Refusal, SourceUnavailable, SourceTimedOut, OutcomeUnknown.
    """

    async def adjust(self, write: Write, asked: CardAdjustment) -> Written[CardShown]:
        """Add money or deduct it, by a row of the history (inv-C4). Makes `change`."""
        ...

    async def transfer(self, write: Write, asked: CardTransfer, *, rescues_stolen: bool) -> Written[CardShown]:
        """Move money between cards of one customer, both rows or none (inv-C3). Makes `outgoing` and `incoming`.

        `rescues_stolen` lets money off a card that is STOLEN.
        """
        ...

    async def move(self, write: Write, card: OwnedId) -> Written[CardShown]:
        """Bring the card into the status that `TRANSITIONS` has for the mutation that the write names."""
        ...

    async def expire(self, write: Write, card: OwnedId) -> Written[CardShown]:
        """Expire the card for good, and write off what is left on it (M12). Makes `change`."""
        ...

    async def remove(self, write: Write, card: OwnedId, *, acknowledges_balance: bool) -> Written[CardShown]:
        """Take the card off the account; one that holds money only where that is acknowledged (M17)."""
        ...

    async def rename(self, write: Write, card: OwnedId, nickname: str | None) -> Written[CardShown]:
        """Set what the customer calls the card, or clear it (M6)."""
        ...

    async def register(self, write: Write, customer: CustomerId, number: str) -> Written[CardShown]:
        """Make the card with this number the customer's, for ever (inv-C6). Makes `card`."""
        ...

    async def add_loyalty_card(self, write: Write, customer: CustomerId, number: str) -> Written[LoyaltyCardRow]:
        """Give the customer one more number to be found by. Makes `card`."""
        ...

    async def replace_loyalty_card(self, write: Write, card: OwnedId, number: str) -> Written[LoyaltyCardRow]:
        """Put another number in the place of one, which finds the customer still; shows the new card. Makes `card`."""
        ...

    async def remove_loyalty_card(self, write: Write, card: OwnedId) -> Written[LoyaltyCardRow]:
        """Take the number off the account: it finds nobody, and is free."""
        ...
