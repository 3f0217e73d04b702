"""All limits together, in their order, for all readers of a source."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datasources.errors import (
    SourceBusy,
    SourceCutOff,
    SourceError,
    SourceTimedOut,
    SourceUnavailable,
    SourceUnreadable,
)
from datasources.kinds import SourceSettings
from datasources.registry import Domain
from datasources.resilience.guarded import Guarded
from datasources.resilience.happenings import Happening
from tests.resilience.desk import DOWN, Desk, Noted, Profiles, down, echoed, guarded, hung
from tests.resilience.skipping import SkippingLoop, passed

PARALLEL, CALLERS = 3, 6
MOMENTS = st.floats(0, 3).map(lambda moment: round(moment, 2))


async def test_a_call_counts_once_for_the_breaker_however_often_it_is_tried() -> None:
    noted, desk = Noted(), Desk(down)
    _, reader = guarded(desk, noted, breaker_calls=4, retries=1)
    for _ in range(4):
        with pytest.raises(SourceUnavailable):
            await reader.notes(["ann"])
    with pytest.raises(SourceCutOff):
        await reader.notes(["ann"])
    assert (desk.notes.asked, noted.counts) == (
        8,
        {Happening.RETRIED: 4, Happening.OPENED: 1, Happening.CUT_OFF: 1},
    )


async def test_who_waits_to_try_again_takes_no_place() -> None:
    desk = Desk(down)
    _, reader = guarded(desk, Noted(), parallel=1)
    waiting = asyncio.create_task(reader.notes(["ann"]))
    await asyncio.sleep(0)
    desk.notes.doing = echoed
    assert await reader.notes(["bob"]) == ["row bob"]
    assert await waiting == ["row ann"]


async def test_each_try_has_its_own_time() -> None:
    answers = iter([DOWN, None])

    async def slow(keys: Sequence[Any]) -> Any:
        await asyncio.sleep(0.9)
        if (error := next(answers)) is not None:
            raise error
        return keys

    _, reader = guarded(Desk(slow), Noted(), timeout_ms=1_000)
    assert await reader.notes(["ann"]) == ["ann"]
    assert 1.8 <= passed() <= 1.85


async def test_nonsense_is_tried_again_and_then_told() -> None:
    desk = Desk(lambda keys: [*keys, "more"])
    _, reader = guarded(desk, Noted())
    with pytest.raises(SourceUnreadable):
        await reader.notes(["ann"])
    assert desk.notes.asked == 3


async def test_readers_of_a_source_share_its_limits() -> None:
    desk = Desk(down)
    found, reader = guarded(desk, Noted(), breaker_calls=2, retries=0)
    other = found.around(Profiles())
    for _ in range(2):
        with pytest.raises(SourceUnavailable):
            await reader.notes(["ann"])
    with pytest.raises(SourceCutOff):
        await other.notes(["ann"])


async def test_a_ping_takes_no_longer_than_a_call_and_is_nothing_but_the_sources_failure() -> None:
    class Silent(Desk):
        async def ping(self) -> None:
            await hung([])

    class Broken(Desk):
        async def ping(self) -> None:
            raise KeyError("jane@example.com")

    settings = SourceSettings(kind="desk", timeout_ms=700)
    with pytest.raises(SourceTimedOut):
        await Guarded(Silent(), settings).ping()
    assert passed() == 0.7
    with pytest.raises(SourceUnreadable):
        await Guarded(Broken(), settings).ping()


async def test_it_is_the_source_in_all_else() -> None:
    desk = Desk()
    found = Guarded(desk, SourceSettings(kind="desk"))
    assert (found.name, found.reads, found.writes) == ("desk", {Domain.NOTES}, frozenset())
    with pytest.raises(KeyError):
        found.writer(Domain.NOTES)
    await found.open()
    await found.close()


class Caller:
    """Asks once at a moment, and may leave at another."""

    def __init__(self, number: int, begins: float, takes: float, fails: bool, leaves: float | None) -> None:
        self.number, self.begins, self.takes, self.fails, self.leaves = number, begins, takes, fails, leaves
        self.told: object = None

    async def ask(self, reader: Any) -> None:
        await asyncio.sleep(self.begins)
        try:
            self.told = await reader.notes([self.number])
        except SourceError as error:
            self.told = error

    async def leave(self, asking: "asyncio.Task[None]") -> None:
        if self.leaves is not None:
            await asyncio.sleep(self.leaves)
            asking.cancel()


callers = st.lists(
    st.tuples(MOMENTS, MOMENTS, st.booleans(), st.none() | MOMENTS), min_size=CALLERS, max_size=CALLERS
).map(lambda each: [Caller(number, *of) for number, of in enumerate(each)])


@given(callers)
def test_whoever_leaves_harms_nobody_and_leaves_nothing(each: list[Caller]) -> None:
    async def answer(keys: Sequence[Any]) -> Any:
        own = each[keys[0]]
        await asyncio.sleep(own.takes)
        if own.fails:
            raise DOWN
        return keys

    async def history() -> None:
        found, reader = guarded(Desk(answer), Noted(), parallel=PARALLEL, timeout_ms=2_000, retries=1)
        asking = [asyncio.create_task(caller.ask(reader)) for caller in each]
        leaving = [caller.leave(task) for caller, task in zip(each, asking, strict=True)]
        ended = await asyncio.gather(*asking, *leaving, return_exceptions=True)
        for caller, end in zip(each, ended, strict=False):
            if caller.told is None:
                assert isinstance(end, asyncio.CancelledError) and caller.leaves is not None
            elif isinstance(caller.told, SourceTimedOut):
                assert caller.takes >= 2.0
            elif isinstance(caller.told, SourceError):
                assert caller.fails or isinstance(caller.told, SourceBusy)
            else:
                assert caller.told == [caller.number] and not caller.fails
        await clean(found, reader)

    async def clean(found: Guarded, reader: Any) -> None:
        """All places are free, and nobody is waited for."""
        for caller in each:
            caller.takes, caller.fails = 1.0, False
        again = [reader.notes([number]) for number in range(PARALLEL)]
        assert await asyncio.gather(*again) == [[number] for number in range(PARALLEL)]
        limits = found.limits
        assert (limits.bulkhead.running, limits.timeouts.patience._begun) == (0, {})

    with asyncio.Runner(loop_factory=SkippingLoop) as runner:
        runner.run(history())
