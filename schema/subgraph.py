"""The schema in the words of Apollo Federation: what a federated graph is composed of.

Federation brings the directives that it knows, weighs in whole numbers, slices by numbers alone, and drops directives that are
ours.
"""

from dataclasses import replace
from typing import Any

from graphql import (
    REMOVE,
    ConstArgumentNode,
    ConstDirectiveNode,
    FieldDefinitionNode,
    IntValueNode,
    StringValueNode,
    Visitor,
    parse,
    print_ast,
    value_from_ast_untyped,
    visit,
)

SPECIFICATION = "https://specs.apollo.dev/federation/v2.9"
"""The first version with `@cost` and `@listSize`: whoever knows a later one takes it as well."""
BROUGHT = ("authenticated", "cost", "key", "listSize", "requiresScopes", "shareable")
"""The directives that federation defines."""
GUARDS = frozenset({"authenticated", "requiresScopes"})
"""Those that a gateway which can't enforce them refuses."""
DROPPED = frozenset({"pii", "source"})
"""Directives that federation would drop, and leave behind the type of their arguments."""
LEFT_OUT = DROPPED | {*BROUGHT, "PiiKind", "_Any", "_Entity", "_Service"}
OF_FEDERATION = "federation__"
"""What the names of the types begin with that its directives take."""


def federated(text: str, *, guarded: bool = True) -> str:
    """The schema's text as a subgraph's, with or without the guards."""
    dropped = DROPPED if guarded else DROPPED | GUARDS
    document = parse(text, no_location=True)
    definitions = tuple(node for node in document.definitions if _is_composed(node))
    imports = ", ".join(f'"@{name}"' for name in BROUGHT if name not in dropped)
    link = f'extend schema @link(url: "{SPECIFICATION}", import: [{imports}])'
    return f"{link}\n\n{print_ast(visit(replace(document, definitions=definitions), _Reworded(dropped)))}\n"


def _is_composed(definition: Any) -> bool:  # a definition of any kind, all of which have a name
    name: str = definition.name.value
    return name not in LEFT_OUT and not name.startswith(OF_FEDERATION)


class _Reworded(Visitor):
    """Says the same in federation's words; the fields by which it asks of subgraphs are none of the graph."""

    def __init__(self, dropped: frozenset[str]) -> None:
        super().__init__()
        self._dropped = dropped

    def enter_field_definition(self, node: FieldDefinitionNode, *_: object) -> Any:  # a node, REMOVE, or no change
        if node.name.value.startswith("_"):
            return REMOVE
        keys = {argument.name.value for argument in node.arguments or () if print_ast(argument.type).startswith("[")}
        directives = tuple(_sliced_by_numbers(directive, keys) for directive in node.directives or ())
        return replace(node, directives=directives)

    def enter_directive(self, node: ConstDirectiveNode, *_: object) -> Any:  # the same
        if node.name.value in self._dropped:
            return REMOVE
        return replace(node, arguments=tuple(map(_whole, node.arguments or ()))) if node.name.value == "cost" else None


def _sliced_by_numbers(directive: ConstDirectiveNode, keys: set[str]) -> ConstDirectiveNode:
    """A `@listSize` that keys slice as one of the most that there can be; any other directive as it is."""
    given = {argument.name.value: argument for argument in directive.arguments or ()}
    if directive.name.value != "listSize" or "slicingArguments" not in given:
        return directive
    slicing = value_from_ast_untyped(given["slicingArguments"].value)
    return directive if keys.isdisjoint(slicing) else replace(directive, arguments=(given["assumedSize"],))


def _whole(argument: ConstArgumentNode) -> ConstArgumentNode:
    """A weight as a number: the IBM cost specification, which the schema keeps to, writes texts."""
    weight = argument.value
    assert isinstance(weight, StringValueNode)  # noqa: S101  # as `@cost` is declared
    return replace(argument, value=IntValueNode(value=weight.value))
