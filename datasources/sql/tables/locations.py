"""Stores and geofences."""

from sqlalchemy import Boolean, Index, Text

from datasources.locations import OpeningHours, Participation, SpecialHours
from datasources.profiles import Address
from datasources.sql.types import Document, Real

from ._build import keyword, optional, required, shared

locations = shared(
    "locations",
    keyword("kind"),
    keyword("name"),
    keyword("store_id", nullable=True),
    optional("phone", Text()),
    optional("address", Document(Address)),
    optional("latitude", Real()),
    optional("longitude", Real()),
    keyword("timezone"),
    required("hours", Document(tuple[OpeningHours, ...])),
    optional("special_hours", Document(tuple[SpecialHours, ...])),
    required("is_open_24_hours", Boolean()),
    required("is_franchise", Boolean()),
    required("participations", Document(tuple[Participation, ...])),
    optional("operation_notes", Text()),
)
Index("ux_locations_store_id", locations.c.store_id, unique=True)
Index("ix_locations_name", locations.c.name, locations.c.id)
Index("ix_locations_latitude", locations.c.latitude, locations.c.longitude)
