"""What one request asks of a source in one turn of the loop goes there together, where the source can take it so."""

from contextvars import ContextVar
from typing import Protocol


class Round(Protocol):
    """What was asked of one source, and what it has not answered yet."""

    def close(self) -> None:
        """Have nothing answered any more: nobody waits for it."""
        ...


ROUNDS: ContextVar[dict[object, Round] | None] = ContextVar("rounds", default=None)
"""The rounds of the running request, by the source; None where nothing is asked together."""


class Together:
    """Meanwhile, what is asked in one turn of the loop goes together; what is not answered at the end is let go of."""

    __slots__ = ("_before", "_rounds")

    def __enter__(self) -> None:
        """From now on."""
        self._rounds: dict[object, Round] = {}
        self._before = ROUNDS.set(self._rounds)

    def __exit__(self, *_: object) -> None:
        """Until now."""
        ROUNDS.reset(self._before)
        for one in self._rounds.values():
            one.close()
