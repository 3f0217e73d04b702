"""Devices and digital properties that a customer used. Rules: requirements 1.R."""

import datetime as dt
from collections.abc import Sequence
from typing import Protocol
from uuid import UUID

import msgspec

from datasources.ids import CustomerId, OwnedId
from datasources.paging import Page, PageRequest


class DigitalPropertyRow(msgspec.Struct, frozen=True, array_like=True):
    """An app or website of the program that the customer used (R5)."""

    customer_id: CustomerId
    id: UUID
    name: str
    type: str
    first_seen_at: dt.datetime
    last_seen_at: dt.datetime


class DeviceRow(msgspec.Struct, frozen=True, array_like=True):
    """A device that the customer used the program on (R2, R7)."""

    customer_id: CustomerId
    id: UUID
    platform: str
    model: str | None
    os_name: str | None
    os_version: str | None
    app_version: str | None
    resolution: str | None
    push_enabled: bool | None
    last_seen_at: dt.datetime
    is_supported: bool
    unsupported_reason: str | None


class DeviceReader(Protocol):
    """Serves devices and digital properties. Raises SourceUnavailable, SourceTimedOut."""

    async def of_customers(self, customers: Sequence[CustomerId], page: PageRequest) -> Sequence[Page[DeviceRow]]:
        """Devices, the last used first, one page per customer in the order given."""
        ...

    async def devices(self, keys: Sequence[OwnedId]) -> Sequence[DeviceRow | None]:
        """Devices by their id, in the order given."""
        ...

    async def properties_of(
        self, customers: Sequence[CustomerId], page: PageRequest
    ) -> Sequence[Page[DigitalPropertyRow]]:
        """Digital properties, the last used first, one page per customer in the order given."""
        ...

    async def properties(self, keys: Sequence[OwnedId]) -> Sequence[DigitalPropertyRow | None]:
        """Digital properties by their id, in the order given."""
        ...
