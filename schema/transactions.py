"""Purchases as clients see them."""

import datetime as dt
from typing import Any

import msgspec
import strawberry

from datasources import transactions as rows
from datasources.registry import Domain
from resolvers import transactions
from schema.connections import page_type
from schema.enums import enum
from schema.fields import argument, connection, lookup
from schema.ids import parse_id
from schema.locations import LOCATIONS, Location
from schema.offers import CustomerOffer
from schema.points import POINTS, PointAuditEntry
from schema.scalars import Url
from schema.values import DateTimeRange, Money
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
