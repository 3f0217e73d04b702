"""An operation of a valid document, with what is made of it once: its variables, its price, and a plan for each class of callers."""

from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from functools import cached_property
from typing import Any

from graphql import (
    DocumentNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLIncludeDirective,
    GraphQLSchema,
    GraphQLSkipDirective,
    OperationDefinitionNode,
    OperationType,
    VariableNode,
)
from graphql.execution.values import VariableValues

from gateway.plan.compiling import Compiler, Unplanned
from gateway.plan.cost import price_of
from gateway.plan.explain import Explained, Explainer
from gateway.plan.plan import Plan
from gateway.plan.price import Price
from gateway.plan.subscription import SubscriptionCompiler
from gateway.plan.variables import Variables
from permissions.model import Principal

MAX_PRICED = 5_000
"""Selections of a document that are priced, each for every type that its parent can be of."""
PLANS_HELD = 16
PLAN_BYTES, FIELD_BYTES = 32_000, 1_700
"""What a plan takes, and each field of it; as measured by `benchmarks/documents.py`."""
CONDITIONAL = frozenset({GraphQLSkipDirective.name, GraphQLIncludeDirective.name})


class Operation:
    """One operation of a document, as often as it is sent. `grown` is called when its plans take more than before."""

    def __init__(
        self, schema: GraphQLSchema, document: DocumentNode, node: OperationDefinitionNode, grown: Callable[[], None]
    ) -> None:
        self.schema, self.document, self.node, self._grown = schema, document, node, grown
        self.kind: OperationType = node.operation
        """Query, mutation or subscription."""
        self.name: str | None = node.name.value if node.name else None
        """What its author called it."""
        self._variables = Variables(schema, node)
        self._plans: OrderedDict[Hashable, tuple[Plan | None, Compiler]] = OrderedDict()

    @property
    def bytes(self) -> int:
        """What its plans take, about."""
        return sum(PLAN_BYTES + FIELD_BYTES * compiler.fields for _, compiler in self._plans.values())

    def variables(self, given: dict[str, Any]) -> VariableValues | list[GraphQLError]:
        """The variables as the operation takes them, or what does not fit."""
        return self._variables.of(given)

    @cached_property
    def price(self) -> Price:
        """What it costs, a formula over its variables. Raises TooLong."""
        definitions = self.document.definitions
        fragments = {node.name.value: node for node in definitions if isinstance(node, FragmentDefinitionNode)}
        return price_of(self.schema, self.node, fragments, MAX_PRICED)

    @cached_property
    def _conditions(self) -> tuple[str, ...]:
        """The names of the variables that say what is left out, each once."""
        return tuple(dict.fromkeys(_conditional(self.document)))

    def plan(self, principal: Principal, variables: VariableValues) -> Plan | None:
        """The plan for callers like this one, with these conditions of `@skip` and `@include`, of a subscription a
        `Subscription`; None where graphql-core has to run it. Those asked for lately are held."""
        key = principal.scopes, principal.kind._value_, *map(variables.coerced.get, self._conditions)
        try:
            plan, _ = self._plans[key]
        except KeyError:
            plan, _ = self._plans[key] = self._compiled(principal, variables)
            if len(self._plans) > PLANS_HELD:
                self._plans.popitem(last=False)
            self._grown()
        else:
            self._plans.move_to_end(key)
        return plan

    def explained(self, principal: Principal, variables: VariableValues) -> Explained:
        """How it is run for this caller with these variables; made anew each time."""
        return Explainer(
            self.schema,
            self.document,
            self.node,
            principal,
            self._conditions_of(variables),
            variables=variables,
            shares=self.price.by_path(variables.coerced),
        ).explained()

    def _compiled(self, principal: Principal, variables: VariableValues) -> tuple[Plan | None, Compiler]:
        conditions = self._conditions_of(variables)
        kind = SubscriptionCompiler if self.kind is OperationType.SUBSCRIPTION else Compiler
        compiler = kind(self.schema, self.document, self.node, principal, conditions, self._grown)
        try:
            return compiler.plan(), compiler
        except Unplanned:
            return None, compiler

    def _conditions_of(self, variables: VariableValues) -> VariableValues:
        """Those of the variables that say what is left out."""
        return VariableValues(
            {name: variables.sources[name] for name in self._conditions if name in variables.sources},
            {name: variables.coerced[name] for name in self._conditions if name in variables.coerced},
        )


def _conditional(document: DocumentNode) -> Iterator[str]:
    """The variables of `@skip` and `@include`, as often as they stand there."""
    waiting: list[Any] = list(document.definitions)
    while waiting:
        node = waiting.pop()
        for directive in node.directives or ():
            if directive.name.value in CONDITIONAL:
                yield from (one.value.name.value for one in directive.arguments if isinstance(one.value, VariableNode))
        below = getattr(node, "selection_set", None)
        if below is not None:
            waiting.extend(below.selections)
