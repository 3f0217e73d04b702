"""Asks no more of a source that mostly fails, until a probe tells that it is back."""

from collections import deque
from collections.abc import Callable
from typing import Any

import msgspec

from datasources.errors import SourceBusy, SourceCrowded, SourceCutOff, SourceError, SourceThrottled
from datasources.layers import Call
from datasources.registry import Domain
from datasources.resilience.happenings import Happening, Note

UNASKED = (SourceBusy, SourceCrowded, SourceThrottled)
"""How calls fail that the source was not asked, or answered by asking for patience: they tell nothing of it."""
PARTS = 10
"""The window slides by so many parts."""


class Tripping(msgspec.Struct, frozen=True):
    """When a breaker opens: `percent` of at least `calls` in `window_s` failed; and for how long."""

    percent: int
    calls: int
    window_s: float
    open_s: float


class Breaker:
    """Closed, it counts; open, it refuses; after `open_s` it lets one call through at a time, whose end decides."""

    is_stepped = True

    def __init__(self, source: str, tripping: Tripping, note: Note, clock: Callable[[], float]) -> None:
        self._source, self._tripping, self._note, self._clock = source, tripping, note, clock
        self._window = Window(tripping.window_s, clock)
        self._probe_at: float | None = None
        """When the next probe may be made; None while closed."""
        self._is_probing = False
        self._failed_at: dict[Domain, float] = {}

    @property
    def is_open(self) -> bool:
        """True until a probe has been answered."""
        return self._probe_at is not None

    def has_failures(self, domain: Domain) -> bool:
        """True where a call for the domain failed within the window."""
        failed_at = self._failed_at.get(domain)
        return failed_at is not None and self._clock() - failed_at < self._tripping.window_s

    def around(self, reader: Any, _name: str, call: Call) -> Call:
        """See Layer. Raises SourceCutOff."""
        domain = reader.domain

        async def counted(*arguments: Any, **named: Any) -> Any:
            if self._probe_at is not None:
                return await self.probe(lambda: call(*arguments, **named))
            try:
                answer = await call(*arguments, **named)
            except Exception as error:
                self._count(domain, error)
                raise
            self._window.count()
            return answer

        return counted

    async def probe(self, call: Call) -> Any:
        """The answer to the one call that may tell that the source is back. Raises SourceCutOff."""
        if self._is_probing or (self._probe_at is not None and self._clock() < self._probe_at):
            self._note(self._source, Happening.CUT_OFF)
            raise SourceCutOff(self._source, "reading")
        self._is_probing = True
        self._note(self._source, Happening.PROBED)
        try:
            answer = await call()
        except Exception as error:
            self._judge(error)
            raise
        finally:
            self._is_probing = False
        self._close()
        return answer

    def _open(self) -> None:
        self._probe_at = self._clock() + self._tripping.open_s
        self._note(self._source, Happening.OPENED)

    def _close(self) -> None:
        """As if nothing had been."""
        self._probe_at = None
        self._window = Window(self._tripping.window_s, self._clock)
        self._failed_at.clear()
        self._note(self._source, Happening.CLOSED)

    def _judge(self, error: Exception) -> None:
        """What the failure of a probe means; of one that was cancelled or never sent, nothing."""
        if is_failure(error):
            self._open()
        elif not isinstance(error, UNASKED):
            self._close()

    def _count(self, domain: Domain, error: Exception) -> None:
        if isinstance(error, UNASKED):
            return
        if not is_failure(error):
            self._window.count()
            return
        self._failed_at[domain] = self._clock()
        self._window.count(failed=1)
        calls, failed = self._window.sums()
        if calls >= self._tripping.calls and failed * 100 >= calls * self._tripping.percent and not self.is_open:
            self._open()


class Window:
    """Counts calls, and those that failed, of the last `length_s` seconds; parts that began earlier count no more."""

    def __init__(self, length_s: float, clock: Callable[[], float]) -> None:
        self._length_s, self._clock = length_s, clock
        self._past: deque[tuple[float, int, int]] = deque(maxlen=PARTS)
        """When each part began, its calls and failures."""
        self._began = clock()
        self._until = self._began + length_s / PARTS
        self._calls = self._failed = 0

    def count(self, failed: int = 0) -> None:
        """Count one call."""
        now = self._clock()
        if now >= self._until:
            self._slide(now)
        self._calls += 1
        self._failed += failed

    def sums(self) -> tuple[int, int]:
        """The calls, and those that failed."""
        since = self._clock() - self._length_s
        past = [part for part in self._past if part[0] > since]
        return self._calls + sum(part[1] for part in past), self._failed + sum(part[2] for part in past)

    def _slide(self, now: float) -> None:
        self._past.append((self._began, self._calls, self._failed))
        self._began, self._until = now, now + self._length_s / PARTS
        self._calls = self._failed = 0


def is_failure(error: Exception) -> bool:
    """True for what tells that a source is not well: it was asked, and asking again may help."""
    return isinstance(error, SourceError) and error.retryable and not isinstance(error, UNASKED)
