"""Digital properties and devices that customers used."""

from sqlalchemy import Boolean, Text

from datasources.sql.types import Instant

from ._build import by, keyword, optional, owned, required

digital_properties = owned(
    "digital_properties",
    required("name", Text()),
    keyword("type"),
    required("first_seen_at", Instant()),
    required("last_seen_at", Instant()),
)
by(digital_properties, "last_seen_at")

devices = owned(
    "devices",
    keyword("platform"),
    optional("model", Text()),
    optional("os_name", Text()),
    optional("os_version", Text()),
    optional("app_version", Text()),
    optional("resolution", Text()),
    optional("push_enabled", Boolean()),
    required("last_seen_at", Instant()),
    required("is_supported", Boolean()),
    optional("unsupported_reason", Text()),
)
by(devices, "last_seen_at")
