"""One operation of a document, executed: its data, its errors told, and the sources that failed."""

import asyncio
from collections.abc import Awaitable, Collection, Iterable, Iterator, Mapping
from inspect import isawaitable
from types import CoroutineType
from typing import Any, Protocol, TypeGuard

import msgspec
from graphql import (
    ExecutionResult,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    get_variable_values,
)
from graphql import execute as execute_operation
from graphql.execution import values

from datasources.errors import SourceError
from datasources.registry import Domain
from gateway.coercion import coerced, is_too_deep
from gateway.documents import Document
from gateway.errors import Code, Told, Translator, refused, rule_of, unfit
from resolvers.loading import Loaders

MAX_VARIABLE_ERRORS = 5

# graphql-core offers no other way to have variables coerced by functions of our own.
values.coerce_input_value = coerced  # type: ignore[attr-defined]  # imported there for its own use
values.input_is_nested_too_deeply = is_too_deep


class Context(Protocol):
    """What execution itself needs of the context that resolvers get."""

    @property
    def loaders(self) -> Loaders:
        """The loaders of this request."""


def cost_of(
    schema: GraphQLSchema, document: Document, operation_name: str | None, variables: dict[str, Any] | None
) -> float:
    """The price of an operation with these variables, of which only those are looked at that it depends on.

    Raises Refused where there is no such operation, or a variable does not fit.
    """
    operation = document.operation(operation_name)
    price = document.price(schema, operation_name)
    if not price.variables:
        return price.of({})
    return price.of(variables_of(schema, operation, variables, price.variables))


def variables_of(
    schema: GraphQLSchema,
    operation: OperationDefinitionNode,
    given: dict[str, Any] | None,
    names: Collection[str] | None = None,
) -> Mapping[str, Any]:
    """The variables of an operation, coerced: all, or those of these names. Raises Refused, telling of all of them."""
    declared = operation.variable_definitions or ()
    wanted = [found for found in declared if names is None or found.variable.name.value in names]
    values = get_variable_values(schema, wanted, given or {}, MAX_VARIABLE_ERRORS, hide_suggestions=True)
    if not isinstance(values, list):
        return values.coerced
    if names is not None:
        variables_of(schema, operation, given)
    raise unfit(Code.BAD_USER_INPUT, *values)


class Answer(msgspec.Struct, frozen=True):
    """The body of an answer that has data, and the codes of its errors."""

    payload: dict[str, object]
    codes: tuple[str, ...] = ()


async def execute(
    schema: GraphQLSchema,
    document: Document,
    operation_name: str | None,
    variables: dict[str, Any] | None,  # JSON of any shape, coerced by the operation's own types
    *,
    context: Context,
    translator: Translator,
) -> Answer:
    """Run one query or mutation. Raises Refused where there is no operation to run or its variables do not fit."""
    if document.operation(operation_name).operation is OperationType.SUBSCRIPTION:
        raise refused(Code.BAD_REQUEST, 400, "A subscription can't be answered by one response.")
    running = execute_operation(
        schema,
        document.node,
        context_value=context,
        variable_values=variables,
        operation_name=operation_name,
        max_coercion_errors=MAX_VARIABLE_ERRORS,
        hide_suggestions=True,
        is_awaitable=is_awaitable,
    )
    result: ExecutionResult = await running if isawaitable(running) else running
    if result.errors is None:
        return Answer({"data": result.data})
    if result.data is None and all(error.path is None for error in result.errors):
        raise unfit(Code.BAD_USER_INPUT, *result.errors)
    errors = [translator.of_field(error) for error in in_document_order(result.errors, result.data)]
    return _partial(result.data, errors, context)


def _partial(data: dict[str, object] | None, errors: list[Told], context: Context) -> Answer:
    """The answer with what could be had."""
    payload: dict[str, object] = {"data": data, "errors": errors}
    if context.loaders.failed:
        payload["extensions"] = {"sources": failures(context.loaders.failed)}
    return Answer(payload, codes(errors))


AWAITABLE = (CoroutineType, asyncio.Future)


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


def failures(failed: Mapping[Domain, SourceError]) -> list[dict[str, object]]:
    """The domains whose source failed, each once with its first failure."""
    return [
        {"domain": domain, "source": error.source, "code": rule_of(error).code, "retryable": error.retryable}
        for domain, error in failed.items()
    ]
