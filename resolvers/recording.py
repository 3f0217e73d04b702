"""Loaders that remember each call to a source, and the field on whose behalf it was made: what an explanation tells."""

import asyncio
import time
from collections.abc import Awaitable, Coroutine, Hashable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

import msgspec

from datasources.errors import SourceError
from datasources.observing import OBSERVED, Observed
from datasources.paging import Page
from resolvers.loading import Loader, Loaders, Method, call_name

Value = TypeVar("Value")

ASKING: ContextVar[Hashable] = ContextVar("asking", default=None)
"""The field that is being resolved; None outside of any that is followed."""
LISTS = (list, tuple, set, frozenset)


class Batch(msgspec.Struct, rename="camel"):
    """One call to a source."""

    keys: int | None
    """None for a method that takes no keys."""
    rows: int | None = None
    """None where the call failed."""
    ms: float = 0
    statements: int = 0
    from_cache: int | msgspec.UnsetType = msgspec.UNSET
    """Keys that were not asked of the source, where there were some."""


class Calls(msgspec.Struct):
    """What one field asked of one method of a reader.

    Of its `loads`, `cached` were answered by what the request had loaded or was loading already. A batch is told at the field
    whose load began it, and takes along what other fields loaded in the same tick.
    """

    call: str
    source: str
    loads: int = 0
    cached: int = 0
    batches: list[Batch] = []
    columns: list[str] = []


class RecordingLoaders(Loaders):
    """Loaders that remember, in the place of a request's own, whose counts they go on with."""

    def __init__(self, replaced: Loaders) -> None:
        super().__init__()
        self.calls, self.failed, self.freshness = replaced.calls, replaced.failed, replaced.freshness
        self._calls: dict[Hashable, dict[str, Calls]] = {}
        self._known: set[Awaitable[Any]] = set()

    def calls_of(self, asking: Hashable) -> list[Calls]:
        """What a field asked for, by method in the order of the first load; of None, what no field that is followed did."""
        return list(self._calls.get(asking, {}).values())

    def load(self, method: Method[Sequence[Value]], key: Hashable, *shared: Hashable) -> Awaitable[Value]:
        """As for any loaders."""
        found: Any = super().load(method, key, *shared)
        calls = self._calls_to(method)
        calls.loads += 1
        if found in self._known or found.done():
            calls.cached += 1
        self._known.add(found)
        return found  # type: ignore[no-any-return]  # the loader's future

    def call(self, method: Method[Value], *arguments: Any, **named: Any) -> Awaitable[Value]:
        """As for any loaders."""
        self._calls_to(method).loads += 1
        return super().call(method, *arguments, **named)

    async def _called(
        self, method: Method[Value], keys: Sequence[Hashable] | None, *shared: Any, **named: Any
    ) -> Value:
        with self._observed(method, None if keys is None else len(keys)) as noted:
            found = await super()._called(method, keys, *shared, **named)
            noted.rows = _rows(found) if keys is None else sum(map(_rows, found))  # type: ignore[call-overload]  # one a key
        return found

    def _queue(self, loader: Loader) -> None:
        """Each in the name of the field whose load began its batch."""
        loader.loop.call_soon(loader.loop.call_soon, loader.send)

    def _begin(self, method: Any, asking: Coroutine[Any, Any, Any]) -> "asyncio.Future[Any]":
        """In a task, which inherits the field that began it."""
        return self._kept(asyncio.ensure_future(asking))

    @contextmanager
    def _observed(self, method: Any, keys: int | None) -> Iterator[Batch]:
        """Note a call: it runs in a task with the context of the field that began it."""
        calls, batch, observed = self._calls_to(method), Batch(keys), Observed()
        calls.batches.append(batch)
        before = OBSERVED.set(observed)
        started = time.perf_counter()
        try:
            yield batch
        finally:
            batch.ms = round((time.perf_counter() - started) * 1_000, 2)
            OBSERVED.reset(before)
            batch.statements = observed.statements
            batch.from_cache = observed.found or msgspec.UNSET
            calls.columns.extend(name for name in observed.columns if name not in calls.columns)

    def _calls_to(self, method: Any) -> Calls:
        name = call_name(method)
        made = self._calls.setdefault(ASKING.get(), {})
        if name not in made:
            made[name] = Calls(name, method.__self__.source)
        return made[name]


def _rows(found: object) -> int:
    """How many rows a source answered for a key."""
    if found is None or isinstance(found, SourceError):
        return 0
    if isinstance(found, Page):
        return len(found.rows)
    return len(found) if isinstance(found, LISTS) else 1
