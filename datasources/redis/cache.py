"""Where the gateways of a program keep answers together: `datasources.caching.Store` in Redis."""

import asyncio
from collections.abc import Coroutine, Iterable, Sequence
from typing import Any

import structlog
from redis.asyncio import Redis

from datasources.cache_entries import EVERYTHING
from datasources.caching import Kept, Seen, new_version
from datasources.redis.client import RedisClient, RedisDown, RedisFull

VERSIONS_S = 86_400
"""Versions outlive all that is kept under them; an entry without its version does not hold."""
WAITING = 1_000
"""Entries that wait to be kept; beyond them none is."""
OWED = 1_000
"""Scopes whose versions are still to be renewed; beyond them everything is."""

log = structlog.get_logger()


class RedisStore:
    """Serves `datasources.caching.Store`: one MGET a tick, and one pipeline of SETs at a time."""

    def __init__(self, client: RedisClient, prefix: str) -> None:
        self._client, self._prefix = client, f"{prefix}:".encode()
        self._wanted: dict[bytes, None] = {}
        self._waiting: list[asyncio.Future[Seen | None]] = []
        self._kept: list[Kept] = []
        self._is_keeping = False
        self._owed: set[bytes] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        client.on_return.append(self._settle)

    @property
    def is_up(self) -> bool:
        """See Store."""
        return self._client.is_up

    @property
    def is_owing(self) -> bool:
        """True while versions are still to be renewed."""
        return bool(self._owed)

    def look(self, names: Sequence[bytes], scopes: Iterable[bytes]) -> "asyncio.Future[Seen | None]":
        """See Store."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Seen | None] = loop.create_future()
        if not self._waiting:
            loop.call_soon(self._dispatch)
        self._waiting.append(future)
        self._wanted.update(dict.fromkeys(names))
        self._wanted.update(dict.fromkeys(scopes))
        return future

    def keep(self, entries: Sequence[Kept]) -> None:
        """See Store."""
        if not entries or not self.is_up or len(self._kept) >= WAITING:
            return
        self._kept.extend(entries)
        if not self._is_keeping:
            self._is_keeping = True
            self._begin(self._keep())

    async def renew(self, scopes: Sequence[bytes]) -> None:
        """See Store."""
        if scopes and not await self._renewed(scopes):
            self._owed.update(scopes)
            if len(self._owed) > OWED:
                self._owed = {EVERYTHING}

    async def close(self) -> None:
        """Finish what was begun; tell where what was changed could not be made known."""
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._settle()
        if self._owed:
            log.warning("cache.stale", scopes=len(self._owed))

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _dispatch(self) -> None:
        wanted, waiting, self._wanted, self._waiting = list(self._wanted), self._waiting, {}, []
        self._begin(self._look(wanted, waiting))

    async def _look(self, wanted: list[bytes], waiting: list["asyncio.Future[Seen | None]"]) -> None:
        found = await self._found(wanted)
        for future in waiting:
            if not future.done():  # whoever was cancelled
                future.set_result(found)

    async def _found(self, wanted: list[bytes]) -> Seen | None:
        if self._owed:
            await self._settle()
            if self._owed:
                return None
        keys = [self._prefix + name for name in wanted]
        try:
            values: list[Any] = await self._client.run(lambda redis: redis.mget(keys))
        except RedisDown:
            return None
        return Seen(dict(zip(wanted, values, strict=True)))

    async def _keep(self) -> None:
        """Keep what waits, until nothing does. The one connection that this takes is all that it ever takes."""
        try:
            while self._kept:
                entries, self._kept = self._kept, []
                await self._client.run(lambda redis: self._set(redis, entries))  # noqa: B023  # awaited here
        except RedisDown:
            self._kept.clear()
        finally:
            self._is_keeping = False

    async def _set(self, redis: "Redis", entries: Sequence[Kept]) -> None:
        made_up = {scope: version for entry in entries for scope, version in entry.made_up.items()}
        async with redis.pipeline(transaction=False) as pipe:
            # Before the entries, so that who finds one finds what it hangs on.
            for scope, version in made_up.items():
                pipe.set(self._prefix + scope, version, ex=VERSIONS_S, nx=True)
            for entry in entries:
                pipe.set(self._prefix + entry.name, entry.value, px=round(entry.ttl_s * 1_000))
            await pipe.execute()

    async def _settle(self) -> None:
        """Renew what could not be renewed when it was changed."""
        owed = set(self._owed)
        if owed and await self._renewed(list(owed)):
            self._owed -= owed

    async def _renewed(self, scopes: Sequence[bytes]) -> bool:
        """True once nothing that was kept under their versions holds."""
        try:
            await self._client.run(lambda redis: self._renew(redis, [self._prefix + scope for scope in scopes]))
        except RedisFull:  # they were removed all the same
            return True
        except RedisDown:
            return False
        return True

    async def _renew(self, redis: "Redis", keys: Sequence[bytes]) -> None:
        async with redis.pipeline(transaction=False) as pipe:
            pipe.unlink(*keys)
            for key in keys:
                pipe.set(key, new_version(), ex=VERSIONS_S)
            await pipe.execute()
