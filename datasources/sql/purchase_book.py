"""Purchases under the customer's lock: what is read of them, and how their rows are written."""

import datetime as dt
from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    FromClause,
    Integer,
    Select,
    String,
    Uuid,
    and_,
    bindparam,
    func,
    select,
)
from sqlalchemy.types import TypeEngine

from datasources.ids import EntityId
from datasources.sql.changes import Change, Place, inserted
from datasources.sql.engine import Database, Prepared, Sent, Statements
from datasources.sql.tables.transactions import transaction_items, transactions
from datasources.sql.transactions import ITEM, TRANSACTION
from datasources.sql.types import Instant
from datasources.sql.unit_of_work import Unit
from datasources.transactions import Receipt, TransactionItemRow, TransactionRow

CUSTOMER, PURCHASE = bindparam("customer", type_=Uuid()), bindparam("purchase", type_=Uuid())
SOURCE, EXTERNAL_ID = bindparam("source", type_=String()), bindparam("external_id", type_=String())


class Booked(NamedTuple):
    """A purchase as it is stored, with when it counted toward tiers."""

    row: TransactionRow
    counted_at: dt.datetime


class PurchaseBook:
    """Reads purchases inside a transaction."""

    def __init__(self, database: Database) -> None:
        dialect = database.dialect
        self._known = Prepared(_known(), EntityId, dialect)
        self._booked = Prepared(_booked(), _read_booked, dialect)
        self._items = Prepared(_items(), ITEM.make, dialect)

    def is_known(self, unit: Unit, receipt: Receipt) -> Statements[bool]:
        """True where the customer has a purchase of this source and external id."""
        named = {"source": receipt.source, "external_id": receipt.external_id}
        return bool((yield Sent(self._known, {"customer": unit.customer_id} | named)))

    def booked(self, unit: Unit, id: EntityId) -> Statements[Booked | None]:
        """A purchase of the customer."""
        found = yield Sent(self._booked, {"customer": unit.customer_id, "purchase": id})
        return found[0] if found else None

    def items(self, unit: Unit, id: EntityId) -> Statements[tuple[TransactionItemRow, ...]]:
        """Its items in the order of the receipt."""
        return tuple((yield Sent(self._items, {"customer": unit.customer_id, "purchase": id})))


def store(unit: Unit, row: TransactionRow, items: Sequence[TransactionItemRow], receipt: Receipt) -> None:
    """Have a purchase and its items stored; it counts now where it is told to be made later."""
    columns = {name: getattr(row, name) for name in TransactionRow.__struct_fields__}
    values = {"source": receipt.source, "order_source": row.order_source.value, "state": row.state.value}
    late = unit.write.now if row.occurred_at > unit.write.now else None
    unit.change(STORED, columns | values | {"counted_at": late})
    unit.change(
        ITEMIZED,
        {"customer": unit.customer_id, "purchase": row.id},
        {name: [getattr(item, name) for item in items] for name in ITEM_COLUMNS},
    )


def turn(unit: Unit, row: TransactionRow, items: Sequence[TransactionItemRow]) -> None:
    """Have a purchase changed to its new state, and how much of each item came back."""
    of_purchase = {"customer": unit.customer_id, "purchase": row.id}
    unit.change(TURNED, of_purchase | {"state": row.state.value})
    if items:
        columns = {"line": [item.line for item in items], "returned": [item.returned_quantity for item in items]}
        unit.change(CAME_BACK, of_purchase, columns)


ITEM_COLUMNS: dict[str, TypeEngine[Any]] = {
    "line": Integer(),
    "sku": String(),
    "name": String(),
    "quantity": BigInteger(),
    "unit_price_minor": BigInteger(),
    "total_minor": BigInteger(),
    "returned_quantity": BigInteger(),
}


def _itemized(place: Place) -> Any:
    rows = place.keys(**ITEM_COLUMNS)
    own = (place.bind("customer", Uuid()), place.bind("purchase", Uuid()))
    return transaction_items.insert().from_select(
        ["customer_id", "transaction_id", *ITEM_COLUMNS], select(*own, *(rows.c[name] for name in ITEM_COLUMNS))
    )


def _turned(place: Place) -> Any:
    own = transactions.c
    which = and_(own.customer_id == place.bind("customer", Uuid()), own.id == place.bind("purchase", Uuid()))
    return transactions.update().where(which).values(state=place.bind("state", String()))


def _came_back(place: Place) -> Any:
    rows, own = place.keys(line=Integer(), returned=BigInteger()), transaction_items.c
    of_purchase = (
        own.customer_id == place.bind("customer", Uuid()),
        own.transaction_id == place.bind("purchase", Uuid()),
    )
    return (
        transaction_items.update()
        .where(*of_purchase, own.line == rows.c.line)
        .values(returned_quantity=rows.c.returned)
    )


STORED, ITEMIZED, TURNED = inserted(transactions), Change(_itemized), Change(_turned)
CAME_BACK = Change(_came_back)


def _of_customer(*columns: ColumnElement[Any]) -> Select[Any]:
    return select(*columns).where(transactions.c.customer_id == CUSTOMER)


def _known() -> Select[Any]:
    own = transactions.c
    return _of_customer(own.id).where(own.source == SOURCE, own.external_id == EXTERNAL_ID)


def _booked() -> Select[Any]:
    counted_at = func.coalesce(transactions.c.counted_at, transactions.c.occurred_at, type_=Instant())
    return _of_customer(*TRANSACTION.columns, counted_at.label("counted_at")).where(transactions.c.id == PURCHASE)


def _read_booked(*values: Any) -> Booked:
    *row, counted_at = values
    return Booked(TRANSACTION.make(*row), counted_at)


def _items() -> Select[Any]:
    found: FromClause = transaction_items
    for other, condition in ITEM.joined:
        found = found.join(other, condition)
    of_purchase = (transaction_items.c.customer_id == CUSTOMER, transaction_items.c.transaction_id == PURCHASE)
    return select(*ITEM.columns).select_from(found).where(*of_purchase).order_by(transaction_items.c.line)
