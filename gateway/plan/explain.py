"""What a plan does, told: the fields of an operation that ask a source, and what the caller may not see of it.

Told are names and numbers of the schema, the document and the pages asked for: no other value of an argument, and no key.
"""

from collections.abc import Callable, Coroutine, Generator, Mapping
from enum import StrEnum
from itertools import product
from typing import Any, NamedTuple

import msgspec
from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    OperationDefinitionNode,
    get_named_type,
)
from graphql.execution.collect_fields import FieldDetailsList
from graphql.execution.values import VariableValues

from datasources.registry import Domain
from gateway.plan.compiling import Compiler, Planned, Unplanned
from gateway.plan.fields import Wanted
from gateway.plan.plan import Plan
from gateway.plan.price import Path
from gateway.plan.run import Run
from gateway.plan.selections import Resolve, Selection
from gateway.plan.weights import declared, is_list
from permissions import policy
from permissions.model import Principal
from permissions.policy import requires
from resolvers.recording import ASKING, Calls, RecordingLoaders
from schema.directives import Source

EXPLAIN = requires("ops:explain")
SIZES = ("first", "last")
"""The arguments whose values are told."""


class Access(StrEnum):
    """What the caller gets of a field."""

    GRANTED = "GRANTED"
    MASKED = "MASKED"
    DENIED = "DENIED"


class Step(msgspec.Struct, eq=False, rename="camel", omit_defaults=True, kw_only=True):
    """A selected field that may ask a source, or that the caller sees masked or not at all."""

    path: Path
    field: str
    """`Type.field`."""
    domain: Domain | None
    """As `@source` tells it, or for mutations, who writes; None where the schema names none."""
    resolver: str | None
    """None where it is an attribute of the row that is above it."""
    requires: list[list[str]]
    """As in `@requiresScopes`: all of one of the lists."""
    access: Access
    arguments: list[str]
    """The names of those that the document gives."""
    page: dict[str, int] = {}
    """`first` or `last`, as it was asked for or else by default."""
    fans_out: bool
    """True below a list: asked for each of its items, in one batch."""
    price: float
    """The field's share of the operation's price, with all that is below it."""
    calls: list[Calls] | msgspec.UnsetType = msgspec.UNSET
    steps: list["Step"] = []


class Explained(NamedTuple):
    """How an operation is run for a caller: its steps, and a plan that tells of each what it asks while it runs.

    Without a plan, as graphql-core runs it, there are no steps.
    """

    plan: Plan | None
    steps: list[Step]


def check(principal: Principal) -> None:
    """Pass when the caller may have operations explained. Raises NotAuthenticated, AccessDenied."""
    policy.check(principal, (EXPLAIN,))


def with_calls(steps: list[Step], loaders: RecordingLoaders) -> list[Step]:
    """The steps, each with the calls to sources that were made for it."""
    for step in steps:
        step.calls = loaders.calls_of(step)
        with_calls(step.steps, loaders)
    return steps


class _Around(NamedTuple):
    """Where a field is selected."""

    path: Path
    steps: list[Step]
    fans_out: bool


class Explainer(Compiler):
    """Compiles an operation as it is run, and notes its steps; interfaces and unions with every type that there can be."""

    def __init__(
        self,
        schema: GraphQLSchema,
        document: DocumentNode,
        operation: OperationDefinitionNode,
        principal: Principal,
        conditions: VariableValues,
        *,
        variables: VariableValues,
        shares: Mapping[Path, float],
    ) -> None:
        super().__init__(schema, document, operation, principal, conditions)
        self._variables, self._shares = variables, shares
        self.asks_by_field = True  # each call is told at the field that makes it
        self._around = _Around((), [], fans_out=False)

    def explained(self) -> Explained:
        """The plan with its steps."""
        steps = self._around.steps
        try:
            return Explained(self.plan(), steps)
        except Unplanned:
            return Explained(None, [])

    def planned(self, wanted: Wanted, key: str, details: FieldDetailsList) -> Planned:
        """As it is compiled to be run; what it asks, it asks in its own name."""
        outer, step = self._around, self._step(wanted, (*self._around.path, key))
        is_told = wanted.asks or step.access is not Access.GRANTED
        self._around = _Around(
            step.path, step.steps if is_told else outer.steps, outer.fans_out or is_list(wanted.field.type)
        )
        planned = super().planned(wanted, key, details)
        self._around = outer
        if step.access is Access.DENIED:  # a mutation too, which is compiled to tell the audit log of it
            step.steps.clear()
        if is_told:
            outer.steps.append(step)
        if wanted.asks:
            planned.field.resolve = _following(step, planned.field.resolve)
        return planned

    def _step(self, wanted: Wanted, path: Path) -> Step:
        nodes = wanted.nodes[0].arguments or ()
        return Step(
            path=path,
            field=wanted.coordinate,
            domain=_domain_of(wanted),
            resolver=_named(wanted.resolver),
            requires=[sorted(frozenset().union(*one)) for one in product(*wanted.needs)] if wanted.needs else [],
            access=self._access(wanted),
            arguments=[node.name.value for node in nodes],
            page=self._page(wanted),
            fans_out=self._around.fans_out,
            price=self._shares.get(path, 0),
            steps=[],
        )

    def _access(self, wanted: Wanted) -> Access:
        if wanted.denial(self._principal) is not None:
            return Access.DENIED
        definition = wanted.definition
        if definition is None or not definition.is_masked or policy.sees(self._principal, definition.unmasked_by):
            return Access.GRANTED
        return Access.MASKED

    def _page(self, wanted: Wanted) -> dict[str, int]:
        if wanted.arguments is None:
            return {}
        try:
            given = wanted.arguments.of(self._variables)
        except GraphQLError:  # told where the field is run
            return {}
        sizes = {name: given[name] for name in SIZES if isinstance(given.get(name), int)}
        definition = wanted.definition
        if not sizes and definition is not None and definition.paging is not None:
            return {SIZES[0]: definition.paging.default}
        return sizes

    def _by_name(
        self, type_: GraphQLInterfaceType | GraphQLUnionType, details: FieldDetailsList
    ) -> Callable[[str], Selection]:
        possible = self._schema.get_possible_types(type_)
        return {found.name: self._subselection(found, details) for found in possible}.__getitem__


def _domain_of(wanted: Wanted) -> Domain | None:
    """The domain of a field, or of what it returns; of a connection, of its nodes."""
    definition = wanted.definition
    if definition is None:
        return None
    if definition.commanding is not None:
        return definition.commanding.written_by
    if definition.domain is not None:
        return definition.domain
    returned = get_named_type(wanted.field.type)
    nodes: GraphQLField | None = returned.fields.get("nodes") if isinstance(returned, GraphQLObjectType) else None
    source = declared(returned if nodes is None else get_named_type(nodes.type), Source)
    return None if source is None else source.domain


def _named(resolver: Callable[..., Any] | None) -> str | None:
    """`module.function` of a resolver."""
    if resolver is None:
        return None
    return f"{resolver.__module__}.{resolver.__qualname__}".removeprefix("resolvers.")


def _following(step: Step, resolve: Resolve) -> Resolve:
    """The same, all of whose loads are noted for the step, whenever it makes them."""

    def follow(row: Any, run: Run) -> Any:
        before = ASKING.set(step)
        try:
            value = resolve(row, run)
        finally:
            ASKING.reset(before)
        return _followed(step, value) if isinstance(value, Coroutine) else value

    return follow


async def _followed(step: Step, stepped: Coroutine[Any, None, Any]) -> Any:
    return await _Following(step, stepped)


class _Following:
    """A coroutine that is stepped in the name of its field: others are stepped in between."""

    def __init__(self, step: Step, stepped: Coroutine[Any, None, Any]) -> None:
        self._step, self._stepped = step, stepped

    def __await__(self) -> Generator[Any, None, Any]:
        while True:
            before = ASKING.set(self._step)
            try:
                blocked = self._stepped.send(None)
            except StopIteration as stop:
                return stop.value
            finally:
                ASKING.reset(before)
            yield blocked
