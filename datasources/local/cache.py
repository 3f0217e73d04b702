"""Answers kept by one process for itself: `datasources.caching.Store` where there is no Redis."""

import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence

from datasources.caching import Kept, Seen, new_version

OVERHEAD = 200
"""Bytes of an entry beside its value, about."""
VERSIONS = 50_000
"""How many are held; without its version an entry does not hold."""


class LocalStore:
    """Serves `datasources.caching.Store` in so many bytes of memory; what was used the longest ago goes first."""

    is_up = True

    def __init__(self, room: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._versions: OrderedDict[bytes, bytes] = OrderedDict()
        self._entries: OrderedDict[bytes, tuple[float, bytes]] = OrderedDict()
        self._left, self._clock = room, clock

    async def look(self, names: Iterable[bytes], scopes: Iterable[bytes]) -> Seen | None:
        """See Store."""
        return {name: self._entry(name) for name in names} | {scope: self._version(scope) for scope in scopes}

    def keep(self, entries: Sequence[Kept]) -> None:
        """See Store."""
        for entry in entries:
            self._drop(entry.name)
            self._entries[entry.name] = self._clock() + entry.ttl_s, entry.value
            self._left -= len(entry.value) + OVERHEAD
        while self._left < 0 and self._entries:
            self._drop(next(iter(self._entries)))

    async def revoke(self, scopes: Sequence[bytes]) -> None:
        """See Store."""
        for scope in scopes:
            self._versions.pop(scope, None)

    def _entry(self, name: bytes) -> bytes | None:
        until, value = self._entries.get(name, (0.0, None))
        if value is None or until <= self._clock():
            return None
        self._entries.move_to_end(name)
        return value

    def _version(self, scope: bytes) -> bytes:
        version = self._versions.setdefault(scope, new_version())
        self._versions.move_to_end(scope)
        if len(self._versions) > VERSIONS:
            self._versions.popitem(last=False)
        return version

    def _drop(self, name: bytes) -> None:
        _, value = self._entries.pop(name, (0.0, None))
        if value is not None:
            self._left += len(value) + OVERHEAD
