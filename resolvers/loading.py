"""One aiodataloader per (source method, shared arguments): the keys of a tick become one call to the source."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, Hashable, Sequence
from typing import Any, TypeVar

from aiodataloader import DataLoader

from datasources.errors import SourceError
from datasources.registry import Domain

Value = TypeVar("Value")


class Loaders:
    """The loaders of one request, and what they called."""

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()
        """Calls made, by `domain.method`."""
        self.failed: dict[Domain, SourceError] = {}
        """Domains whose source failed, with the first failure."""
        self._loaders: dict[tuple[Hashable, ...], DataLoader[Any, Any]] = {}

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
        """Ask anew for everything: something was written."""
        self._loaders.clear()

    def call(self, method: Callable[..., Awaitable[Value]], *arguments: Any, **named: Any) -> Awaitable[Value]:
        """The result of a method, counted, its failure remembered; in a task of its own, since resolvers run in none."""
        return asyncio.ensure_future(self._called(method, *arguments, **named))

    async def _called(self, method: Callable[..., Awaitable[Value]], *arguments: Any, **named: Any) -> Value:
        domain: Domain = method.__self__.domain  # type: ignore[attr-defined]  # a reader's bound method
        self.calls[f"{domain.value.lower()}.{method.__name__}"] += 1
        try:
            return await method(*arguments, **named)
        except SourceError as error:
            self.failed.setdefault(domain, error)
            raise

    def _loader(self, method: Any, shared: tuple[Hashable, ...]) -> DataLoader[Any, Any]:
        loader = self._loaders.get((method, *shared))
        if loader is None:
            loader = self._loaders[method, *shared] = DataLoader(self._batch(method, shared))
        return loader

    def _batch(
        self, method: Any, shared: tuple[Hashable, ...]
    ) -> Callable[[list[Any]], Coroutine[Any, Any, list[Any]]]:
        """The function that a loader calls with all keys of a tick."""

        async def batch(keys: list[Any]) -> list[Any]:
            return list(await self._called(method, keys, *shared))

        return batch
