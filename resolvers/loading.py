"""One aiodataloader per (source method, shared arguments): the keys of a tick become one call to the source."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Hashable, Sequence
from functools import partial
from typing import Any, TypeVar

from aiodataloader import DataLoader

from datasources.errors import OutcomeLate, SourceError, SourceTimedOut
from datasources.freshness import FRESHNESS, Freshness
from datasources.registry import Domain
from datasources.stepping import Stepped, interrupt

Value = TypeVar("Value")

QUIET_TURNS = 5
"""Turns of the loop from an answer to the call that it leads to."""
TIME_UP = "reading within the request's time"

Ask = Callable[[list[Any]], Coroutine[Any, Any, list[Any]]]
"""What a loader asks for the values of its keys."""
Begin = Callable[[Coroutine[Any, Any, Any]], "asyncio.Future[Any]"]
"""Has a coroutine run, in a task or without one."""
Method = Callable[..., Awaitable[Value]]


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
        self._begun: list[asyncio.Future[Any]] = []
        """What was not answered at once."""
        self._running = 0
        self._quiet: asyncio.Future[None] | None = None
        self._alone: dict[tuple[Hashable, ...], asyncio.Future[Any]] = {}
        """Values of keys that were asked for alone, by method, key and shared arguments."""
        self._loaders: dict[tuple[Hashable, ...], Loader] = {}
        self._queued: list[Loader] = []

    def load(self, method: Method[Sequence[Value]], key: Hashable, *shared: Hashable) -> Awaitable[Value]:
        """The method's result for one key, batched with the other keys that share the arguments; at once where none does."""
        if not self.asks_alone:
            batched: Awaitable[Value] = self._loader(method, shared).load(key)
            return batched
        asked = (method, key, *shared)
        found = self._alone.get(asked)
        if found is None:
            found = self._alone[asked] = self._begin(method, self._one(method, key, shared))
        return found

    def load_each(
        self, method: Method[Sequence[Value]], keys: Sequence[Hashable], *shared: Hashable
    ) -> "asyncio.Future[list[Value | Exception]]":
        """The method's results for several keys, in their order; one that failed is an exception in its place."""
        found: asyncio.Future[list[Value | Exception]] = self._loader(method, shared).load_each(keys)
        return found

    def know(self, method: Method[Sequence[object]], key: Hashable, value: object, *shared: Hashable) -> None:
        """Give the value without asking: it was made just now."""
        self._loader(method, shared).prime(key, value)

    def forget(self) -> None:
        """Ask anew for everything: something was written."""
        self._alone.clear()
        self._loaders.clear()

    def close(self) -> None:
        """Nobody waits any longer: stop what still runs, and leave nothing behind."""
        self._stop()
        self.forget()

    def end(self) -> None:
        """The request's time is up: what runs fails, and nothing is begun any more."""
        self.is_over = True
        self._stop()

    def _stop(self) -> None:
        begun, self._begun = self._begun, []
        for one in begun:
            if not one.done():
                interrupt(one)

    def call(self, method: Method[Value], *arguments: Any, **named: Any) -> Awaitable[Value]:
        """The result of a method that takes no keys, counted, its failure remembered; in a task of its own, since resolvers run in none."""
        return self._kept(asyncio.ensure_future(self._called(method, None, *arguments, **named)))

    async def ask(self, question: Callable[[], Coroutine[Any, Any, None]], source: str) -> None:
        """Ask a source something that is no call of a reader, within the request's time. Raises as it does, SourceTimedOut."""
        if self.is_over:
            raise SourceTimedOut(source, TIME_UP)
        try:
            await self._kept(asyncio.ensure_future(question()))
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

    async def _one(self, method: Method[Sequence[Value]], key: Hashable, shared: tuple[Hashable, ...]) -> Value:
        (value,) = await self._called(method, [key], *shared)
        if isinstance(value, Exception):
            self._remember(method, [value])
            raise value
        return value

    async def _called(
        self, method: Method[Value], keys: Sequence[Hashable] | None, *shared: Any, **named: Any
    ) -> Value:
        """The result of one call, with keys or, where they are None, without."""
        asked: Any = method.__self__  # type: ignore[attr-defined]  # a reader or writer
        if self.is_over:
            raise SourceTimedOut(asked.source, TIME_UP)
        name = call_name(method)
        self.calls[name] = self.calls.get(name, 0) + 1
        FRESHNESS.set(self.freshness)
        self._running += 1
        try:
            return await (method(*shared, **named) if keys is None else method(keys, *shared))
        except SourceError as error:
            self.failed.setdefault(asked.domain, error)
            raise
        except asyncio.CancelledError:
            if not self.is_over:
                raise
            late = self.failed.setdefault(asked.domain, _late(asked))
            raise late from None
        finally:
            self._running -= 1
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
                partial(self._answers, method, shared),
                partial(self._begin, method),
                self._queue,
                asyncio.get_running_loop(),
            )
        return loader

    async def _answers(self, method: Any, shared: tuple[Hashable, ...], keys: list[Any]) -> list[Any]:
        answers = list(await self._called(method, keys, *shared))
        self._remember(method, answers)
        return answers

    def _queue(self, loader: Loader) -> None:
        """Have the loader send its keys in the turn of the loop after the next: what is resolved meanwhile comes along."""
        if not self._queued:
            loader.loop.call_soon(loader.loop.call_soon, self._send)
        self._queued.append(loader)

    def _send(self) -> None:
        queued, self._queued = self._queued, []
        for loader in queued:
            loader.send()

    def _begin(self, method: Any, asking: Coroutine[Any, Any, Any]) -> "asyncio.Future[Any]":
        """Have a call of the method run, in a task where its reader needs one."""
        if getattr(method.__self__, "is_stepped", False):
            return self._kept(Stepped(asking, asyncio.get_running_loop()))
        return self._kept(asyncio.ensure_future(asking))

    def _kept(self, begun: "asyncio.Future[Any]") -> "asyncio.Future[Any]":
        if not begun.done():
            self._begun.append(begun)
        return begun


def call_name(method: Callable[..., Any]) -> str:
    """`domain.method`, as calls of a reader's bound method are told."""
    domain: Domain = method.__self__.domain  # type: ignore[attr-defined]  # a reader has one
    return f"{domain._value_.lower()}.{method.__name__}"


def _late(asked: Any) -> SourceTimedOut:
    """What is told of a reader or writer that had no time left to answer."""
    return OutcomeLate(asked.source, "writing") if hasattr(asked, "refuse") else SourceTimedOut(asked.source, TIME_UP)
