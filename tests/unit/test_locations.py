"""Opening hours, distances and the boxes that hold them."""

import datetime as dt

import pytest

from datasources.locations import Box, OpeningHours, Schedule, SpecialHours, box_around, distance_m
from datasources.values import GeoPoint

NEW_YORK, LONDON = GeoPoint(40.7128, -74.0060), GeoPoint(51.5074, -0.1278)
WEEKDAYS = tuple(OpeningHours(weekday, "08:00", "20:00") for weekday in range(1, 6))
NIGHT = (OpeningHours(5, "22:00", "03:00"), OpeningHours(7, "22:00", "03:00"))


@pytest.mark.parametrize(
    ("hours", "at", "expected"),
    [
        (WEEKDAYS, "2026-01-05T08:00:00-05:00", True),
        (WEEKDAYS, "2026-01-05T07:59:59-05:00", False),
        (WEEKDAYS, "2026-01-05T19:59:59-05:00", True),
        (WEEKDAYS, "2026-01-05T20:00:00-05:00", False),
        (WEEKDAYS, "2026-01-04T12:00:00-05:00", False),
        (NIGHT, "2026-01-09T21:59:00-05:00", False),
        (NIGHT, "2026-01-09T22:00:00-05:00", True),
        (NIGHT, "2026-01-10T02:59:00-05:00", True),
        (NIGHT, "2026-01-10T03:00:00-05:00", False),
        (NIGHT, "2026-01-10T22:30:00-05:00", False),
        (NIGHT, "2026-01-12T01:00:00-05:00", True),
        ((OpeningHours(1, "06:00", "06:00"),), "2026-01-06T05:59:00-05:00", True),
        ((), "2026-01-05T12:00:00-05:00", False),
    ],
)
def test_hours_hold_from_the_opening_until_before_the_closing(
    hours: tuple[OpeningHours, ...], at: str, expected: bool
) -> None:
    assert Schedule("America/New_York", False, hours).is_open_at(dt.datetime.fromisoformat(at)) is expected


@pytest.mark.parametrize(
    ("is_all_day", "at", "expected"),
    [
        (False, "2026-01-08T23:00:00-05:00", True),
        (False, "2026-01-09T01:00:00-05:00", True),
        (False, "2026-01-09T23:00:00-05:00", False),
        (False, "2026-01-10T01:00:00-05:00", False),
        (False, "2026-01-11T11:59:00-05:00", True),
        (False, "2026-01-11T12:00:00-05:00", False),
        (False, "2026-01-11T23:00:00-05:00", False),
        (True, "2026-01-08T12:00:00-05:00", True),
        (True, "2026-01-09T00:00:00-05:00", False),
        (True, "2026-01-10T00:00:00-05:00", True),
        (True, "2026-01-11T12:00:00-05:00", False),
    ],
)
def test_special_hours_take_the_place_of_the_weekdays(is_all_day: bool, at: str, expected: bool) -> None:
    nights = tuple(OpeningHours(weekday, "22:00", "03:00") for weekday in range(1, 8))
    special = (SpecialHours(dt.date(2026, 1, 9)), SpecialHours(dt.date(2026, 1, 11), "08:00", "12:00"))
    schedule = Schedule("America/New_York", is_all_day, nights, special)
    assert schedule.is_open_at(dt.datetime.fromisoformat(at)) is expected


def test_hours_are_local_time_in_summer_and_winter() -> None:
    hours = (OpeningHours(1, "08:00", "09:00"),)
    winter, summer = "2026-01-05T13:30:00+00:00", "2026-07-06T13:30:00+00:00"
    schedule = Schedule("America/New_York", False, hours)
    assert schedule.is_open_at(dt.datetime.fromisoformat(winter)) is True
    assert schedule.is_open_at(dt.datetime.fromisoformat(summer)) is False


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (NEW_YORK, NEW_YORK, 0.0),
        (NEW_YORK, LONDON, 5570229.9),
        (LONDON, NEW_YORK, 5570229.9),
        (GeoPoint(0, 0), GeoPoint(0, 180), 20015114.4),
        (GeoPoint(90, 0), GeoPoint(-90, 0), 20015114.4),
        (GeoPoint(10, 179.9), GeoPoint(10, -179.9), 21901.2),
    ],
)
def test_distances_run_along_the_surface(one: GeoPoint, other: GeoPoint, expected: float) -> None:
    assert distance_m(one, other) == expected


@pytest.mark.parametrize(
    ("point", "meters", "expected"),
    [
        (GeoPoint(89.9, 10), 50_000, (-180.0, 180.0)),
        (GeoPoint(-89.9, 10), 50_000, (-180.0, 180.0)),
        (GeoPoint(10, 179.9), 50_000, (-180.0, 180.0)),
        (GeoPoint(10, -179.9), 50_000, (-180.0, 180.0)),
        (GeoPoint(10, 20), 20_037_509, (-180.0, 180.0)),
    ],
)
def test_a_box_at_a_pole_or_the_date_line_takes_all_longitudes(
    point: GeoPoint, meters: int, expected: tuple[float, float]
) -> None:
    box = box_around(point, meters)
    assert (box.west, box.east) == expected


@pytest.mark.parametrize("latitude", [-80.0, -42.0, 0.0, 42.0, 80.0])
def test_a_box_holds_everything_within_the_distance(latitude: float) -> None:
    center = GeoPoint(latitude, 20.0)
    box = box_around(center, 100_000)
    around = [
        GeoPoint(latitude + north / 20, 20.0 + east / 20) for north in range(-40, 41) for east in range(-150, 151)
    ]
    left_out = [point for point in around if distance_m(center, point) <= 100_000 and not _holds(box, point)]
    assert left_out == []


def _holds(box: Box, point: GeoPoint) -> bool:
    return box.south <= point.latitude <= box.north and box.west <= point.longitude <= box.east


@pytest.mark.parametrize(
    ("at", "timezone", "expected"),
    [
        ("0001-01-01T00:00:00Z", "America/New_York", False),
        ("0001-01-01T00:00:00Z", "Asia/Tokyo", False),
        ("9999-12-31T23:59:59Z", "America/New_York", True),
        ("9999-12-31T23:59:59Z", "Asia/Tokyo", False),
    ],
)
def test_nothing_is_open_where_a_time_zone_has_no_calendar(at: str, timezone: str, expected: bool) -> None:
    assert Schedule(timezone, True, ()).is_open_at(dt.datetime.fromisoformat(at)) is expected
