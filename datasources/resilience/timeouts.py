"""A bound on the time of a call."""

import asyncio

from datasources.errors import SourceTimedOut
from datasources.patience import Patience
from datasources.resilience.happenings import Happening, Note
from datasources.stepping import Interruptible, is_cancelled_too


class Timeouts:
    """Ends a call that takes longer than `limit_s`."""

    def __init__(self, source: str, limit_s: float, note: Note, loop: asyncio.AbstractEventLoop) -> None:
        self.source, self.note, self.patience = source, note, Patience(limit_s, loop)


class Timed(Interruptible):
    """One call, which ends in time: `with Timed(timeouts) as own: await own.run(…)`. Raises SourceTimedOut."""

    def __init__(self, timeouts: Timeouts) -> None:
        self._timeouts = timeouts

    def __enter__(self) -> "Timed":
        """Its time begins."""
        self._timeouts.patience.begin(self)
        return self

    def __exit__(self, type_: type[BaseException] | None, *_: object) -> None:
        """It has ended, or was ended: then raises SourceTimedOut."""
        of = self._timeouts
        of.patience.over(self)
        if type_ is asyncio.CancelledError and self.is_ended and not is_cancelled_too():
            of.note(of.source, Happening.TIMED_OUT)
            raise SourceTimedOut(of.source, "reading") from None
