"""Campaign messages and direct messages of a customer."""

from uuid import UUID

from datasources.ids import CustomerId, EntityId
from datasources.messages import DirectMessageRow, MessageRow
from datasources.paging import Page, PageRequest
from datasources.profiles import CustomerRow
from resolvers.context import Context


async def inbox(customer: CustomerRow, context: Context, page: PageRequest) -> Page[MessageRow]:
    """Campaign messages, newest first (P1)."""
    return await context.load(context.sources.messages.inbox, customer.customer_id, page)


async def message(context: Context, customer: UUID, id: UUID) -> MessageRow | None:
    """A campaign message by its id."""
    return await context.load(context.sources.messages.messages, (CustomerId(customer), EntityId(id)), context.now)


async def conversation(customer: CustomerRow, context: Context, page: PageRequest) -> Page[DirectMessageRow]:
    """What customer and staff wrote each other, newest first (P7)."""
    return await context.load(context.sources.messages.conversation, customer.customer_id, page)


async def direct_message(context: Context, customer: UUID, id: UUID) -> DirectMessageRow | None:
    """A direct message by its id."""
    return await context.load(context.sources.messages.direct_messages, (CustomerId(customer), EntityId(id)))
