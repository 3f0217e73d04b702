"""Amounts of a purchase."""

import datetime as dt
from uuid import UUID

from datasources.ids import CustomerId, EntityId
from datasources.transactions import OrderSource, TransactionItemRow, TransactionRow, TransactionState
from datasources.values import Money

CUSTOMER, ID = CustomerId(UUID(int=1)), EntityId(UUID(int=2))


def test_the_basket_value_is_the_subtotal_less_discounts_whatever_tax_and_total() -> None:
    at = dt.datetime(2026, 1, 5, tzinfo=dt.UTC)
    row = TransactionRow(
        CUSTOMER, ID, "1", at, OrderSource.API, TransactionState.COMPLETED, None, "JPY", 1_000, 150, 85, 935, (), (),
        False, None,
    )  # fmt: skip
    assert row.basket_value == Money(850, "JPY")
    assert (row.subtotal, row.discount_total) == (Money(1_000, "JPY"), Money(150, "JPY"))
    assert (row.tax_total, row.total) == (Money(85, "JPY"), Money(935, "JPY"))


def test_an_item_is_counted_in_the_currency_of_its_purchase() -> None:
    item = TransactionItemRow(CUSTOMER, ID, 1, "sku", "Tea", 3, 100, 270, 0, "EUR")
    assert (item.unit_price, item.total) == (Money(100, "EUR"), Money(270, "EUR"))
