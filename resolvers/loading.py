"""One aiodataloader per (source method, shared arguments): the keys of a tick become one call to the source."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Hashable, Sequence
from functools import partial
from typing import Any, TypeVar

from aiodataloader import DataLoader

from datasources.errors import OutcomeLate, SourceError, SourceTimedOut
from datasources.freshness import FRESHNESS, Freshness
from datasources.registry import Domain
from datasources.stepping import Interruptible, Stepped

Value = TypeVar("Value")

QUIET_TURNS = 5
"""Turns of the loop from an answer to the call that it leads to."""
TIME_UP = "reading within the request's time"

Ask = Callable[[list[Any]], Coroutine[Any, Any, list[Any]]]
"""What a loader asks for the values of its keys."""
Begin = Callable[[Coroutine[Any, Any, Any]], "asyncio.Future[Any]"]
"""Has a coroutine run, in a task or without one."""


def _itself(key: Any) -> Any:
    return key


class Waiting:
    """Keys whose values somebody waits for: the value of one, or those of several, each an exception where it failed."""

    __slots__ = ("future", "keys")

    def __init__(self, keys: Sequence[Any], future: "asyncio.Future[Any]") -> None:
        self.keys, self.future = keys, future

    def give(self, values: list[Any]) -> None:
        """Hand over the values of the keys."""
        self.future.set_result(values)


class WaitingForOne(Waiting):
    """The same for the value of one key, which fails with its exception."""

    __slots__ = ()

    def give(self, values: list[Any]) -> None:
        """Hand over the value."""
        (value,) = values
        if isinstance(value, Exception):
            self.future.set_exception(value)
        else:
            self.future.set_result(value)


class Loader(DataLoader[Any, Any]):
    """A DataLoader that sends its keys in the turn of the loop after the next, with those of the request's other loaders.

    A batch needs no task where its reader needs none.
    """

    get_cache_key = staticmethod(_itself)

    def __init__(
        self, ask: Ask, begin: Begin, queued: Callable[["Loader"], None], loop: asyncio.AbstractEventLoop
    ) -> None:
        # What DataLoader's own sets, without its looks at what it is given: they take as long as the rest of a call.
        self.loop, self.batch_load_fn = loop, ask
        self._cache: dict[Any, asyncio.Future[Any] | Waiting] = {}  # type: ignore[assignment]  # DataLoader takes either
        self._waiting: list[Waiting] = []
        self._begin, self._queued = begin, queued
        self._sending: asyncio.Future[None] | None = None

    def load(self, key: Any) -> "asyncio.Future[Any]":
        """The value of a key, which is sent with the others of this turn of the loop."""
        found = self._cache.get(key)
        if found is None:
            future = self._cache[key] = self.loop.create_future()
            self._wait(WaitingForOne((key,), future))
            return future
        if isinstance(found, Waiting):
            found = self._cache[key] = self._one_of(found, key)
        return found

    def load_at_once(self, key: Any) -> "asyncio.Future[Any]":
        """The value of a key that no other key will be asked for with: nothing is waited for."""
        found = self._cache.get(key)
        if isinstance(found, asyncio.Future):
            return found
        future = self._cache[key] = self._begin(self._one(key))
        return future

    async def _one(self, key: Any) -> Any:
        (value,) = await self.batch_load_fn([key])
        if isinstance(value, Exception):
            raise value
        return value

    def load_each(self, keys: Sequence[Any]) -> "asyncio.Future[list[Any]]":
        """The values of keys in their order, each an exception where it failed, for one who needs all of them at once.

        One future for all costs a fraction of one each.
        """
        cache = self._cache
        if not keys:
            nothing = self.loop.create_future()
            nothing.set_result([])
            return nothing
        if len(frozenset(keys)) < len(keys) or not cache.keys().isdisjoint(keys):
            return asyncio.gather(*map(self.load, keys), return_exceptions=True)
        together = Waiting(keys, self.loop.create_future())
        cache.update(dict.fromkeys(keys, together))
        self._wait(together)
        return together.future

    def send(self) -> None:
        """Ask for the keys that wait."""
        waiting, self._waiting = self._waiting, []
        sending = self._begin(self._sent(waiting))
        self._sending = None if sending.done() else sending

    def _wait(self, one: Waiting) -> None:
        self._waiting.append(one)
        if len(self._waiting) == 1:
            self._queued(self)

    def _one_of(self, together: Waiting, key: Any) -> "asyncio.Future[Any]":
        """The value of one of several keys that somebody waits for together."""
        one = WaitingForOne((key,), self.loop.create_future())

        def hand_over(done: "asyncio.Future[list[Any]]") -> None:
            if one.future.done():
                return
            if done.cancelled():
                one.future.cancel()
            elif (error := done.exception()) is not None:
                one.future.set_exception(error)
            else:
                one.give([done.result()[together.keys.index(key)]])

        together.future.add_done_callback(hand_over)
        return one.future

    async def _sent(self, waiting: list[Waiting]) -> None:
        keys = waiting[0].keys if len(waiting) == 1 else [key for one in waiting for key in one.keys]
        try:
            values = await self.batch_load_fn(list(keys))
            if len(values) != len(keys):
                raise TypeError(f"{len(values)} values were answered to {len(keys)} keys.")  # noqa: TRY301  # told as any other
        except Exception as error:  # noqa: BLE001  # told to whoever waits for the keys
            for one in waiting:
                self._fail(one, error)
        else:
            start = 0
            for one in waiting:
                end = start + len(one.keys)
                if not one.future.done():
                    one.give(values[start:end])
                start = end
        # A loader that still held what sends it would be a cycle, left to the collector with every row of the request.
        self._sending = None

    def _fail(self, one: Waiting, error: Exception) -> None:
        """Tell that nothing was answered; whoever asks for the keys once more has them asked for anew."""
        for key in one.keys:
            self.clear(key)
        if not one.future.done():
            one.future.set_exception(error)


class Loaders:
    """The loaders of one request, and what they called."""

    def __init__(self) -> None:
        self.calls: dict[str, int] = {}
        """Calls made, by `domain.method`."""
        self.failed: dict[Domain, SourceError] = {}
        """Domains whose source failed, with the first failure."""
        self.freshness = Freshness()
        """How old what was served is."""
        self.asks_alone = False
        """True where the operation asks no method for two keys, so that none has to wait for another."""
        self.is_over = False
        """True once the request's time is up."""
        self._running: set[Interruptible] = set()
        self._quiet: asyncio.Future[None] | None = None
        self._loaders: dict[tuple[Hashable, ...], Loader] = {}
        self._queued: list[Loader] = []

    def load(
        self, method: Callable[..., Awaitable[Sequence[Value]]], key: Hashable, *shared: Hashable
    ) -> Awaitable[Value]:
        """The method's result for one key, batched with the other keys that share the arguments."""
        loader = self._loader(method, shared)
        found: Awaitable[Value] = loader.load_at_once(key) if self.asks_alone else loader.load(key)
        return found

    def load_each(
        self, method: Callable[..., Awaitable[Sequence[Value]]], keys: Sequence[Hashable], *shared: Hashable
    ) -> "asyncio.Future[list[Value | Exception]]":
        """The method's results for several keys, in their order; one that failed is an exception in its place."""
        found: asyncio.Future[list[Value | Exception]] = self._loader(method, shared).load_each(keys)
        return found

    def know(
        self, method: Callable[..., Awaitable[Sequence[object]]], key: Hashable, value: object, *shared: Hashable
    ) -> None:
        """Give the value without asking: it was made just now."""
        self._loader(method, shared).prime(key, value)

    def forget(self) -> None:
        """Ask anew for everything: something was written."""
        self._loaders.clear()

    def close(self) -> None:
        """Nobody waits any longer: stop what still runs, and leave nothing behind."""
        self._loaders.clear()
        self._stop()

    def end(self) -> None:
        """The request's time is up: what runs fails, and nothing is begun any more."""
        self.is_over = True
        self._stop()

    def _stop(self) -> None:
        for one in tuple(self._running):
            one.end()

    def call(self, method: Callable[..., Awaitable[Value]], *arguments: Any, **named: Any) -> Awaitable[Value]:
        """The result of a method, counted, its failure remembered; in a task of its own, since resolvers run in none."""
        return asyncio.ensure_future(self._called(method, *arguments, **named))

    async def ask(self, question: Callable[[], Awaitable[None]], source: str) -> None:
        """Ask a source something that is no call of a reader, within the request's time. Raises as it does, SourceTimedOut."""
        if self.is_over:
            raise SourceTimedOut(source, TIME_UP)
        try:
            await self._followed(question())
        except asyncio.CancelledError:
            if not self.is_over:
                raise
            raise SourceTimedOut(source, TIME_UP) from None

    async def settled(self) -> None:
        """Return when sources are asked nothing any more, nor soon: what was answered last may ask for more."""
        turns = 0
        while turns < QUIET_TURNS:
            if self._running:
                self._quiet = self._quiet or asyncio.get_running_loop().create_future()
                await asyncio.shield(self._quiet)
                turns = 0
            else:
                await asyncio.sleep(0)
                turns += 1

    async def _called(self, method: Callable[..., Awaitable[Value]], *arguments: Any, **named: Any) -> Value:
        asked: Any = method.__self__  # type: ignore[attr-defined]  # a reader or writer
        if self.is_over:
            raise SourceTimedOut(asked.source, TIME_UP)
        name = call_name(method)
        self.calls[name] = self.calls.get(name, 0) + 1
        FRESHNESS.set(self.freshness)
        try:
            found: Value = await self._followed(method(*arguments, **named))
        except SourceError as error:
            self.failed.setdefault(asked.domain, error)
            raise
        except asyncio.CancelledError:
            if not self.is_over:
                raise
            late = self.failed.setdefault(asked.domain, _late(asked))
            raise late from None
        return found

    async def _followed(self, asking: Awaitable[Any]) -> Any:
        """What is asked for, until the request's time is up or it is over."""
        own = Interruptible()
        self._running.add(own)
        try:
            return await own.run(asking)
        finally:
            self._running.discard(own)
            if self._quiet is not None and not self._running:
                self._quiet.set_result(None)
                self._quiet = None

    def _remember(self, method: Any, answers: Sequence[object]) -> None:
        """Note that a source failed for some of the keys: it told so in the place of their answers."""
        failure = next((answer for answer in answers if isinstance(answer, SourceError)), None)
        if failure is not None:
            self.failed.setdefault(method.__self__.domain, failure)

    def _loader(self, method: Any, shared: tuple[Hashable, ...]) -> Loader:
        loader = self._loaders.get((method, *shared))
        if loader is None:
            loader = self._loaders[method, *shared] = Loader(
                self._batch(method, shared), self._beginner(method), self._queue, asyncio.get_running_loop()
            )
        return loader

    def _queue(self, loader: Loader) -> None:
        """Have the loader send its keys in the turn of the loop after the next: what is resolved meanwhile comes along."""
        if not self._queued:
            loader.loop.call_soon(loader.loop.call_soon, self._send)
        self._queued.append(loader)

    def _send(self) -> None:
        queued, self._queued = self._queued, []
        for loader in queued:
            loader.send()

    def _beginner(self, method: Any) -> Begin:
        """How a call of the method is begun."""
        is_stepped = getattr(method.__self__, "is_stepped", False)
        return partial(Stepped, loop=asyncio.get_running_loop()) if is_stepped else asyncio.ensure_future

    def _batch(self, method: Any, shared: tuple[Hashable, ...]) -> Ask:
        """The function that a loader calls with all keys of a tick."""

        async def batch(keys: list[Any]) -> list[Any]:
            answers = list(await self._called(method, keys, *shared))
            self._remember(method, answers)
            return answers

        return batch


def call_name(method: Callable[..., Any]) -> str:
    """`domain.method`, as calls of a reader's bound method are told."""
    domain: Domain = method.__self__.domain  # type: ignore[attr-defined]  # a reader has one
    return f"{domain.value.lower()}.{method.__name__}"


def _late(asked: Any) -> SourceTimedOut:
    """What is told of a reader or writer that had no time left to answer."""
    return OutcomeLate(asked.source, "writing") if hasattr(asked, "refuse") else SourceTimedOut(asked.source, TIME_UP)
