"""What a purchase comes to, and what keeps it from being taken in."""

import datetime as dt
from typing import Any
from uuid import UUID

import msgspec
import pytest

from datasources.ids import CustomerId, EntityId
from datasources.purchases import LATEST, Totals, totals_of
from datasources.transactions import (
    OrderSource,
    PointsSpent,
    Receipt,
    ReceiptDiscount,
    ReceiptItem,
    ReceiptPayment,
)
from datasources.values import Money
from datasources.writing import Refusal

NOW = dt.datetime(2026, 1, 31, 12, tzinfo=dt.UTC)
CUSTOMER = CustomerId(UUID(int=1))
OFFER = CUSTOMER, EntityId(UUID(int=2))


def usd(minor: int, currency: str = "USD") -> Money:
    return Money(minor, currency)


def off(minor: int, offer: tuple[CustomerId, EntityId] | None = None) -> ReceiptDiscount:
    return ReceiptDiscount("Coupon", usd(minor), offer)


TEA, POT = ReceiptItem("tea", "Tea", 3, usd(250)), ReceiptItem("pot", "Pot", 1, usd(1_999))
RECEIPT = Receipt(CUSTOMER, "pos", "1", NOW, OrderSource.IN_STORE, (TEA, POT))


def changed(struct: Any, **values: Any) -> Any:
    return msgspec.structs.replace(struct, **values)


def test_a_purchase_comes_to_its_items_less_discounts_and_tax_on_top() -> None:
    receipt = changed(
        RECEIPT, discounts=(off(500), off(49)), tax_total=usd(180), payments=(ReceiptPayment("cash", usd(1)),)
    )
    totals = totals_of(receipt, "USD")
    assert totals == Totals(subtotal=2_749, discount=549, tax=180)
    assert (totals.basket, totals.total) == (2_200, 2_380)
    assert totals_of(RECEIPT, "USD") == Totals(2_749, 0, 0)


@pytest.mark.parametrize(
    ("change", "code", "path"),
    [
        ({"source": ""}, "INVALID", "source"),
        ({"external_id": "1" * 201}, "INVALID", "externalId"),
        ({"location_store_id": ""}, "INVALID", "locationStoreId"),
        ({"occurred_at": LATEST}, "INVALID", "occurredAt"),
        ({"occurred_at": dt.datetime(1899, 12, 31, tzinfo=dt.UTC)}, "INVALID", "occurredAt"),
        ({"items": ()}, "REQUIRED", "items"),
        ({"items": (TEA,) * 1_001}, "INVALID", "items"),
        ({"items": (TEA, changed(POT, quantity=0))}, "INVALID", "items.1.quantity"),
        ({"items": (changed(TEA, sku=""),)}, "INVALID", "items.0.sku"),
        ({"items": (changed(TEA, name="n" * 201),)}, "INVALID", "items.0.name"),
        ({"items": (changed(TEA, unit_price=usd(-1)),)}, "INVALID", "items.0.unitPrice.amountMinor"),
        ({"items": (TEA, changed(POT, unit_price=usd(1, "EUR")))}, "CURRENCY_MISMATCH", "items.1.unitPrice.currency"),
        ({"items": (changed(TEA, unit_price=usd(2**62)),)}, "INVALID", "items"),
        ({"tax_total": usd(2**63 - 1)}, "INVALID", "items"),
        ({"tax_total": usd(1, "EUR")}, "CURRENCY_MISMATCH", "taxTotal.currency"),
        ({"discounts": (off(2_749), off(1))}, "INVALID", "discounts"),
        ({"discounts": (off(-1),)}, "INVALID", "discounts.0.amount.amountMinor"),
        ({"discounts": (off(0),) * 101}, "INVALID", "discounts"),
        ({"discounts": (off(1, OFFER), off(1, OFFER))}, "INVALID", "discounts.1.customerOfferId"),
        ({"discounts": (changed(off(1), label=""),)}, "INVALID", "discounts.0.label"),
        ({"payments": (ReceiptPayment("", usd(1)),)}, "INVALID", "payments.0.method"),
        ({"payments": (ReceiptPayment("cash", usd(1, "EUR")),)}, "CURRENCY_MISMATCH", "payments.0.amount.currency"),
        ({"points_spent": (PointsSpent("points", 0),)}, "INVALID", "pointsSpent.0.points"),
        ({"points_spent": (PointsSpent("points", 1),) * 2}, "INVALID", "pointsSpent.1.accountKey"),
    ],
)
def test_what_is_no_purchase_is_refused_where_it_is_wrong(change: dict[str, Any], code: str, path: str) -> None:
    with pytest.raises(Refusal) as refused:
        totals_of(changed(RECEIPT, **change), "USD")
    assert (refused.value.code.value, ".".join(refused.value.path)) == (code, path)


def test_the_largest_purchase_fits_64_bits() -> None:
    largest = changed(RECEIPT, items=(ReceiptItem("gold", "Gold", 1, usd(2**63 - 1)),))
    assert totals_of(largest, "USD").total == 2**63 - 1
