"""Devices and digital properties of a customer."""

from uuid import UUID

from datasources.devices import DeviceRow, DigitalPropertyRow
from datasources.ids import CustomerId, EntityId, OfCustomer
from datasources.paging import PageRequest
from resolvers.context import Context
from resolvers.customer_lists import Asked, CustomerList


@CustomerList
def devices(context: Context, page: PageRequest) -> Asked[DeviceRow]:
    """The customer's devices, the last used first (R6)."""
    return context.sources.devices.of_customers, page


async def latest(customer: OfCustomer, context: Context) -> DeviceRow | None:
    """The device last used (E7)."""
    page = await devices(customer, context, PageRequest(now=context.now, first=1))
    return page.rows[0] if page.rows else None


async def device(context: Context, customer: UUID, id: UUID) -> DeviceRow | None:
    """A device by its id."""
    return await context.load(context.sources.devices.devices, (CustomerId(customer), EntityId(id)))


@CustomerList
def properties(context: Context, page: PageRequest) -> Asked[DigitalPropertyRow]:
    """The customer's digital properties, the last used first (R5)."""
    return context.sources.devices.properties_of, page


async def digital_property(context: Context, customer: UUID, id: UUID) -> DigitalPropertyRow | None:
    """A digital property by its id."""
    return await context.load(context.sources.devices.properties, (CustomerId(customer), EntityId(id)))
