"""A cache around readers: what was answered a moment ago is given again, for as long as it holds (`datasources.caching`)."""

import asyncio
import datetime as dt
import math
import random
import time
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from datasources.cache_entries import (
    EVERYTHING,
    NO_CLOCK,
    Asked,
    Entry,
    OpenedLately,
    Shape,
    Vault,
    entry_of,
    lists_of,
    named,
    sealed,
    shape_of,
)
from datasources.caching import Changed, Kept, Seen, Store
from datasources.errors import SourceError
from datasources.freshness import FRESHNESS, Old
from datasources.layers import Call
from datasources.observing import OBSERVED
from datasources.registry import Domain

LARGEST = 262_144
"""Bytes of an entry; a larger answer is not kept."""
ALONE = (None,)
"""Stands for the keys of a method that takes none."""
LOST = object()
"""What those are told who waited for an answer that never came."""

Watch = Callable[[Domain, int, int], None]
"""Is told of a call: the domain, how many keys were answered by the cache, and how many by the source."""


class Cache:
    """The layer that keeps answers in a store, each domain's for so many seconds; a domain that is not named is not kept."""

    is_stepped = True
    """It asks for no task: see `datasources.stepping`."""

    def __init__(
        self,
        store: Store,
        vault: Vault,
        ttl_s: Mapping[Domain, float],
        *,
        clock: Callable[[], float] = time.time,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self.store, self.vault, self.ttl_s, self.clock, self.chance = store, vault, ttl_s, clock, chance
        self.opened = OpenedLately()
        self.watch: Watch | None = None
        self.flights: dict[Hashable, asyncio.Future[Any]] = {}
        """What is being asked of a source, by name and versions."""

    def around(self, reader: Any, name: str, call: Call) -> Call:
        """See Layer."""
        shape = shape_of(reader.domain, name) if reader.domain in self.ttl_s else None
        return call if shape is None else Answers(self, reader, shape, call).answer

    async def changed(self, changed: Changed) -> None:
        """Give nothing any more of what this changed. Never raises."""
        scopes = [self.vault.scope(customer) for customer in changed.customers]
        scopes += [lists_of(domain) for domain in changed.lists if domain in self.ttl_s]
        revoked = [EVERYTHING] if changed.everything else scopes
        self.opened.forget(revoked)
        await self.store.revoke(revoked)


class Round(NamedTuple):
    """One call: the arguments that all keys share, the time that it is and the program's, and what the store held."""

    told: tuple[Any, ...]
    at: float
    clock: dt.datetime | None
    seen: Seen


class Answers:
    """A method of a reader behind the cache."""

    def __init__(self, cache: Cache, reader: Any, shape: Shape, call: Call) -> None:
        self._cache, self._shape, self._call, self._domain = cache, shape, call, reader.domain
        self._is_list = shape.is_list
        self._ttl_s = cache.ttl_s[reader.domain]
        self._decoder: msgspec.msgpack.Decoder[Entry[Any]] = msgspec.msgpack.Decoder(entry_of(shape.answer))
        self._identity = (reader.source, shape.title, shape.digest)

    async def answer(self, *arguments: Any, **named: Any) -> Any:
        """What the method answers. Raises what it raises."""
        # Only an implementation's own methods are called with names.
        if named or not self._cache.store.is_up:
            return await self._call(*arguments, **named)
        if not self._shape.is_keyed:
            return (await self._each(ALONE, arguments))[0]
        return await self._each(arguments[0], arguments[1:]) if arguments[0] else []

    async def _ask(self, keys: Sequence[Any], told: tuple[Any, ...]) -> Sequence[Any]:
        """The source's own answers, one a key."""
        if not self._shape.is_keyed:
            return [await self._call(*told)]
        answers: Sequence[Any] = await self._call(keys, *told)
        if not self._is_list:
            return answers
        return [answer if isinstance(answer, SourceError) else tuple(answer) for answer in answers]

    async def _each(self, keys: Sequence[Any], told: tuple[Any, ...]) -> Sequence[Any]:
        timeless, clock = self._timeless(told)
        try:
            asked = self._asked(keys, timeless)
        except (TypeError, ValueError, OverflowError):  # nothing has a name that can't be written: the source tells why
            return await self._ask(keys, told)
        scopes = asked[0].scopes if len(asked) == 1 else {scope for one in asked for scope in one.scopes}
        seen = await self._cache.store.look([one.name for one in asked], scopes)
        if seen is None:
            return await self._ask(keys, told)
        now = Round(told, self._cache.clock(), clock, seen)
        found, missing = self._sorted(asked, now)
        if self._cache.watch is not None:
            self._cache.watch(self._domain, len(found), len(missing))
        if missing:
            found |= await self._fetched(missing, now)
        return [found[one.name] for one in asked]

    def _timeless(self, told: tuple[Any, ...]) -> tuple[tuple[Any, ...], dt.datetime | None]:
        """The arguments without the time of the request, and that time: an answer is good for any within its own age."""
        page, now = self._shape.page, self._shape.now
        if page is not None:
            asked = told[page]
            timeless = msgspec.structs.replace(asked, now=NO_CLOCK, columns=None)
            return (*told[:page], timeless, *told[page + 1 :]), asked.now
        if now is not None:
            return (*told[:now], *told[now + 1 :]), told[now]
        return told, None

    def _of_whole_rows(self, told: tuple[Any, ...]) -> tuple[Any, ...]:
        """The arguments for what is to be kept: whoever finds it may read other columns."""
        page = self._shape.page
        return told if page is None else (*told[:page], told[page].of_whole_rows, *told[page + 1 :])

    def _asked(self, keys: Sequence[Any], told: tuple[Any, ...]) -> list[Asked]:
        place, shape, vault = self._cache.vault.place(self._identity, told), self._shape, self._cache.vault
        asked = []
        for key in keys:
            scopes = shape.scopes
            if shape.is_owned:
                scopes = (*scopes, vault.scope(key[0] if isinstance(key, tuple) else key))
            asked.append(Asked(key, *named(place, key), scopes))
        return asked

    def _sorted(self, asked: Sequence[Asked], now: Round) -> tuple[dict[bytes, Any], dict[bytes, Asked]]:
        """What the store held that still holds, and what it did not hold, by name."""
        found: dict[bytes, Any] = {}
        missing: dict[bytes, Asked] = {}
        oldest = now.at
        for one in asked:
            entry = None if one.name in missing else self._held(one, now)
            if entry is None:
                missing[one.name] = one
            else:
                found[one.name] = entry.value
                oldest = min(oldest, entry.read_at)
        if found:
            _told(self._domain, now.at - oldest, len(found))
        return found, missing

    def _held(self, one: Asked, now: Round) -> Entry[Any] | None:
        """The entry of a key where it still holds."""
        value = now.seen[one.name]
        if value is None:
            return None
        entry = self._cache.opened.entry(
            one, value, _versions(one, now.seen), self._decoder, now=now.at, ttl_s=self._ttl_s
        )
        if entry is None:
            return None
        moved = None if now.clock is None or entry.clock is None else now.clock - entry.clock
        if moved is not None and abs(moved.total_seconds()) >= self._ttl_s:
            return None
        # Those who come shortly before its end may find it ended, the more so the longer it takes to make anew: of many
        # processes one does that, and the others go on with what is there.
        early_s = entry.took_s * -math.log(1 - self._cache.chance())
        return entry if now.at + early_s < entry.read_at + self._ttl_s else None

    async def _fetched(self, missing: Mapping[bytes, Asked], now: Round) -> dict[bytes, Any]:
        """What nobody is fetching is asked for in one call; for the rest, whoever does is waited for."""
        flights, when = self._cache.flights, now.clock and now.clock.timestamp() // self._ttl_s
        own: dict[Hashable, Asked] = {}
        joined: dict[bytes, asyncio.Future[Any]] = {}
        for name, one in missing.items():
            # Who came after a write met other versions, and waits for nothing that was asked before it.
            flight = (name, when, _versions(one, now.seen))
            if flight in flights:
                joined[name] = flights[flight]
            else:
                own[flight] = one
        found = await self._own(own, now) if own else {}
        if joined:
            await asyncio.wait(joined.values())
            found |= {name: flight.result() for name, flight in joined.items()}
            # They were given up, or failed in a way that is theirs: their deadline, their place in a queue.
            left = [missing[name] for name in joined if found[name] is LOST]
            if left:
                answers = await self._ask([one.key for one in left], now.told)
                found |= {one.name: answer for one, answer in zip(left, answers, strict=True)}
        return found

    async def _own(self, own: Mapping[Hashable, Asked], now: Round) -> dict[bytes, Any]:
        flights, loop = self._cache.flights, asyncio.get_running_loop()
        flights |= {flight: loop.create_future() for flight in own}
        began = self._cache.clock()
        found: dict[bytes, Any] = {}
        try:
            answers = await self._ask([one.key for one in own.values()], self._of_whole_rows(now.told))
            found = {one.name: answer for one, answer in zip(own.values(), answers, strict=True)}
        finally:
            for flight, one in own.items():
                flights.pop(flight).set_result(found.get(one.name, LOST))
        self._keep(own.values(), found, now, began)
        return found

    def _keep(self, asked: Any, found: Mapping[bytes, Any], now: Round, began: float) -> None:
        took_s = self._cache.clock() - began
        kept = []
        for one in asked:
            entry = Entry(_versions(one, now.seen), began, took_s, now.clock, found[one.name])
            try:
                value = sealed(one.name, one.seal, entry)
            except (TypeError, ValueError, OverflowError):  # a source's own type in a document, a number of any length
                continue
            if len(value) <= LARGEST:
                kept.append(Kept(one.name, value, self._ttl_s))
        self._cache.store.keep(kept)


def _versions(one: Asked, seen: Seen) -> bytes:
    return b"".join([seen[scope] or b"" for scope in one.scopes])


def _told(domain: Domain, age_s: float, found: int) -> None:
    """Tell whoever follows the call that this was not the source's own answer."""
    freshness, observed = FRESHNESS.get(), OBSERVED.get()
    if freshness is not None:
        freshness.tell(domain, Old(age_s))
    if observed is not None:
        observed.found += found
