"""What was written into the outbox, delivered after the commit: at once, and again until it is taken or given up."""

import asyncio
import datetime as dt
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Protocol
from uuid import UUID

import msgspec
import structlog

from datasources.errors import SourceError
from datasources.ids import CustomerId

PAUSE_S = 30.0
LEASE = dt.timedelta(minutes=2)
"""Whoever takes something has this long; if they die meanwhile another one takes it after that."""
FIRST_WAIT, LONGEST_WAIT = dt.timedelta(seconds=30), dt.timedelta(hours=1)
TRIES = 12
"""With waits that double these are about five hours; a link that comes later serves nobody."""

log = structlog.get_logger()


class Posted(msgspec.Struct, frozen=True):
    """Something in the outbox that was taken to be delivered, for the `attempts`th time."""

    id: UUID
    customer_id: CustomerId
    payload: Mapping[str, str]
    attempts: int


class CarrierDown(Exception):
    """Nothing is taken at present, whatever it is."""


class NotTaken(Exception):
    """This one is not taken at present."""


class Undeliverable(Exception):
    """This one will never be taken."""


class Outbox(Protocol):
    """What waits to be delivered. Raises SourceUnavailable, SourceTimedOut."""

    posted: asyncio.Event
    """Set when this process has written something into it."""

    async def take(self, now: dt.datetime, until: dt.datetime) -> Posted | None:
        """What has waited longest, not to be taken by anyone else before `until`; None where nothing waits."""
        ...

    async def delivered(self, id: UUID, at: dt.datetime) -> None:
        """It was delivered."""
        ...

    async def postpone(self, id: UUID, until: dt.datetime) -> None:
        """It is not to be tried again before that."""
        ...

    async def drop(self, id: UUID) -> None:
        """It is given up."""
        ...


Deliver = Callable[[Posted], Awaitable[None]]
"""Raises CarrierDown, NotTaken, Undeliverable, SourceUnavailable, SourceTimedOut."""


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


class Relay:
    """Takes from the outbox and delivers, at least once: any number of them share one outbox."""

    def __init__(self, outbox: Outbox, deliver: Deliver, clock: Callable[[], dt.datetime] = _now) -> None:
        self._outbox, self._deliver, self._clock = outbox, deliver, clock
        self._stopping = False

    async def run(self) -> None:
        """Deliver whatever waits, now, whenever something is posted, and every half minute; until told to stop."""
        while not self._stopping:
            self._outbox.posted.clear()
            try:
                await self.round()
            except SourceError as error:
                log.warning("outbox.failed", source=error.source, error=type(error).__name__)
            except Exception as error:  # noqa: BLE001  # a fault in one message must not end the delivery of all
                log.error("outbox.failed", error=type(error).__name__)  # noqa: TRY400  # a message may hold an address
            with suppress(TimeoutError):
                async with asyncio.timeout(PAUSE_S):
                    await self._outbox.posted.wait()

    def stop(self) -> None:
        """Finish what is being delivered, and take nothing more."""
        self._stopping = True
        self._outbox.posted.set()

    async def round(self) -> int:
        """Deliver what waits, until nothing does or nothing is taken; how many were delivered.

        Raises SourceUnavailable, SourceTimedOut.
        """
        delivered = 0
        while not self._stopping:
            now = self._clock()
            posted = await self._outbox.take(now, now + LEASE)
            if posted is None:
                break
            try:
                await self._deliver(posted)
            except Undeliverable as error:
                await self._give_up(posted, error)
            except NotTaken as error:
                await self._wait(posted, error)
            except CarrierDown as error:
                await self._wait(posted, error)
                break
            else:
                await self._outbox.delivered(posted.id, self._clock())
                delivered += 1
        return delivered

    async def _wait(self, posted: Posted, error: Exception) -> None:
        if posted.attempts >= TRIES:
            await self._give_up(posted, error)
            return
        wait = min(FIRST_WAIT * 2 ** (posted.attempts - 1), LONGEST_WAIT)
        log.warning("outbox.postponed", id=str(posted.id), attempts=posted.attempts, **_told(error))
        await self._outbox.postpone(posted.id, self._clock() + wait)

    async def _give_up(self, posted: Posted, error: Exception) -> None:
        log.warning("outbox.dropped", id=str(posted.id), attempts=posted.attempts, **_told(error))
        await self._outbox.drop(posted.id)


def _told(error: Exception) -> dict[str, str]:
    """An error by its kind alone: what a mail server says may repeat the address."""
    cause = error.__cause__
    return {"error": type(error).__name__} | ({} if cause is None else {"cause": type(cause).__name__})
