"""A subscription compiled: where its events come from, and the plan that each of them is answered by (specification 6.2.3)."""

from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable
from contextlib import suppress
from inspect import isawaitable
from typing import Any, TypeVar

from graphql.execution.collect_fields import FieldDetailsList
from graphql.execution.execute import assert_event_stream
from graphql.execution.values import VariableValues
from msgspec.structs import asdict

from gateway.plan.compiling import Compiler, Planned
from gateway.plan.fields import Wanted, denied, streamed
from gateway.plan.locating import located
from gateway.plan.plan import Plan
from gateway.plan.run import Run
from permissions.model import Principal

Answer = TypeVar("Answer")


class Source:
    """The source stream of a subscription: what its root field gives to callers of a class (6.2.3.1)."""

    def __init__(self, wanted: Wanted, key: str, principal: Principal) -> None:
        self._key, self._nodes = key, wanted.nodes
        refusal = wanted.refusal(principal)
        self._resolve = streamed(wanted) if refusal is None else denied(wanted, refusal)

    async def events(self, context: Any, variables: VariableValues) -> AsyncIterable[Any]:
        """The events as they come. Raises GraphQLError: the caller may not have them, or there is no such stream."""
        try:
            found = self._resolve(None, Run(context, variables))
            return assert_event_stream(await found if isawaitable(found) else found)
        except Exception as error:
            raise located(error, self._nodes, [self._key]) from error


class Subscription(Plan, frozen=True):
    """A subscription compiled for a class of callers: `run` answers an event of its source, each in a context of its own."""

    source: Source


class SubscriptionCompiler(Compiler):
    """Compiles a subscription; its root field, the only one, is also where the events come from."""

    _source: Source | None = None

    def plan(self) -> Subscription:
        """The plan of its events, and their source. Raises Unplanned where a condition is no truth value."""
        plan = super().plan()
        assert self._source is not None  # noqa: S101  # validation has seen that there is one root field
        return Subscription(**asdict(plan), source=self._source)

    def planned(self, wanted: Wanted, key: str, details: FieldDetailsList) -> Planned:
        """As in any operation; the root field is the first."""
        if self._source is None:
            self._source = Source(wanted, key, self._principal)
        return super().planned(wanted, key, details)


class Responses(AsyncIterator[Answer]):
    """The response stream: an answer to each event, one after the other (6.2.3.2).

    Its end, an error of its source, and a reader that is cancelled or closes it end the source stream too (6.2.3.3).
    """

    def __init__(self, events: AsyncIterable[Any], answer: Callable[[Any], Awaitable[Answer]]) -> None:
        self._source, self._answer = events, answer
        self._events: AsyncIterator[Any] | None = None
        self._is_closed = False

    async def __anext__(self) -> Answer:
        """The answer to the next event. Raises what the source raises, once."""
        if self._is_closed:
            raise StopAsyncIteration
        try:
            if self._events is None:
                self._events = aiter(self._source)
            return await self._answer(await anext(self._events))
        except BaseException:
            with suppress(Exception):  # why it ends is to be told, a cancellation above all
                await self.aclose()
            raise

    async def aclose(self) -> None:
        """End the source stream; what has no end of its own is let go of. Whoever reads ends it by being cancelled."""
        if self._is_closed:
            return
        self._is_closed = True
        close = getattr(self._events or self._source, "aclose", None)
        if close is not None:
            await close()
