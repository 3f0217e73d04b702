"""Where the gateways of a program keep answers together: `datasources.caching.Store` in Redis."""

import asyncio
from collections.abc import Iterable, Sequence

import structlog

from datasources.cache_entries import EVERYTHING
from datasources.caching import Kept, Seen, new_version
from datasources.redis.client import RedisClient, RedisDown
from datasources.stepping import Stepped

VERSIONS_S = 86_400
"""Longer than anything is kept; an entry whose version is gone does not hold."""
WAITING = 1_000
"""Entries that wait to be kept; beyond them none is."""
OWED = 1_000
"""Scopes whose versions are still to be taken away; beyond them everything's is."""

log = structlog.get_logger()


class RedisStore:
    """Serves `datasources.caching.Store`: one MGET a tick, and one pipeline of SETs at a time."""

    def __init__(self, client: RedisClient, prefix: str) -> None:
        self._client, self._prefix = client, f"{prefix}:".encode()
        self._names: list[bytes] = []
        self._scopes: list[bytes] = []
        self._waiting: list[asyncio.Future[Seen | None]] = []
        self._kept: list[Kept] = []
        self._is_keeping = False
        self._owed: set[bytes] = set()
        self._begun: set[asyncio.Future[None]] = set()
        client.on_return.append(self._settle)

    @property
    def is_up(self) -> bool:
        """See Store."""
        return self._client.is_up

    @property
    def is_owing(self) -> bool:
        """True while versions are still to be taken away."""
        return bool(self._owed)

    def look(self, names: Iterable[bytes], scopes: Iterable[bytes]) -> "asyncio.Future[Seen | None]":
        """See Store."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Seen | None] = loop.create_future()
        if not self._waiting:
            loop.call_soon(self._dispatch)
        self._waiting.append(future)
        self._names += names
        self._scopes += scopes
        return future

    def keep(self, entries: Sequence[Kept]) -> None:
        """See Store."""
        if not entries or not self.is_up or len(self._kept) >= WAITING:
            return
        self._kept.extend(entries)
        if not self._is_keeping:
            self._is_keeping = True
            self._begin(asyncio.create_task(self._keep()))

    async def revoke(self, scopes: Sequence[bytes]) -> None:
        """See Store."""
        if scopes and not await self._revoked(scopes):
            self._owed.update(scopes)
            if len(self._owed) > OWED:
                self._owed = {EVERYTHING}

    async def finish(self) -> None:
        """Wait for what was begun."""
        await asyncio.gather(*self._begun, return_exceptions=True)

    async def close(self) -> None:
        """Finish; tell where what was changed could not be made known."""
        await self.finish()
        await self._settle()
        if self._owed:
            log.warning("cache.stale", scopes=len(self._owed))

    def _begin(self, work: "asyncio.Future[None]") -> None:
        self._begun.add(work)
        work.add_done_callback(self._begun.discard)

    def _dispatch(self) -> None:
        names, scopes, waiting = self._names, self._scopes, self._waiting
        self._names, self._scopes, self._waiting = [], [], []
        looking = self._look(list(dict.fromkeys(names)), list(dict.fromkeys(scopes)), waiting)
        self._begin(Stepped(looking, asyncio.get_running_loop()))

    async def _look(
        self, names: list[bytes], scopes: list[bytes], waiting: list["asyncio.Future[Seen | None]"]
    ) -> None:
        found = await self._found(names, scopes)
        for future in waiting:
            if not future.done():  # whoever was cancelled
                future.set_result(found)

    async def _found(self, names: list[bytes], scopes: list[bytes]) -> Seen | None:
        if self._owed:
            await self._settle()
            if self._owed:
                return None
        try:
            return await self._read(names, scopes)
        except RedisDown:
            return None

    async def _read(self, names: list[bytes], scopes: list[bytes]) -> Seen:
        wanted = scopes + names
        (values,) = await self._client.send(("MGET", *(self._prefix + name for name in wanted)))
        seen: Seen = dict(zip(wanted, values, strict=True))
        missing = [scope for scope in scopes if seen[scope] is None]
        return {**seen, **await self._made(missing)} if missing else seen

    async def _made(self, scopes: list[bytes]) -> Seen:
        """New versions, or those of others who came first."""
        made = {scope: new_version() for scope in scopes}
        others = await self._client.send(
            *(("SET", self._prefix + scope, made[scope], "EX", VERSIONS_S, "NX", "GET") for scope in scopes)
        )
        return {scope: other or made[scope] for scope, other in zip(scopes, others, strict=True)}

    async def _keep(self) -> None:
        """Keep what waits, until nothing does. The one connection that this takes is all that it ever takes."""
        try:
            while self._kept:
                entries, self._kept = self._kept, []
                await self._client.send(
                    *(("SET", self._prefix + one.name, one.value, "PX", round(one.ttl_s * 1_000)) for one in entries)
                )
        except RedisDown:
            self._kept.clear()
        finally:
            self._is_keeping = False

    async def _settle(self) -> None:
        """Take away the versions that could not be when something was changed."""
        owed = set(self._owed)
        if owed and await self._revoked(list(owed)):
            self._owed -= owed

    async def _revoked(self, scopes: Sequence[bytes]) -> bool:
        """True once nothing that was kept under their versions holds. Done also by a Redis that is full."""
        try:
            await self._client.send(("UNLINK", *(self._prefix + scope for scope in scopes)))
        except RedisDown:
            return False
        return True
