"""Connections to PostgreSQL, kept at hand between uses.

Taking one of asyncpg's pool for every statement and giving it back costs more CPU than the statement (DECISIONS.md). So what
the pool gave stays here, and goes back to it when it breaks or has nothing to do: the pool opens, mends and closes.
"""

import asyncio
from collections import deque
from contextlib import suppress
from typing import Any

import asyncpg

from datasources.patience import Patience
from datasources.stepping import Bounded

CHECKOUT_S = 1.0
"""How long to wait for a connection: a free one, or a new one."""
REST_S = 60.0
"""After so long without any use, all go back to the pool, which closes them in its time."""


class NoneFree(Exception):
    """No connection was given back in time: all are in use."""


class Connections:
    """At most `size` connections of the pool, the last used first."""

    def __init__(self, pool: Any, size: int) -> None:  # asyncpg's pool is untyped
        self._pool, self._size = pool, size
        self.taken = 0
        """How many the pool has given."""
        self._is_closing = False
        self._idle: list[Any] = []
        self._waiting: deque[Waiting] = deque()
        self._returning: set[asyncio.Task[None]] = set()
        self._loop = asyncio.get_running_loop()
        self._patience = Patience(CHECKOUT_S, self._loop)
        self._used_at = self._loop.time()
        self._resting = self._loop.call_later(REST_S, self._rest)

    @property
    def idle(self) -> int:
        """How many are at hand."""
        return len(self._idle)

    async def take(self) -> Any:
        """A connection: give it back whatever happens. Raises NoneFree, and what connecting raises."""
        while self._idle:
            connection = self._idle.pop()
            if not _is_lost(connection):
                return connection
            self._return(connection)
        if self.taken < self._size:
            return await self._another()
        given = await self._free()
        return given if given is not None else await self._another()

    def give(self, connection: Any, *, is_sound: bool) -> None:
        """Take a connection back; one that something went wrong on goes to the pool, which sees what is left of it."""
        if is_sound and not self._is_closing:
            self._used_at = self._loop.time()
            self._pass_on(connection)
        else:
            self._return(connection)

    async def close(self) -> None:
        """Give all that is idle back to the pool, and close it."""
        self._is_closing = True
        self._resting.cancel()
        self._return_idle()
        await asyncio.gather(*self._returning, return_exceptions=True)
        with suppress(TimeoutError):  # somebody still has one: it is cut off
            async with asyncio.timeout(CHECKOUT_S):
                await self._pool.close()

    async def _another(self) -> Any:
        """One that the pool has or makes."""
        self.taken += 1
        # In a task: connecting keeps a time by one, and a read runs in none.
        acquiring = asyncio.ensure_future(self._acquired())
        try:
            return await acquiring
        except BaseException:
            acquiring.add_done_callback(self._unwanted)
            raise

    async def _acquired(self) -> Any:
        """What the pool gives in time. Raises TimeoutError, and what connecting raises."""
        with Bounded(self._patience) as own:
            return await own.run(self._pool.acquire())

    def _unwanted(self, acquiring: "asyncio.Future[Any]") -> None:
        """Give back what the pool gave though nobody waits any more: a connection may come with the cancellation."""
        if acquiring.cancelled() or acquiring.exception() is not None:
            self._given_up()
        else:
            self._return(acquiring.result())

    async def _free(self) -> Any:
        """One that is given back; None where there is room for another."""
        waiting = Waiting(self._loop.create_future())
        self._waiting.append(waiting)
        self._patience.begin(waiting)
        try:
            return await waiting.free
        except asyncio.CancelledError:
            if waiting.is_given:
                self._pass_on(waiting.free.result())
            raise
        finally:
            self._patience.over(waiting)

    def _pass_on(self, connection: Any) -> None:
        """To who waits longest, or to those at hand; None tells that there is room for another."""
        while self._waiting:
            free = self._waiting.popleft().free
            if not free.done():
                free.set_result(connection)
                return
        if connection is not None:
            self._idle.append(connection)

    def _return(self, connection: Any) -> None:
        returning = asyncio.ensure_future(self._released(connection))
        self._returning.add(returning)
        returning.add_done_callback(self._returning.discard)

    async def _released(self, connection: Any) -> None:
        try:
            await self._pool.release(connection)
        finally:
            self._given_up()

    def _given_up(self) -> None:
        self.taken -= 1
        if self._waiting:
            self._pass_on(None)

    def _rest(self) -> None:
        if self._loop.time() - self._used_at >= REST_S:
            self._return_idle()
        self._resting = self._loop.call_later(REST_S, self._rest)

    def _return_idle(self) -> None:
        while self._idle:
            self._return(self._idle.pop())


class Waiting:
    """One who waits for a connection."""

    __slots__ = ("due", "free")

    def __init__(self, free: "asyncio.Future[Any]") -> None:
        self.due, self.free = 0.0, free

    @property
    def is_given(self) -> bool:
        """True where it has one."""
        return self.free.done() and not self.free.cancelled() and self.free.exception() is None

    def end(self) -> None:
        """See Wait."""
        if not self.free.done():
            self.free.set_exception(NoneFree())


def _is_lost(connection: Any) -> bool:
    """True where the connection broke: the pool has it back already then."""
    try:
        return bool(connection.is_closed())
    except asyncpg.InterfaceError:
        return True
