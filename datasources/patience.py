"""How long to wait for each of many things that may all take equally long.

They are due in the order in which they began: one timer, set for the first of them, serves all. A timer each would cost
several times as much.
"""

import asyncio
from typing import Protocol

LATE_S = 0.05
"""By how much the loop has to be late for its own delay to be made good."""


class Wait(Protocol):
    """Something that is waited for."""

    due: float
    """Set when it is begun, in the loop's time."""

    def end(self) -> None:
        """It is overdue. Called more than once where it is waited for all the same."""
        ...


class Patience:
    """Ends what is waited for longer than `limit_s`.

    A loop that is late holds up answers that came in time: as long as it is, nothing is ended.
    """

    def __init__(self, limit_s: float, loop: asyncio.AbstractEventLoop) -> None:
        self._limit_s, self._loop, self._time = limit_s, loop, loop.time
        self._begun: dict[Wait, None] = {}
        """In the order in which they began."""
        self._timer: asyncio.TimerHandle | None = None

    def begin(self, wait: Wait) -> None:
        """From now on it is waited for."""
        wait.due = self._time() + self._limit_s
        self._begun[wait] = None
        if self._timer is None:
            self._look_at(wait.due)

    def over(self, wait: Wait) -> None:
        """It is waited for no more, if it was."""
        self._begun.pop(wait, None)

    def _look_at(self, due: float) -> None:
        self._timer = self._loop.call_at(due, self._end_overdue, due)

    def _end_overdue(self, due: float) -> None:
        """End what is overdue, and look again when the next is due."""
        now, self._timer = self._time(), None
        if now - due > LATE_S:
            self._look_at(now + now - due)
            return
        for wait in tuple(self._begun):
            if wait.due > now:
                self._look_at(wait.due)
                return
            wait.end()
