"""Purchases in SQL."""

from collections.abc import Sequence
from typing import ClassVar

from sqlalchemy import and_

from datasources.ids import CustomerId, OwnedId
from datasources.paging import Page, PageRequest
from datasources.registry import Domain
from datasources.sql.filters import among, equal, within
from datasources.sql.reader import SqlReader
from datasources.sql.statements import Keyed, Paged, Rows
from datasources.sql.tables.transactions import transaction_items, transactions
from datasources.transactions import TransactionItemRow, TransactionRow

TRANSACTION = Rows(TransactionRow, transactions)
PURCHASES = Paged(
    TRANSACTION,
    order=("occurred_at", "id"),
    filters={
        "order_source": among(transactions.c.order_source),
        "occurred_at": within(transactions.c.occurred_at),
        "location_id": equal(transactions.c.location_id),
    },
)
TRANSACTIONS = Keyed(TRANSACTION)

ITEM = Rows(
    TransactionItemRow,
    transaction_items,
    columns={"currency": transactions.c.currency},
    joined=(
        (
            transactions,
            and_(
                transactions.c.customer_id == transaction_items.c.customer_id,
                transactions.c.id == transaction_items.c.transaction_id,
            ),
        ),
    ),
)
ITEMS = Keyed(ITEM, key=("customer_id", "transaction_id"), sorted_by=(transaction_items.c.line,))


class SqlTransactions(SqlReader):
    """Serves `datasources.transactions.TransactionReader`."""

    domain: ClassVar[Domain] = Domain.TRANSACTIONS

    async def purchases(self, customers: Sequence[CustomerId], page: PageRequest) -> Sequence[Page[TransactionRow]]:
        """See TransactionReader."""
        return await PURCHASES.of_each(self._database, customers, page)

    async def transactions(self, keys: Sequence[OwnedId]) -> Sequence[TransactionRow | None]:
        """See TransactionReader."""
        return await TRANSACTIONS.one_each(self._database, keys)

    async def items(self, keys: Sequence[OwnedId]) -> Sequence[Sequence[TransactionItemRow]]:
        """See TransactionReader."""
        return await ITEMS.all_each(self._database, keys)
