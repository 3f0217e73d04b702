"""Purchases as clients see them."""

import datetime as dt
from typing import Any

import msgspec
import strawberry

from datasources import transactions as rows
from datasources.registry import Domain
from resolvers import transactions
from schema.audit import Audited
from schema.commands import Explained, Payload, Repeatable
from schema.connections import page_type
from schema.enums import enum
from schema.fields import argument, command, connection, lookup
from schema.ids import parse_id
from schema.locations import LOCATIONS, Location
from schema.matching import EventCustomerMatch
from schema.offers import CustomerOffer
from schema.points import POINTS, PointAuditEntry
from schema.scalars import Long, Url
from schema.tiers import TierChange
from schema.values import DateTimeRange, Money, MoneyInput
from schema.views import Node, values, view

TRANSACTIONS = Domain.TRANSACTIONS
READ = "transactions:read"

enum(
    rows.OrderSource,
    IN_STORE="At a point of sale.",
    API="Ordered online or in the app.",
    OTHER="Anywhere else.",
)
enum(
    rows.TransactionState,
    COMPLETED="Nothing came back.",
    PARTIALLY_RETURNED="Some of it came back.",
    RETURNED="All of it came back.",
    CANCELLED="Called off after it was made.",
)


@view(rows.TransactionItemRow)
class TransactionItem:
    """One line of a purchase."""

    sku: str
    """The product's number at the seller."""
    name: str
    """What was bought."""
    quantity: int
    """How many."""
    unit_price: Money
    """List price of one."""
    total: Money
    """What the line came to after the seller's own discounts."""
    returned_quantity: int
    """How many of them came back."""


@view(rows.Payment)
class Payment:
    """How a purchase, or a part of it, was paid."""

    method: str
    """The means of payment, such as card or cash."""
    amount: Money
    """How much was paid so."""
    card_last_four: str | None
    """The last four digits of the card, where one was used."""


@view(rows.Discount)
class Discount:
    """What lowered the price of a purchase."""

    label: str
    """What the receipt calls it."""
    amount: Money
    """By how much."""
    offer_name: str | None
    """The offer that it comes from."""


@view(rows.TransactionRow, requires=READ, find=transactions.transaction)
class Transaction(Node):
    """A purchase."""

    external_id: str
    """Its id in the system that it comes from; the ledger calls it `transactionId`."""
    occurred_at: dt.datetime
    """When it was made."""
    order_source: rows.OrderSource
    """Where it was made."""
    state: rows.TransactionState
    """What became of it."""
    location = lookup(Location | None, transactions.location, served_by=LOCATIONS)
    """Where it was bought."""
    subtotal: Money
    """Sum of the list prices."""
    discount_total: Money
    """All discounts together."""
    tax_total: Money
    """The tax."""
    total: Money
    """What was paid."""
    basket_value: Money
    """Subtotal less discounts: what points are earned on."""
    items = lookup(list[TransactionItem], transactions.items)
    """What was bought, in the order of the receipt."""
    payments: list[Payment]
    """How it was paid."""
    discounts: list[Discount]
    """What lowered the price."""
    redeemed_offers = lookup(list[CustomerOffer] | None, transactions.redeemed_offers, served_by=Domain.OFFERS)
    """The offers redeemed with it."""
    point_entries = lookup(list[PointAuditEntry] | None, transactions.point_entries, served_by=POINTS)
    """The ledger entries that it caused, in the order of recording."""
    non_accruing: bool
    """True when it earned nothing because the customer was restricted or blocked."""
    receipt_url: Url | None
    """Where its receipt can be seen."""


@values(rows.TransactionFilter)
class TransactionFilter:
    """Which purchases; everything given must hold."""

    order_source: list[rows.OrderSource] | None
    """Purchases made at one of these."""
    occurred_at: DateTimeRange | None
    """Purchases made in this window."""
    location_id: strawberry.ID | None
    """Purchases at the location of this global id."""


def asked(given: dict[str, Any]) -> rows.TransactionFilter | None:
    """The filter with its global id read. Raises InvalidRequest."""
    chosen: rows.TransactionFilter | None = given.get("filter")
    if chosen is None or chosen.location_id is None:
        return chosen
    _, (location,) = parse_id(str(chosen.location_id), "filter", "Location")
    return msgspec.structs.replace(chosen, location_id=location)


TransactionConnection = page_type("Transaction", Transaction, "purchases")


class TransactionFields:
    """What a customer shows of purchases."""

    transactions = connection(
        TransactionConnection,
        transactions.purchases,
        argument("filter", TransactionFilter | None, "Which purchases."),
        filter=asked,
        requires=READ,
        domain=TRANSACTIONS,
    )
    """Purchases, newest first; null where no point of sale is connected, and an empty list means no purchases."""


@values(rows.ReceiptItem)
class TransactionItemInput:
    """A line of a purchase."""

    sku: str
    """The product's number at the seller."""
    name: str
    """What was bought."""
    quantity: int
    """How many, at least one."""
    unit_price: MoneyInput
    """List price of one, in the program's currency."""


@values(rows.ReceiptPayment)
class PaymentInput:
    """How a purchase, or a part of it, was paid."""

    method: str
    """The means of payment, such as card or cash."""
    amount: MoneyInput
    """How much was paid so, in the program's currency."""


@values(rows.ReceiptDiscount)
class DiscountInput:
    """What lowered the price of a purchase."""

    label: str
    """What the receipt calls it."""
    amount: MoneyInput
    """By how much, in the program's currency."""
    customer_offer_id: strawberry.ID | None
    """The customer's offer that it redeems; one that can't be redeemed refuses the whole purchase."""


@values(rows.PointsSpent)
class PointsSpentInput:
    """Points that a part of a purchase is paid with."""

    account_key: str
    """Key of an account whose points can be spent."""
    points: Long
    """How many, more than zero."""


@values(transactions.TransactionIngestInput)
class TransactionIngestInput:
    """A purchase as its source tells it. Sent again it changes nothing and gives the same answer; with other content it is
    refused."""

    source: str
    """The system that it comes from."""
    external_id: str
    """Its id there: source and id tell purchases apart."""
    occurred_at: dt.datetime
    """When it was made."""
    order_source: rows.OrderSource
    """Where it was made."""
    customer: EventCustomerMatch
    """Who bought."""
    location_store_id: str | None
    """Store id of the location where it was made."""
    items: list[TransactionItemInput]
    """What was bought, in the order of the receipt; at least one, at most 1,000."""
    payments: list[PaymentInput] | None
    """How it was paid, points left out; at most 100."""
    discounts: list[DiscountInput] | None
    """What lowered the price; together not more than the items come to."""
    tax_total: MoneyInput | None
    """The tax on top of it; left out, none."""
    points_spent: list[PointsSpentInput] | None
    """Points paid with; too few of them refuses the whole purchase."""
    dry_run: bool | None = False
    """True to see what would come of it; nothing is stored."""


@values(rows.ReturnedItem)
class TransactionReturnItemInput:
    """How many of a product come back."""

    sku: str
    """The product's number at the seller."""
    quantity: int
    """How many, at most those that did not come back yet."""


@values(transactions.TransactionReturnInput)
class TransactionReturnInput(Repeatable, Explained):
    """What comes back of a purchase."""

    transaction_id: strawberry.ID
    """The purchase."""
    items: list[TransactionReturnItemInput] | None
    """What comes back; left out, all that is left."""
    occurred_at: dt.datetime | None
    """When it came back; left out, now."""
    cancelled: bool | None = False
    """True to call the whole purchase off."""


@view(transactions.TransactionPayload)
class TransactionPayload(Audited, Payload):
    """What came of a purchase, or of its return."""

    transaction = lookup(Transaction | None, transactions.shown_transaction)
    """The purchase as it is now."""
    point_entries = lookup(list[PointAuditEntry] | None, transactions.made_entries, served_by=POINTS)
    """The ledger entries that were made for it, as they were made."""
    tier_change = lookup(TierChange | None, transactions.tier_change, served_by=Domain.TIERS)
    """The change of tier that it led to."""


class TransactionMutations:
    """Changes of transactions."""

    transaction_ingest = command(
        TransactionPayload,
        transactions.ingest,
        TransactionIngestInput,
        ids={"customer.id": "Customer", "discounts.customer_offer_id": "CustomerOffer"},
        requires="transactions:ingest",
        written_by=TRANSACTIONS,
    )
    """Store a purchase with the points, tiers and offers that follow from it: all of it, or nothing."""
    transaction_return = command(
        TransactionPayload,
        transactions.take_back,
        TransactionReturnInput,
        ids={"transaction_id": "Transaction"},
        requires="transactions:ingest",
        written_by=TRANSACTIONS,
    )
    """Whole when `items` is left out. Reverses what the purchase earned, once, and gives back what was spent on it to the
    lots it came from."""
