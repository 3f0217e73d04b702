"""Baskets as purchases: amounts by the data set's own definitions, items, discounts and payments."""

import datetime as dt
from uuid import UUID

import msgspec

from datasources.ids import EntityId
from datasources.sql.tables.transactions import transaction_items, transactions
from datasources.values import half_even

from .dataset import Dataset
from .files import Basket, Line
from .household import SOURCE, Household

CURRENCY = "USD"
METHODS = ("card", "card", "card", "cash", "mobile")


class Purchase(msgspec.Struct, frozen=True):
    """A basket with its amounts in cents, its instant on the program's clock."""

    id: EntityId
    external_id: str
    store: int
    at: dt.datetime
    lines: tuple[Line, ...]
    subtotal: int
    discounts: tuple[tuple[str, int], ...]
    total: int
    accrues: bool

    @property
    def discount(self) -> int:
        """All discounts together."""
        return sum(amount for _, amount in self.discounts)

    @property
    def coupon_used(self) -> bool:
        """True when a manufacturer's coupon lowered the basket."""
        return any(label == "Manufacturer coupon" for label, _ in self.discounts)


def purchase(household: Household, basket: Basket) -> Purchase:
    """The purchase that a basket is: list prices less loyalty, coupon match and coupon discounts, never below 0."""
    at = household.timeline.moved(basket.at)
    sales = sum(line.sales for line in basket.lines)
    retail = sum(line.retail for line in basket.lines)
    match = sum(line.match for line in basket.lines)
    coupon = min(sales, sum(line.coupon for line in basket.lines))
    named = (("Loyalty discount", retail), ("Coupon match", match), ("Manufacturer coupon", coupon))
    return Purchase(
        id=household.id(at, "basket", basket.id),
        external_id=str(basket.id),
        store=basket.store,
        at=at,
        lines=tuple(basket.lines),
        subtotal=sales + retail + match,
        discounts=tuple((label, amount) for label, amount in named if amount),
        total=sales - coupon,
        accrues=household.takes_part_at(at),
    )


def write(household: Household, purchases: list[Purchase], stores: dict[int, UUID], offers: dict[str, str]) -> None:
    """Rows of the purchases; `offers` names by external id the offer that was redeemed with it."""
    chance = household.seeded("payments")
    last_four = f"{chance.randint(0, 9999):04d}"
    for bought in purchases:
        method = chance.choice(METHODS)
        household.own(
            transactions,
            id=bought.id,
            source=SOURCE,
            external_id=bought.external_id,
            occurred_at=bought.at,
            order_source="IN_STORE",
            state="COMPLETED",
            location_id=stores[bought.store],
            currency=CURRENCY,
            subtotal_minor=bought.subtotal,
            discount_minor=bought.discount,
            tax_minor=0,
            total_minor=bought.total,
            payments=_payments(bought, method, last_four),
            discounts=_discounts(bought, offers.get(bought.external_id)),
            non_accruing=not bought.accrues,
            receipt_url=f"https://receipts.example.com/{bought.external_id}",
        )
        _write_items(household, bought)


def _write_items(household: Household, bought: Purchase) -> None:
    names: Dataset = household.dataset
    for number, line in enumerate(bought.lines, 1):
        quantity = line.quantity or 1
        household.own(
            transaction_items,
            transaction_id=bought.id,
            line=number,
            sku=str(line.product),
            name=names.product(line.product).name,
            quantity=quantity,
            unit_price_minor=half_even(line.sales + line.retail + line.match, quantity),
            total_minor=line.sales,
            returned_quantity=0,
        )


def _payments(bought: Purchase, method: str, last_four: str) -> list[dict[str, object]]:
    if bought.total == 0:
        return []
    shown = last_four if method == "card" else None
    return [{"method": method, "amount_minor": bought.total, "currency": CURRENCY, "card_last_four": shown}]


def _discounts(bought: Purchase, offer_name: str | None) -> list[dict[str, object]]:
    return [
        {
            "label": label,
            "amount_minor": amount,
            "currency": CURRENCY,
            "offer_name": offer_name if label == "Manufacturer coupon" else None,
        }
        for label, amount in bought.discounts
    ]
