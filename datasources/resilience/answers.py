"""Makes what a reader may do wrong the failure of its source: raise anything at all, or answer too few keys."""

from typing import Any

from datasources.errors import SourceError, SourceTimedOut, SourceUnreadable

KEYS = (list, tuple)


class Miscounted(Exception):
    """A reader did not answer each key."""


def failure_of(source: str, error: Exception) -> SourceError:
    """The failure that an error of a reader is: itself, where it tells one."""
    if isinstance(error, SourceError):
        return error
    kind = SourceTimedOut if isinstance(error, TimeoutError) else SourceUnreadable
    failure = kind(source, "reading")
    failure.__cause__ = error
    return failure


def check_count(answer: Any, arguments: tuple[Any, ...]) -> None:
    """Pass where there is an answer to each key, or no keys were asked for. Raises Miscounted, TypeError."""
    if arguments and arguments[0].__class__ in KEYS and len(answer) != len(arguments[0]):
        raise Miscounted
