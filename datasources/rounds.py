"""What one request asks of a source in one turn of the loop goes there together, where the source can take it so."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Protocol


class Round(Protocol):
    """What was asked of one source, and what it has not answered yet."""

    def close(self) -> None:
        """Have nothing answered any more: nobody waits for it."""
        ...


ROUNDS: ContextVar[dict[object, Round] | None] = ContextVar("rounds", default=None)
"""The rounds of the running request, by the source; None where nothing is asked together."""


@contextmanager
def together() -> Iterator[None]:
    """Meanwhile, what is asked in one turn of the loop goes together; what is not answered at the end is let go of."""
    rounds: dict[object, Round] = {}
    before = ROUNDS.set(rounds)
    try:
        yield
    finally:
        ROUNDS.reset(before)
        for one in rounds.values():
            one.close()
