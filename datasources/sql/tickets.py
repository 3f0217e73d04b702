"""Tickets in SQL."""

from collections.abc import Sequence
from typing import ClassVar

from datasources.ids import CustomerId, OwnedId
from datasources.paging import Page, PageRequest
from datasources.registry import Domain
from datasources.sql.reader import SqlReader
from datasources.sql.statements import Keyed, Paged, Rows
from datasources.sql.tables.tickets import tickets
from datasources.tickets import TicketRow

TICKET = Rows(TicketRow, tickets)
OF_CUSTOMERS = Paged(TICKET, order=("submitted_at", "id"))
TICKETS = Keyed(TICKET)


class SqlTickets(SqlReader):
    """Serves `datasources.tickets.TicketReader`."""

    domain: ClassVar[Domain] = Domain.TICKETS

    async def of_customers(self, customers: Sequence[CustomerId], page: PageRequest) -> Sequence[Page[TicketRow]]:
        """See TicketReader."""
        return await OF_CUSTOMERS.of_each(self._database, customers, page)

    async def tickets(self, keys: Sequence[OwnedId]) -> Sequence[TicketRow | None]:
        """See TicketReader."""
        return await TICKETS.one_each(self._database, keys)
