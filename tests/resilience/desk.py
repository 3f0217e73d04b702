"""A source whose reader does what a test says, and what limits around it note."""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from datasources.errors import SourceUnavailable
from datasources.kinds import SourceSettings
from datasources.registry import Domain
from datasources.resilience.guarded import Guarded
from datasources.resilience.happenings import Happening

Doing = Callable[[Sequence[Any]], Any]
"""What is answered to keys, or raised, or awaited for the answer."""
DOWN = SourceUnavailable("desk", "reading")


def down(_keys: Sequence[Any]) -> Any:
    raise DOWN


async def hung(_keys: Sequence[Any]) -> Any:
    await asyncio.get_running_loop().create_future()


def echoed(keys: Sequence[Any]) -> Any:
    return [f"row {key}" for key in keys]


class Notes:
    """A reader that counts what it was asked."""

    domain: ClassVar[Domain] = Domain.NOTES
    source = "desk"

    def __init__(self, doing: Doing = echoed) -> None:
        self.doing, self.asked = doing, 0

    async def notes(self, keys: Sequence[Any], *_shared: Any) -> Any:
        return await self._done(keys)

    async def newest(self, page: Any) -> Any:
        return await self._done([page])

    async def _done(self, keys: Sequence[Any]) -> Any:
        self.asked += 1
        found = self.doing(keys)
        return await found if asyncio.iscoroutine(found) else found


class Profiles(Notes):
    domain = Domain.PROFILES


class Desk:
    """A source of one reader."""

    name = "desk"
    reads, writes = frozenset({Domain.NOTES}), frozenset[Domain]()

    def __init__(self, doing: Doing = echoed) -> None:
        self.notes, self.pings, self.is_up = Notes(doing), 0, True

    def reader(self, _domain: Domain) -> Notes:
        return self.notes

    def writer(self, domain: Domain) -> Any:
        raise KeyError(domain)

    async def open(self) -> None:
        return

    async def close(self) -> None:
        return

    async def ping(self) -> None:
        self.pings += 1
        if not self.is_up:
            raise DOWN


class Noted:
    """Counts what happens around sources."""

    def __init__(self) -> None:
        self.counts: Counter[Happening] = Counter()

    def __call__(self, source: str, happening: Happening) -> None:
        assert source == "desk"
        self.counts[happening] += 1


def guarded(desk: Desk, noted: Noted, **settings: Any) -> tuple[Guarded, Any]:
    """The source behind limits, and its reader."""
    found = Guarded(desk, SourceSettings(kind="desk", **settings), noted)
    return found, found.reader(Domain.NOTES)
