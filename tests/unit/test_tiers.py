"""The trailing window that tiers are reckoned over: whole UTC days, today the last one."""

import datetime as dt

import pytest

from datasources.tiers import window_start


@pytest.mark.parametrize(
    ("now", "months", "after"),
    [
        ("2026-01-31T12:00:00+00:00", 12, "2025-01-31"),
        ("2026-01-01T00:00:00+00:00", 12, "2025-01-01"),
        ("2024-02-29T00:00:00+00:00", 12, "2023-02-28"),
        ("2026-03-31T23:59:59+00:00", 1, "2026-02-28"),
        ("2026-03-31T23:59:59+00:00", 15, "2024-12-31"),
        ("2026-05-10T00:00:00+00:00", 24, "2024-05-10"),
    ],
)
def test_the_window_begins_behind_the_same_day_of_the_earlier_month(now: str, months: int, after: str) -> None:
    at = dt.datetime.fromisoformat(now)
    assert window_start(at, months) == dt.date.fromisoformat(after)


def test_days_are_those_of_utc() -> None:
    evening = dt.datetime.fromisoformat("2026-01-30T20:00:00-05:00")
    assert window_start(evening, 12) == dt.date(2025, 1, 31)
