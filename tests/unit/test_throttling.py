"""How often one caller may look customers up."""

import pytest

from datasources.errors import RateLimited
from resolvers.throttling import CALLERS_HELD, Throttle


class Clock:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def taken(throttle: Throttle, caller: str, times: int) -> int:
    """How many of so many attempts are let through."""
    passed = 0
    for _ in range(times):
        try:
            throttle.take(caller, "lookups")
            passed += 1
        except RateLimited:
            pass
    return passed


def test_a_burst_is_let_through_and_then_one_a_second() -> None:
    clock = Clock()
    throttle = Throttle(60, 30, clock)
    assert taken(throttle, "a", 40) == 30
    clock.now = 3.5
    assert taken(throttle, "a", 10) == 3
    clock.now = 4.0
    assert taken(throttle, "a", 10) == 1
    clock.now = 1_000.0
    assert taken(throttle, "a", 40) == 30


def test_callers_do_not_spend_each_others_tries() -> None:
    throttle = Throttle(60, 30, Clock())
    assert taken(throttle, "a", 31) == 30
    assert taken(throttle, "b", 31) == 30


def test_the_refusal_tells_when_to_come_back() -> None:
    clock = Clock()
    throttle = Throttle(20, 1, clock)
    throttle.take("a", "lookups")
    clock.now = 0.5
    with pytest.raises(RateLimited, match=r"^Too many lookups: try again in 3 s\.$") as refusal:
        throttle.take("a", "lookups")
    assert refusal.value.retry_after_s == 3
    clock.now = 3.0
    throttle.take("a", "lookups")


def test_the_callers_held_are_bounded_and_the_longest_away_is_dropped() -> None:
    throttle = Throttle(60, 1, Clock())
    for number in range(CALLERS_HELD + 1):
        throttle.take(str(number), "lookups")
    assert taken(throttle, "1", 1) == 0
    assert taken(throttle, "0", 1) == 1
