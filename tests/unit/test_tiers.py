"""The trailing window that tiers are reckoned over (whole UTC days, today the last one), and what moves them by it."""

import datetime as dt

import pytest

from datasources.program import QualifyingMetric, Tier, TierSystem
from datasources.tiers import (
    Counting,
    HeldTier,
    Qualifying,
    TierDirection,
    after_purchase,
    after_return,
    direction,
    passed_over,
    reached,
    tier_of,
    window_start,
)

NOW = dt.datetime(2026, 1, 31, tzinfo=dt.UTC)
BASE, SILVER, GOLD, PLATINUM = (
    Tier("base", "Base", 1, 0),
    Tier("silver", "Silver", 2, 500_00),
    Tier("gold", "Gold", 3, 1_500_00),
    Tier("platinum", "Platinum", 4, 4_000_00),
)
LADDER = TierSystem("journey", "Journey", "USD", (BASE, SILVER, GOLD, PLATINUM))
CLUB = TierSystem("club", "Club", "USD", (SILVER, GOLD))
"""A ladder that begins above 0."""


def held(tier: str, floor: str | None = None, until: dt.datetime | None = None) -> HeldTier:
    return HeldTier(tier, NOW - dt.timedelta(days=100), floor, until)


def counting(trailing: int, since_entry: int | None = None) -> Counting:
    """In whole units."""
    return Counting(trailing * 100, (trailing if since_entry is None else since_entry) * 100)


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


@pytest.mark.parametrize(
    ("counted", "tier"),
    [(0, BASE), (499, BASE), (500, SILVER), (1_499, SILVER), (1_500, GOLD), (4_000, PLATINUM), (-1, None)],
)
def test_a_tier_is_reached_at_its_threshold(counted: int, tier: Tier | None) -> None:
    assert reached(LADDER, counted * 100) is tier


@pytest.mark.parametrize(
    ("before", "counted", "after"),
    [
        (None, 0, BASE),
        (None, 1_500, GOLD),
        ("base", 499, None),
        ("base", 500, SILVER),
        ("base", 4_000, PLATINUM),
        ("silver", 500, None),
        ("silver", 0, None),
        ("gold", 600, None),
        ("platinum", 9_000, None),
        ("retired", 0, BASE),
    ],
)
def test_a_purchase_lifts_and_never_lowers(before: str | None, counted: int, after: Tier | None) -> None:
    holding = None if before is None else held(before)
    assert after_purchase(LADDER, holding, counting(counted)) is after


def test_nobody_enters_a_ladder_below_its_first_threshold() -> None:
    assert after_purchase(CLUB, None, counting(499)) is None


@pytest.mark.parametrize(
    ("before", "counted", "after"),
    [
        ("base", 0, None),
        ("silver", 500, None),
        ("silver", 499, BASE),
        ("gold", 1_499, SILVER),
        ("gold", 100, BASE),
        ("platinum", 1_500, GOLD),
        # What counts may be less than nothing where more came back than the window holds.
        ("silver", -20, BASE),
    ],
)
def test_a_return_lowers_to_what_still_counts(before: str, counted: int, after: Tier | None) -> None:
    assert after_return(LADDER, held(before), counting(counted), NOW) is after


def test_a_return_lowers_to_the_first_tier_of_a_ladder_that_begins_above_nothing() -> None:
    assert after_return(CLUB, held("gold"), counting(0), NOW) is SILVER
    assert after_return(CLUB, held("silver"), counting(0), NOW) is None
    assert after_return(CLUB, None, counting(0), NOW) is None


def test_a_return_costs_no_tier_that_what_was_there_at_its_entry_still_earns() -> None:
    assert after_return(LADDER, held("gold"), counting(300, since_entry=1_500), NOW) is None
    assert after_return(LADDER, held("gold"), counting(300, since_entry=1_499), NOW) is BASE


@pytest.mark.parametrize(
    ("until", "after"),
    [(NOW + dt.timedelta(microseconds=1), SILVER), (NOW, BASE), (None, BASE)],
)
def test_nothing_falls_below_a_protected_tier_before_its_protection_ends(
    until: dt.datetime | None, after: Tier
) -> None:
    assert after_return(LADDER, held("platinum", "silver", until), counting(0), NOW) is after
    assert after_return(LADDER, held("silver", "silver", until), counting(0), NOW) is (
        None if after is SILVER else BASE
    )
    assert after_return(LADDER, held("platinum", "silver", until), counting(1_500), NOW) is GOLD


@pytest.mark.parametrize(
    ("metric", "counted"),
    [
        (QualifyingMetric.SPEND, 1_234),
        (QualifyingMetric.POINTS, 1_200),
        (QualifyingMetric.PURCHASES, 100),
        (QualifyingMetric.CUSTOM, 0),
    ],
)
def test_each_metric_counts_its_own_part_of_a_purchase(metric: QualifyingMetric, counted: int) -> None:
    assert Qualifying(NOW, spend_hundredths=1_234, points=12, purchases=1).counted(metric) == counted


def test_steps_are_told_by_rank() -> None:
    assert [direction(before, SILVER) for before in (None, BASE, SILVER, GOLD)] == [
        TierDirection.UP,
        TierDirection.UP,
        TierDirection.SAME,
        TierDirection.DOWN,
    ]
    assert passed_over(LADDER, BASE, PLATINUM) == (SILVER, GOLD)
    assert passed_over(LADDER, None, SILVER) == (BASE,)
    assert passed_over(LADDER, SILVER, GOLD) == passed_over(LADDER, GOLD, BASE) == ()
    assert tier_of(LADDER, "retired") == Tier("retired", "retired", 0, 0)
