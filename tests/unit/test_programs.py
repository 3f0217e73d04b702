"""The program is read once for all who wait for it, belongs to none of them, and keeps what was worked out while it stays
as it is."""

import asyncio
import datetime as dt

import pytest
from msgspec.structs import replace

from datasources.errors import SourceUnavailable
from datasources.importing.demo_program import demo_program
from datasources.program import Clock, Program, SearchMode
from gateway import programs
from gateway.programs import SharedProgram

NOW = dt.datetime(2026, 6, 1, tzinfo=dt.UTC)


class Told:
    """Tells the program after a turn of the loop, so often as it is asked."""

    def __init__(self) -> None:
        self.settings, self.names = demo_program(Clock(anchored_at=NOW, started_at=NOW)), {("SERVICE", "1"): "Nightly"}
        self.failure: Exception | None = None
        self.times = 0

    async def read(self) -> Program:
        self.times += 1
        await asyncio.sleep(0)
        if self.failure is not None:
            raise self.failure
        return Program(self.settings, dict(self.names), {})


@pytest.fixture
def told() -> Told:
    return Told()


async def test_those_who_come_while_it_is_read_wait_for_the_same_reading(told: Told) -> None:
    shared = SharedProgram(told.read, None)
    first, *others = await asyncio.gather(*(shared.program() for _ in range(16)))
    assert (told.times, [one is first for one in others]) == (1, [True] * 15)
    assert (await shared.program(), told.times) == (first, 1)


async def test_whoever_is_given_up_takes_the_reading_from_nobody(told: Told) -> None:
    shared = SharedProgram(told.read, None)
    given_up, waits = asyncio.create_task(shared.program()), asyncio.create_task(shared.program())
    await asyncio.sleep(0)
    given_up.cancel()
    assert (await waits).actor_name("SERVICE", "1") == "Nightly"
    assert (given_up.cancelled(), told.times) == (True, 1)


async def test_a_failure_is_told_to_all_who_wait_and_kept_for_nobody(told: Told) -> None:
    shared = SharedProgram(told.read, None)
    told.failure = SourceUnavailable("main", "reading")
    found = await asyncio.gather(shared.program(), shared.program(), return_exceptions=True)
    assert (found, told.times) == ([told.failure, told.failure], 1)
    told.failure = None
    assert (await shared.program()).settings == told.settings
    assert told.times == 2


async def test_what_was_worked_out_is_kept_until_the_program_changes(
    told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(programs, "PROGRAM_TTL_S", -1)
    shared = SharedProgram(told.read, SearchMode.EXACT)
    first = await shared.program()
    first.memo["worked out"] = 1
    assert await shared.program() is first
    told.names["SERVICE", "2"] = "Daily"
    renamed = await shared.program()
    assert (renamed.actor_name("SERVICE", "2"), renamed.memo) == ("Daily", {})
    told.settings = replace(told.settings, restore_days=7)
    assert ((await shared.program()).settings.restore_days, told.times) == (7, 4)


async def test_the_search_of_the_config_stands_in_for_the_programs(told: Told) -> None:
    for mode in SearchMode:
        assert (await SharedProgram(told.read, mode).program()).settings.search.mode is mode
    assert (await SharedProgram(told.read, None).program()).settings is told.settings


async def test_closing_stops_what_is_being_read(told: Told) -> None:
    shared = SharedProgram(told.read, None)
    waits = asyncio.create_task(shared.program())
    await asyncio.sleep(0)
    await shared.close()
    with pytest.raises(asyncio.CancelledError):
        await waits
    await shared.close()
