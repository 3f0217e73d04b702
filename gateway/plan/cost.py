"""What an operation costs before it runs: static query analysis of the IBM cost specification over `@cost` and `@listSize`.

The price is the type cost of section 5.3.2.1, each object that can come back by the weight of its type, the root too,
and the field cost of section 5.3.2.2 by the weights that are declared on fields, arguments and input fields. Every
selection counts, also where the answer would merge it with another. Introspection is free: it asks no source and the
limits of a document bound it.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from graphql import (
    ArgumentNode,
    BooleanValueNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLArgument,
    GraphQLField,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    ListValueNode,
    NamedTypeNode,
    NullValueNode,
    ObjectValueNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
    Undefined,
    ValueNode,
    VariableNode,
    get_named_type,
    is_abstract_type,
    is_leaf_type,
    value_from_ast,
)
from graphql.utilities.coerce_input_value import coerce_default_value

from gateway.plan.formula import Condition, Formula, Term, Variables
from gateway.plan.price import Part, Price, Selected
from gateway.plan.weights import UNSIZED, declared, is_list, type_weight, weighs_inside, weight, weight_inside
from schema.directives import ListSize

CONDITIONS = {"skip": False, "include": True}
"""The directives that leave a selection out, and what their `if` has to be for it to stay."""


def price_of(
    schema: GraphQLSchema, operation: OperationDefinitionNode, fragments: Mapping[str, FragmentDefinitionNode]
) -> Price:
    """The price of an operation of a valid document, with the document's fragments by their names."""
    root = schema.get_root_type(operation.operation)
    if root is None:
        raise TypeError(f"the schema has no {operation.operation.value} type")
    pricing = _Pricing(schema, fragments)
    selected = pricing.selected(operation.selection_set, root)
    total = pricing.formula.sum((type_weight(root), selected.fixed))
    return Price(pricing.formula, selected, total, pricing.visited)


class _Pricing:
    """One walk of an operation: each selection is priced once for each type its parent can be of, whatever spreads it."""

    def __init__(self, schema: GraphQLSchema, fragments: Mapping[str, FragmentDefinitionNode]) -> None:
        self.formula = Formula()
        self.visited = 0
        self._schema, self._fragments = schema, fragments
        self._known: dict[tuple[int, str, tuple[str, ...]], Selected] = {}

    def selected(
        self, selections: SelectionSetNode, parent: GraphQLObjectType, sized: tuple[str, ...] = ()
    ) -> Selected:
        """What a selection costs for an object of the type, `sized` of whose fields hold the items of a page."""
        key = (id(selections), parent.name, sized)
        found = self._known.get(key)
        if found is None:
            parts = tuple(self._parts(selections, parent, sized))
            found = self._known[key] = Selected(
                self.formula.sum(self.formula.where(part.conditions, part.fixed) for part in parts),
                self.formula.sum(self.formula.where(part.conditions, part.each) for part in parts),
                parts,
                sum((part.key is not None) + sum(below.fields for below in part.below) for part in parts),
            )
        return found

    def _parts(self, selections: SelectionSetNode, parent: GraphQLObjectType, sized: tuple[str, ...]) -> Iterator[Part]:
        waiting: list[tuple[SelectionSetNode, tuple[Condition, ...]]] = [(selections, ())]
        while waiting:
            current, above = waiting.pop()
            for node in current.selections:
                self.visited += 1
                own = _conditions(node)
                if own is None:
                    continue
                conditions = (*above, *own)
                if isinstance(node, FieldNode):
                    if not node.name.value.startswith("__"):
                        yield self._field(node, parent, sized, conditions)
                elif isinstance(node, InlineFragmentNode):
                    if self._applies(node.type_condition, parent):
                        waiting.append((node.selection_set, conditions))
                elif isinstance(node, FragmentSpreadNode):
                    fragment = self._fragments[node.name.value]
                    if self._applies(fragment.type_condition, parent):
                        below = self.selected(fragment.selection_set, parent, sized)
                        yield Part(None, conditions, below.fixed, below.each, below=(below,))

    def _applies(self, condition: NamedTypeNode | None, parent: GraphQLObjectType) -> bool:
        if condition is None or condition.name.value == parent.name:
            return True
        type_ = self._schema.type_map[condition.name.value]
        return is_abstract_type(type_) and self._schema.is_sub_type(type_, parent)

    def _field(
        self, node: FieldNode, parent: GraphQLObjectType, sized: tuple[str, ...], conditions: tuple[Condition, ...]
    ) -> Part:
        field, name = parent.fields[node.name.value], node.name.value
        key = node.alias.value if node.alias else name
        listed = declared(field, ListSize)
        size = UNSIZED if listed is None else self._size(listed, field, node)
        fields_below = tuple(listed.sized_fields or ()) if listed else ()
        below, one = self._item(get_named_type(field.type), node.selection_set, fields_below, size)
        own = self._own(field, node)
        if name in sized:
            return Part(key, conditions, own, one, None, size, below)
        times: Term = 1
        if is_list(field.type):
            times = UNSIZED if fields_below else size
        return Part(key, conditions, self.formula.sum((own, self.formula.product((times, one)))), 0, times, size, below)

    def _item(
        self, type_: GraphQLNamedType, selections: SelectionSetNode | None, sized: tuple[str, ...], size: Term
    ) -> tuple[tuple[Selected, ...], Term]:
        """What is selected of one object that a field shows, by its type, and the price of the dearest (section 7.2)."""
        if selections is None or is_leaf_type(type_):
            return (), type_weight(type_)
        if isinstance(type_, GraphQLObjectType):
            below = self.selected(selections, type_, sized)
            return (below,), self._object(type_, below, size)
        possible = self._schema.get_possible_types(type_)  # type: ignore[arg-type]  # all others are abstract
        found = tuple(self.selected(selections, one, sized) for one in possible)
        prices = [self._object(one, below, size) for one, below in zip(possible, found, strict=True)]
        return found, self.formula.greatest(prices)

    def _object(self, type_: GraphQLObjectType, below: Selected, size: Term) -> Term:
        return self.formula.sum((type_weight(type_), below.fixed, self.formula.product((size, below.each))))

    def _own(self, field: GraphQLField, node: FieldNode) -> Term:
        """The field's own cost: its weight and those of what is given to it, and never less than 0."""
        given = {argument.name.value: argument for argument in node.arguments or ()}
        terms = [self._argument(argument, given.get(name)) for name, argument in field.args.items()]
        return self.formula.greatest((self.formula.sum((weight(field), *terms)),))

    def _argument(self, argument: GraphQLArgument, node: ArgumentNode | None) -> Term:
        """The weight of an argument that is given or has a default, and of the input fields that its value uses."""
        own, type_ = weight(argument), argument.type
        is_deep = weighs_inside(type_)
        if not own and not is_deep:
            return 0
        default = coerce_default_value(argument)
        if node is None:
            return 0 if default is Undefined else own + weight_inside(type_, default)
        value = node.value
        if not isinstance(value, VariableNode):
            if not is_deep:
                return own
            names = _variables_in(value)
            return self.formula.read(
                names, lambda values: own + weight_inside(type_, value_from_ast(value, type_, dict(values)))
            )
        name = value.name.value

        def used(values: Variables) -> float:
            found = values.get(name, default)
            return 0 if found is Undefined else own + weight_inside(type_, found)

        return self.formula.read((name,), used)

    def _size(self, listed: ListSize, field: GraphQLField, node: FieldNode) -> Term:
        """How many the list holds: the largest slicing argument, or what is assumed where none is given (section 8)."""
        assumed = listed.assumed_size if isinstance(listed.assumed_size, int) else UNSIZED
        given = {argument.name.value: argument.value for argument in node.arguments or ()}
        known: list[int] = []
        variables: list[tuple[str, int | None]] = []
        for name in listed.slicing_arguments or ():
            default = _length(coerce_default_value(field.args[name]))
            value = given.get(name)
            if isinstance(value, VariableNode):
                variables.append((value.name.value, default))
            elif (length := default if value is None else _length_of(value)) is not None:
                known.append(length)
        if not variables:
            return max(0, *known) if known else assumed

        def largest(values: Variables) -> float:
            found = [_length(values[name]) if name in values else default for name, default in variables]
            sizes = [size for size in (*known, *found) if size is not None]
            return max(0, *sizes) if sizes else assumed

        return self.formula.read((name for name, _ in variables), largest)


def _conditions(node: SelectionNode) -> tuple[Condition, ...] | None:
    """The variables that decide whether a selection is included; None where it says itself that it is not."""
    conditions: list[Condition] = []
    for directive in node.directives or ():
        wanted = CONDITIONS.get(directive.name.value)
        if wanted is None:
            continue
        given = next(argument.value for argument in directive.arguments or () if argument.name.value == "if")
        if isinstance(given, VariableNode):
            conditions.append((given.name.value, wanted))
        elif isinstance(given, BooleanValueNode) and given.value is not wanted:
            return None
    return tuple(conditions)


def _length(value: Any) -> int | None:  # a coerced value, of which an integer or a list has a length
    """The size that a slicing argument asks for: itself, or of a list of keys, how many there are."""
    if isinstance(value, (list, tuple)):
        return len(value)
    return value if isinstance(value, int) else None


def _length_of(node: ValueNode) -> int | None:
    """The same for a literal; null counts as left out."""
    if isinstance(node, NullValueNode):
        return None
    if isinstance(node, ListValueNode):
        return len(node.values)
    return int(node.value) if isinstance(node, IntValueNode) else 1


def _variables_in(node: ValueNode) -> set[str]:
    """The variables that a literal holds."""
    waiting, found = [node], set()
    while waiting:
        current = waiting.pop()
        if isinstance(current, VariableNode):
            found.add(current.name.value)
        elif isinstance(current, ListValueNode):
            waiting += current.values
        elif isinstance(current, ObjectValueNode):
            waiting += [field.value for field in current.fields]
    return found
