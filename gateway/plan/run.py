"""One run of a plan: what it waits for, what failed, and when all has arrived."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable, Coroutine, Iterator, Sequence
from types import CoroutineType
from typing import Any, Protocol, TypeVar

from graphql import FieldNode, GraphQLError
from graphql.execution.values import VariableValues

from datasources.errors import DeadlinePassed
from datasources.stepping import Stepped
from gateway.deadlines import Deadline
from gateway.plan.locating import located
from gateway.plan.positions import Position

Value = TypeVar("Value")

GRACE_S = 0.1
"""How long sources have to end what they do once they are told that the time is up."""
FUTURES = (asyncio.Future, Stepped)
"""What loaders give: it is waited for without stepping."""
AWAITABLE = (CoroutineType, asyncio.Future)
"""What resolvers give to be awaited. graphql-core's own test for it costs seven times as much."""
Complete = Callable[["Run", Any, Position], None]
"""Makes the answer's part of a resolved value and puts it in its place. Raises whatever makes it impossible."""


class Waited(Protocol):
    """What a value is awaited for."""

    complete: Complete
    nodes: Sequence[FieldNode]


class Run:
    """The state of one run.

    Resolvers are stepped here instead of in tasks: they mostly wait for a loader's future once, and a task each costs more
    than they do. So a resolver runs in no task of its own; whatever needs one is a task of its own in `Loaders.call`.
    """

    __slots__ = (
        "_arrived",
        "_deadline",
        "_giving_up",
        "_loop",
        "_waiting",
        "begun",
        "context",
        "errors",
        "held",
        "variables",
    )

    def __init__(self, context: Any, variables: VariableValues, deadline: Deadline | None = None) -> None:
        self.context, self.variables, self._deadline = context, variables, deadline
        self.errors: list[GraphQLError] = []
        self.held: dict[object, Any] = {}
        """What is worked out once a run, by who did."""
        self.begun: dict[object, asyncio.Future[Any]] = {}
        """Values that were asked for before their row was there, by who asked."""
        self._loop = asyncio.get_running_loop()
        self._waiting: set[Wait | Arrival] = set()
        self._arrived: asyncio.Future[None] | None = None
        self._giving_up: asyncio.TimerHandle | None = None

    def fail(self, position: Position, error: Exception, nodes: Sequence[FieldNode]) -> None:
        """Remember the error of a place, which becomes null, and so does what is around it where it must not be null."""
        if not position.is_nulled():
            self.errors.append(located(error, nodes, position.path()))
            position.null()

    def take(self, value: Any, of: Waited, position: Position) -> None:
        """Complete a value, or once it is there: at once where its coroutine never waits."""
        if value.__class__ in FUTURES:
            self.arriving(value, ValueArrival(self, value, of, position))
        elif isinstance(value, AWAITABLE):
            stepped: Any = value if isinstance(value, CoroutineType) else value.__await__()
            Wait(self, stepped, of, position)()
        else:
            self.complete(value, of, position)

    def complete(self, value: Any, of: Waited, position: Position) -> None:
        """Complete a value that is there; whatever goes wrong is the error of its place."""
        try:
            of.complete(self, value, position)
        except Exception as error:  # noqa: BLE001  # of whatever kind
            self.fail(position, error, of.nodes)

    async def settled(self) -> None:
        """Return when everything has arrived, or at the deadline, when whatever has not fails. Cancelled, it cancels what is
        still awaited."""
        if not self._waiting:
            return
        self._arrived = self._loop.create_future()
        self._at_deadline(self._end)
        try:
            await self._arrived
        finally:
            self._at_deadline(None)
            for one in tuple(self._waiting):
                one.cancel()
            self._let_go()

    def stepped(self, coroutine: "Coroutine[Any, None, Value]") -> Stepped[Value]:
        """The coroutine begun at once."""
        return Stepped(coroutine, self._loop)

    def _let_go(self) -> None:
        """Wait no more for what was begun for a row that turned out not to be there."""
        for value in self.begun.values():
            if not value.cancel() and not value.cancelled():
                value.exception()  # nobody is told, and nothing is logged of it
        self.begun.clear()

    def arriving(self, value: "asyncio.Future[Any]", arrival: "Arrival") -> None:
        """Wait for a loader's future, which takes no stepping."""
        if value.done():
            arrival(value)
        else:
            self._waiting.add(arrival)
            value.add_done_callback(arrival)

    def _at_deadline(self, action: Callable[[], None] | None) -> None:
        if self._deadline is not None:
            self._deadline.instead(action)
        if self._giving_up is not None and action is None:
            self._giving_up.cancel()

    def _end(self) -> None:
        """Have the calls to sources fail, each of which names its own; what waits for anything else is given up soon."""
        self.context.loaders.end()
        self._giving_up = self._loop.call_later(GRACE_S, self._give_up)

    def _give_up(self) -> None:
        for one in tuple(self._waiting):
            one.give_up()

    def waits(self, wait: "Wait") -> None:
        """Count one that waits."""
        self._waiting.add(wait)

    def arrived(self, wait: "Wait | Arrival") -> None:
        """Count one that waits no more; the last one ends the run."""
        self._waiting.discard(wait)
        if not self._waiting and self._arrived is not None and not self._arrived.done():
            self._arrived.set_result(None)

    def call_soon(self, wait: "Wait") -> None:
        """Step it in the loop's next turn."""
        self._loop.call_soon(wait)


class Arrival(ABC):
    """What a run does with a future when it is there."""

    __slots__ = ("_blocked", "_run")

    def __init__(self, run: Run, blocked: "asyncio.Future[Any]") -> None:
        self._run, self._blocked = run, blocked

    @abstractmethod
    def _complete(self, value: Any) -> None:
        """Complete what is there."""

    @abstractmethod
    def _fail(self, error: Exception) -> None:
        """Tell what went wrong."""

    def __call__(self, done: "asyncio.Future[Any]") -> None:
        """Complete what is there."""
        run = self._run
        try:
            value = done.result()
        except asyncio.CancelledError as error:
            self._fail(Abandoned(error))
        except Exception as error:  # noqa: BLE001  # of whatever kind
            self._fail(error)
        else:
            self._complete(value)
        run.arrived(self)

    def give_up(self) -> None:
        """Wait no longer."""
        self._fail(DeadlinePassed())
        self.cancel()
        self._run.arrived(self)

    def cancel(self) -> None:
        """Cancel what it waits for."""
        self._blocked.cancel()


class ValueArrival(Arrival):
    """A value, which is completed in its place."""

    __slots__ = ("_of", "_position")

    def __init__(self, run: Run, blocked: "asyncio.Future[Any]", of: Waited, position: Position) -> None:
        super().__init__(run, blocked)
        self._of, self._position = of, position

    def _complete(self, value: Any) -> None:
        self._run.complete(value, self._of, self._position)

    def _fail(self, error: Exception) -> None:
        self._run.fail(self._position, error, self._of.nodes)


class Wait:
    """A resolver that is stepped from one future that it waits for to the next."""

    __slots__ = ("_blocked", "_of", "_position", "_run", "_stepped")

    def __init__(
        self, run: Run, stepped: "Coroutine[Any, None, Any] | Iterator[Any]", of: Waited, position: Position
    ) -> None:
        self._run, self._stepped, self._of, self._position = run, stepped, of, position
        self._blocked: asyncio.Future[Any] | None = None

    def __call__(self, _done: object = None) -> None:
        """Step it; complete its value where that was the last step."""
        run = self._run
        try:
            blocked = self._stepped.send(None)  # type: ignore[union-attr]  # what `Future.__await__` makes has it too
        except StopIteration as stop:
            run.complete(stop.value, self._of, self._position)
            run.arrived(self)
        except asyncio.CancelledError as error:
            run.fail(self._position, Abandoned(error), self._of.nodes)
            run.arrived(self)
        except Exception as error:  # noqa: BLE001  # of whatever kind
            run.fail(self._position, error, self._of.nodes)
            run.arrived(self)
        else:
            self._block_on(blocked)

    def give_up(self) -> None:
        """Wait no longer."""
        self._run.fail(self._position, DeadlinePassed(), self._of.nodes)
        self.cancel()
        self._run.arrived(self)

    def cancel(self) -> None:
        """Cancel what it waits for, so that it is told in the loop's next turn, as a task would be."""
        if self._blocked is not None:
            self._blocked.cancel()

    def _block_on(self, blocked: "asyncio.Future[Any] | None") -> None:
        self._run.waits(self)
        self._blocked = blocked
        if blocked is None:  # a bare yield, as `asyncio.sleep(0)` does
            self._run.call_soon(self)
        else:
            blocked._asyncio_future_blocking = False  # how a task tells a future that it was awaited
            blocked.add_done_callback(self)


class Abandoned(Exception):
    """What a field waited for was cancelled."""
