"""The one way to Redis: every call is bounded, and while Redis is down nobody waits for it.

redis-py's own defaults make an outage of a dead Redis: a refused port takes 3.8 s a call (ten retries), one that swallows
what it is sent seven and more. Its connections are used as they are, since its client takes four times as long to call.
"""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from functools import cached_property
from typing import Any

import structlog
from hiredis import pack_command
from redis.asyncio import ConnectionPool, Redis
from redis.asyncio.client import PubSub
from redis.asyncio.connection import AbstractConnection
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import OutOfMemoryError, RedisError, ResponseError
from redis.exceptions import TimeoutError as ConnectTimedOut

from datasources.patience import Patience
from datasources.stepping import Bounded

Command = tuple[bytes | str | int | float, ...]

CONNECT_S, CALL_S = 0.1, 0.2
"""A call takes no longer than the second, with all waiting and connecting in it."""
CONNECTIONS = 20
FAILURES, WITHIN_S = 5, 10.0
PROBE_S = 4.0
"""With the time that a probe takes it is found within five seconds that Redis is back."""
HUNG = (TimeoutError, ConnectTimedOut)

log = structlog.get_logger()


class RedisDown(Exception):
    """Redis did not do it: it can't be reached, is too slow, or refused."""


class RedisFull(RedisDown):
    """Redis has no room for it, and does all else."""


class RedisClient:
    """Calls Redis until that fails five times in ten seconds, or takes too long once; then it is only probed.

    What hangs costs every caller its whole time, so one that hung is enough; what fails at once costs none.
    """

    def __init__(self, url: str) -> None:
        # All of a call is bounded together, so the driver needs no time of its own for each part.
        bounds: dict[str, Any] = {"socket_connect_timeout": CONNECT_S, "socket_timeout": None}
        bounds |= {"retry": Retry(NoBackoff(), 0), "protocol": 2, "driver_info": None}
        self._made_by = ConnectionPool.from_url(url, **bounds)
        self._listening = Redis.from_url(url, **bounds)
        self._places = asyncio.Semaphore(CONNECTIONS)
        self._idle: list[AbstractConnection] = []
        self.is_up = True
        """False while nobody calls it."""
        self.on_return: list[Callable[[], Awaitable[None]]] = []
        """Called once it is back; they raise nothing."""
        self._failed_at: deque[float] = deque(maxlen=FAILURES)
        self._probing: asyncio.Task[None] | None = None

    @cached_property
    def _patience(self) -> Patience:
        """How long a call is waited for, in the loop that it is first made in."""
        return Patience(CALL_S, asyncio.get_running_loop())

    async def send(self, *commands: Command) -> list[Any]:
        """The replies to commands that are sent together. Raises RedisDown, RedisFull."""
        if not self.is_up:
            raise RedisDown
        try:
            return await self._tried(commands)
        except RedisDown as error:
            self._count(error)
            raise

    def pubsub(self) -> PubSub:
        """Listens on a connection of its own. What it does is not bounded, nor counted."""
        return self._listening.pubsub()

    async def close(self) -> None:
        """Disconnect."""
        if self._probing is not None:
            self._probing.cancel()
            with suppress(asyncio.CancelledError):
                await self._probing
        for connection in self._idle:
            await connection.disconnect()
        await self._listening.aclose()

    async def _tried(self, commands: Sequence[Command]) -> list[Any]:
        try:
            with Bounded(self._patience) as own:
                replies: list[Any] = await own.run(self._in_place(commands))
                return replies
        except OutOfMemoryError as error:
            raise RedisFull from error
        except (RedisError, OSError, TimeoutError) as error:
            raise RedisDown from error

    async def _in_place(self, commands: Sequence[Command]) -> list[Any]:
        async with self._places:
            return await self._sent(commands)

    async def _sent(self, commands: Sequence[Command]) -> list[Any]:
        connection = self._idle.pop() if self._idle else self._new()
        try:
            # What there is to be read before anything was asked is the end: the server closed it.
            if not connection.is_connected or await connection.can_read():
                await asyncio.create_task(_reconnect(connection))
            # redis-py's own packing, in Python, takes five times as long.
            await connection.send_packed_command([pack_command(one) for one in commands], check_health=False)  # type: ignore[arg-type]  # its stub takes one part
            replies = [await _reply(connection) for _ in commands]
        finally:
            # One that broke, or that somebody left in the middle of a reply, was disconnected.
            self._idle.append(connection)
        for reply in replies:
            if isinstance(reply, ResponseError):
                raise reply
        return replies

    def _new(self) -> AbstractConnection:
        made: AbstractConnection = self._made_by.make_connection()  # type: ignore[no-untyped-call]  # as redis-py has it
        return made

    def _count(self, error: RedisDown) -> None:
        if isinstance(error, RedisFull):
            return
        now = time.monotonic()
        self._failed_at.append(now)
        is_often = len(self._failed_at) == FAILURES and now - self._failed_at[0] <= WITHIN_S
        if self.is_up and (is_often or isinstance(error.__cause__, HUNG)):
            self.is_up = False
            log.warning("redis.down", error=type(error.__cause__).__name__)
            self._probing = asyncio.create_task(self._probed())

    async def _probed(self) -> None:
        """Wait until it is back."""
        while not self.is_up:
            await asyncio.sleep(PROBE_S)
            with suppress(RedisDown):
                await self._tried([("PING",)])
                self._failed_at.clear()
                self.is_up = True
        log.info("redis.back")
        for told in self.on_return:
            await told()


async def _reply(connection: AbstractConnection) -> Any:
    """The reply to a command; a refusal too, since those to other commands come behind it."""
    try:
        return await connection.read_response()
    except ResponseError as error:
        return error


async def _reconnect(connection: AbstractConnection) -> None:
    """Connect, from a task of its own: redis-py bounds it by `asyncio.timeout`, and who calls may be in none."""
    await connection.disconnect()
    await connection.connect()  # type: ignore[no-untyped-call]
