"""A call takes no longer than it may, and what comes late for another reason is not held against it."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from datasources.errors import SourceTimedOut
from datasources.resilience.happenings import Happening
from tests.resilience.desk import Desk, Noted, guarded, hung
from tests.resilience.skipping import SkippingLoop, passed


async def test_a_call_that_hangs_ends_in_time_and_is_told_as_late() -> None:
    noted = Noted()
    desk = Desk(hung)
    _, reader = guarded(desk, noted, timeout_ms=800, retries=2)
    with pytest.raises(SourceTimedOut) as raised:
        await reader.notes(["ann"])
    assert str(raised.value) == "reading: the source desk did not answer in time, try again later."
    assert (passed(), desk.notes.asked, noted.counts) == (0.8, 1, {Happening.TIMED_OUT: 1})
    assert asyncio.current_task().cancelling() == 0  # type: ignore[union-attr]  # of this test


async def test_calls_end_each_in_its_own_time_by_one_timer() -> None:
    noted = Noted()
    _, reader = guarded(Desk(hung), noted, timeout_ms=1_000)

    async def ended_at(began: float) -> float:
        await asyncio.sleep(began)
        with pytest.raises(SourceTimedOut):
            await reader.notes(["ann"])
        return passed()

    assert await asyncio.gather(*(ended_at(number / 4) for number in range(8))) == [1 + n / 4 for n in range(8)]
    assert noted.counts == {Happening.TIMED_OUT: 8}


async def test_what_is_answered_in_time_leaves_no_timer_that_ends_anything() -> None:
    noted = Noted()

    async def slow(keys: Sequence[Any]) -> Any:
        await asyncio.sleep(0.9)
        return keys

    _, reader = guarded(Desk(slow), noted, timeout_ms=1_000)
    for _ in range(5):
        assert await reader.notes(["ann"]) == ["ann"]
    assert (passed(), noted.counts) == (4.5, {})


async def test_a_caller_who_is_cancelled_is_told_so() -> None:
    noted = Noted()
    _, reader = guarded(Desk(hung), noted, timeout_ms=1_000)
    running = asyncio.create_task(reader.notes(["ann"]))
    await asyncio.sleep(0.5)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    await asyncio.sleep(5)
    assert noted.counts == {}


async def test_who_is_cancelled_at_the_same_moment_is_cancelled() -> None:
    _, reader = guarded(Desk(hung), Noted(), timeout_ms=1_000)
    running = asyncio.create_task(reader.notes(["ann"]))
    await asyncio.sleep(0)
    asyncio.get_running_loop().call_later(1.0, running.cancel)
    with pytest.raises(asyncio.CancelledError):
        await running
    assert passed() == 1.0


async def test_a_loop_that_was_held_up_gives_answers_that_wait_in_it_the_time_it_took() -> None:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, SkippingLoop)
    noted, answer = Noted(), loop.create_future()

    async def answered(_keys: Sequence[Any]) -> Any:
        return await answer

    _, reader = guarded(Desk(answered), noted, timeout_ms=1_000)
    running = asyncio.create_task(reader.notes(["ann"]))
    await asyncio.sleep(0.5)
    loop.hold_up(3.0)  # due at 1.0, the loop comes to it at 3.5
    loop.call_later(2.4, answer.set_result, ["row"])
    assert await running == ["row"]
    assert (passed(), noted.counts) == (5.9, {})


async def test_a_loop_that_is_late_spares_a_source_that_hangs_no_longer_than_it_is_late() -> None:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, SkippingLoop)
    noted = Noted()
    _, reader = guarded(Desk(hung), noted, timeout_ms=1_000)
    began = loop.time()
    for at in (0.9, 2.7):
        loop.call_at(began + at, loop.hold_up, 1.0)
    with pytest.raises(SourceTimedOut):
        await reader.notes(["ann"])
    # Due at 1.0: looked at 1.9, in place of 2.8 at 3.7, and at 4.6 as it should.
    assert (passed(), noted.counts) == (4.6, {Happening.TIMED_OUT: 1})
