"""How often one caller may look customers up."""

import pytest

from datasources.counting import Rate
from datasources.errors import RateLimited
from datasources.local.counters import NAMES_HELD, LocalCounters
from resolvers.throttling import Throttle

pytestmark = pytest.mark.anyio


class Clock:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def throttle(per_minute: int, burst: int, clock: Clock) -> Throttle:
    return Throttle("lookups", Rate(per_minute, burst), LocalCounters(clock))


async def taken(throttle: Throttle, caller: str, times: int) -> int:
    """How many of so many attempts are let through."""
    passed = 0
    for _ in range(times):
        try:
            await throttle.take(caller)
            passed += 1
        except RateLimited:
            pass
    return passed


async def test_a_burst_is_let_through_and_then_one_a_second() -> None:
    clock = Clock()
    lookups = throttle(60, 30, clock)
    assert await taken(lookups, "a", 40) == 30
    clock.now = 3.5
    assert await taken(lookups, "a", 10) == 3
    clock.now = 4.0
    assert await taken(lookups, "a", 10) == 1
    clock.now = 1_000.0
    assert await taken(lookups, "a", 40) == 30


async def test_callers_do_not_spend_each_others_tries() -> None:
    lookups = throttle(60, 30, Clock())
    assert await taken(lookups, "a", 31) == 30
    assert await taken(lookups, "b", 31) == 30


async def test_the_refusal_tells_when_to_come_back() -> None:
    clock = Clock()
    lookups = throttle(20, 1, clock)
    await lookups.take("a")
    clock.now = 0.5
    with pytest.raises(RateLimited, match=r"^Too many lookups: try again in 3 s\.$") as refusal:
        await lookups.take("a")
    assert refusal.value.retry_after_s == 3
    clock.now = 3.0
    await lookups.take("a")


async def test_the_callers_held_are_bounded_and_the_longest_away_is_dropped() -> None:
    lookups = throttle(60, 1, Clock())
    for number in range(NAMES_HELD + 1):
        await lookups.take(str(number))
    assert await taken(lookups, "1", 1) == 0
    assert await taken(lookups, "0", 1) == 1
