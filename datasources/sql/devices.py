"""Devices and digital properties in SQL."""

from collections.abc import Sequence
from typing import ClassVar

from datasources.devices import DeviceRow, DigitalPropertyRow
from datasources.ids import CustomerId, OwnedId
from datasources.paging import Page, PageRequest
from datasources.registry import Domain
from datasources.sql.reader import SqlReader
from datasources.sql.statements import Keyed, Paged, Rows
from datasources.sql.tables.devices import devices, digital_properties

DEVICE = Rows(DeviceRow, devices)
OF_CUSTOMERS = Paged(DEVICE, order=("last_seen_at", "id"))
DEVICES = Keyed(DEVICE)

PROPERTY = Rows(DigitalPropertyRow, digital_properties)
PROPERTIES_OF = Paged(PROPERTY, order=("last_seen_at", "id"))
PROPERTIES = Keyed(PROPERTY)


class SqlDevices(SqlReader):
    """Serves `datasources.devices.DeviceReader`."""

    domain: ClassVar[Domain] = Domain.DEVICES

    async def of_customers(self, customers: Sequence[CustomerId], page: PageRequest) -> Sequence[Page[DeviceRow]]:
        """See DeviceReader."""
        return await OF_CUSTOMERS.of_each(self._database, customers, page)

    async def devices(self, keys: Sequence[OwnedId]) -> Sequence[DeviceRow | None]:
        """See DeviceReader."""
        return await DEVICES.one_each(self._database, keys)

    async def properties_of(
        self, customers: Sequence[CustomerId], page: PageRequest
    ) -> Sequence[Page[DigitalPropertyRow]]:
        """See DeviceReader."""
        return await PROPERTIES_OF.of_each(self._database, customers, page)

    async def properties(self, keys: Sequence[OwnedId]) -> Sequence[DigitalPropertyRow | None]:
        """See DeviceReader."""
        return await PROPERTIES.one_each(self._database, keys)
