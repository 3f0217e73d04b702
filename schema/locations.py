"""Locations as clients see them."""

import datetime as dt
from typing import Any

from datasources import locations as rows
from datasources import profiles
from datasources.errors import InvalidRequest
from datasources.registry import Domain
from resolvers import locations
from schema.connections import page_type
from schema.enums import enum
from schema.fields import argument, connection, lookup
from schema.profiles import Address
from schema.scalars import PhoneNumber
from schema.values import GeoPoint, GeoPointInput
from schema.views import Node, values, view

LOCATIONS = Domain.LOCATIONS

enum(rows.LocationKind, STORE="A store.", GEOFENCE="An area on the map that check-ins are taken in.")
enum(
    profiles.LocationRelation,
    FAVORITE="The customer's favorite location.",
    LAST_CHECK_IN="Where the customer last checked in.",
    PURCHASED="Where the customer bought something.",
)


@view(rows.OpeningHours)
class OpeningHours:
    """When a location is open on one weekday, in local time; closing hours not later than the opening lie on the next
    day."""

    weekday: int
    """1 = Monday … 7 = Sunday."""
    opens: str
    """Opens at HH:MM."""
    closes: str
    """Closes at HH:MM."""


@view(rows.SpecialHours)
class SpecialHours:
    """The hours of one day, in place of its weekday's; closed all day where it neither opens nor closes."""

    on: dt.date
    """The day, in local time."""
    opens: str | None
    """Opens at HH:MM."""
    closes: str | None
    """Closes at HH:MM; not later than it opens: on the next day."""


@view(rows.Participation)
class Participation:
    """What a location takes part in."""

    name: str
    """Name of the program or promotion."""
    kind: str
    """What it is, such as PROGRAM or PROMOTION."""
    status: str
    """How it stands, such as ACTIVE."""


@view(rows.LocationRow, key=("id",), find=locations.location)
class Location(Node):
    """A store, or a geofence."""

    kind: rows.LocationKind
    """What it is."""
    name: str
    """What it is called."""
    store_id: str | None
    """The store's id in the systems of the company."""
    phone: PhoneNumber | None
    """Its telephone number."""
    address: Address | None
    """Its address."""
    geo: GeoPoint | None
    """Where it is."""
    timezone: str
    """Its time zone, by its name in the IANA database."""
    hours: list[OpeningHours]
    """When it is open, in local time."""
    special_hours: list[SpecialHours]
    """Days on which it is open at other hours, or closed."""
    is_open_24_hours: bool
    """True when it never closes, but for its special hours."""
    is_franchise: bool
    """True when a franchisee runs it."""
    participations: list[Participation]
    """The program and promotions that it takes part in."""
    operation_notes: str | None
    """What staff should know of how it is run."""
    is_open = lookup(bool, locations.is_open, argument("at", dt.datetime | None, "The moment; left out, now."))
    """True when it is open, by its own time zone."""
    distance_meters: float | None
    """How far away it is, only where the list was asked for by proximity."""
    nearby = lookup(
        "list[Location] | None",
        locations.nearby,
        argument("first", int | None, "How many at most, up to 200.", default=5),
        argument("within_meters", int | None, "Only what is not farther away.", default=50_000),
        served_by=LOCATIONS,
    )
    """Other locations around it, nearest first."""


@view(profiles.PlaceRow)
class CustomerLocation:
    """What ties a customer to a location."""

    location = lookup(Location, locations.of_tie, served_by=LOCATIONS)
    """The location."""
    relation: profiles.LocationRelation
    """What ties the customer to it."""
    last_seen_at: dt.datetime | None
    """When the customer was last there."""


@values(rows.LocationFilter)
class LocationFilter:
    """Which locations; everything given must hold."""

    kinds: list[rows.LocationKind] | None
    """Locations of these kinds."""
    participates_in: str | None
    """Locations that take part in the program or promotion of this name."""
    is_franchise: bool | None
    """Only those that a franchisee runs, or only the others."""
    open_at: dt.datetime | None
    """Locations that are open at this moment."""


def asked(given: dict[str, Any]) -> rows.Around | rows.LocationFilter | None:
    """The filter that a list of locations is asked for with. Raises InvalidRequest."""
    near, within, chosen = given.get("near"), given.get("within_meters"), given.get("filter")
    if near is None and within is not None:
        raise InvalidRequest("A distance needs a point to measure from: give `near`.", "withinMeters")
    if near is None:
        return chosen
    return rows.Around(near, rows.HALF_WAY_ROUND_M if within is None else within, chosen or rows.LocationFilter())


LocationConnection = page_type("Location", Location, "locations")
CustomerLocationConnection = page_type("CustomerLocation", CustomerLocation, "locations of a customer")


class LocationFields:
    """What a customer shows of locations."""

    favorite_location = lookup(Location | None, locations.favorite, domain=LOCATIONS)
    """The customer's favorite location."""
    locations = connection(
        CustomerLocationConnection, locations.of_customer, requires="locations:read", domain=LOCATIONS
    )
    """Favorite location, last check-in, and where the customer bought, last seen newest first."""


class LocationQueries:
    """Locations of the program."""

    locations = connection(
        LocationConnection,
        locations.listed,
        argument("near", GeoPointInput | None, "Sort by the distance from this point, nearest first."),
        argument("within_meters", int | None, "Only what is not farther from `near`."),
        argument("filter", LocationFilter | None, "Which locations."),
        filter=asked,
        authenticated=True,
        served_by=LOCATIONS,
    )
    """Stores and geofences, by name or by distance."""
