"""Whatever document is sent, its price is what a walk that expands everything finds."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLNamedType,
    GraphQLObjectType,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    build_schema,
    get_directive_values,
    get_named_type,
    get_nullable_type,
    get_variable_values,
    is_composite_type,
    is_leaf_type,
    is_list_type,
    parse,
    print_ast,
    value_from_ast,
    value_from_ast_untyped,
)
from graphql.type import GraphQLIncludeDirective, GraphQLSkipDirective
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from hypothesis_graphql import from_schema, nodes

from gateway.plan.cost import price_of
from tests.architecture.test_contract import COMMITTED
from tests.fuzz.scalars import TEXTS
from tests.harness import schema
from tests.trying import tried

EXAMPLES = 150
TEXT = COMMITTED.read_text(encoding="utf-8")
DECLARED = build_schema(TEXT)
"""The schema as it is printed: the walk reads its directives there."""

SCALARS: Any = {name: st.just(nodes.String(texts[0])) for name, texts in TEXTS.items()}
SCALARS["Long"] = st.just(nodes.Int(1))
DOCUMENTS = from_schema(TEXT, custom_scalars=SCALARS)
SIZES = st.none() | st.integers(-1, 200)


class Asked(NamedTuple):
    """An operation with its fragments and variables."""

    fragments: Mapping[str, FragmentDefinitionNode]
    values: Any  # graphql-core's VariableValues


@st.composite
def operations(draw: st.DrawFn) -> tuple[DocumentNode, dict[str, object]]:
    """A document with variables in some of its pages, conditions on some fields, and fragments spread twice."""
    text: str = draw(DOCUMENTS)  # type: ignore[assignment]  # printed
    document = parse(text)
    (operation,) = document.definitions
    assert isinstance(operation, OperationDefinitionNode)
    changed = _Varied(draw)
    selections = changed.selections(operation.selection_set)
    kind = operation.operation.value
    declared = ", ".join(f"${name}: {'Int' if name[0] == 'n' else 'Boolean!'}" for name in changed.variables)
    head = f"{kind} ({declared})" if declared else kind
    given = {name: value for name, value in changed.variables.items() if value != ()}
    return parse(" ".join([head, selections, *changed.fragments])), given


class _Varied:
    """A document printed anew, with variables and fragments where the draw says so."""

    def __init__(self, draw: st.DrawFn) -> None:
        self._draw = draw
        self.variables: dict[str, object] = {}
        self.fragments: list[str] = []

    def selections(self, selections: SelectionSetNode) -> str:
        return f"{{ {' '.join(self._selection(node) for node in selections.selections)} }}"

    def _selection(self, node: Any) -> str:  # a field or an inline fragment
        if isinstance(node, FieldNode):
            below = self.selections(node.selection_set) if node.selection_set else ""
            arguments = ", ".join(self._argument(argument) for argument in node.arguments or ())
            alias = f"{node.alias.value}: " if node.alias else ""
            return f"{alias}{node.name.value}{f'({arguments})' if arguments else ''} {self._condition()} {below}"
        body = f"on {node.type_condition.name.value} {self.selections(node.selection_set)}"
        if not self._draw(st.booleans()):
            return f"... {body}"
        name = f"F{len(self.fragments)}"
        self.fragments.append(f"fragment {name} {body}")
        return f"...{name} {self._condition()} ...{name}"

    def _argument(self, argument: Any) -> str:
        if argument.name.value not in {"first", "last"} or not self._draw(st.booleans()):
            return print_ast(argument)
        # Nothing given stands for a variable that is left out.
        name = self._variable("n", self._draw(SIZES | st.just(())))
        return f"{argument.name.value}: ${name}"

    def _condition(self) -> str:
        kind = self._draw(st.sampled_from(("", "", "", "skip", "include")))
        return f"@{kind}(if: ${self._variable('b', self._draw(st.booleans()))})" if kind else ""

    def _variable(self, letter: str, value: object) -> str:
        name = f"{letter}{len(self.variables)}"
        self.variables[name] = value
        return name


@settings(tried(EXAMPLES), database=None, phases=[Phase.explicit, Phase.generate])
@given(asked=operations())
def test_the_price_of_any_document_is_that_of_a_walk_that_expands_everything(
    asked: tuple[DocumentNode, dict[str, object]],
) -> None:
    document, given = asked
    operation = document.definitions[0]
    assert isinstance(operation, OperationDefinitionNode)
    fragments = {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}
    values = get_variable_values(DECLARED, operation.variable_definitions or (), given)
    assert not isinstance(values, list), values
    price = price_of(schema(), operation, fragments)
    root = DECLARED.get_root_type(operation.operation)
    assert root is not None
    expected = weight(root, 1) + walked(operation.selection_set, root, Asked(fragments, values), ((), 0))
    assert price.of(values.coerced) == expected, print_ast(document)
    roots = sum(share for path, share in price.by_path(values.coerced).items() if len(path) == 1)
    assert roots + weight(root, 1) == expected


def walked(
    selections: SelectionSetNode, parent: GraphQLObjectType, asked: Asked, page: tuple[tuple[str, ...], int]
) -> float:
    """The price of a selection for one object; `page` names the fields that hold so many items."""
    total: float = 0
    for node in selections.selections:
        skip = get_directive_values(GraphQLSkipDirective, node, asked.values)
        include = get_directive_values(GraphQLIncludeDirective, node, asked.values)
        if (skip and skip["if"]) or (include and not include["if"]):
            continue
        if isinstance(node, FieldNode):
            if not node.name.value.startswith("__"):
                total += of_field(node, parent, asked, page)
            continue
        fragment = asked.fragments[node.name.value] if isinstance(node, FragmentSpreadNode) else node
        assert isinstance(fragment, (FragmentDefinitionNode, InlineFragmentNode))
        condition = DECLARED.type_map[fragment.type_condition.name.value] if fragment.type_condition else parent
        if condition is parent or (not is_object(condition) and DECLARED.is_sub_type(condition, parent)):  # type: ignore[arg-type]
            total += walked(fragment.selection_set, parent, asked, page)
    return total


def of_field(node: FieldNode, parent: GraphQLObjectType, asked: Asked, page: tuple[tuple[str, ...], int]) -> float:
    field = parent.fields[node.name.value]
    listed = directive(field, "listSize") or {}
    sizes = []
    for name in listed.get("slicingArguments", ()):
        argument = next((given.value for given in node.arguments or () if given.name.value == name), None)
        default = field.args[name].default
        value = default and value_from_ast_untyped(default.literal)
        if argument is not None:
            found = value_from_ast(argument, field.args[name].type, asked.values.coerced)
            # Undefined is what a variable is that was not given: the argument is left out.
            value = found if isinstance(found, (int, list, type(None))) else value
        if value is not None:
            sizes.append(len(value) if isinstance(value, list) else value)
    size = max([0, *sizes]) if sizes else listed.get("assumedSize", 10)
    below = tuple(listed.get("sizedFields", ()))
    type_ = get_named_type(field.type)
    possible = [type_] if is_leaf_type(type_) or is_object(type_) else DECLARED.get_possible_types(type_)  # type: ignore[arg-type]
    each = max(
        weight(one, int(is_composite_type(one)))
        + (walked(node.selection_set, one, asked, (below, size)) if node.selection_set else 0)  # type: ignore[arg-type]
        for one in possible
    )
    times = page[1] if node.name.value in page[0] else 1
    if node.name.value not in page[0] and is_list_type(get_nullable_type(field.type)):
        times = 10 if below else size
    return weight(field, 0) + times * each


def is_object(type_: GraphQLNamedType) -> bool:
    return isinstance(type_, GraphQLObjectType)


def weight(element: Any, default: float) -> float:
    declared = directive(element, "cost")
    return default if declared is None else float(declared["weight"])


def directive(element: Any, name: str) -> dict[str, Any] | None:
    """The arguments of a directive as the schema's text has it."""
    for node in getattr(element.ast_node, "directives", None) or ():
        if node.name.value == name:
            return {argument.name.value: value_from_ast_untyped(argument.value) for argument in node.arguments}
    return None
