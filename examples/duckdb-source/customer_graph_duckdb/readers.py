"""The readers of the domains: their methods are what `datasources.tickets` and the others say."""

from collections.abc import Sequence
from typing import ClassVar

from customer_graph_duckdb.files import Files
from customer_graph_duckdb.tables import Table
from datasources.ids import CustomerId, OwnedId
from datasources.paging import Page, PageRequest
from datasources.registry import Domain
from datasources.rewards import RewardRow
from datasources.tickets import TicketRow
from datasources.transactions import TransactionItemRow, TransactionRow

ROW = ("customer_id", "id")
TICKETS = Table("tickets", TicketRow, ROW, "submitted_at")
REWARDS = Table("rewards", RewardRow, ROW, "created_at")
TRANSACTIONS = Table("transactions", TransactionRow, ROW, "occurred_at")
ITEMS = Table("transaction_items", TransactionItemRow, ("customer_id", "transaction_id"), "line")
TABLES = (TICKETS, REWARDS, TRANSACTIONS, ITEMS)


class Tickets:
    """Serves `datasources.tickets.TicketReader`."""

    domain: ClassVar[Domain] = Domain.TICKETS

    def __init__(self, files: Files) -> None:
        self._files, self.source = files, files.source

    async def of_customers(self, customers: Sequence[CustomerId], page: PageRequest) -> Sequence[Page[TicketRow]]:
        """See TicketReader."""
        return await TICKETS.pages(self._files, customers, page)

    async def tickets(self, keys: Sequence[OwnedId]) -> Sequence[TicketRow | None]:
        """See TicketReader."""
        return await TICKETS.one_each(self._files, keys)


class Rewards:
    """Serves `datasources.rewards.RewardReader`."""

    domain: ClassVar[Domain] = Domain.REWARDS

    def __init__(self, files: Files) -> None:
        self._files, self.source = files, files.source

    async def rewards(self, customers: Sequence[CustomerId], page: PageRequest) -> Sequence[Page[RewardRow]]:
        """See RewardReader."""
        return await REWARDS.pages(self._files, customers, page)

    async def by_id(self, keys: Sequence[OwnedId]) -> Sequence[RewardRow | None]:
        """See RewardReader."""
        return await REWARDS.one_each(self._files, keys)


class Transactions:
    """Serves `datasources.transactions.TransactionReader`."""

    domain: ClassVar[Domain] = Domain.TRANSACTIONS

    def __init__(self, files: Files) -> None:
        self._files, self.source = files, files.source

    async def purchases(self, customers: Sequence[CustomerId], page: PageRequest) -> Sequence[Page[TransactionRow]]:
        """See TransactionReader."""
        return await TRANSACTIONS.pages(self._files, customers, page)

    async def transactions(self, keys: Sequence[OwnedId]) -> Sequence[TransactionRow | None]:
        """See TransactionReader."""
        return await TRANSACTIONS.one_each(self._files, keys)

    async def items(self, keys: Sequence[OwnedId]) -> Sequence[Sequence[TransactionItemRow]]:
        """See TransactionReader."""
        return await ITEMS.of_each(self._files, keys)
