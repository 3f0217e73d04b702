"""How often one caller may do something: a bucket of tokens for each, held by the process (B24)."""

import math
import time
from collections import OrderedDict
from collections.abc import Callable

from datasources.errors import RateLimited

CALLERS_HELD = 10_000


class Throttle:
    """Lets each caller through `burst` times at once and `per_minute` times a minute on average."""

    def __init__(self, per_minute: int, burst: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_second, self._burst, self._clock = per_minute / 60, burst, clock
        self._callers: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, caller: str, doing: str) -> None:
        """Count one more. Raises RateLimited, which counts nothing."""
        now = self._clock()
        left, since = self._callers.pop(caller, (float(self._burst), now))
        left = min(float(self._burst), left + (now - since) * self._per_second)
        allowed = left >= 1
        self._callers[caller] = (left - 1 if allowed else left, now)
        # Whoever was away the longest has a full bucket again, or nearly so: the same as being unknown.
        if len(self._callers) > CALLERS_HELD:
            self._callers.popitem(last=False)
        if not allowed:
            wait = math.ceil((1 - left) / self._per_second)
            raise RateLimited(f"Too many {doing}: try again in {wait} s.", wait)
