"""So many calls of a source at once, and no more."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from datasources.errors import SourceBusy, SourceTimedOut
from datasources.resilience.happenings import Happening
from tests.resilience.desk import Desk, Noted, guarded, hung
from tests.resilience.skipping import passed


async def after_a_second(keys: Sequence[Any]) -> Any:
    await asyncio.sleep(1)
    return keys


async def test_what_is_one_too_many_is_refused_at_once_and_not_tried_again() -> None:
    noted, desk = Noted(), Desk(after_a_second)
    _, reader = guarded(desk, noted, parallel=3)
    running = [asyncio.create_task(reader.notes([number])) for number in range(3)]
    await asyncio.sleep(0.25)
    with pytest.raises(SourceBusy) as raised:
        await reader.notes(["late"])
    assert passed() == 0.25
    assert str(raised.value) == "reading: the source desk is busy, try again in a moment."
    assert raised.value.retryable
    assert await asyncio.gather(*running) == [[0], [1], [2]]
    assert await reader.notes(["later"]) == ["later"]
    assert (desk.notes.asked, noted.counts) == (4, {Happening.CROWDED_OUT: 1})


async def test_what_is_cancelled_or_late_gives_its_place_back() -> None:
    noted, desk = Noted(), Desk(hung)
    _, reader = guarded(desk, noted, parallel=2, timeout_ms=1_500)
    cancelled, late = (asyncio.create_task(reader.notes([number])) for number in range(2))
    await asyncio.sleep(0.5)
    cancelled.cancel()
    ended = await asyncio.gather(cancelled, late, return_exceptions=True)
    assert [type(one) for one in ended] == [asyncio.CancelledError, SourceTimedOut]
    desk.notes.doing = after_a_second
    assert await asyncio.gather(reader.notes([1]), reader.notes([2])) == [[1], [2]]
    assert noted.counts == {Happening.TIMED_OUT: 1}
