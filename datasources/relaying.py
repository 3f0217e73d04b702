"""What was written into the outbox, delivered after the commit: at once, and again until it is taken or given up.

What is in one lane is delivered in its order, a lane at a time each; lanes do not wait for each other.
"""

import asyncio
import datetime as dt
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, Protocol
from uuid import UUID

import msgspec
import structlog

from datasources.errors import SourceError
from datasources.ids import CustomerId

RESTS_S = 1.0
"""How long nothing is tried after nothing was taken."""
LAGS = dt.timedelta(minutes=1)
"""What waits longer is told to the log."""

log = structlog.get_logger()


class Pace(msgspec.Struct, frozen=True):
    """How a topic is delivered: how often it is looked after, how long whoever takes a lane has (if they die meanwhile another
    one takes it after that), the waits between tries, which double, and after how many tries a message is given up."""

    pause_s: float
    lease: dt.timedelta
    first_wait: dt.timedelta
    longest_wait: dt.timedelta
    tries: int | None
    at_once: int = 1
    """How many lanes are delivered at once."""

    def wait(self, attempts: int) -> dt.timedelta:
        """The wait after so many tries."""
        return min(self.first_wait * 2.0 ** min(attempts - 1, 30), self.longest_wait)


TRIES = 12
LEASE = dt.timedelta(minutes=2)
MESSAGES = Pace(30, LEASE, dt.timedelta(seconds=30), dt.timedelta(hours=1), TRIES)
"""Messages to people: with waits that double these tries take about five hours; a link that comes later serves nobody."""
ROWS = Pace(5, dt.timedelta(seconds=20), dt.timedelta(seconds=1), dt.timedelta(seconds=30), None, at_once=4)
"""Rows of other sources, which are never given up."""


class Posted(msgspec.Struct, frozen=True):
    """Something in the outbox."""

    id: UUID
    customer_id: CustomerId
    sequence: int
    kind: str
    payload: Mapping[str, Any]  # what its kind tells


class Taken(msgspec.Struct, frozen=True):
    """A lane that was taken for the `attempts`th time since something of it was delivered, with the first of what waits in
    it; `sequence` is of the last that was put into it."""

    lane: UUID
    sequence: int
    attempts: int
    messages: tuple[Posted, ...]

    @property
    def until(self) -> int:
        """The number of the last that was taken."""
        return self.messages[-1].sequence if self.messages else self.sequence


class Backlog(msgspec.Struct, frozen=True):
    """How much waits, and since when the oldest of it does."""

    waiting: int
    since: dt.datetime | None

    def age(self, now: dt.datetime) -> dt.timedelta:
        """How long the oldest has waited."""
        return dt.timedelta() if self.since is None else max(now - self.since, dt.timedelta())


class CarrierDown(Exception):
    """Nothing is taken at present, whatever it is."""


class NotTaken(Exception):
    """This one is not taken at present."""


class Undeliverable(Exception):
    """This one will never be taken."""


class Outbox(Protocol):
    """What waits to be delivered of one topic. Raises SourceUnavailable, SourceTimedOut."""

    source: str
    topic: str
    posted: asyncio.Event
    """Set when this process has written something into it."""

    async def take(self, now: dt.datetime, until: dt.datetime) -> Taken | None:
        """The lane that has waited longest, not to be taken by anyone else before `until`; None where nothing waits."""
        ...

    async def settle(self, taken: Taken, now: dt.datetime) -> None:
        """What was taken is delivered, or given up."""
        ...

    async def postpone(self, taken: Taken, until: dt.datetime) -> None:
        """The lane is not to be tried again before that."""
        ...

    async def backlog(self) -> Backlog:
        """What waits."""
        ...


Deliver = Callable[[Taken], Awaitable[None]]
"""Delivers all messages of what was taken, in their order; of some it may have had some before. Raises CarrierDown,
NotTaken, Undeliverable, SourceUnavailable, SourceTimedOut."""


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


class Relay:
    """Takes from the outbox and delivers, at least once: any number of them share one outbox."""

    def __init__(
        self, outbox: Outbox, deliver: Deliver, pace: Pace = MESSAGES, clock: Callable[[], dt.datetime] = _now
    ) -> None:
        self.outbox, self._deliver, self._pace, self._clock = outbox, deliver, pace, clock
        self._stopped = asyncio.Event()
        self._is_down = False

    async def run(self) -> None:
        """Deliver whatever waits, now, whenever something is posted, and after each pause; until told to stop."""
        while not self._stopped.is_set():
            self.outbox.posted.clear()
            try:
                await self.round()
            except SourceError as error:
                log.warning("outbox.failed", topic=self.outbox.topic, source=error.source, error=type(error).__name__)
            if self._is_down:
                # Whatever is posted meanwhile is no news of the carrier.
                await _waited(self._stopped, RESTS_S)
            await _waited(self.outbox.posted, self._pace.pause_s)

    def stop(self) -> None:
        """Finish what is being delivered, and take nothing more."""
        self._stopped.set()
        self.outbox.posted.set()

    async def round(self) -> int:
        """Deliver what waits, until nothing does or nothing is taken; how many messages were delivered.

        Raises SourceUnavailable, SourceTimedOut.
        """
        self._is_down = False
        rounds = [self._drained() for _ in range(self._pace.at_once)]
        ended = await asyncio.gather(*rounds, return_exceptions=True)
        for one in ended:
            if isinstance(one, BaseException):
                raise one
        return sum(one for one in ended if isinstance(one, int))

    async def _drained(self) -> int:
        """Take a lane after the other."""
        delivered = 0
        while not (self._stopped.is_set() or self._is_down):
            now = self._clock()
            taken = await self.outbox.take(now, now + self._pace.lease)
            if taken is None:
                break
            delivered += await self._tried(taken)
        return delivered

    async def _tried(self, taken: Taken) -> int:
        """How many messages were delivered."""
        try:
            await self._deliver(taken)
        except Undeliverable as error:
            await self._give_up(taken, error)
        except NotTaken as error:
            await self._wait(taken, error)
        except CarrierDown as error:
            self._is_down = True
            await self._wait(taken, error)
        except SourceError:
            raise
        except Exception as error:  # noqa: BLE001  # a fault in one message must not end the delivery of all
            log.error("outbox.failed", topic=self.outbox.topic, **_told(error))  # noqa: TRY400  # it may hold an address
            await self._wait(taken, error)
        else:
            await self.outbox.settle(taken, self._clock())
            return len(taken.messages)
        return 0

    async def _wait(self, taken: Taken, error: Exception) -> None:
        if self._pace.tries is not None and taken.attempts >= self._pace.tries:
            await self._give_up(taken, error)
            return
        self._log("outbox.postponed", taken, error)
        await self.outbox.postpone(taken, self._clock() + self._pace.wait(taken.attempts))

    async def _give_up(self, taken: Taken, error: Exception) -> None:
        self._log("outbox.dropped", taken, error)
        await self.outbox.settle(taken, self._clock())

    def _log(self, event: str, taken: Taken, error: Exception) -> None:
        first = str(taken.messages[0].id) if taken.messages else None
        log.warning(event, topic=self.outbox.topic, id=first, attempts=taken.attempts, **_told(error))


async def _waited(event: asyncio.Event, most_s: float) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(most_s):
            await event.wait()


def _told(error: Exception) -> dict[str, str]:
    """An error by its kind alone: what a mail server says may repeat the address."""
    cause = error.__cause__
    return {"error": type(error).__name__} | ({} if cause is None else {"cause": type(cause).__name__})


Tell = Callable[[str, str, float], None]
"""Told (source, topic, seconds)."""


async def lags(outboxes: Sequence[Outbox], tell: Tell, clock: Callable[[], dt.datetime] = _now) -> None:
    """Tell how long the oldest in each outbox has waited, and the log where that is too long."""
    for outbox in outboxes:
        try:
            backlog = await outbox.backlog()
        except SourceError:
            continue
        age = backlog.age(clock())
        tell(outbox.source, outbox.topic, age.total_seconds())
        if age > LAGS:
            told = {"waiting": backlog.waiting, "age_s": round(age.total_seconds())}
            log.warning("outbox.lags", source=outbox.source, topic=outbox.topic, **told)
