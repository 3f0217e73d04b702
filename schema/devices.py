"""Devices and digital properties as clients see them."""

import datetime as dt

from datasources import devices as rows
from datasources.registry import Domain
from resolvers import devices
from schema.connections import page_type
from schema.fields import connection
from schema.views import Node, view

DEVICES = Domain.DEVICES
READ = "devices:read"


@view(rows.DigitalPropertyRow, requires=READ, find=devices.digital_property)
class DigitalProperty(Node):
    """An app or website of the program that the customer used."""

    name: str
    """What it is called."""
    type: str
    """What it is, such as website."""
    first_seen_at: dt.datetime
    """When the customer first used it."""
    last_seen_at: dt.datetime
    """When the customer last used it."""


@view(rows.DeviceRow, requires=READ, find=devices.device)
class Device(Node):
    """A device that the customer used the program on."""

    platform: str
    """Such as ios, android or web."""
    model: str | None
    """Make and model."""
    os_name: str | None
    """Operating system."""
    os_version: str | None
    """Version of the operating system."""
    app_version: str | None
    """Version of the program's app."""
    resolution: str | None
    """Width and height of the screen in pixels."""
    push_enabled: bool | None
    """True when the device takes push notifications."""
    last_seen_at: dt.datetime
    """When it was last used."""
    is_supported: bool
    """True when the program supports the device and its software."""
    unsupported_reason: str | None
    """Why it does not."""


DigitalPropertyConnection = page_type("DigitalProperty", DigitalProperty, "digital properties")
DeviceConnection = page_type("Device", Device, "devices")


class DeviceFields:
    """What a customer shows of devices."""

    digital_properties = connection(DigitalPropertyConnection, devices.properties, requires=READ, domain=DEVICES)
    """Apps and websites of the program that the customer used, the last used first."""
    devices = connection(DeviceConnection, devices.devices, requires=READ, domain=DEVICES)
    """Devices that the customer used, the last used first."""
