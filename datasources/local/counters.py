"""What one process counts for itself: `datasources.counting.Counters`."""

import time
from collections import OrderedDict
from collections.abc import Callable

from datasources.counting import Rate

NAMES_HELD = 10_000


class LocalCounters:
    """Serves `datasources.counting.Counters` in memory."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._settled_at: OrderedDict[str, float] = OrderedDict()

    async def take(self, name: str, rate: Rate) -> float:
        """See Counters."""
        now = self._clock()
        settled_at = max(now, self._settled_at.pop(name, now))
        wait = settled_at - now - rate.ahead_s
        self._settled_at[name] = settled_at if wait > 0 else settled_at + rate.interval_s
        # Whoever was away the longest has made good, or nearly so: the same as being unknown.
        if len(self._settled_at) > NAMES_HELD:
            self._settled_at.popitem(last=False)
        return max(0.0, wait)
