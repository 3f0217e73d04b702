"""Prices of operations over small schemas, written as the specification writes its examples."""

from types import SimpleNamespace
from typing import Any

from graphql import (
    DirectiveNode,
    FragmentDefinitionNode,
    GraphQLSchema,
    OperationDefinitionNode,
    build_schema,
    get_variable_values,
    parse,
    validate,
    value_from_ast_untyped,
)

from gateway.plan.cost import price_of
from gateway.plan.price import Price
from schema.directives import Cost, ListSize
from schema.fields import DEFINITION

DIRECTIVES = """
directive @cost(weight: String!) on
  ARGUMENT_DEFINITION | ENUM | FIELD_DEFINITION | INPUT_FIELD_DEFINITION | OBJECT | SCALAR
directive @listSize(
  assumedSize: Int, slicingArguments: [String!], sizedFields: [String!], requireOneSlicingArgument: Boolean = true
) on FIELD_DEFINITION
"""


def schema(sdl: str) -> GraphQLSchema:
    """The schema of a text, its directives kept where strawberry keeps them."""
    built = build_schema(DIRECTIVES + sdl)
    for type_ in built.type_map.values():
        fields = getattr(type_, "fields", {}).values()
        arguments = [argument for field in fields for argument in getattr(field, "args", {}).values()]
        for element in (type_, *fields, *arguments):
            nodes = getattr(element.ast_node, "directives", None) or ()
            element.extensions[DEFINITION] = SimpleNamespace(directives=[_directive(node) for node in nodes])
    return built


def _directive(node: DirectiveNode) -> Cost | ListSize:
    given: dict[str, Any] = {
        argument.name.value: value_from_ast_untyped(argument.value) for argument in node.arguments or ()
    }
    if node.name.value == "cost":
        return Cost(**given)
    spelled = {
        "assumedSize": "assumed_size",
        "slicingArguments": "slicing_arguments",
        "sizedFields": "sized_fields",
        "requireOneSlicingArgument": "require_one_slicing_argument",
    }
    return ListSize(**{spelled[name]: value for name, value in given.items()})


def price(over: GraphQLSchema, text: str, *, is_checked: bool = True) -> Price:
    """The formula of the first operation of a document; one that is too large to be checked in a test's time is valid."""
    document = parse(text)
    assert not is_checked or validate(over, document) == []
    operation = next(node for node in document.definitions if isinstance(node, OperationDefinitionNode))
    fragments = {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}
    return price_of(over, operation, fragments)


def cost(sdl: str, text: str, **given: Any) -> float:
    """The price of a document's first operation with these variables."""
    over = schema(sdl)
    operation = next(node for node in parse(text).definitions if isinstance(node, OperationDefinitionNode))
    values = get_variable_values(over, operation.variable_definitions or (), given)
    assert not isinstance(values, list), values
    return price(over, text).of(values.coerced)
