"""Purchases hold exactly what the data set's own definitions make of its lines."""

import datetime as dt
from collections import defaultdict
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

from datasources.sql.tables.transactions import transaction_items, transactions

from .conftest import HOUSEHOLDS, WEEKS, Loaded

Lines = list[dict[str, Any]]


def cents(value: float) -> int:
    return int(Decimal(str(value)).scaleb(2).quantize(Decimal(1), ROUND_HALF_EVEN))


def by_basket(lines: Lines) -> dict[str, Lines]:
    baskets: dict[str, Lines] = defaultdict(list)
    for line in lines:
        baskets[str(line["basket_id"])].append(line)
    return baskets


def test_every_basket_and_line_of_forty_households_is_there(loaded: Loaded, lines: Lines) -> None:
    stored = loaded.rows(transactions)
    assert len(loaded.customers) == HOUSEHOLDS
    assert (len(stored), len(loaded.rows(transaction_items))) == (len(by_basket(lines)), len(lines)) == (2_780, 24_094)
    assert {row["external_id"] for row in stored} == set(by_basket(lines))
    assert loaded.report.rows["transactions"] == 2_780


def test_amounts_are_those_of_the_lines(loaded: Loaded, lines: Lines) -> None:
    expected = {}
    for basket, found in by_basket(lines).items():
        sales, retail, coupon, match = (
            sum(cents(line[column]) for line in found)
            for column in ("sales_value", "retail_disc", "coupon_disc", "coupon_match_disc")
        )
        coupon = min(coupon, sales)
        expected[basket] = (sales + retail + match, retail + match + coupon, 0, sales - coupon)
    stored = {
        row["external_id"]: (row["subtotal_minor"], row["discount_minor"], row["tax_minor"], row["total_minor"])
        for row in loaded.rows(transactions)
    }
    assert stored == expected
    for row in loaded.rows(transactions):
        assert sum(discount.amount_minor for discount in row["discounts"]) == row["discount_minor"]
        assert sum(payment.amount_minor for payment in row["payments"]) == row["total_minor"]


def test_instants_move_by_whole_weeks(loaded: Loaded, lines: Lines) -> None:
    moved = {str(line["basket_id"]): line["transaction_timestamp"] + dt.timedelta(weeks=WEEKS) for line in lines}
    stored = {row["external_id"]: row["occurred_at"].replace(tzinfo=None) for row in loaded.rows(transactions)}
    assert stored == moved


def test_a_quantity_of_zero_counts_as_one_and_unit_prices_round_half_even(loaded: Loaded, lines: Lines) -> None:
    ids = {row["id"]: row["external_id"] for row in loaded.rows(transactions)}
    stored = {
        (ids[row["transaction_id"]], row["sku"]): (row["quantity"], row["unit_price_minor"], row["total_minor"])
        for row in loaded.rows(transaction_items)
    }
    expected = {}
    for line in lines:
        quantity = line["quantity"] or 1
        listed = sum(cents(line[column]) for column in ("sales_value", "retail_disc", "coupon_match_disc"))
        unit = int((Decimal(listed) / quantity).quantize(Decimal(1), ROUND_HALF_EVEN))
        expected[str(line["basket_id"]), str(line["product_id"])] = (quantity, unit, cents(line["sales_value"]))
    assert stored == expected
