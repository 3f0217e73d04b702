"""Reads that failed at once are tried again, within a budget."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from datasources.errors import (
    InvalidRequest,
    NotConfigured,
    SourceBusy,
    SourceError,
    SourceRefused,
    SourceTimedOut,
    SourceUnavailable,
)
from datasources.resilience.happenings import Happening
from datasources.resilience.retries import Retries
from tests.resilience.desk import DOWN, Desk, Noted, Notes, down, echoed, guarded
from tests.resilience.skipping import passed


def behind(notes: Notes, noted: Noted, chance: float = 1.0, **settings: Any) -> Any:
    """The reader behind retries, whose pauses are that share of the longest."""
    desk = Desk()
    desk.notes = notes
    found, _ = guarded(desk, noted, breaker_calls=10_000)
    found.limits.retries = Retries("desk", **{"most": 2, "percent": 10, **settings}, note=noted, chance=lambda: chance)
    return found.reader(notes.domain)


def failing(*errors: Exception) -> Callable[[Sequence[Any]], Any]:
    """Raises these one after another, then answers."""
    left = list(errors)

    def answered(keys: Sequence[Any]) -> Any:
        if left:
            raise left.pop(0)
        return keys

    return answered


async def test_a_call_is_tried_again_after_pauses_that_double() -> None:
    noted, notes = Noted(), Notes(failing(DOWN, DOWN))
    assert await behind(notes, noted).notes(["ann"]) == ["ann"]
    assert (passed(), notes.asked, noted.counts) == (0.15, 3, {Happening.RETRIED: 2})


async def test_a_pause_is_a_random_share_of_the_longest_which_is_bounded() -> None:
    notes = Notes(down)
    with pytest.raises(SourceUnavailable):
        await behind(notes, Noted(), chance=0.5, most=5).notes(["ann"])
    assert (passed(), notes.asked) == (round((0.05 + 0.1 + 0.2 + 0.2 + 0.2) / 2, 6), 6)


async def test_the_last_failure_is_told() -> None:
    notes = Notes(failing(DOWN, SourceUnavailable("desk", "second"), SourceUnavailable("desk", "third")))
    with pytest.raises(SourceUnavailable, match="^third"):
        await behind(notes, Noted()).notes(["ann"])


@pytest.mark.parametrize(
    "error",
    [
        SourceTimedOut("desk", "reading"),
        SourceBusy("desk", "reading"),
        SourceRefused("desk", "reading"),
        NotConfigured("desk", "reading"),
        InvalidRequest("no cursor"),
        asyncio.CancelledError(),
    ],
    ids=lambda error: type(error).__name__,
)
async def test_what_would_not_help_is_not_tried(error: Exception) -> None:
    noted, notes = Noted(), Notes(failing(error))
    with pytest.raises(type(error)):
        await behind(notes, noted).notes(["ann"])
    assert (notes.asked, noted.counts) == (1, {})


async def test_a_retry_that_times_out_is_the_last() -> None:
    notes = Notes(failing(DOWN, SourceTimedOut("desk", "reading"), DOWN))
    with pytest.raises(SourceTimedOut):
        await behind(notes, Noted()).notes(["ann"])
    assert notes.asked == 2


async def test_ten_retries_and_then_a_tenth_of_the_calls() -> None:
    noted, notes = Noted(), Notes(down)
    reader = behind(notes, noted, most=1)
    for _ in range(1_000):
        with pytest.raises(SourceError):
            await reader.notes(["ann"])
    # The first call finds the budget full, the other 999 bring a tenth of a retry each.
    assert (noted.counts[Happening.RETRIED], notes.asked) == (109, 1_109)


async def test_the_budget_grows_no_further_than_ten() -> None:
    noted, notes = Noted(), Notes()
    reader = behind(notes, noted, most=1)
    for _ in range(1_000):
        await reader.notes(["ann"])
    notes.doing = down
    for _ in range(11):
        with pytest.raises(SourceError):
            await reader.notes(["ann"])
    assert noted.counts == {Happening.RETRIED: 11}
    with pytest.raises(SourceError):
        await reader.notes(["ann"])
    assert noted.counts == {Happening.RETRIED: 11}


async def test_without_a_share_the_first_ten_are_all() -> None:
    noted, notes = Noted(), Notes(down)
    reader = behind(notes, noted, percent=0)
    for _ in range(100):
        with pytest.raises(SourceError):
            await reader.notes(["ann"])
    assert noted.counts == {Happening.RETRIED: 10}


async def test_none_is_made_where_none_is_set() -> None:
    noted, notes = Noted(), Notes(failing(DOWN))
    with pytest.raises(SourceUnavailable):
        await behind(notes, noted, most=0).notes(["ann"])
    assert (notes.asked, noted.counts) == (1, {})


async def test_who_is_cancelled_in_a_pause_asks_no_more() -> None:
    notes = Notes(down)
    running = asyncio.create_task(behind(notes, Noted()).notes(["ann"]))
    await asyncio.sleep(0.01)
    running.cancel()
    notes.doing = echoed
    with pytest.raises(asyncio.CancelledError):
        await running
    assert notes.asked == 1
