"""A loop that does not wait for time to pass: where nothing else is to be done, it is the next timer's time."""

import asyncio
import selectors
from typing import Any


class SkippingSelector(selectors.SelectSelector):
    """Counts the time that it was told to wait."""

    now = 1_000.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """What is ready; time passes where nothing is. Without a timer it waits for what comes from outside."""
        ready = super().select(timeout if timeout is None else 0)
        if not ready and timeout is not None:
            self.now += timeout
        return ready


class SkippingLoop(asyncio.SelectorEventLoop):
    """Its `time` is that of the selector."""

    def __init__(self) -> None:
        self._skipping = SkippingSelector()
        super().__init__(self._skipping)

    def time(self) -> float:
        """Seconds, as far as they passed."""
        return self._skipping.now

    def hold_up(self, seconds: float) -> None:
        """Let time pass as if a callback had taken it."""
        self._skipping.now += seconds


def passed() -> float:
    """Seconds since the loop was made."""
    loop: Any = asyncio.get_running_loop()
    return round(loop.time() - SkippingSelector.now, 6)
