"""The arguments of a field as an operation gives them: constants coerced once, variables put in their places a run.

Whatever is not so simple, and whatever may be an error, is left to graphql-core (specification 6.4.1).
"""

from collections.abc import Callable, Mapping
from typing import Any

from graphql import (
    ArgumentNode,
    FieldNode,
    GraphQLArgument,
    GraphQLField,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLNonNull,
    ListValueNode,
    ObjectFieldNode,
    ObjectValueNode,
    Undefined,
    ValueNode,
    VariableNode,
    get_nullable_type,
)
from graphql.execution.values import VariableValues, get_argument_values
from graphql.utilities.coerce_input_value import coerce_default_value, coerce_input_literal

Values = Mapping[str, Any]
Give = Callable[[Values], Any]
"""(coerced variables) → the value, or Undefined where it is left out. Raises Unsure."""

NO_VARIABLES = VariableValues({}, {})


class Unsure(Exception):
    """A value that graphql-core has to look at."""


class Arguments:
    """The arguments of a field, the same for every row of a run."""

    def __init__(self, field: GraphQLField, node: FieldNode) -> None:
        self._field, self._node = field, node
        self._constant = None if has_variables(node.arguments) else self._read(NO_VARIABLES)
        given = {argument.name.value: argument.value for argument in node.arguments or ()}
        self._parts = [
            (argument.out_name or name, _given(argument, given.get(name))) for name, argument in field.args.items()
        ]

    @property
    def is_constant(self) -> bool:
        """True where no variable stands in them."""
        return self._constant is not None

    def of(self, variables: VariableValues) -> dict[str, Any]:
        """The coerced values by name, a dict of its own each time. Raises GraphQLError."""
        if self._constant is not None:
            return self._constant.copy()
        try:
            return _put_together(self._parts, variables.coerced)
        except Unsure:
            return self._read(variables)

    def _read(self, variables: VariableValues) -> dict[str, Any]:
        return get_argument_values(self._field, self._node, variables, hide_suggestions=True)


def _put_together(parts: list[tuple[str, Give]], values: Values) -> dict[str, Any]:
    made = {}
    for name, give in parts:
        value = give(values)
        if value is not Undefined:
            made[name] = value
    return made


def _given(asked: GraphQLArgument | GraphQLInputField, node: ValueNode | None) -> Give:
    """What an argument, or a field of an input, gets."""
    is_required, default = isinstance(asked.type, GraphQLNonNull), coerce_default_value(asked)
    if isinstance(node, VariableNode):
        return _of_variable(node.name.value, default, is_required=is_required)
    if node is None:
        return _unsure if is_required and default is Undefined else lambda _values: default
    if not has_variables(node):
        constant = coerce_input_literal(node, asked.type)
        return _unsure if constant is Undefined else lambda _values: constant
    type_ = get_nullable_type(asked.type)
    if isinstance(node, ObjectValueNode) and isinstance(type_, GraphQLInputObjectType) and not type_.is_one_of:
        return _of_object(type_, node)
    if isinstance(node, ObjectValueNode) and isinstance(type_, GraphQLInputObjectType):
        return _of_the_one(type_, node)
    return _unsure


def _of_variable(name: str, default: Any, *, is_required: bool) -> Give:
    def give(values: Values) -> Any:
        value = values.get(name, default)
        if is_required and (value is None or value is Undefined):
            raise Unsure
        return value

    return give


def _of_object(type_: GraphQLInputObjectType, node: ObjectValueNode) -> Give:
    given = {field.name.value: field.value for field in node.fields}
    parts = [(field.out_name or name, _given(field, given.get(name))) for name, field in type_.fields.items()]
    make = type_.out_type
    return lambda values: make(_put_together(parts, values))


def _of_the_one(type_: GraphQLInputObjectType, node: ObjectValueNode) -> Give:
    """Of a `@oneOf` input: just one field is given, and not null."""
    if len(node.fields) != 1:
        return _unsure
    (field,) = node.fields
    asked = type_.fields[field.name.value]
    give, name, make = _given(asked, field.value), asked.out_name or field.name.value, type_.out_type

    def given(values: Values) -> Any:
        value = give(values)
        if value is None or value is Undefined:
            raise Unsure
        return make({name: value})

    return given


def _unsure(_values: Values) -> Any:
    raise Unsure


def has_variables(node: Any) -> bool:  # a value or an argument, several of them, or None
    """True where a variable stands in it."""
    if isinstance(node, VariableNode):
        return True
    if isinstance(node, list | tuple):
        return any(map(has_variables, node))
    if isinstance(node, ArgumentNode | ObjectFieldNode):
        return has_variables(node.value)
    if isinstance(node, ListValueNode):
        return has_variables(node.values)
    return isinstance(node, ObjectValueNode) and has_variables(node.fields)
