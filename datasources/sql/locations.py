"""Locations in SQL: by key, by name, and around a point."""

import datetime as dt
from collections.abc import Sequence
from typing import Any, ClassVar
from uuid import UUID

import msgspec
from sqlalchemy import ColumnElement, FromClause, Select, Text, and_, bindparam, case, cast, func, literal, select

from datasources.ids import EntityId
from datasources.locations import (
    Around,
    LocationFilter,
    LocationRow,
    Schedule,
    box_around,
    distance_m,
)
from datasources.paging import Page, PageRequest, page_of_list
from datasources.registry import Domain
from datasources.sql.dialects import Dialect
from datasources.sql.engine import Database, Prepared
from datasources.sql.filters import Condition, among, equal
from datasources.sql.reader import SqlReader
from datasources.sql.statements import EachOf, Keyed, Paged, Rows
from datasources.sql.tables.locations import locations
from datasources.sql.types import Real
from datasources.values import GeoPoint

LOCATION = Rows(
    LocationRow, locations, columns={"distance_meters": literal(None, Real()), "special": locations.c.special_hours}
)

SCHEDULE: ColumnElement[str] = (
    literal('["', Text())
    .concat(locations.c.timezone)
    .concat(case((locations.c.is_open_24_hours, literal('",true,', Text())), else_=literal('",false,', Text())))
    .concat(cast(locations.c.hours, Text()))
    .concat(literal(",", Text()))
    .concat(func.coalesce(cast(locations.c.special_hours, Text()), literal("[]", Text())))
    .concat(literal("]", Text()))
)
"""A `Schedule` as JSON: a program has few different ones, whatever the number of its locations."""


class Candidate(msgspec.Struct, frozen=True):
    """A location as far as its distance needs it."""

    id: EntityId
    latitude: float
    longitude: float


class Near(msgspec.Struct, frozen=True):
    """How far away a location is."""

    id: EntityId
    distance_meters: float


class Open(msgspec.Struct, frozen=True):
    """The schedules that are open at the instant asked for."""

    schedules: tuple[str, ...] | None = None


def _participates(_dialect: Dialect, name: str) -> ColumnElement[bool]:
    """Takes part in what bears the name: looked for in the stored text, whose form is the encoder's own."""
    sought = bindparam(name, type_=Text())
    return func.replace(cast(locations.c.participations, Text()), sought, "") != cast(
        locations.c.participations, Text()
    )


def _open(dialect: Dialect, name: str) -> ColumnElement[bool]:
    return dialect.any_of(SCHEDULE, name)


FILTERS: dict[str, Condition] = {
    "kinds": among(locations.c.kind),
    "participates_in": _participates,
    "is_franchise": equal(locations.c.is_franchise),
    "schedules": _open,
}
LISTED = Paged(LOCATION, order=("name", "id"), descending=False, owner=None, filters=FILTERS)
BY_ID = Keyed(LOCATION, key=("id",))
BY_STORE_ID = Keyed(LOCATION, key=("store_id",))

BOX = {name: Real() for name in ("south", "north", "west", "east")}
BY_DISTANCE = ("distance_meters", "id")


def _in_box(keys: FromClause, *conditions: ColumnElement[bool]) -> Select[Any]:
    on = and_(
        locations.c.latitude >= keys.c.south,
        locations.c.latitude <= keys.c.north,
        locations.c.longitude >= keys.c.west,
        locations.c.longitude <= keys.c.east,
        *conditions,
    )
    return select(keys.c.position, locations.c.id, locations.c.latitude, locations.c.longitude).select_from(
        keys.join(locations, on)
    )


BOXES = EachOf(Candidate, BOX, _in_box, FILTERS)


class SqlLocations(SqlReader):
    """Serves `datasources.locations.LocationReader`."""

    domain: ClassVar[Domain] = Domain.LOCATIONS

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self._schedules: Prepared[str] = Prepared(select(SCHEDULE).distinct(), str, database.dialect)

    async def locations(self, ids: Sequence[UUID]) -> Sequence[LocationRow | None]:
        """See LocationReader."""
        return await BY_ID.one_each(self._database, ids)

    async def by_store_id(self, ids: Sequence[str]) -> Sequence[LocationRow | None]:
        """See LocationReader."""
        return await BY_STORE_ID.one_each(self._database, ids)

    async def listed(self, page: PageRequest) -> Page[LocationRow]:
        """See LocationReader."""
        asked, open_ones = await self._asked(page.filter)
        return await LISTED.of_all(self._database, msgspec.structs.replace(page, filter=asked), open_ones)

    async def around(self, page: PageRequest) -> Page[LocationRow]:
        """See LocationReader."""
        around = page.filter
        assert isinstance(around, Around)  # noqa: S101  # the contract of the reader
        (found,) = await self._near([around.point], around.within_meters, *await self._asked(around.filter))
        shown = page_of_list(found, page, BY_DISTANCE)
        (rows,) = await self._with_rows([shown.rows])
        return msgspec.structs.replace(shown, rows=rows)

    async def nearest(
        self, points: Sequence[GeoPoint], within_meters: int, most: int
    ) -> Sequence[Sequence[LocationRow]]:
        """See LocationReader."""
        found = await self._near(points, within_meters)
        return await self._with_rows([near[:most] for near in found])

    async def _asked(self, asked: object) -> tuple[LocationFilter | None, Open | None]:
        """The filter as the statements take it, with the schedules that are open at its instant."""
        if not isinstance(asked, LocationFilter):
            return None, None
        name = asked.participates_in
        sought = None if name is None else f'"name":{msgspec.json.encode(name).decode()}'
        open_ones = None if asked.open_at is None else await self._open_at(asked.open_at)
        return msgspec.structs.replace(asked, participates_in=sought), open_ones

    async def _open_at(self, at: dt.datetime) -> Open:
        """The schedules of the program that are open at the instant."""
        known = [text for (text,) in await self._database.fetch(self._schedules, {}) if text is not None]
        return Open(tuple(sorted(text for text in known if msgspec.json.decode(text, type=Schedule).is_open_at(at))))

    async def _near(self, points: Sequence[GeoPoint], within_meters: int, *asked: object) -> list[list[Near]]:
        """What lies around each point, nearest first: a box by the index, then the exact distance."""
        boxes = [msgspec.structs.astuple(box_around(point, within_meters)) for point in points]
        found = await BOXES.fetch(self._database, boxes, *asked)
        return [_nearest(point, rows, within_meters) for point, rows in zip(points, found, strict=True)]

    async def _with_rows(self, lists: Sequence[Sequence[Near]]) -> list[tuple[LocationRow, ...]]:
        """The locations themselves, each with its distance, all in one statement."""
        ids = list(dict.fromkeys(near.id for found in lists for near in found))
        rows = dict(zip(ids, await self.locations(ids), strict=True)) if ids else {}
        return [
            tuple(
                msgspec.structs.replace(row, distance_meters=near.distance_meters)
                for near in found
                if (row := rows[near.id]) is not None
            )
            for found in lists
        ]


def _nearest(point: GeoPoint, rows: Sequence[Candidate], within_meters: int) -> list[Near]:
    """Those of the candidates that lie within the distance, nearest first."""
    measured = [Near(row.id, distance_m(point, GeoPoint(row.latitude, row.longitude))) for row in rows]
    return sorted(
        (near for near in measured if near.distance_meters <= within_meters),
        key=lambda near: (near.distance_meters, near.id),
    )
