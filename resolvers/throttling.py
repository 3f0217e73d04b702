"""How often one caller may do something: a rate and a burst for each, held by the process (B24)."""

import math
import time
from collections import OrderedDict
from collections.abc import Callable

from datasources.errors import RateLimited

CALLERS_HELD = 10_000


class Throttle:
    """Lets each caller through `burst` times at once and `per_minute` times a minute on average.

    Kept for a caller is when all of their tries will have been made good: the generic cell rate algorithm, one number.
    """

    def __init__(self, per_minute: int, burst: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._interval_s, self._clock = 60 / per_minute, clock
        self._ahead_s = (burst - 1) * self._interval_s
        self._settled_at: OrderedDict[str, float] = OrderedDict()

    def take(self, caller: str, doing: str) -> None:
        """Count one more. Raises RateLimited, which counts nothing."""
        now = self._clock()
        settled_at = max(now, self._settled_at.pop(caller, now))
        wait = settled_at - now - self._ahead_s
        self._settled_at[caller] = settled_at if wait > 0 else settled_at + self._interval_s
        # Whoever was away the longest has made good, or nearly so: the same as being unknown.
        if len(self._settled_at) > CALLERS_HELD:
            self._settled_at.popitem(last=False)
        if wait > 0:
            seconds = math.ceil(wait)
            raise RateLimited(f"Too many {doing}: try again in {seconds} s.", seconds)
