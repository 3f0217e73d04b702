"""Purchases: amounts, items, payments and discounts. Rules: requirements 1.T."""

import datetime as dt
from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Protocol
from uuid import UUID

import msgspec

from datasources.ids import CustomerId, EntityId, OwnedId
from datasources.paging import Page, PageRequest
from datasources.points import PointAllocationRow, PointAuditRow
from datasources.tiers import TierChangeRow
from datasources.values import DateTimeRange, Money
from datasources.writing import Write, Writer, Written


class OrderSource(Enum):
    """Where a purchase was made (T2)."""

    IN_STORE = "IN_STORE"
    API = "API"
    OTHER = "OTHER"


class TransactionState(Enum):
    """What became of a purchase (T9)."""

    COMPLETED = "COMPLETED"
    PARTIALLY_RETURNED = "PARTIALLY_RETURNED"
    RETURNED = "RETURNED"
    CANCELLED = "CANCELLED"


class Payment(msgspec.Struct, frozen=True):
    """How a part of a purchase was paid."""

    method: str
    amount_minor: int
    currency: str
    card_last_four: str | None = None

    @property
    def amount(self) -> Money:
        """How much was paid so."""
        return Money(self.amount_minor, self.currency)


class Discount(msgspec.Struct, frozen=True):
    """What lowered the price of a purchase."""

    label: str
    amount_minor: int
    currency: str
    offer_name: str | None = None

    @property
    def amount(self) -> Money:
        """By how much."""
        return Money(self.amount_minor, self.currency)


class TransactionRow(msgspec.Struct, frozen=True, array_like=True):
    """A purchase without its items."""

    customer_id: CustomerId
    id: EntityId
    external_id: str
    occurred_at: dt.datetime
    order_source: OrderSource
    state: TransactionState
    location_id: UUID | None
    currency: str
    subtotal_minor: int
    discount_minor: int
    tax_minor: int
    total_minor: int
    payments: tuple[Payment, ...]
    discounts: tuple[Discount, ...]
    non_accruing: bool
    receipt_url: str | None

    @property
    def subtotal(self) -> Money:
        """The sum of the list prices."""
        return Money(self.subtotal_minor, self.currency)

    @property
    def discount_total(self) -> Money:
        """All discounts together."""
        return Money(self.discount_minor, self.currency)

    @property
    def tax_total(self) -> Money:
        """The tax."""
        return Money(self.tax_minor, self.currency)

    @property
    def total(self) -> Money:
        """What was paid."""
        return Money(self.total_minor, self.currency)

    @property
    def basket_value(self) -> Money:
        """Subtotal less discounts: what points are earned on."""
        return Money(self.subtotal_minor - self.discount_minor, self.currency)


class TransactionItemRow(msgspec.Struct, frozen=True, array_like=True):
    """One line of a purchase, with the purchase's currency."""

    customer_id: CustomerId
    transaction_id: EntityId
    line: int
    sku: str
    name: str
    quantity: int
    unit_price_minor: int
    total_minor: int
    returned_quantity: int
    currency: str

    @property
    def unit_price(self) -> Money:
        """The list price of one."""
        return Money(self.unit_price_minor, self.currency)

    @property
    def total(self) -> Money:
        """What the line came to."""
        return Money(self.total_minor, self.currency)


class TransactionFilter(msgspec.Struct, frozen=True):
    """Which purchases; everything given must hold. For a source `location_id` is a UUID."""

    order_source: tuple[OrderSource, ...] | None = None
    occurred_at: DateTimeRange | None = None
    location_id: str | UUID | None = None


class ReceiptItem(msgspec.Struct, frozen=True):
    """A line of a purchase as the source tells it."""

    sku: str
    name: str
    quantity: int
    unit_price: Money


class ReceiptPayment(msgspec.Struct, frozen=True):
    """A payment as the source tells it."""

    method: str
    amount: Money


class ReceiptDiscount(msgspec.Struct, frozen=True):
    """A discount as the source tells it, with the customer's offer that it redeems."""

    label: str
    amount: Money
    customer_offer_id: OwnedId | None = None


class PointsSpent(msgspec.Struct, frozen=True):
    """Points that a part of a purchase is paid with."""

    account_key: str
    points: int


class Receipt(msgspec.Struct, frozen=True):
    """A purchase as its source tells it; the same one where all of this is the same."""

    customer_id: CustomerId
    source: str
    external_id: str
    occurred_at: dt.datetime
    order_source: OrderSource
    items: tuple[ReceiptItem, ...]
    location_store_id: str | None = None
    payments: tuple[ReceiptPayment, ...] = ()
    discounts: tuple[ReceiptDiscount, ...] = ()
    tax_total: Money | None = None
    points_spent: tuple[PointsSpent, ...] = ()


class Place(msgspec.Struct, frozen=True):
    """Where a purchase was made."""

    id: EntityId
    name: str
    store_id: str


class ReturnedItem(msgspec.Struct, frozen=True):
    """How many of a product come back."""

    sku: str
    quantity: int


class Return(msgspec.Struct, frozen=True):
    """What comes back of a purchase: all that is left where `items` is None. `cancelled` calls the purchase off."""

    transaction_id: OwnedId
    items: tuple[ReturnedItem, ...] | None = None
    occurred_at: dt.datetime | None = None
    cancelled: bool = False


class TransactionShown(msgspec.Struct, frozen=True):
    """How a purchase or a return came out: the ledger entries that it caused, with their allocations by entry, and the
    first change of tier."""

    transaction: TransactionRow
    items: tuple[TransactionItemRow, ...]
    entries: tuple[PointAuditRow, ...] = ()
    allocations: Mapping[UUID, tuple[PointAllocationRow, ...]] = {}
    tier_change: TierChangeRow | None = None


class TransactionReader(Protocol):
    """Serves purchases. Every method answers one result per key, in key order; raises SourceUnavailable, SourceTimedOut."""

    async def purchases(self, customers: Sequence[CustomerId], page: PageRequest) -> Sequence[Page[TransactionRow]]:
        """Purchases newest first, one page per customer."""
        ...

    async def transactions(self, keys: Sequence[OwnedId]) -> Sequence[TransactionRow | None]:
        """Purchases by their id."""
        ...

    async def items(self, keys: Sequence[OwnedId]) -> Sequence[Sequence[TransactionItemRow]]:
        """The items of each purchase, in the order of the receipt."""
        ...


class TransactionWriter(Writer, Protocol):
    """Changes transactions. Makes `tier_change` where the tier changes, and `audit`.

    Raises Refusal, SourceUnavailable, SourceTimedOut, OutcomeUnknown.
    """

    async def ingest(self, write: Write, receipt: Receipt, place: Place | None) -> Written[TransactionShown]:
        """Store a purchase with all that follows from it, once for each (source, external id). Makes `transaction`."""
        ...

    async def take_back(self, write: Write, asked: Return) -> Written[TransactionShown]:
        """Undo a purchase as far as it comes back (inv-R1 to inv-R3). Makes `return`, which its entries refer to."""
        ...
