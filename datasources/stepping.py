"""Coroutines that run without a task: they are stepped from one future that they wait for to the next.

A task costs more than most calls to a source do. What is stepped so runs in no task: it must not ask for one, as
`asyncio.timeout` does.
"""

import asyncio
import types
from collections.abc import Coroutine, Generator
from typing import Any, Generic, Self, TypeVar

from datasources.patience import Patience

Value = TypeVar("Value")


class Stepped(asyncio.Future[Value], Generic[Value]):
    """The result of a coroutine, begun at once. Cancelled, it cancels what the coroutine waits for."""

    def __init__(self, coroutine: Coroutine[Any, None, Value], loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(loop=loop)
        self._coroutine = coroutine
        self._blocked: asyncio.Future[Any] | None = None
        self._is_to_cancel = False
        self._step()

    def cancel(self, msg: Any = None) -> bool:
        """See Future: the coroutine learns of it in the loop's next turn."""
        if self._blocked is not None:
            self._blocked.cancel(msg)
        return super().cancel(msg)

    def interrupt(self) -> None:
        """Cancel what the coroutine waits for, and let it end as it will; what is there already it is still given."""
        self._is_to_cancel = self._blocked is None or not self._blocked.cancel()

    def _step(self, _done: object = None) -> None:
        try:
            blocked: Any = self._coroutine.send(None)
        except StopIteration as stop:
            self._blocked = None
            if not self.done():
                self.set_result(stop.value)
        except asyncio.CancelledError:
            self._blocked = None
            super().cancel()
        except Exception as error:  # noqa: BLE001  # it is told to whoever waits
            self._blocked = None
            if not self.done():
                self.set_exception(error)
        else:
            self._block_on(blocked)

    def _block_on(self, blocked: "asyncio.Future[Any] | None") -> None:
        self._blocked = blocked
        if blocked is None:  # a bare yield, as `asyncio.sleep(0)` does
            self.get_loop().call_soon(self._step)
        else:
            if self._is_to_cancel:
                self._is_to_cancel = not blocked.cancel()
            blocked._asyncio_future_blocking = False  # how a task tells a future that it was awaited
            blocked.add_done_callback(self._step)


def interrupt(running: "asyncio.Future[Any]") -> None:
    """Cancel what is waited for in something that was begun, a task or stepped: it ends as it will."""
    if isinstance(running, Stepped):
        running.interrupt()
    else:
        running.cancel()


class Interruptible:
    """A part of a coroutine that can be ended from outside, in a task or without one: what it waits for is cancelled."""

    due = 0.0
    """When it is overdue, where somebody looks after that."""
    is_ended = False
    _is_to_cancel = False
    _blocked: asyncio.Future[Any] | None = None

    def end(self) -> None:
        """Cancel what it waits for, once, as a task that is cancelled does; what is there already it is still given."""
        if not self.is_ended:
            self.is_ended = True
            self._is_to_cancel = self._blocked is None or not self._blocked.cancel()

    @types.coroutine
    def run(self, coroutine: Any) -> Generator[Any, Any, Any]:
        """The coroutine's result, as awaiting it gives."""
        step = coroutine.send if hasattr(coroutine, "send") else (coroutine := coroutine.__await__()).send
        try:
            blocked = step(None)
            while True:
                self._blocked = blocked
                if self._is_to_cancel and blocked is not None:
                    self._is_to_cancel = not blocked.cancel()
                try:
                    yield blocked
                except BaseException as error:  # noqa: BLE001  # it is the coroutine's own
                    blocked = coroutine.throw(error)
                else:
                    blocked = step(None)
        except StopIteration as stop:
            return stop.value
        finally:
            self._blocked = None


class Bounded(Interruptible):
    """What takes no longer than its patience: `with Bounded(patience) as own: await own.run(…)`. Raises what `late` tells."""

    def __init__(self, patience: Patience) -> None:
        self._patience = patience

    def late(self) -> Exception:
        """What is raised where it has to be ended: a TimeoutError."""
        return TimeoutError()

    def __enter__(self) -> Self:
        """Its time begins."""
        self._patience.begin(self)
        return self

    def __exit__(self, type_: type[BaseException] | None, *_: object) -> None:
        """It has ended, or was ended."""
        self._patience.over(self)
        if type_ is asyncio.CancelledError and self.is_ended and not is_cancelled_too():
            raise self.late() from None


def is_cancelled_too() -> bool:
    """True where the task that runs, if one does, was asked to end as well."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
