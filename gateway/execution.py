"""One operation of a document, executed: its data, its errors told, and the sources that failed."""

from collections.abc import Awaitable, Iterable, Iterator
from inspect import isawaitable
from typing import Any, Protocol, TypeGuard

import msgspec
from graphql import GraphQLError, OperationType
from graphql.execution import execute_root_selection_set
from graphql.execution.values import VariableValues

from datasources.rounds import Together
from gateway.deadlines import Deadline
from gateway.errors import Code, Told, Translator, cost_told, refused, rule_of, too_complex, too_costly, unfit
from gateway.introspecting import MAX_SHOWN, IntrospectingExecutor
from gateway.plan.operation import Operation
from gateway.plan.plan import Outcome, Plan
from gateway.plan.run import AWAITABLE
from permissions.model import Principal
from resolvers.loading import Loaders


class Context(Protocol):
    """What execution itself needs of the context that resolvers get."""

    loaders: Loaders
    """The loaders of this request."""
    texts_fit: bool
    """True where no text of the request has to be looked at any more."""

    @property
    def principal(self) -> Principal:
        """Who asks."""


def executor(*, is_planned: bool) -> str:
    """Who runs an operation, as metrics and explanations call it."""
    return "plan" if is_planned else "graphql-core"


class Answer(msgspec.Struct, frozen=True):
    """The body of an answer that has data, and the codes of its errors."""

    payload: dict[str, object]
    codes: tuple[str, ...] = ()
    is_planned: bool = True
    """False where graphql-core had to run it."""

    @property
    def executor(self) -> str:
        """Who ran the operation."""
        return executor(is_planned=self.is_planned)


class Asked(msgspec.Struct, frozen=True):
    """One operation, with what was given for its variables and what that means."""

    operation: Operation
    given: dict[str, Any] | None
    values: VariableValues

    @property
    def cost(self) -> float:
        """What it costs with these variables."""
        return self.operation.price.of(self.values.coerced)


def asked(
    operation: Operation,
    variables: dict[str, Any] | None,  # JSON of any shape, coerced by the operation's own types
) -> Asked:
    """A query or mutation with its variables. Raises Refused where it is neither or they do not fit."""
    if operation.kind is OperationType.SUBSCRIPTION:
        raise refused(Code.BAD_REQUEST, 400, "A subscription can't be answered by one response.")
    return asked_of(operation, variables)


def asked_of(operation: Operation, variables: dict[str, Any] | None) -> Asked:
    """An operation of any kind with its variables. Raises Refused where they do not fit."""
    values = operation.variables(variables or {})
    if isinstance(values, list):
        raise unfit(Code.BAD_USER_INPUT, *values)
    return Asked(operation, variables, values)


def admit(asked: Asked, principal: Principal) -> None:
    """Pass where the caller may spend as much. Raises Refused."""
    price = asked.cost
    if price > principal.max_cost:
        raise too_costly(price, principal.max_cost)


def priced(asked: Asked, principal: Principal) -> Answer:
    """What the operation costs and the caller may spend on one. Nothing is run."""
    return Answer({"data": None, "extensions": {"cost": cost_told(asked.cost, principal.max_cost)}})


async def execute(asked: Asked, context: Context, translator: Translator, deadline: Deadline | None = None) -> Answer:
    """Run one query or mutation."""
    plan = asked.operation.plan(context.principal, asked.values)
    return await answered(plan, asked, context, translator, deadline)


async def answered(
    plan: Plan | None, asked: Asked, context: Context, translator: Translator, deadline: Deadline | None = None
) -> Answer:
    """Run it by this plan, which at the deadline gives what it has; or without one by graphql-core, which does not."""
    try:
        with Together():
            if plan is None:
                outcome = await walked(asked, context)
            else:
                outcome = await plan.run(context, asked.values, deadline=deadline)
    finally:
        context.loaders.close()
    return told(outcome, context=context, translator=translator, is_planned=plan is not None)


def told(outcome: Outcome, *, context: Context, translator: Translator, is_planned: bool = True) -> Answer:
    """The answer that an outcome makes."""
    if not outcome.errors and not context.loaders.freshness.oldest:
        return Answer({"data": outcome.data}, is_planned=is_planned)
    errors = [translator.of_field(error) for error in in_document_order(outcome.errors, outcome.data)]
    return _partial(outcome.data, errors, context, is_planned=is_planned)


async def walked(asked: Asked, context: Context) -> Outcome:
    """The same by graphql-core, field by field: what has no plan, above all introspection. Raises Refused where that is too
    much."""
    executor = IntrospectingExecutor.build(
        asked.operation.schema,
        asked.operation.document,
        context_value=context,
        raw_variable_values=asked.given,
        operation_name=asked.operation.name,
        hide_suggestions=True,
        is_awaitable=is_awaitable,
    )
    if isinstance(executor, list):
        return Outcome(None, executor)
    assert isinstance(executor, IntrospectingExecutor)  # noqa: S101  # no other is built by it
    running = execute_root_selection_set(executor)
    result = await running if isawaitable(running) else running
    if executor.is_exhausted:
        raise too_complex(f"The introspection resolves more than {MAX_SHOWN} fields: ask for less of the schema.")
    return Outcome(result.data, result.errors or [])


def _partial(data: dict[str, Any] | None, errors: list[Told], context: Context, *, is_planned: bool) -> Answer:
    """The answer with what could be had."""
    payload: dict[str, object] = {"data": data, "errors": errors} if errors else {"data": data}
    sources = failures(context.loaders)
    if sources:
        payload["extensions"] = {"sources": sources}
    return Answer(payload, codes(errors), is_planned=is_planned)


def is_awaitable(value: object) -> TypeGuard[Awaitable[Any]]:
    """What our resolvers give to be awaited: coroutines and futures. graphql-core's own test costs seven times as much."""
    return isinstance(value, AWAITABLE)


def in_document_order(errors: list[GraphQLError], data: Any) -> list[GraphQLError]:
    """The errors by where they stand in the answer, not by which came first; below a nulled parent as they came."""
    return sorted(errors, key=lambda error: tuple(_places(error.path or (), data)))


def _places(path: Iterable[str | int], data: Any) -> Iterator[int]:
    """The position of each step of a path among its siblings, as far as the answer holds them."""
    for step in path:
        if isinstance(data, dict):
            yield next(index for index, key in enumerate(data) if key == step)
        elif isinstance(data, list):
            yield int(step)
        else:
            return
        data = data[step]


def codes(errors: list[Told]) -> tuple[str, ...]:
    """The code of each error."""
    return tuple(told["extensions"]["code"] for told in errors)  # type: ignore[index]  # each is made with its code


def failures(loaders: Loaders) -> list[dict[str, object]]:
    """The domains whose source failed, each once with its first failure; and how old what stands in for its answers is."""
    kept = {domain: old for domain, old in loaders.freshness.oldest.items() if old.error is not None}
    failed = {domain: old.error for domain, old in kept.items()} | loaders.failed
    return [
        {"domain": domain, "source": error.source, "code": rule_of(error).code, "retryable": error.retryable}
        | ({"ageSeconds": round(kept[domain].age_s, 3)} if domain in kept else {})
        for domain, error in failed.items()
        if error is not None
    ]
