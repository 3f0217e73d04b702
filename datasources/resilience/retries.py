"""Asks again for what could not be read at once, within a budget: retries must not make an outage worse."""

import asyncio
import random
from collections.abc import Callable, Mapping
from typing import Any

from datasources.errors import SourceBusy, SourceError, SourceThrottled, SourceTimedOut
from datasources.layers import Call
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

    is_stepped = True

    def __init__(
        self, source: str, most: int, percent: int, note: Note, chance: Callable[[], float] = random.random
    ) -> None:
        self._source, self._most, self._percent, self._note, self._chance = source, most, percent, note, chance
        self._budget = LARGEST_BUDGET

    def around(self, _reader: Any, _name: str, call: Call) -> Call:
        """See Layer."""
        percent = self._percent

        async def retried(*arguments: Any, **named: Any) -> Any:
            if self._budget < LARGEST_BUDGET:
                self._budget += percent
            try:
                return await call(*arguments, **named)
            except SourceError as error:
                failure = error
            return await self._again(call, arguments, named, failure)

        return retried

    async def _again(
        self, call: Call, arguments: tuple[Any, ...], named: Mapping[str, Any], failure: SourceError
    ) -> Any:
        """The answer to one of the retries. Raises the last failure."""
        for number in range(self._most):
            if not is_passing(failure) or self._budget < RETRY:
                break
            self._budget -= RETRY
            self._note(self._source, Happening.RETRIED)
            await asyncio.sleep(self._chance() * min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2**number))
            try:
                return await call(*arguments, **named)
            except SourceError as error:
                failure = error
        raise failure


def is_passing(error: SourceError) -> bool:
    """True for a failure that may be over in a moment."""
    return error.retryable and not isinstance(error, (SourceBusy, SourceThrottled, SourceTimedOut))
