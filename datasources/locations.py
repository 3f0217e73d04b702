"""Locations: stores and geofences, when they are open, and how far away. Rules: requirements 1.S."""

import datetime as dt
from collections.abc import Sequence
from enum import Enum
from math import asin, cos, degrees, radians, sin, sqrt
from typing import Protocol
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from datasources.ids import EntityId
from datasources.paging import Page, PageRequest
from datasources.profiles import Address
from datasources.values import GeoPoint

EARTH_RADIUS_M = 6_371_008.8
"""The mean radius of WGS 84's ellipsoid."""
HALF_WAY_ROUND_M = 20_037_509
"""No place on the earth is farther away than this."""


class LocationKind(Enum):
    """What a location is."""

    STORE = "STORE"
    GEOFENCE = "GEOFENCE"


class OpeningHours(msgspec.Struct, frozen=True):
    """Open on `weekday` (1 = Monday) from `opens` until before `closes`, local times HH:MM.

    A `closes` that is not later than `opens` lies on the next day.
    """

    weekday: int
    opens: str
    closes: str


class SpecialHours(msgspec.Struct, frozen=True):
    """Hours of one local day in place of its weekday's; closed all day where neither time is given (S-5)."""

    on: dt.date
    opens: str | None = None
    closes: str | None = None


class Schedule(msgspec.Struct, frozen=True, array_like=True):
    """When a location is open: on a day with special hours by those, else all day, else by the weekday's."""

    timezone: str
    is_all_day: bool
    hours: tuple[OpeningHours, ...]
    special: tuple[SpecialHours, ...] = ()

    def is_open_at(self, at: dt.datetime) -> bool:
        """True when the hours of the local day cover the instant, or those of the day before that reach over midnight.

        False on the first and last days of the calendar, where that is not told for every time zone.
        """
        try:
            local = at.astimezone(ZoneInfo(self.timezone))
            today, yesterday = local.date(), local.date() - dt.timedelta(days=1)
        except OverflowError:
            return False
        time = local.strftime("%H:%M")
        return any(
            opens <= time and (time < closes or closes <= opens) for opens, closes in self._spans_on(today)
        ) or any(closes <= opens and time < closes for opens, closes in self._spans_on(yesterday))

    def _spans_on(self, day: dt.date) -> list[tuple[str, str]]:
        special = [hours for hours in self.special if hours.on == day]
        if special:
            return [(hours.opens, hours.closes) for hours in special if hours.opens and hours.closes]
        if self.is_all_day:
            return [("00:00", "00:00")]
        return [(hours.opens, hours.closes) for hours in self.hours if hours.weekday == day.isoweekday()]


class Participation(msgspec.Struct, frozen=True):
    """What a location takes part in: the program, or a promotion."""

    name: str
    kind: str
    status: str


class LocationRow(msgspec.Struct, frozen=True, array_like=True):
    """A location; `distance_meters` is known only where a list was asked for by proximity."""

    id: EntityId
    kind: LocationKind
    name: str
    store_id: str | None
    phone: str | None
    address: Address | None
    latitude: float | None
    longitude: float | None
    timezone: str
    hours: tuple[OpeningHours, ...]
    special: tuple[SpecialHours, ...] | None
    is_open_24_hours: bool
    is_franchise: bool
    participations: tuple[Participation, ...]
    operation_notes: str | None
    distance_meters: float | None

    @property
    def geo(self) -> GeoPoint | None:
        """Where it is."""
        if self.latitude is None or self.longitude is None:
            return None
        return GeoPoint(self.latitude, self.longitude)

    def is_open_at(self, at: dt.datetime) -> bool:
        """True when the location is open at the instant, by its own time zone (S-5, S-8)."""
        return Schedule(self.timezone, self.is_open_24_hours, self.hours, self.special_hours).is_open_at(at)

    @property
    def special_hours(self) -> tuple[SpecialHours, ...]:
        """The days whose hours differ."""
        return self.special or ()


class LocationFilter(msgspec.Struct, frozen=True):
    """Which locations; everything given must hold."""

    kinds: tuple[LocationKind, ...] | None = None
    participates_in: str | None = None
    is_franchise: bool | None = None
    open_at: dt.datetime | None = None


class Around(msgspec.Struct, frozen=True):
    """What lies within a distance of a point; the filter of a list by proximity."""

    point: GeoPoint
    within_meters: int = HALF_WAY_ROUND_M
    filter: LocationFilter = LocationFilter()


class Box(msgspec.Struct, frozen=True):
    """A range of latitudes and longitudes in degrees."""

    south: float
    north: float
    west: float
    east: float


class LocationReader(Protocol):
    """Serves locations. Raises SourceUnavailable, SourceTimedOut."""

    async def locations(self, ids: Sequence[UUID]) -> Sequence[LocationRow | None]:
        """Locations by id, in the order given."""
        ...

    async def by_store_id(self, ids: Sequence[str]) -> Sequence[LocationRow | None]:
        """Locations by store id, in the order given."""
        ...

    async def listed(self, page: PageRequest) -> Page[LocationRow]:
        """All locations by name: `page.filter` is a LocationFilter or None."""
        ...

    async def around(self, page: PageRequest) -> Page[LocationRow]:
        """Locations with their distance, nearest first: `page.filter` is an Around."""
        ...

    async def nearest(
        self, points: Sequence[GeoPoint], within_meters: int, most: int
    ) -> Sequence[Sequence[LocationRow]]:
        """At most so many locations around each point with their distance, nearest first, in the order given."""
        ...


def distance_m(one: GeoPoint, other: GeoPoint) -> float:
    """Meters between two points along the earth's surface (haversine), to the decimeter."""
    north, south = radians(one.latitude), radians(other.latitude)
    across = sin((south - north) / 2) ** 2
    across += cos(north) * cos(south) * sin(radians(other.longitude - one.longitude) / 2) ** 2
    return round(2 * EARTH_RADIUS_M * asin(min(1.0, sqrt(across))), 1)


def box_around(point: GeoPoint, meters: float) -> Box:
    """A box that holds everything within the distance; all longitudes where it touches a pole or the date line."""
    # A decimeter more, for the rounding of distances.
    span = (meters + 0.1) / EARTH_RADIUS_M
    south, north = point.latitude - degrees(span), point.latitude + degrees(span)
    if south <= -90 or north >= 90:
        return Box(max(south, -90.0), min(north, 90.0), -180.0, 180.0)
    wide = degrees(asin(min(1.0, sin(span) / cos(radians(point.latitude)))))
    west, east = point.longitude - wide, point.longitude + wide
    if west < -180 or east > 180:
        return Box(south, north, -180.0, 180.0)
    return Box(south, north, west, east)
