"""The variables of an operation, coerced by what is made of its definitions once (specification 6.1.2)."""

from typing import Any

import msgspec
from graphql import (
    GraphQLError,
    GraphQLNonNull,
    GraphQLSchema,
    OperationDefinitionNode,
    Undefined,
)
from graphql.execution.get_variable_signature import GraphQLVariableSignature, get_variable_signature
from graphql.execution.values import VariableValues, VariableValueSource, get_variable_values
from graphql.utilities.coerce_input_value import coerce_default_value

from gateway.coercion import Coerce, coercer

MAX_ERRORS = 5


class Variable(msgspec.Struct, frozen=True):
    """A variable of an operation; `default` is Undefined where it has none."""

    signature: GraphQLVariableSignature
    coerce: Coerce
    default: Any
    is_required: bool


class Variables:
    """Coerces what requests give for the variables of an operation."""

    def __init__(self, schema: GraphQLSchema, operation: OperationDefinitionNode) -> None:
        self._schema, self._nodes = schema, operation.variable_definitions or ()
        self._variables = [self._variable(node) for node in self._nodes]

    def of(self, given: dict[str, Any]) -> VariableValues | list[GraphQLError]:
        """The values by name, without those that are neither given nor have a default; or what does not fit."""
        sources: dict[str, VariableValueSource] = {}
        values: dict[str, Any] = {}
        for variable in self._variables:
            signature = variable.signature
            name = signature.name
            one = given.get(name, Undefined)
            sources[name] = VariableValueSource(signature, one)
            if one is Undefined:
                if variable.is_required:
                    return self._misfit(given)
                if variable.default is not Undefined:
                    values[name] = variable.default
                continue
            made = variable.coerce(one)
            if made is Undefined:
                return self._misfit(given)
            values[name] = made
        return VariableValues(sources, values)

    def _variable(self, node: Any) -> Variable:
        signature = get_variable_signature(self._schema, node)
        assert not isinstance(signature, GraphQLError)  # noqa: S101  # validation has refused unknown types
        default = coerce_default_value(signature)
        is_required = isinstance(signature.type, GraphQLNonNull) and default is Undefined
        return Variable(signature, coercer(signature.type), default, is_required)

    def _misfit(self, given: dict[str, Any]) -> VariableValues | list[GraphQLError]:
        """What graphql-core says of them, in its words."""
        return get_variable_values(self._schema, self._nodes, given, max_errors=MAX_ERRORS, hide_suggestions=True)
