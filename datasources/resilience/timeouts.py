"""A bound on the time of a call."""

import asyncio
from typing import Any

from datasources.errors import SourceTimedOut
from datasources.layers import Call
from datasources.patience import Patience
from datasources.resilience.happenings import Happening, Note
from datasources.stepping import Interruptible, is_cancelled_too


class Timeouts:
    """Ends a call that takes longer than `limit_s`."""

    is_stepped = True

    def __init__(self, source: str, limit_s: float, note: Note, loop: asyncio.AbstractEventLoop) -> None:
        self._source, self._note, self._patience = source, note, Patience(limit_s, loop)

    def around(self, _reader: Any, _name: str, call: Call) -> Call:
        """See Layer. Raises SourceTimedOut."""
        begin, over = self._patience.begin, self._patience.over

        async def timed(*arguments: Any, **named: Any) -> Any:
            own = Interruptible()
            begin(own)
            try:
                return await own.run(call(*arguments, **named))
            except asyncio.CancelledError:
                if not own.is_ended or is_cancelled_too():
                    raise
                self._note(self._source, Happening.TIMED_OUT)
                raise SourceTimedOut(self._source, "reading") from None
            finally:
                over(own)

        return timed
