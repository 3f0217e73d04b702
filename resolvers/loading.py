"""One aiodataloader per (source method, shared arguments): the keys of a tick become one call to the source."""

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
        loader = self._loaders.get((method, *shared))
        if loader is None:
            loader = self._loaders[method, *shared] = DataLoader(self._batch(method, shared))
        found: Awaitable[Value] = loader.load(key)
        return found

    async def call(self, method: Callable[..., Awaitable[Value]], *arguments: Any) -> Value:
        """The result of a method, counted, its failure remembered."""
        domain: Domain = method.__self__.domain  # type: ignore[attr-defined]  # a reader's bound method
        self.calls[f"{domain.value.lower()}.{method.__name__}"] += 1
        try:
            return await method(*arguments)
        except SourceError as error:
            self.failed.setdefault(domain, error)
            raise

    def _batch(
        self, method: Any, shared: tuple[Hashable, ...]
    ) -> Callable[[list[Any]], Coroutine[Any, Any, list[Any]]]:
        """The function that a loader calls with all keys of a tick."""

        async def batch(keys: list[Any]) -> list[Any]:
            return list(await self.call(method, keys, *shared))

        return batch
