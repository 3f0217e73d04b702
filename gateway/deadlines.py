"""How long a request is worked for: until its time is up, or its client gone."""

import asyncio
from collections.abc import Callable
from types import TracebackType

from starlette.types import Receive

from gateway.bodies import Disconnected

SLOW_S = 0.5
"""After so long it is worth a task to notice that the client is gone."""
Action = Callable[[], None]


class Deadline:
    """Cancels what is within when it passes, as asyncio.timeout does, or does what was asked for instead.

    So one timer serves a request from its first byte to its answer.
    """

    __slots__ = (
        "_cancelled_by",
        "_cancelling",
        "_has_passed",
        "_instead",
        "_listening",
        "_receive",
        "_task",
        "_timer",
        "within_s",
    )

    def __init__(self, within_s: float) -> None:
        self.within_s = within_s
        self._instead: Action | None = None
        self._receive: Receive | None = None
        self._listening: asyncio.Task[None] | None = None
        self._cancelled_by: type[Exception] | None = None
        self._has_passed = False

    def __enter__(self) -> "Deadline":
        task = asyncio.current_task()
        assert task is not None  # noqa: S101  # whatever can be cancelled runs in one
        self._task, self._cancelling = task, task.cancelling()
        loop = asyncio.get_running_loop()
        is_short = self.within_s <= SLOW_S
        self._timer = (
            loop.call_later(self.within_s, self._pass) if is_short else loop.call_later(SLOW_S, self._notice_slow)
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        """Raises TimeoutError or Disconnected where it has cancelled, and nobody else did."""
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

    def _notice_slow(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(self.within_s - SLOW_S, self._pass)
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
