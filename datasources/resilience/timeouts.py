"""A bound on the time of a call."""

import asyncio

from datasources.errors import SourceTimedOut
from datasources.patience import Patience
from datasources.resilience.happenings import Happening, Note
from datasources.stepping import Bounded


class Timeouts:
    """Ends a call that takes longer than `limit_s`."""

    def __init__(self, source: str, limit_s: float, note: Note, loop: asyncio.AbstractEventLoop) -> None:
        self.source, self.note, self.patience = source, note, Patience(limit_s, loop)


class Timed(Bounded):
    """One call, which ends in time: `with Timed(timeouts) as own: await own.run(…)`. Raises SourceTimedOut."""

    def __init__(self, timeouts: Timeouts) -> None:
        self._timeouts, self._patience = timeouts, timeouts.patience

    def late(self) -> Exception:
        """See Bounded; it is noted."""
        of = self._timeouts
        of.note(of.source, Happening.TIMED_OUT)
        return SourceTimedOut(of.source, "reading")
