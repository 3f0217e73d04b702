"""Support tickets of a customer."""

from collections.abc import Awaitable
from uuid import UUID

from datasources.ids import CustomerId, EntityId, OfCustomer
from datasources.paging import Page, PageRequest
from datasources.tickets import TicketRow
from resolvers.context import Context


def tickets(customer: OfCustomer, context: Context, page: PageRequest) -> Awaitable[Page[TicketRow]]:
    """The customer's tickets, the last submitted first (U1)."""
    return context.load(context.sources.tickets.of_customers, customer.customer_id, page)


async def ticket(context: Context, customer: UUID, id: UUID) -> TicketRow | None:
    """A ticket by its id."""
    return await context.load(context.sources.tickets.tickets, (CustomerId(customer), EntityId(id)))
