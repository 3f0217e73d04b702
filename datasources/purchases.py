"""What a purchase comes to, and what keeps it from being taken in."""

import datetime as dt
from collections.abc import Iterator

import msgspec

from datasources.ledger import LARGEST
from datasources.refusals import UserErrorCode
from datasources.transactions import Receipt
from datasources.values import Money
from datasources.writing import LONGEST_NAME, Refusal, check_length

MOST_ITEMS, MOST_PARTS = 1_000, 100
"""How many items a purchase has at most; how many payments, discounts and accounts paid from."""
EARLIEST, LATEST = dt.datetime(1900, 1, 1, tzinfo=dt.UTC), dt.datetime(9000, 1, 1, tzinfo=dt.UTC)


class Totals(msgspec.Struct, frozen=True):
    """The amounts of a purchase in minor units of one currency."""

    subtotal: int
    discount: int
    tax: int

    @property
    def basket(self) -> int:
        """Subtotal less discounts: what points are earned on."""
        return self.subtotal - self.discount

    @property
    def total(self) -> int:
        """What was to be paid."""
        return self.basket + self.tax


def check_moment(at: dt.datetime, *path: str) -> None:
    """Pass for a time that every date reckoned from it can be told of. Raises Refusal."""
    if not EARLIEST <= at < LATEST:
        raise Refusal(UserErrorCode.INVALID, "A year from 1900 to 8999 is expected.", *path)


def totals_of(receipt: Receipt, currency: str) -> Totals:
    """What a purchase that can be taken in comes to, in the program's currency. Raises Refusal."""
    check_moment(receipt.occurred_at, "occurredAt")
    _check_texts(receipt)
    _check_counts(receipt)
    for path, amount in _amounts(receipt):
        _check_amount(amount, currency, path)
    totals = Totals(
        subtotal=sum(item.quantity * item.unit_price.amount_minor for item in receipt.items),
        discount=sum(discount.amount.amount_minor for discount in receipt.discounts),
        tax=0 if receipt.tax_total is None else receipt.tax_total.amount_minor,
    )
    if totals.subtotal > LARGEST or totals.subtotal + totals.tax > LARGEST:
        raise Refusal(UserErrorCode.INVALID, "The total is more than 64 bits hold.", "items")
    if totals.discount > totals.subtotal:
        raise Refusal(UserErrorCode.INVALID, "The discounts are more than the items come to.", "discounts")
    return totals


def _check_texts(receipt: Receipt) -> None:
    """Pass for texts that are there and not too long. Raises Refusal."""
    check_length(receipt.source, LONGEST_NAME, "source")
    check_length(receipt.external_id, LONGEST_NAME, "externalId")
    check_length(receipt.location_store_id, LONGEST_NAME, "locationStoreId")
    for index, item in enumerate(receipt.items):
        check_length(item.sku, LONGEST_NAME, "items", str(index), "sku")
        check_length(item.name, LONGEST_NAME, "items", str(index), "name")
    for index, payment in enumerate(receipt.payments):
        check_length(payment.method, LONGEST_NAME, "payments", str(index), "method")
    for index, discount in enumerate(receipt.discounts):
        check_length(discount.label, LONGEST_NAME, "discounts", str(index), "label")


def _check_counts(receipt: Receipt) -> None:
    """Pass for at least one item, not too many of anything, and whole numbers above zero. Raises Refusal."""
    if not receipt.items:
        raise Refusal(UserErrorCode.REQUIRED, "A purchase has at least one item.", "items")
    for name, parts, most in (
        ("items", receipt.items, MOST_ITEMS),
        ("payments", receipt.payments, MOST_PARTS),
        ("discounts", receipt.discounts, MOST_PARTS),
        ("pointsSpent", receipt.points_spent, MOST_PARTS),
    ):
        if len(parts) > most:
            raise Refusal(UserErrorCode.INVALID, f"At most {most} of them are taken.", name)
    for index, item in enumerate(receipt.items):
        if item.quantity < 1:
            raise Refusal(UserErrorCode.INVALID, "At least one was bought.", "items", str(index), "quantity")
    for index, spent in enumerate(receipt.points_spent):
        if spent.points < 1:
            raise Refusal(UserErrorCode.INVALID, "At least one point is spent.", "pointsSpent", str(index), "points")
        if any(earlier.account_key == spent.account_key for earlier in receipt.points_spent[:index]):
            message = "An account is named once: add its points up."
            raise Refusal(UserErrorCode.INVALID, message, "pointsSpent", str(index), "accountKey")
    offers = [discount.customer_offer_id for discount in receipt.discounts]
    for index, offer in enumerate(offers):
        if offer is not None and offer in offers[:index]:
            message = "An offer is redeemed once."
            raise Refusal(UserErrorCode.INVALID, message, "discounts", str(index), "customerOfferId")


def _amounts(receipt: Receipt) -> Iterator[tuple[tuple[str, ...], Money]]:
    """Every amount of money, with where it stands in the input."""
    for index, item in enumerate(receipt.items):
        yield ("items", str(index), "unitPrice"), item.unit_price
    for index, payment in enumerate(receipt.payments):
        yield ("payments", str(index), "amount"), payment.amount
    for index, discount in enumerate(receipt.discounts):
        yield ("discounts", str(index), "amount"), discount.amount
    if receipt.tax_total is not None:
        yield ("taxTotal",), receipt.tax_total


def _check_amount(amount: Money, currency: str, path: tuple[str, ...]) -> None:
    if amount.currency != currency:
        raise Refusal(UserErrorCode.CURRENCY_MISMATCH, f"The program counts in {currency}.", *path, "currency")
    if amount.amount_minor < 0:
        raise Refusal(UserErrorCode.INVALID, "An amount is not negative.", *path, "amountMinor")
