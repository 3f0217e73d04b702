"""A schema with a subscription type, and a subscription listened to both ways: by its plan, and by graphql-core."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from inspect import isawaitable
from typing import Any

import msgspec
import orjson
from graphql import ExecutionResult, GraphQLError, GraphQLObjectType, GraphQLSchema, build_schema, subscribe
from graphql.execution import Executor
from graphql.execution.executor_throwing_on_incremental import ExecutorThrowingOnIncremental

from datasources.registry import Domain
from gateway.documents import Documents
from gateway.execution import Asked, asked_of
from gateway.plan.subscription import Responses, Subscription
from gateway.sections import ServerSettings
from permissions.model import ANONYMOUS
from resolvers.loading import Loaders

SDL = """
enum Mood { HAPPY SAD }
interface Named { name: String }
type Dog implements Named { name: String, barks: Boolean! }
type Cat implements Named { name: String, lives: Int! }
type Tick {
  number: Int!, mood: Mood, missing: Int, missingFirm: Int!, fails: Int, failsFirm: Int!, failsLater: Int!
  later: Tick, laterFirm: Tick!, list: [Tick!], holed: [Int!], pet: Named, loaded(key: Int! = 0): Int, waits: Int
}
type Query { nothing: Int }
type Subscription {
  ticks(to: Int! = 2, mood: Mood): Tick, firmTicks(to: Int! = 2): Tick!, soon(to: Int! = 2): Tick
  numbers(of: [String]! = []): Int, firmNumbers(of: [String]! = []): Int!
  own: Tick, pets: Named, breaks(after: Int!): Tick, endless: Tick, open: Tick, stubborn: Tick
  raises: Tick, raisesLater: Tick, given: Tick, noStream(of: String): Tick, noneAtAll: Tick, stumbles: Tick
}
"""
VALUES: dict[str, Any] = {"one": 1, "null": None, "word": "word", "large": 2**31, "error": ValueError("given")}
"""Events of `numbers`, by name."""


class Numbers:
    """A reader whose batches are counted."""

    domain, is_stepped = Domain.POINTS, False

    async def of(self, keys: Sequence[int]) -> list[int]:
        return [key * 10 for key in keys]


NUMBERS = Numbers()


class Log:
    """What a subscription's source did, and what was loaded for its events."""

    def __init__(self) -> None:
        self.source: list[str] = []
        self.calls: list[dict[str, int]] = []
        self.waiting: list[asyncio.Future[int]] = []


class Context:
    """The context of subscribing, or of one event."""

    def __init__(self, log: Log) -> None:
        self.principal, self.loaders, self.log = ANONYMOUS, Loaders(), log
        log.calls.append(self.loaders.calls)


class Heard(msgspec.Struct, frozen=True):
    """All that came of a subscription: why there was no stream, or the JSON of each answer and what ended the stream."""

    refusal: list[Any]
    answers: list[bytes]
    ended: str | None
    source: list[str]
    calls: list[dict[str, int]]


def tick(number: int) -> dict[str, Any]:
    return {"number": number, "mood": "HAPPY" if number % 2 else "SAD"}


async def _ticks(_root: object, info: Any, to: int = 2, mood: str | None = None) -> AsyncIterator[Any]:
    log = info.context.log.source
    log.append("opened")
    try:
        for number in range(1, to + 1):
            await asyncio.sleep(0)
            yield tick(number) | ({"mood": mood} if mood else {})
    finally:
        log.append("closed")


async def _soon(_root: object, info: Any, to: int) -> AsyncIterator[Any]:
    await asyncio.sleep(0)
    return _ticks(None, info, to)


async def _numbers(_root: object, _info: object, of: list[str]) -> AsyncIterator[Any]:
    for name in of:
        yield VALUES[name]


async def _own(_root: object, _info: object) -> AsyncIterator[Any]:
    """Events that hold the value of the root field under its name, or not."""
    yield {"own": tick(1)}
    yield {"other": tick(2)}
    yield {"own": lambda _info: tick(3)}


async def _pets(_root: object, _info: object) -> AsyncIterator[Any]:
    for pet in ({"name": "Rex", "barks": True}, {"name": "Tom", "lives": None}, ValueError("given"), None):
        yield pet


async def _breaks(_root: object, info: Any, after: int) -> AsyncIterator[Any]:
    async for event in _ticks(None, info, after):
        yield event
    raise ConnectionError("the source is gone")


class _Open(AsyncIterator[Any]):
    """A stream that is open from the start, until it is closed; a stubborn one fails in that."""

    def __init__(self, log: Log, *, is_stubborn: bool) -> None:
        log.source.append("opened")
        self._log, self._is_stubborn = log, is_stubborn

    async def __anext__(self) -> Any:
        return tick(1)

    async def aclose(self) -> None:
        self._log.source.append("closed")
        if self._is_stubborn:
            raise ConnectionError("can't be closed")


async def _raises_later(*_: object) -> Any:
    await asyncio.sleep(0)
    raise ValueError("raised later")


def _raises(*_: object) -> Any:
    raise ValueError("raised")


class _Stumbling:
    """A stream that can't be read, and has no end that one could call."""

    def __aiter__(self) -> AsyncIterator[Any]:
        raise ValueError("no iterator")


def _waits(_tick: object, info: Any) -> asyncio.Future[int]:
    held: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    info.context.log.waiting.append(held)
    return held


async def _later(tick: Any, _info: object) -> Any:
    await asyncio.sleep(0)
    return tick


def _pet(tick: Any, _info: object) -> Any:
    return {"name": "Tom", "lives": 9} if tick["number"] % 2 else {"name": "Rex", "barks": None}


def _type_of(row: Any, *_: object) -> str:
    return "Dog" if "barks" in row else "Cat"


SOURCES: dict[str, Callable[..., Any]] = {
    "ticks": _ticks, "firmTicks": _ticks, "soon": _soon, "numbers": _numbers, "firmNumbers": _numbers, "own": _own,
    "pets": _pets, "breaks": _breaks, "raises": _raises, "raisesLater": _raises_later, "noStream": lambda *_, of: of,
    "endless": lambda root, info: _ticks(root, info, 1_000_000), "given": lambda *_: ValueError("given back"),
    "stumbles": lambda *_: _Stumbling(), "open": lambda _, info: _Open(info.context.log, is_stubborn=False),
    "stubborn": lambda _, info: _Open(info.context.log, is_stubborn=True),
}  # fmt: skip
TICKS: dict[str, Callable[..., Any]] = {
    "missing": lambda *_: None, "missingFirm": lambda *_: None, "fails": _raises, "failsFirm": _raises,
    "failsLater": _raises_later, "later": _later, "laterFirm": _later, "list": lambda tick, _info: [tick, tick],
    "holed": lambda *_: [1, None], "pet": _pet, "waits": _waits,
    "loaded": lambda tick, info, key: info.context.loaders.load(NUMBERS.of, key or tick["number"]),
}  # fmt: skip


def _schema() -> GraphQLSchema:
    built = build_schema(SDL)
    root, ticks = built.type_map["Subscription"], built.type_map["Tick"]
    assert isinstance(root, GraphQLObjectType) and isinstance(ticks, GraphQLObjectType)
    for name, source in SOURCES.items():
        root.fields[name].subscribe = source
        if name != "own":  # the others' events are the values of their fields
            root.fields[name].resolve = lambda event, _info, **_arguments: event
    for name, resolve in TICKS.items():
        ticks.fields[name].resolve = resolve
    built.type_map["Named"].resolve_type = _type_of  # type: ignore[attr-defined]
    return built


SCHEMA = _schema()
DOCUMENTS = Documents(SCHEMA, ServerSettings())


def asked(query: str, variables: dict[str, Any] | None = None) -> tuple[Asked, Subscription]:
    """A subscription with its variables, and its plan. Raises Refused."""
    found = asked_of(DOCUMENTS.find(query).operation(None), variables)
    plan = found.operation.plan(ANONYMOUS, found.values)
    assert isinstance(plan, Subscription)
    return found, plan


async def planned(query: str, variables: dict[str, Any] | None, log: Log) -> Responses[ExecutionResult]:
    """The response stream by the plan. Raises GraphQLError."""
    found, plan = asked(query, variables)
    events = await plan.source.events(Context(log), found.values)

    async def answer(event: object) -> ExecutionResult:
        outcome = await plan.run(Context(log), found.values, event)
        return ExecutionResult(outcome.data, outcome.errors or None)

    return Responses(events, answer)


class _ByEvent(ExecutorThrowingOnIncremental):
    """graphql-core's executor, that gives each event a context of its own."""

    def build_per_event_executor(self, payload: Any) -> Executor[Any]:
        made = super().build_per_event_executor(payload)
        made.context_value = Context(self.context_value.log)
        return made


async def walked(query: str, variables: dict[str, Any] | None, log: Log) -> AsyncIterator[ExecutionResult]:
    """The same by graphql-core."""
    found = subscribe(
        SCHEMA,
        DOCUMENTS.find(query).operation(None).document,
        context_value=Context(log),
        variable_values=variables,
        executor_class=_ByEvent,
        hide_suggestions=True,
    )
    stream = await found if isawaitable(found) else found
    if isinstance(stream, ExecutionResult):
        assert stream.errors is not None
        raise stream.errors[0]
    return stream


Way = Callable[[str, dict[str, Any] | None, Log], Awaitable[AsyncIterator[ExecutionResult]]]


async def heard(way: Way, query: str, variables: dict[str, Any] | None = None) -> Heard:
    """All that comes of a subscription whose source ends."""
    log = Log()
    answers: list[bytes] = []
    try:
        stream = await way(query, variables, log)
    except GraphQLError as error:
        return Heard([error.formatted, repr(error.original_error)], answers, None, log.source, log.calls)
    ended = None
    try:
        async for result in stream:
            answers.append(orjson.dumps(result.formatted))  # noqa: PERF401  # what came before it broke counts
    except Exception as error:  # noqa: BLE001  # whatever ends it is compared
        ended = repr(error)
    return Heard([], answers, ended, log.source, log.calls)
