"""Support tickets of a customer."""

from uuid import UUID

from datasources.ids import CustomerId, EntityId
from datasources.paging import PageRequest
from datasources.tickets import TicketRow
from resolvers.context import Context
from resolvers.customer_lists import Asked, CustomerList


@CustomerList
def tickets(context: Context, page: PageRequest) -> Asked[TicketRow]:
    """The customer's tickets, the last submitted first (U1)."""
    return context.sources.tickets.of_customers, page


async def ticket(context: Context, customer: UUID, id: UUID) -> TicketRow | None:
    """A ticket by its id."""
    return await context.load(context.sources.tickets.tickets, (CustomerId(customer), EntityId(id)))
