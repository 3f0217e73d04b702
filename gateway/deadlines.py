"""How long a request is worked for: until its time is up, or its client gone."""

import asyncio
from collections.abc import Callable
from types import TracebackType

from starlette.types import Receive

from datasources.patience import Patience
from gateway.bodies import Disconnected

SLOW_S = 0.5
"""After so long it is worth a task to notice that the client is gone."""
Action = Callable[[], None]


class Deadlines:
    """Makes the deadlines of requests in one loop. What is not slow has no timer of its own."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop, self._slow = loop, Patience(SLOW_S, loop)

    def after(self, within_s: float) -> "Deadline":
        """One that passes so many seconds after it is entered."""
        return Deadline(within_s, self._loop, self._slow)


class Deadline:
    """Cancels what is within when it passes, as asyncio.timeout does, or does what was asked for instead.

    So it serves a request from its first byte to its answer.
    """

    __slots__ = (
        "_cancelled_by",
        "_cancelling",
        "_has_passed",
        "_instead",
        "_listening",
        "_loop",
        "_receive",
        "_slow",
        "_task",
        "_timer",
        "due",
        "within_s",
    )

    def __init__(self, within_s: float, loop: asyncio.AbstractEventLoop, slow: Patience) -> None:
        self.within_s, self._loop, self._slow = within_s, loop, slow
        self.due = 0.0
        """When it becomes slow, in the loop's time."""
        self._timer: asyncio.TimerHandle | None = None
        self._instead: Action | None = None
        self._receive: Receive | None = None
        self._listening: asyncio.Task[None] | None = None
        self._cancelled_by: type[Exception] | None = None
        self._has_passed = False

    def __enter__(self) -> "Deadline":
        task = asyncio.current_task()
        assert task is not None  # noqa: S101  # whatever can be cancelled runs in one
        self._task, self._cancelling = task, task.cancelling()
        if self.within_s <= SLOW_S:
            self._timer = self._loop.call_later(self.within_s, self._pass)
        else:
            self._slow.begin(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        """Raises TimeoutError or Disconnected where it has cancelled, and nobody else did."""
        self._slow.over(self)
        if self._timer is not None:
            self._timer.cancel()
        if self._listening is not None:
            self._listening.cancel()
        if self._cancelled_by is None or self._task.uncancel() > self._cancelling:
            return
        if kind is not None and issubclass(kind, asyncio.CancelledError):
            raise self._cancelled_by from error

    def instead(self, action: Action | None) -> None:
        """What to do in the place of cancelling when it passes: at once where it has. None is to cancel again."""
        self._instead = action
        if action is not None and self._has_passed:
            action()

    def listen(self, receive: Receive) -> None:
        """The body is read to its end: cancel as well when the client is gone."""
        self._receive = receive

    def end(self) -> None:
        """It has become slow: from now on it is worth a timer, and a look for whether the client is still there."""
        self._slow.over(self)
        self._timer = self._loop.call_at(self.due - SLOW_S + self.within_s, self._pass)
        if self._receive is not None:
            self._listening = asyncio.ensure_future(self._left(self._receive))

    async def _left(self, receive: Receive) -> None:
        """Wait until the client is gone."""
        while (await receive())["type"] != "http.disconnect":
            continue
        self._cancel(Disconnected)

    def _pass(self) -> None:
        self._has_passed = True
        if self._instead is not None:
            self._instead()
        else:
            self._cancel(TimeoutError)

    def _cancel(self, by: type[Exception]) -> None:
        if self._cancelled_by is None:
            self._cancelled_by = by
            self._task.cancel()
