"""What one worker takes at once, and how many failed sign-ins from one address."""

import time
from collections import OrderedDict
from collections.abc import Callable

from gateway.errors import Code, refused

MAX_IN_FLIGHT = 64
MAX_FAILURES = 100
WINDOW_S = 2.0
PEERS_HELD = 10_000
RETRY_SOON = ((b"retry-after", b"1"),)


class InFlight:
    """Operations that run in this worker; beyond the limit they are refused at once instead of waiting."""

    def __init__(self, tell: Callable[[int], None], limit: int = MAX_IN_FLIGHT) -> None:
        """`tell` is told how many run, whenever that changes."""
        self._limit, self._running, self._tell = limit, 0, tell

    def __enter__(self) -> None:
        """Take a place among those that run. Raises Refused when there is none."""
        if self._running >= self._limit:
            raise refused(Code.RATE_LIMITED, 503, "The gateway is busy, try again in a second.", RETRY_SOON)
        self._running += 1
        self._tell(self._running)

    def __exit__(self, *_: object) -> None:
        """Give it back."""
        self._running -= 1
        self._tell(self._running)


class FailedSignIns:
    """Counts tokens refused by the address they came from: 100 in 2 seconds, then no more are looked at until they end."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._peers: OrderedDict[str, tuple[float, int]] = OrderedDict()

    def check(self, peer: str) -> None:
        """Pass unless too many failed. Raises Refused."""
        since, failures = self._peers.get(peer, (0.0, 0))
        if failures >= MAX_FAILURES and self._clock() < since + WINDOW_S:
            raise refused(Code.RATE_LIMITED, 429, "Too many refused tokens from this address.", RETRY_SOON)

    def note(self, peer: str) -> None:
        """Count one more failure."""
        now = self._clock()
        since, failures = self._peers.pop(peer, (now, 0))
        self._peers[peer] = (since, failures + 1) if now < since + WINDOW_S else (now, 1)
        if len(self._peers) > PEERS_HELD:
            self._peers.popitem(last=False)
