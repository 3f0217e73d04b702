"""Asks no more of a source that mostly fails, until a probe tells that it is back."""

from collections import deque
from collections.abc import Callable

import msgspec

from datasources.errors import SourceBusy, SourceCrowded, SourceCutOff, SourceError, SourceThrottled
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

    def __init__(self, source: str, tripping: Tripping, note: Note, clock: Callable[[], float]) -> None:
        self._source, self._tripping, self._note, self._clock = source, tripping, note, clock
        self.window = Window(tripping.window_s, clock)
        """What is counted while it is closed."""
        self.is_open = False
        """True until a probe has been answered."""
        self._probe_at = 0.0
        """When the next probe may be made, while it is open."""
        self._is_probing = False
        self._failed_at: dict[Domain, float] = {}

    def has_failures(self, domain: Domain) -> bool:
        """True where a call for the domain failed within the window."""
        failed_at = self._failed_at.get(domain)
        return failed_at is not None and self._clock() - failed_at < self._tripping.window_s

    def counting(self, domain: Domain) -> "Counting":
        """What stands around the calls for a domain: `with counting.call(): …`."""
        return Counting(self, domain)

    def probe(self) -> "Probe":
        """What stands around the one call that may tell that the source is back. Raises SourceCutOff."""
        return Probe(self)

    def begin_probe(self) -> None:
        """Raises SourceCutOff where none may be made yet, or one is being made."""
        if self._is_probing or (self.is_open and self._clock() < self._probe_at):
            self._note(self._source, Happening.CUT_OFF)
            raise SourceCutOff(self._source, "reading")
        self._is_probing = True
        self._note(self._source, Happening.PROBED)

    def end_probe(self, error: BaseException | None) -> None:
        """What its end means: of a probe that was cancelled or never sent, nothing."""
        self._is_probing = False
        if error is None or (isinstance(error, Exception) and not is_failure(error) and not isinstance(error, UNASKED)):
            self._close()
        elif is_failure(error):
            self._open()

    def count_error(self, domain: Domain, error: BaseException) -> None:
        """Count a call that failed; one that was cancelled or never sent tells nothing."""
        if is_failure(error):
            self._failed_at[domain] = self._clock()
            self.window.count(failed=1)
            self._open_where_most_failed()
        elif isinstance(error, Exception) and not isinstance(error, UNASKED):
            self.window.count()

    def _open(self) -> None:
        self.is_open, self._probe_at = True, self._clock() + self._tripping.open_s
        self._note(self._source, Happening.OPENED)

    def _close(self) -> None:
        """As if nothing had been."""
        self.is_open = False
        self.window = Window(self._tripping.window_s, self._clock)
        self._failed_at.clear()
        self._note(self._source, Happening.CLOSED)

    def _open_where_most_failed(self) -> None:
        calls, failed = self.window.sums()
        if calls >= self._tripping.calls and failed * 100 >= calls * self._tripping.percent and not self.is_open:
            self._open()


class Counting:
    """Stands around calls of a domain."""

    __slots__ = ("_breaker", "_domain")

    def __init__(self, breaker: Breaker, domain: Domain) -> None:
        self._breaker, self._domain = breaker, domain

    def call(self) -> "Counting | Probe":
        """What stands around one call: while the breaker is closed, itself. Raises SourceCutOff."""
        return self._breaker.probe() if self._breaker.is_open else self

    def __enter__(self) -> None:
        """A call begins."""

    def __exit__(self, _type: object, error: BaseException | None, _traceback: object) -> None:
        """It has ended."""
        breaker = self._breaker
        if error is None:
            breaker.window.count()
        else:
            breaker.count_error(self._domain, error)


class Probe:
    """Stands around a call while the breaker is open."""

    __slots__ = ("_breaker",)

    def __init__(self, breaker: Breaker) -> None:
        self._breaker = breaker

    def __enter__(self) -> None:
        """Raises SourceCutOff."""
        self._breaker.begin_probe()

    def __exit__(self, _type: object, error: BaseException | None, _traceback: object) -> None:
        """It has ended."""
        self._breaker.end_probe(error)


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


def is_failure(error: BaseException) -> bool:
    """True for what tells that a source is not well: it was asked, and asking again may help."""
    return isinstance(error, SourceError) and error.retryable and not isinstance(error, UNASKED)
