"""Asks again for what could not be read at once, within a budget: retries must not make an outage worse."""

import asyncio
import random
from collections.abc import Callable

from datasources.errors import SourceBusy, SourceError, SourceThrottled, SourceTimedOut
from datasources.resilience.happenings import Happening, Note

FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.05, 0.2
RETRY = 100
"""What a retry takes of the budget, of which a call brings its percentage."""
LARGEST_BUDGET = 10 * RETRY


class Retries:
    """At most `most` a call, and `percent` of all calls: a call that fails when the budget is spent has failed.

    The pause before one is any up to the longest, which doubles (full jitter). A source that was busy, or has taken all of
    its time, is not asked to do the same again.
    """

    def __init__(
        self, source: str, most: int, percent: int, note: Note, chance: Callable[[], float] = random.random
    ) -> None:
        self._source, self._most, self._percent, self._note, self._chance = source, most, percent, note, chance
        self._budget = LARGEST_BUDGET

    def earn(self) -> None:
        """A call brings its share of the budget."""
        if self._budget < LARGEST_BUDGET:
            self._budget += self._percent

    async def pause(self, failure: SourceError, made: int) -> bool:
        """True, after a pause, where it may be tried again after so many retries."""
        if made >= self._most or self._budget < RETRY or not is_passing(failure):
            return False
        self._budget -= RETRY
        self._note(self._source, Happening.RETRIED)
        await asyncio.sleep(self._chance() * min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2**made))
        return True


def is_passing(error: SourceError) -> bool:
    """True for a failure that may be over in a moment."""
    return error.retryable and not isinstance(error, (SourceBusy, SourceThrottled, SourceTimedOut))
