"""A source that fails is answered for by what it said before, if that was asked for, and the age of it is told."""

import asyncio
import datetime as dt
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import pytest

from datasources.caching import NEVER
from datasources.errors import SourceCutOff, SourceError, SourceRefused, SourceUnavailable
from datasources.freshness import FRESHNESS, Freshness
from datasources.ids import CustomerId
from datasources.kinds import SourceSettings
from datasources.paging import PageRequest
from datasources.registry import Domain
from datasources.resilience import keeping
from datasources.resilience.guarded import Guarded
from datasources.resilience.happenings import Happening
from tests.resilience.desk import DOWN, Desk, Noted, Notes, down, echoed, guarded

NOW = dt.datetime(2026, 6, 1, tzinfo=dt.UTC)
ANN, BOB = CustomerId(UUID(int=1)), CustomerId(UUID(int=2))
PAGE = PageRequest(NOW, first=20)


def told() -> Freshness:
    """What the calls of the test tell of the age of answers."""
    freshness = Freshness()
    FRESHNESS.set(freshness)
    return freshness


def age_s(freshness: Freshness) -> float:
    """Of the oldest notes that were given."""
    return round(freshness.oldest[Domain.NOTES].age_s, 3)


def kept(noted: Noted | None = None, **settings: Any) -> tuple[Desk, Guarded, Any]:
    desk = Desk()
    found, reader = guarded(desk, noted or Noted(), **{"stale_if_error_s": 60, "retries": 0, **settings})
    return desk, found, reader


async def test_what_was_known_is_answered_with_its_age_and_the_reason() -> None:
    freshness, noted = told(), Noted()
    desk, _, reader = kept(noted)
    assert await reader.notes(["ann"]) == ["row ann"]
    desk.notes.doing = down
    await asyncio.sleep(12.5)
    assert await reader.notes(["ann"]) == ["row ann"]
    assert (age_s(freshness), freshness.oldest[Domain.NOTES].error) == (12.5, DOWN)
    assert noted.counts == {Happening.SERVED_STALE: 1}


async def test_nothing_is_told_while_the_source_answers() -> None:
    freshness, noted = told(), Noted()
    _, _, reader = kept(noted)
    for _ in range(3):
        assert await reader.notes(["ann"]) == ["row ann"]
    assert (freshness.oldest, noted.counts) == ({}, {})


async def test_the_oldest_answer_is_the_age_of_the_domain() -> None:
    freshness = told()
    desk, _, reader = kept()
    await reader.notes(["ann"])
    await asyncio.sleep(10)
    await reader.notes(["bob"])
    desk.notes.doing = down
    await asyncio.sleep(5)
    assert await reader.notes(["bob"]) == ["row bob"]
    assert age_s(freshness) == 5
    assert await reader.notes(["bob", "ann"]) == ["row bob", "row ann"]
    assert await reader.notes(["bob"]) == ["row bob"]
    assert age_s(freshness) == 15


async def test_keys_that_nothing_is_known_of_fail_and_the_others_do_not() -> None:
    told()
    desk, _, reader = kept()
    await reader.notes(["ann"])
    desk.notes.doing = down
    assert await reader.notes(["bob", "ann", "cat"]) == [DOWN, "row ann", DOWN]
    with pytest.raises(SourceUnavailable):
        await reader.notes(["bob"])


async def test_what_is_too_old_is_not_answered() -> None:
    desk, _, reader = kept()
    await reader.notes(["ann"])
    desk.notes.doing = down
    await asyncio.sleep(60)
    assert await reader.notes(["ann"]) == ["row ann"]
    await asyncio.sleep(0.1)
    with pytest.raises(SourceUnavailable):
        await reader.notes(["ann"])


async def test_it_is_off_unless_asked_for() -> None:
    desk = Desk()
    _, reader = guarded(desk, Noted(), retries=0)
    await reader.notes(["ann"])
    desk.notes.doing = down
    with pytest.raises(SourceUnavailable):
        await reader.notes(["ann"])


async def test_an_answer_stands_for_the_same_question_at_any_moment_and_for_no_other() -> None:
    desk, _, reader = kept()
    await reader.notes([ANN], PAGE, NOW)
    desk.notes.doing = down
    later = NOW + dt.timedelta(seconds=5)
    assert await reader.notes([ANN], PageRequest(later, first=20), later) == [f"row {ANN}"]
    for page in (PageRequest(NOW, first=21), PageRequest(NOW, first=20, want_total=True), PageRequest(NOW, last=20)):
        with pytest.raises(SourceUnavailable):
            await reader.notes([ANN], page, NOW)
    with pytest.raises(SourceUnavailable):
        await reader.newest(PAGE)


async def test_a_list_without_keys_is_kept_as_a_whole() -> None:
    desk, _, reader = kept()
    desk.notes.doing = lambda _keys: "page"
    await reader.newest(PAGE)
    desk.notes.doing = down
    assert await reader.newest(PAGE) == "page"


async def test_it_answers_while_the_breaker_is_open_too() -> None:
    freshness = told()
    desk, _, reader = kept(breaker_calls=1)
    await reader.notes(["ann"])
    desk.notes.doing = down
    for _ in range(3):
        assert await reader.notes(["ann"]) == ["row ann"]
    assert desk.notes.asked == 2
    assert isinstance(freshness.oldest[Domain.NOTES].error, SourceError)
    with pytest.raises(SourceCutOff):
        await reader.notes(["bob"])


async def test_a_source_that_says_no_is_believed() -> None:
    desk, _, reader = kept()
    await reader.notes(["ann"])

    def refused(_keys: Sequence[Any]) -> Any:
        raise SourceRefused("desk", "reading")

    desk.notes.doing = refused
    with pytest.raises(SourceRefused):
        await reader.notes(["ann"])


async def test_what_is_known_of_a_customer_is_dropped_when_they_are_changed() -> None:
    desk, found, reader = kept()
    await reader.notes([ANN, BOB])
    await reader.notes([(ANN, "note"), (BOB, "note")])
    found.changed(ANN)
    desk.notes.doing = down
    assert await reader.notes([ANN, BOB]) == [DOWN, f"row {BOB}"]
    assert await reader.notes([(ANN, "note"), (BOB, "note")]) == [DOWN, f"row {(BOB, 'note')}"]


async def test_so_many_answers_are_held_and_none_longer_than_it_may_be_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "HELD", 3)
    desk, found, reader = kept()
    for key in ("a", "b", "a", "c", "d"):
        await reader.notes([key])
    desk.notes.doing = down
    assert await reader.notes(["a", "b", "c", "d"]) == ["row a", DOWN, "row c", "row d"]
    desk.notes.doing = echoed
    await asyncio.sleep(61)
    await reader.notes(["e"])
    assert len(found._keeping._held) == 1


@pytest.mark.parametrize("domain", sorted(NEVER, key=lambda domain: domain.value))
async def test_balances_and_states_are_never_kept(domain: Domain) -> None:
    class Of(Notes):
        pass

    Of.domain = domain
    found, own = Guarded(Desk(), SourceSettings(kind="desk", stale_if_error_s=60, retries=0)), Of()
    reader = found.around(own)
    await reader.notes(["ann"])
    own.doing = down
    with pytest.raises(SourceUnavailable):
        await reader.notes(["ann"])
    assert found._keeping._held == {}


def test_those_are_profiles_points_cards_codes_privacy_and_audit() -> None:
    assert {domain.value for domain in NEVER} == {"PROFILES", "POINTS", "CARDS", "PROMO_CODES", "PRIVACY", "AUDIT"}
