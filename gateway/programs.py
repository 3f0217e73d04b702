"""The program as all requests share it: read once for everyone who waits for it, and held for some seconds."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextvars import Context

from msgspec.structs import replace

from datasources.program import Program, SearchMode

PROGRAM_TTL_S = 5.0


class SharedProgram:
    """The program that `read` tells, which raises what it raises; `search` stands in for its own search where it is given."""

    def __init__(self, read: Callable[[], Awaitable[Program]], search: SearchMode | None) -> None:
        self._read, self._search = read, search
        self._program: Program | None = None
        self._read_at = 0.0
        self._reading: asyncio.Task[Program] | None = None

    async def program(self) -> Program:
        """The program, not older than five seconds. Raises SourceUnavailable, SourceTimedOut, NotConfigured."""
        if self._program is not None and time.monotonic() - self._read_at <= PROGRAM_TTL_S:
            return self._program
        if self._reading is None:
            # It is no part of the request that happens to come first: that may be given up, or have little time.
            self._reading = asyncio.create_task(self._read_anew(), context=Context())
            self._reading.add_done_callback(self._over)
        return await asyncio.shield(self._reading)

    async def close(self) -> None:
        """Stop reading."""
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.wait([self._reading])

    async def _read_anew(self) -> Program:
        found = await self._read()
        if self._search is not None:
            search = replace(found.settings.search, mode=self._search)
            found = replace(found, settings=replace(found.settings, search=search), memo={})
        if self._program is None or not _are_alike(self._program, found):
            self._program = found
        self._read_at = time.monotonic()
        return self._program

    def _over(self, reading: "asyncio.Task[Program]") -> None:
        self._reading = None
        if not reading.cancelled():
            reading.exception()  # whoever waits was told; nobody may be there any more


def _are_alike(one: Program, other: Program) -> bool:
    """True where what was worked out for one is true of the other."""
    return one.settings == other.settings and one.actors == other.actors
