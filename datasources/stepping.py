"""Coroutines that run without a task: they are stepped from one future that they wait for to the next.

A task costs more than most calls to a source do. What is stepped so runs in no task: it must not ask for one, as
`asyncio.timeout` does.
"""

import asyncio
from collections.abc import Coroutine
from typing import Any, Generic, TypeVar

Value = TypeVar("Value")


class Stepped(asyncio.Future[Value], Generic[Value]):
    """The result of a coroutine, begun at once. Cancelled, it cancels what the coroutine waits for."""

    def __init__(self, coroutine: Coroutine[Any, None, Value], loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(loop=loop)
        self._coroutine = coroutine
        self._blocked: asyncio.Future[Any] | None = None
        self._step()

    def cancel(self, msg: Any = None) -> bool:
        """See Future: the coroutine learns of it in the loop's next turn."""
        if self._blocked is not None:
            self._blocked.cancel(msg)
        return super().cancel(msg)

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
            blocked._asyncio_future_blocking = False  # how a task tells a future that it was awaited
            blocked.add_done_callback(self._step)
