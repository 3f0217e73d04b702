"""A bound on the calls to a source that run at once: one that is slow can't take everybody's place."""

from typing import Any

from datasources.errors import SourceBusy
from datasources.layers import Call
from datasources.resilience.happenings import Happening, Note


class Bulkhead:
    """Refuses a call at once where `most` are running."""

    is_stepped = True

    def __init__(self, source: str, most: int, note: Note) -> None:
        self._source, self._most, self._note = source, most, note
        self.running = 0

    def around(self, _reader: Any, _name: str, call: Call) -> Call:
        """See Layer. Raises SourceBusy."""

        async def bounded(*arguments: Any, **named: Any) -> Any:
            if self.running >= self._most:
                self._note(self._source, Happening.CROWDED_OUT)
                raise SourceBusy(self._source, "reading")
            self.running += 1
            try:
                return await call(*arguments, **named)
            finally:
                self.running -= 1

        return bounded
