"""What the cache answers, and what it asks the source for."""

import asyncio
import datetime as dt
from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from datasources.caching import Changed, Store
from datasources.errors import SourceUnavailable
from datasources.freshness import FRESHNESS, Freshness, Old
from datasources.ids import CustomerId
from datasources.observing import OBSERVED, Observed
from datasources.registry import Domain
from tests.caching.shelf import NOW, ONE, PAGE, THREE, TTL_S, TWO, Cached, Shelf

pytestmark = pytest.mark.anyio


async def test_an_answer_is_given_again_and_only_what_is_missing_is_asked_for(store: Store) -> None:
    cached = Cached(store)
    cached.shelf.put(ONE, 1)
    cached.shelf.put(THREE, 3)
    assert await cached.counts(ONE) == [1]
    assert await cached.counts(THREE, ONE, TWO, ONE) == [3, 1, None, 1]
    assert await cached.counts(ONE, TWO, THREE) == [1, None, 3]
    assert cached.shelf.asked == [(ONE,), (THREE, TWO)]


async def test_no_keys_are_no_call(store: Store) -> None:
    cached = Cached(store)
    assert await cached.counts() == []
    assert cached.shelf.asked == []


async def test_whatever_else_is_asked_is_another_answer(store: Store) -> None:
    cached = Cached(store)
    asked = [
        PAGE,
        msgspec.structs.replace(PAGE, first=5),
        msgspec.structs.replace(PAGE, after=(3, "visits")),
        msgspec.structs.replace(PAGE, want_total=True),
        msgspec.structs.replace(PAGE, first=None, last=20),
        msgspec.structs.replace(PAGE, filter="filter"),
        msgspec.structs.replace(PAGE, order="order"),
    ]
    for page in asked * 2:
        await cached.counts(ONE, page=page)
    await cached.reader.held([(ONE, "visits")])
    await cached.reader.held([(ONE, "other")])
    await cached.reader.in_use([str(ONE)])
    assert len(cached.shelf.asked) == len(asked) + 3


async def test_a_page_is_kept_for_whoever_reads_other_columns_of_it(store: Store) -> None:
    cached = Cached(store)
    cached.shelf.put(ONE, 1)
    for columns in (frozenset({"count"}), frozenset({"key", "count"}), None):
        assert await cached.counts(ONE, page=msgspec.structs.replace(PAGE, columns=columns)) == [1]
    assert (cached.shelf.asked, cached.shelf.columns) == ([(ONE,)], {None})


async def test_an_answer_is_no_older_than_its_time(store: Store) -> None:
    cached = Cached(store)
    cached.shelf.put(ONE, 1)
    await cached.counts(ONE)
    cached.shelf.put(ONE, 2)  # the source itself, which tells nobody
    cached.wall.now += TTL_S - 0.001
    assert await cached.counts(ONE) == [1]
    cached.wall.now += 0.001
    assert await cached.counts(ONE) == [2]


async def test_an_answer_is_as_old_as_the_question_and_not_as_the_answer(store: Store) -> None:
    cached = Cached(store)
    cached.shelf.gate = asyncio.Event()
    slow = asyncio.create_task(cached.counts(ONE))
    await cached.shelf.begun(1)
    cached.wall.now += TTL_S / 2
    cached.shelf.gate.set()
    assert await slow == [None]
    cached.wall.now += TTL_S / 2
    await cached.counts(ONE)
    assert len(cached.shelf.asked) == 2


async def test_an_answer_is_good_for_program_times_within_its_own_time(store: Store) -> None:
    cached = Cached(store)
    for seconds in (0, TTL_S - 1, 1 - TTL_S):
        await cached.counts(ONE, page=msgspec.structs.replace(PAGE, now=NOW + dt.timedelta(seconds=seconds)))
    assert len(cached.shelf.asked) == 1
    for seconds in (TTL_S, -TTL_S):
        await cached.counts(ONE, page=msgspec.structs.replace(PAGE, now=NOW + dt.timedelta(seconds=seconds)))
    assert len(cached.shelf.asked) == 3


async def test_one_that_is_slow_to_make_is_made_anew_before_its_end_by_chance(store: Store) -> None:
    cached = Cached(store)
    cached.shelf.gate = asyncio.Event()
    slow = asyncio.create_task(cached.counts(ONE))
    await cached.shelf.begun(1)
    cached.wall.now += 2.0
    cached.shelf.gate.set()
    await slow
    cached.wall.now += TTL_S - 2.0 - 3.0
    # 2 s * -ln(1 - 0.7) is 2.4 s before the end, 2 s * -ln(1 - 0.8) is 3.2 s before it.
    cached.cache.chance = lambda: 0.7
    await cached.counts(ONE)
    assert len(cached.shelf.asked) == 1
    cached.cache.chance = lambda: 0.8
    await cached.counts(ONE)
    assert len(cached.shelf.asked) == 2


async def test_a_failure_is_not_kept(store: Store) -> None:
    cached = Cached(store)
    cached.shelf.failure, cached.shelf.failures = SourceUnavailable("shelf", "reading"), 2
    for _ in range(2):
        with pytest.raises(SourceUnavailable):
            await cached.counts(ONE)
    cached.shelf.put(ONE, 1)
    assert await cached.counts(ONE) == [1]
    assert len(cached.shelf.asked) == 3


async def test_a_key_that_fails_alone_is_not_kept_and_the_others_are(store: Store) -> None:
    class Partial(Shelf):
        async def held(self, keys: Sequence[tuple[CustomerId, str]]) -> Sequence[Any]:
            found = await super().held(keys)
            failure = SourceUnavailable("shelf", "reading")
            return [failure if customer == TWO else rows for (customer, _), rows in zip(keys, found, strict=True)]

    cached = Cached(store, Partial())
    cached.shelf.put(ONE, 1)
    for _ in range(2):
        rows, failure = await cached.reader.held([(ONE, "visits"), (TWO, "visits")])
        assert (rows[0].count, type(failure)) == (1, SourceUnavailable)
        await cached.finished()
    assert cached.shelf.asked == [((ONE, "visits"), (TWO, "visits")), ((TWO, "visits"),)]


async def test_many_at_once_are_one_call(store: Store) -> None:
    cached = Cached(store)
    cached.shelf.put(ONE, 1)
    cached.shelf.gate = asyncio.Event()
    asking = [asyncio.create_task(cached.counts(ONE, other)) for other in (TWO, THREE, TWO)]
    await cached.shelf.begun(2)
    await asyncio.sleep(0.05)
    cached.shelf.gate.set()
    assert await asyncio.gather(*asking) == [[1, None]] * 3
    assert cached.shelf.asked == [(ONE, TWO), (THREE,)]


@pytest.mark.parametrize("is_cancelled", [True, False])
async def test_who_waits_for_somebody_who_is_given_up_or_fails_asks_themselves(
    store: Store, is_cancelled: bool
) -> None:
    cached = Cached(store)
    cached.shelf.put(ONE, 1)
    cached.shelf.gate = asyncio.Event()
    first = asyncio.create_task(cached.counts(ONE))
    await cached.shelf.begun(1)
    second = asyncio.create_task(cached.counts(ONE))
    await asyncio.sleep(0.05)
    assert len(cached.shelf.asked) == 1
    if is_cancelled:
        first.cancel()
        cached.shelf.gate.set()
    else:
        cached.shelf.failure, cached.shelf.failures = SourceUnavailable("shelf", "reading"), 1
        cached.shelf.gate.set()
    assert await second == [1]
    assert cached.shelf.asked == [(ONE,), (ONE,)]
    with pytest.raises(asyncio.CancelledError if is_cancelled else SourceUnavailable):
        await first
    assert cached.cache.flights == {}


async def test_who_waits_and_is_cancelled_takes_nothing_from_the_others(store: Store) -> None:
    cached = Cached(store)
    cached.shelf.put(ONE, 1)
    cached.shelf.gate = asyncio.Event()
    asking = [asyncio.create_task(cached.counts(ONE)) for _ in range(3)]
    await cached.shelf.begun(1)
    await asyncio.sleep(0.05)
    asking[1].cancel()
    await asyncio.wait([asking[1]])
    cached.shelf.gate.set()
    assert (await asking[0], await asking[2]) == ([1], [1])
    assert cached.shelf.asked == [(ONE,)]


async def test_what_is_written_is_given_to_whoever_asks_after_it(store: Store) -> None:
    cached = Cached(store)
    cached.shelf.put(ONE, 1)
    cached.shelf.put(TWO, 2)
    assert await cached.counts(ONE, TWO) == [1, 2]
    before = await cached.reader.in_use(["v"])
    cached.shelf.put(ONE, 5)
    cached.shelf.put(THREE, 3)
    await cached.cache.changed(Changed(frozenset((ONE, THREE))))
    assert await cached.counts(ONE, TWO, THREE) == [5, 2, 3]
    assert await cached.reader.in_use(["v"]) == before == [("v2",)]
    await cached.cache.changed(Changed(lists=frozenset((Domain.TAGS, Domain.CARDS))))
    assert await cached.reader.in_use(["v"]) == [("v3",)]
    assert cached.shelf.asked == [(ONE, TWO), ("v",), (ONE, THREE), ("v",)]


async def test_an_import_changes_everything(store: Store) -> None:
    cached = Cached(store)
    await cached.counts(ONE)
    await cached.reader.in_use(["v"])
    cached.shelf.put(ONE, 1)
    await cached.cache.changed(Changed(everything=True))
    assert await cached.counts(ONE) == [1]
    assert await cached.reader.in_use(["v"]) == [("v1",)]


async def test_who_asks_after_a_write_waits_for_nobody_who_asked_before_it(store: Store) -> None:
    cached = Cached(store)
    cached.shelf.put(ONE, 1)
    assert await cached.counts(ONE) == [1]
    cached.wall.now += TTL_S
    cached.shelf.gate = asyncio.Event()
    before = asyncio.create_task(cached.counts(ONE))
    await cached.shelf.begun(2)
    cached.shelf.put(ONE, 2)
    await cached.cache.changed(Changed(frozenset((ONE,))))
    after = asyncio.create_task(cached.counts(ONE))
    await cached.shelf.begun(3)
    cached.shelf.gate.set()
    assert (await before, await after) == ([1], [2])
    # What the first one kept after it holds for nobody.
    assert await cached.counts(ONE) == [2]
    assert len(cached.shelf.asked) == 3


@pytest.mark.parametrize("changes", [{"secret": b"t" * 40}, {"prefix": "other"}])
async def test_who_has_another_key_or_prefix_finds_nothing(store: Store, changes: dict[str, Any]) -> None:
    cached = Cached(store)
    cached.shelf.put(ONE, 1)
    await cached.counts(ONE)
    other = Cached(store, cached.shelf, **changes)
    assert await other.counts(ONE) == [1]
    assert len(cached.shelf.asked) == 2


async def test_an_answer_of_another_source_or_shape_is_none(store: Store) -> None:
    cached = Cached(store)
    await cached.counts(ONE)
    renamed = Shelf()
    renamed.source = "other"  # type: ignore[misc]  # a source's name is its own
    other = Cached(store, renamed)
    await other.counts(ONE)
    assert renamed.asked == [(ONE,)]


async def test_too_large_an_answer_is_not_kept(store: Store) -> None:
    cached = Cached(store)
    prefix = "v" * 300_000
    for _ in range(2):
        await cached.reader.in_use([prefix])
        await cached.finished()
    assert len(cached.shelf.asked) == 2


async def test_an_answer_that_can_not_be_written_down_is_not_kept(store: Store) -> None:
    class Odd(Shelf):
        async def in_use(self, prefixes: Sequence[str]) -> Sequence[Sequence[str]]:
            self.asked.append(prefixes)
            return [["\ud800"] for _ in prefixes]

    cached = Cached(store, Odd())
    for _ in range(2):
        assert await cached.reader.in_use(["v"]) == [("\ud800",)]
    assert len(cached.shelf.asked) == 2


async def test_who_follows_a_call_is_told_how_old_the_answer_is(store: Store) -> None:
    cached = Cached(store)
    freshness, observed = Freshness(), Observed()
    FRESHNESS.set(freshness)
    OBSERVED.set(observed)
    await cached.counts(ONE)
    assert (freshness.oldest, observed.found) == ({}, 0)
    cached.wall.now += 7
    await cached.counts(TWO)
    cached.wall.now += 7
    await cached.counts(TWO, ONE)
    assert (freshness.oldest, observed.found) == ({Domain.TAGS: Old(14.0)}, 2)


async def test_the_cache_tells_what_it_had(store: Store) -> None:
    cached, told = Cached(store), []
    cached.cache.watch = lambda *one: told.append(one)
    await cached.counts(ONE, TWO)
    await cached.counts(TWO, THREE)
    assert told == [(Domain.TAGS, 0, 2), (Domain.TAGS, 1, 1)]
