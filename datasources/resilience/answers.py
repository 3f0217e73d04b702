"""Makes what a reader may do wrong the failure of its source: raise anything at all, or answer too few keys."""

from collections.abc import Sequence
from typing import Any

from datasources.errors import InvalidRequest, SourceError, SourceTimedOut, SourceUnreadable
from datasources.layers import Call

KEYS = (list, tuple)


class Miscounted(Exception):
    """A reader did not answer each key."""


class Answers:
    """Innermost of the layers: what leaves it is an answer, or an error that a reader may raise."""

    is_stepped = True

    def __init__(self, source: str) -> None:
        self._source = source

    def around(self, _reader: Any, _name: str, call: Call) -> Call:
        """See Layer. Raises SourceError, InvalidRequest."""

        async def checked(*arguments: Any, **named: Any) -> Any:
            try:
                answer = await call(*arguments, **named)
                if arguments and arguments[0].__class__ in KEYS:
                    _check_count(answer, arguments[0])
            except (SourceError, InvalidRequest):
                raise
            except TimeoutError as error:
                raise SourceTimedOut(self._source, "reading") from error
            except Exception as error:
                raise SourceUnreadable(self._source, "reading") from error
            return answer

        return checked


def _check_count(answer: Any, keys: Sequence[Any]) -> None:
    if len(answer) != len(keys):
        raise Miscounted
