"""How often one caller may do something: a rate and a burst for each (B24)."""

import math

from datasources.counting import Counters, Rate
from datasources.errors import RateLimited


class Throttle:
    """Lets each caller do something at a rate, whichever gateway they ask."""

    def __init__(self, doing: str, rate: Rate, counters: Counters) -> None:
        """`doing` is what it is called in the plural."""
        self._doing, self._rate, self._counters = doing, rate, counters

    async def take(self, caller: str) -> None:
        """Count one more. Raises RateLimited, which counts nothing."""
        wait = await self._counters.take(f"{self._doing}:{caller}", self._rate)
        if wait > 0:
            seconds = math.ceil(wait)
            raise RateLimited(f"Too many {self._doing}: try again in {seconds} s.", seconds)
