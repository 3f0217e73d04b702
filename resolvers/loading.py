"""One aiodataloader per (source method, shared arguments): the keys of a tick become one call to the source."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Hashable, Sequence
from typing import Any, TypeVar

from aiodataloader import DataLoader, dispatch_queue_batch
from aiodataloader import Loader as Waiting

from datasources.errors import SourceError
from datasources.registry import Domain

Value = TypeVar("Value")


class Loader(DataLoader[Any, Any]):
    """A DataLoader that sends its keys in the next turn of the loop, with one task for a batch in the place of three."""

    _sending: "asyncio.Task[None] | None" = None

    def load(self, key: Any) -> "asyncio.Future[Any]":
        """The value of a key, which is sent with the others of this turn of the loop."""
        found: asyncio.Future[Any] | None = self._cache.get(key)
        if found is None:
            found = self._cache[key] = self.loop.create_future()
            self._queue.append(Waiting(key, found))
            if len(self._queue) == 1:
                self.loop.call_soon(self._dispatch)
        return found

    def _dispatch(self) -> None:
        self._sending = self.loop.create_task(self._sent())

    async def _sent(self) -> None:
        queue, self._queue = self._queue, []
        await dispatch_queue_batch(self, queue)
        # A loader that still held its task would be a cycle, left to the collector with every row of the request.
        self._sending = None


class Loaders:
    """The loaders of one request, and what they called."""

    def __init__(self) -> None:
        self.calls: dict[str, int] = {}
        """Calls made, by `domain.method`."""
        self.failed: dict[Domain, SourceError] = {}
        """Domains whose source failed, with the first failure."""
        self._loaders: dict[tuple[Hashable, ...], Loader] = {}

    def load(
        self, method: Callable[..., Awaitable[Sequence[Value]]], key: Hashable, *shared: Hashable
    ) -> Awaitable[Value]:
        """The method's result for one key, batched with the other keys that share the arguments."""
        found: Awaitable[Value] = self._loader(method, shared).load(key)
        return found

    def know(
        self, method: Callable[..., Awaitable[Sequence[object]]], key: Hashable, value: object, *shared: Hashable
    ) -> None:
        """Give the value without asking: it was made just now."""
        self._loader(method, shared).prime(key, value)

    def forget(self) -> None:
        """Ask anew for everything: something was written, or the request is over."""
        self._loaders.clear()

    def call(self, method: Callable[..., Awaitable[Value]], *arguments: Any, **named: Any) -> Awaitable[Value]:
        """The result of a method, counted, its failure remembered; in a task of its own, since resolvers run in none."""
        return asyncio.ensure_future(self._called(method, *arguments, **named))

    async def _called(self, method: Callable[..., Awaitable[Value]], *arguments: Any, **named: Any) -> Value:
        name = call_name(method)
        self.calls[name] = self.calls.get(name, 0) + 1
        try:
            return await method(*arguments, **named)
        except SourceError as error:
            self.failed.setdefault(method.__self__.domain, error)  # type: ignore[attr-defined]  # a reader has one
            raise

    def _loader(self, method: Any, shared: tuple[Hashable, ...]) -> Loader:
        loader = self._loaders.get((method, *shared))
        if loader is None:
            loader = self._loaders[method, *shared] = Loader(self._batch(method, shared))
        return loader

    def _batch(
        self, method: Any, shared: tuple[Hashable, ...]
    ) -> Callable[[list[Any]], Coroutine[Any, Any, list[Any]]]:
        """The function that a loader calls with all keys of a tick."""

        async def batch(keys: list[Any]) -> list[Any]:
            return list(await self._called(method, keys, *shared))

        return batch


def call_name(method: Callable[..., Any]) -> str:
    """`domain.method`, as calls of a reader's bound method are told."""
    domain: Domain = method.__self__.domain  # type: ignore[attr-defined]  # a reader has one
    return f"{domain.value.lower()}.{method.__name__}"
