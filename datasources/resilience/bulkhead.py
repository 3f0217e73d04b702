"""A bound on the calls to a source that run at once: one that is slow can't take everybody's place."""

from datasources.errors import SourceBusy
from datasources.resilience.happenings import Happening, Note


class Bulkhead:
    """Refuses a call at once where `most` are running."""

    def __init__(self, source: str, most: int, note: Note) -> None:
        self._source, self._most, self._note = source, most, note
        self.running = 0

    def __enter__(self) -> None:
        """Take a place. Raises SourceBusy."""
        if self.running >= self._most:
            self._note(self._source, Happening.CROWDED_OUT)
            raise SourceBusy(self._source, "reading")
        self.running += 1

    def __exit__(self, *_: object) -> None:
        """Give it back."""
        self.running -= 1
