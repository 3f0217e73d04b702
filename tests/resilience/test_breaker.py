"""A source that mostly fails is not asked until a probe is answered."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from datasources.errors import InvalidRequest, SourceCutOff, SourceError, SourceRefused
from datasources.registry import Domain
from datasources.resilience.happenings import Happening
from tests.resilience.desk import Desk, Noted, down, echoed, guarded, hung

QUICK = {"retries": 0, "breaker_calls": 20, "breaker_percent": 50}


async def told(reader: Any) -> str:
    """What a call came to."""
    try:
        await reader.notes(["ann"])
    except SourceError as error:
        return type(error).__name__
    return "answered"


async def all_told(reader: Any, times: int) -> list[str]:
    return [await told(reader) for _ in range(times)]


async def failed(desk: Desk, reader: Any, times: int) -> None:
    desk.notes.doing = down
    assert await all_told(reader, times) == ["SourceUnavailable"] * times


async def test_nineteen_failures_do_not_open_it_and_the_twentieth_does() -> None:
    noted, desk = Noted(), Desk()
    _, reader = guarded(desk, noted, **QUICK)
    await failed(desk, reader, 20)
    assert await all_told(reader, 5) == ["SourceCutOff"] * 5
    assert (desk.notes.asked, noted.counts) == (20, {Happening.OPENED: 1, Happening.CUT_OFF: 5})


async def test_it_opens_at_half_of_the_calls_and_not_below() -> None:
    noted, desk = Noted(), Desk()
    _, reader = guarded(desk, noted, **QUICK)
    assert await all_told(reader, 21) == ["answered"] * 21
    await failed(desk, reader, 20)
    assert noted.counts == {}
    await failed(desk, reader, 1)
    assert (await told(reader), desk.notes.asked) == ("SourceCutOff", 42)


async def test_what_is_longer_ago_than_the_window_counts_no_more() -> None:
    noted, desk = Noted(), Desk()
    _, reader = guarded(desk, noted, **QUICK)
    await failed(desk, reader, 19)
    await asyncio.sleep(10)
    await failed(desk, reader, 19)
    assert noted.counts == {}
    await asyncio.sleep(9)
    await failed(desk, reader, 1)
    assert noted.counts == {Happening.OPENED: 1}


@pytest.mark.parametrize(
    "error", [InvalidRequest("`after` is no cursor of this list."), SourceRefused("desk", "reading")]
)
async def test_a_source_that_says_no_is_well(error: Exception) -> None:
    noted = Noted()

    def refused(_keys: Sequence[Any]) -> Any:
        raise error

    _, reader = guarded(Desk(refused), noted, **QUICK)
    for _ in range(40):
        with pytest.raises(type(error)):
            await reader.notes(["ann"])
    assert noted.counts == {}


async def test_calls_that_time_out_or_are_nonsense_open_it_too() -> None:
    for doing in (hung, lambda keys: [*keys, "more"]):
        noted, desk = Noted(), Desk(doing)
        _, reader = guarded(desk, noted, **QUICK, timeout_ms=10)
        for _ in range(20):
            await told(reader)
        assert (await told(reader), noted.counts[Happening.OPENED]) == ("SourceCutOff", 1)


async def test_calls_that_find_no_place_do_not_open_it() -> None:
    noted, desk = Noted(), Desk(hung)
    _, reader = guarded(desk, noted, **QUICK, parallel=1)
    running = asyncio.create_task(reader.notes(["ann"]))
    await asyncio.sleep(0)
    assert await all_told(reader, 40) == ["SourceBusy"] * 40
    assert noted.counts == {Happening.CROWDED_OUT: 40}
    running.cancel()


async def test_callers_who_leave_do_not_open_it() -> None:
    noted, desk = Noted(), Desk(hung)
    _, reader = guarded(desk, noted, **QUICK, parallel=100)
    running = [asyncio.create_task(reader.notes([number])) for number in range(40)]
    await asyncio.sleep(0.1)
    for task in running:
        task.cancel()
    await asyncio.wait(running)
    desk.notes.doing = echoed
    assert (await told(reader), noted.counts) == ("answered", {})


async def test_after_its_pause_one_call_at_a_time_is_let_through_until_one_is_answered() -> None:
    noted, desk = Noted(), Desk()
    _, reader = guarded(desk, noted, **QUICK, breaker_open_s=5)
    await failed(desk, reader, 20)
    await asyncio.sleep(4.9)
    assert (await told(reader), desk.notes.asked) == ("SourceCutOff", 20)
    await asyncio.sleep(0.1)
    answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()

    async def answered(_keys: Sequence[Any]) -> Any:
        return await answer

    desk.notes.doing = answered
    probe = asyncio.create_task(told(reader))
    await asyncio.sleep(0)
    assert (await all_told(reader, 3), desk.notes.asked) == (["SourceCutOff"] * 3, 21)
    answer.set_result(["row"])
    assert await probe == "answered"
    desk.notes.doing = echoed
    assert (await all_told(reader, 3), desk.notes.asked) == (["answered"] * 3, 24)
    assert noted.counts == {
        Happening.OPENED: 1,
        Happening.CUT_OFF: 4,
        Happening.PROBED: 1,
        Happening.CLOSED: 1,
    }


async def test_a_probe_that_fails_opens_it_for_as_long_again() -> None:
    noted, desk = Noted(), Desk()
    _, reader = guarded(desk, noted, **QUICK, breaker_open_s=5)
    await failed(desk, reader, 20)
    await asyncio.sleep(5)
    assert await all_told(reader, 2) == ["SourceUnavailable", "SourceCutOff"]
    await asyncio.sleep(4.9)
    assert (await told(reader), desk.notes.asked) == ("SourceCutOff", 21)
    await asyncio.sleep(0.1)
    desk.notes.doing = echoed
    assert await told(reader) == "answered"
    assert noted.counts[Happening.OPENED] == 2


async def test_a_probe_that_is_cancelled_lets_the_next_be_one() -> None:
    noted, desk = Noted(), Desk()
    _, reader = guarded(desk, noted, **QUICK, breaker_open_s=5)
    await failed(desk, reader, 20)
    await asyncio.sleep(5)
    desk.notes.doing = hung
    probe = asyncio.create_task(told(reader))
    await asyncio.sleep(0.1)
    probe.cancel()
    await asyncio.wait([probe])
    desk.notes.doing = echoed
    assert (await told(reader), noted.counts[Happening.PROBED]) == ("answered", 2)


async def test_it_counts_anew_once_it_is_closed() -> None:
    noted, desk = Noted(), Desk()
    _, reader = guarded(desk, noted, **QUICK, breaker_open_s=1)
    await failed(desk, reader, 20)
    await asyncio.sleep(1)
    desk.notes.doing = echoed
    await told(reader)
    await failed(desk, reader, 19)
    assert noted.counts[Happening.OPENED] == 1


async def test_what_ends_after_it_opened_does_not_close_it_or_open_it_again() -> None:
    noted, desk = Noted(), Desk(hung)
    _, reader = guarded(desk, noted, **QUICK, timeout_ms=2_000, breaker_open_s=5)
    late = [asyncio.create_task(told(reader)) for _ in range(15)]
    await asyncio.sleep(0.5)
    await failed(desk, reader, 20)
    assert await asyncio.gather(*late) == ["SourceTimedOut"] * 15
    await asyncio.sleep(3.5)  # five seconds after it opened
    desk.notes.doing = echoed
    assert (await told(reader), noted.counts[Happening.OPENED]) == ("answered", 1)


async def test_a_ping_is_a_probe_while_it_is_open_and_counts_for_nothing_before() -> None:
    noted, desk = Noted(), Desk()
    found, reader = guarded(desk, noted, **QUICK, breaker_open_s=5)
    desk.is_up = False
    for _ in range(40):
        with pytest.raises(SourceError):
            await found.ping()
    assert (await told(reader), desk.pings, noted.counts) == ("answered", 40, {})
    await failed(desk, reader, 19)
    with pytest.raises(SourceCutOff):
        await found.ping()
    await asyncio.sleep(5)
    with pytest.raises(SourceError, match="is not available"):
        await found.ping()
    with pytest.raises(SourceCutOff):
        await found.ping()
    assert desk.pings == 41
    desk.is_up, desk.notes.doing = True, echoed
    await asyncio.sleep(5)
    await found.ping()
    assert (await told(reader), desk.pings, desk.notes.asked) == ("answered", 42, 21)


async def test_a_domain_is_failing_for_as_long_as_the_window() -> None:
    desk = Desk()
    found, reader = guarded(desk, Noted(), **QUICK)
    await failed(desk, reader, 1)
    assert (found.is_failing(Domain.NOTES), found.is_failing(Domain.TICKETS)) == (True, False)
    await asyncio.sleep(9.9)
    assert found.is_failing(Domain.NOTES)
    await asyncio.sleep(0.2)
    assert not found.is_failing(Domain.NOTES)
