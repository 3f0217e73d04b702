"""Makes what a reader may do wrong the failure of its source: raise anything at all, or answer too few keys."""

from types import TracebackType
from typing import Any

from datasources.errors import InvalidRequest, SourceError, SourceTimedOut, SourceUnreadable

KEYS = (list, tuple)


class Miscounted(Exception):
    """A reader did not answer each key."""


class Answers:
    """What leaves it is an answer, or an error that a reader may raise."""

    def __init__(self, source: str) -> None:
        self._source = source

    def __enter__(self) -> None:
        """From now on the reader is asked."""

    def __exit__(self, _type: object, error: BaseException | None, _traceback: TracebackType | None) -> None:
        """Raises SourceError, InvalidRequest."""
        if not isinstance(error, Exception) or isinstance(error, (SourceError, InvalidRequest)):
            return
        kind = SourceTimedOut if isinstance(error, TimeoutError) else SourceUnreadable
        raise kind(self._source, "reading") from error


def check_count(answer: Any, arguments: tuple[Any, ...]) -> None:
    """Pass where there is an answer to each key, or no keys were asked for. Raises Miscounted, TypeError."""
    if arguments and arguments[0].__class__ in KEYS and len(answer) != len(arguments[0]):
        raise Miscounted
