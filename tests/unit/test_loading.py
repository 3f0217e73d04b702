"""What a loader asks for, and what whoever waits is given."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from datasources.errors import SourceUnavailable
from datasources.registry import Domain
from resolvers.loading import Loaders

pytestmark = pytest.mark.anyio

LOST = SourceUnavailable("desk", "reading")


class Reader:
    """Doubles numbers, and notes which it was asked for at once; 13 fails alone, 99 takes all with it."""

    domain, source, is_stepped = Domain.NOTES, "desk", True

    def __init__(self) -> None:
        self.asked: list[list[int]] = []
        self.answers = 1
        self.opened = asyncio.Event()
        self.opened.set()

    async def doubles(self, keys: Sequence[int]) -> list[Any]:
        """Twice each number."""
        self.asked.append(list(keys))
        await self.opened.wait()
        if 99 in keys:
            raise LOST
        return [LOST if key == 13 else key * 2 for key in keys] * self.answers


@pytest.fixture
async def reader() -> Reader:
    return Reader()


@pytest.fixture
async def loaders() -> Loaders:
    return Loaders()


async def test_keys_for_one_who_needs_all_are_one_call_with_all_others_of_the_turn(
    reader: Reader, loaders: Loaders
) -> None:
    single, several = loaders.load(reader.doubles, 1), loaders.load_each(reader.doubles, [2, 3])
    assert (await single, await several, reader.asked) == (2, [4, 6], [[1, 2, 3]])
    assert loaders.calls == {"notes.doubles": 1}


async def test_one_of_several_keys_can_be_had_before_and_after_they_are_there(reader: Reader, loaders: Loaders) -> None:
    several = loaders.load_each(reader.doubles, [2, 13])
    before, lost = loaders.load(reader.doubles, 2), loaders.load(reader.doubles, 13)
    assert (await several, await before) == ([4, LOST], 4)
    after = loaders.load(reader.doubles, 2)
    with pytest.raises(SourceUnavailable):
        await lost
    assert (await after, reader.asked) == (4, [[2, 13]])


async def test_keys_that_stand_twice_or_were_asked_for_before_are_asked_once(reader: Reader, loaders: Loaders) -> None:
    first = loaders.load_each(reader.doubles, [2, 2, 13])
    again = loaders.load_each(reader.doubles, [13, 4, 2])
    assert (await first, await again) == ([4, 4, LOST], [LOST, 8, 4])
    assert reader.asked == [[2, 13, 4]]


async def test_nothing_is_asked_for_no_keys(reader: Reader, loaders: Loaders) -> None:
    assert (await loaders.load_each(reader.doubles, []), reader.asked) == ([], [])


async def test_a_key_that_is_asked_for_alone_is_asked_for_at_once(reader: Reader, loaders: Loaders) -> None:
    loaders.asks_alone = True
    first, again, lost = (loaders.load(reader.doubles, key) for key in (2, 2, 13))
    assert reader.asked == [[2], [13]]
    assert (await first, await again) == (4, 4)
    with pytest.raises(SourceUnavailable):
        await lost
    assert (loaders.calls, loaders.failed) == ({"notes.doubles": 2}, {Domain.NOTES: LOST})


async def test_a_call_that_fails_fails_for_all_and_is_made_anew(reader: Reader, loaders: Loaders) -> None:
    for _ in range(2):
        several = loaders.load_each(reader.doubles, [1, 99])
        one = loaders.load(reader.doubles, 1)
        with pytest.raises(SourceUnavailable):
            await several
        with pytest.raises(SourceUnavailable):
            await one
    assert (reader.asked, loaders.failed) == ([[1, 99]] * 2, {Domain.NOTES: LOST})


async def test_answers_that_are_not_as_many_as_keys_are_none(reader: Reader, loaders: Loaders) -> None:
    reader.answers = 2
    with pytest.raises(TypeError, match=r"^4 values were answered to 2 keys\.$"):
        await loaders.load_each(reader.doubles, [1, 2])


async def test_who_waits_no_longer_takes_nothing_from_others(reader: Reader, loaders: Loaders) -> None:
    reader.opened.clear()
    several, one = loaders.load_each(reader.doubles, [1, 2]), loaders.load(reader.doubles, 3)
    for _ in range(3):
        await asyncio.sleep(0)
    several.cancel()
    reader.opened.set()
    assert (await one, several.cancelled()) == (6, True)


async def test_a_key_of_several_that_nobody_waits_for_any_more_is_given_up_with_them(
    reader: Reader, loaders: Loaders
) -> None:
    several = loaders.load_each(reader.doubles, [1, 2])
    one = loaders.load(reader.doubles, 2)
    assert isinstance(one, asyncio.Future)
    several.cancel()
    with pytest.raises(asyncio.CancelledError):
        await one
