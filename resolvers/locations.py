"""Locations of the program and of a customer."""

import datetime as dt
from collections.abc import Sequence
from uuid import UUID

from datasources.errors import InvalidRequest
from datasources.ids import OfCustomer
from datasources.locations import Around, LocationRow
from datasources.paging import Page, PageRequest, page_of_list
from datasources.profiles import CustomerRow, PlaceRow
from datasources.values import GeoPoint
from resolvers.context import Context

MOST_NEARBY = 200


async def location(context: Context, id: UUID) -> LocationRow | None:
    """A location by its id."""
    return await context.load(context.sources.locations.locations, id)


async def listed(_root: object, context: Context, page: PageRequest) -> Page[LocationRow]:
    """All locations by name, or those around a point, nearest first (S-10). Raises InvalidRequest."""
    if isinstance(page.filter, Around):
        _possible(page.filter.point)
        _distance(page.filter.within_meters)
        return await context.call(context.sources.locations.around, page)
    return await context.call(context.sources.locations.listed, page)


async def nearby(
    row: LocationRow, context: Context, first: int | None = 5, within_meters: int | None = 50_000
) -> Sequence[LocationRow]:
    """The locations around this one, nearest first, without itself (S-10). Raises InvalidRequest."""
    most = 5 if first is None else first
    within = 50_000 if within_meters is None else within_meters
    if not 1 <= most <= MOST_NEARBY:
        raise InvalidRequest(f"`first` is a number from 1 to {MOST_NEARBY}.", "first")
    _distance(within)
    if row.geo is None:
        return ()
    # One more than asked for: the location itself is among them.
    found = await context.load(context.sources.locations.nearest, row.geo, within, most + 1)
    return [other for other in found if other.id != row.id][:most]


def is_open(row: LocationRow, context: Context, at: dt.datetime | None = None) -> bool:
    """True when the location is open at the moment, or now."""
    return row.is_open_at(at or context.now)


async def favorite(customer: CustomerRow, context: Context) -> LocationRow | None:
    """The customer's favorite location (S-11)."""
    return None if customer.favorite_location_id is None else await location(context, customer.favorite_location_id)


async def of_customer(customer: OfCustomer, context: Context, page: PageRequest) -> Page[PlaceRow]:
    """Where the customer is at home, was last, and bought (S-2): by relation, then last seen newest first."""
    order = ("rank", "recency", "location_id")
    ties = await context.load(context.sources.profiles.places, customer.customer_id)
    in_order = sorted(ties, key=lambda tie: (tie.rank, tie.recency, tie.location_id))
    return page_of_list(in_order, page, order)


async def of_tie(tie: PlaceRow, context: Context) -> LocationRow | None:
    """The location of a tie."""
    return await location(context, tie.location_id)


def _possible(point: GeoPoint) -> None:
    """Pass for a point on the earth. Raises InvalidRequest."""
    if not (-90 <= point.latitude <= 90 and -180 <= point.longitude <= 180):
        raise InvalidRequest("Latitudes are from -90 to 90, longitudes from -180 to 180.", "near")


def _distance(meters: int) -> None:
    """Pass for a distance that is not negative. Raises InvalidRequest."""
    if meters < 0:
        raise InvalidRequest("A distance is 0 or more meters.", "withinMeters")
