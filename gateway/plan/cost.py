"""What an operation costs before it runs: static query analysis of the IBM cost specification over `@cost` and `@listSize`.

The price is the type cost of section 5.3.2.1, each object that can come back by the weight of its type, the root too,
and the field cost of section 5.3.2.2 by the weights that are declared on fields, arguments and input fields. Every
selection counts, also where the answer would merge it with another. Introspection is free: it asks no source and the
limits of a document bound it.
"""

import math
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


class TooLong(Exception):
    """An operation that takes more selections to price than there may be."""


def price_of(
    schema: GraphQLSchema,
    operation: OperationDefinitionNode,
    fragments: Mapping[str, FragmentDefinitionNode],
    most: float = math.inf,
) -> Price:
    """The price of an operation of a valid document, with the document's fragments by their names.

    Raises TooLong where it takes more than so many selections, each for every type that its parent can be of.
    """
    root = schema.get_root_type(operation.operation)
    if root is None:
        raise TypeError(f"the schema has no {operation.operation.value} type")
    pricing = _Pricing(schema, fragments, most)
    selected = pricing.selected(operation.selection_set, root)
    total = pricing.formula.sum((type_weight(root), selected.fixed))
    return Price(pricing.formula, selected, total, pricing.visited)


class _Pricing:
    """One walk of an operation: each selection is priced once for each type its parent can be of, whatever spreads it."""

    def __init__(self, schema: GraphQLSchema, fragments: Mapping[str, FragmentDefinitionNode], most: float) -> None:
        self.formula = Formula()
        self.visited = 0
        self._schema, self._fragments, self._most = schema, fragments, most
        self._given: dict[int, int] = {}
        self._known: dict[tuple[int, str, tuple[str, ...]], Selected] = {}

    def selected(
        self, selections: SelectionSetNode, parent: GraphQLObjectType, sized: tuple[str, ...] = ()
    ) -> Selected:
        """What a selection costs for an object of the type, `sized` of whose fields hold the items of a page."""
        key = (id(selections), parent.name, sized)
        found = self._known.get(key)
        if found is None:
            parts, visited = self._parts(selections, parent, sized)
            below = [one for part in parts for one in part.below]
            found = self._known[key] = Selected(
                self.formula.sum(self.formula.where(part.conditions, part.fixed) for part in parts),
                self.formula.sum(self.formula.where(part.conditions, part.each) for part in parts),
                parts,
                sum(part.key is not None for part in parts) + sum(one.fields for one in below),
                visited + sum(part.given for part in parts) + sum(one.work for one in below),
            )
        return found

    def _parts(
        self, selections: SelectionSetNode, parent: GraphQLObjectType, sized: tuple[str, ...]
    ) -> tuple[tuple[Part, ...], int]:
        """The parts of a selection, and how many selections were visited for them, those that do not apply too."""
        parts: list[Part] = []
        visited = 0
        waiting: list[tuple[SelectionSetNode, tuple[Condition, ...]]] = [(selections, ())]
        while waiting:
            current, above = waiting.pop()
            visited += len(current.selections)
            self._count(len(current.selections))
            for node in current.selections:
                own = _conditions(node)
                if own is None:
                    continue
                conditions = (*above, *own)
                if isinstance(node, InlineFragmentNode):
                    if self._applies(node.type_condition, parent):
                        waiting.append((node.selection_set, conditions))
                elif isinstance(node, FragmentSpreadNode):
                    fragment = self._fragments[node.name.value]
                    if self._applies(fragment.type_condition, parent):
                        below = self.selected(fragment.selection_set, parent, sized)
                        parts.append(Part(None, conditions, below.fixed, below.each, below=(below,)))
                elif isinstance(node, FieldNode) and not node.name.value.startswith("__"):
                    parts.append(self._field(node, parent, sized, conditions))
        return tuple(parts), visited

    def _count(self, selections: int) -> None:
        self.visited += selections
        if self.visited > self._most:
            raise TooLong

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
        given = self._given_to(node)
        if name in sized:
            return Part(key, conditions, own, one, None, size, below, given)
        times: Term = 1
        if is_list(field.type):
            times = UNSIZED if fields_below else size
        fixed = self.formula.sum((own, self.formula.product((times, one))))
        return Part(key, conditions, fixed, 0, times, size, below, given)

    def _given_to(self, node: FieldNode) -> int:
        """How many values the arguments of a field hold."""
        found = self._given.get(id(node))
        if found is None:
            values = (one for argument in node.arguments or () for one in _values_in(argument.value))
            found = self._given[id(node)] = sum(1 for _ in values)
        return found

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


def _values_in(node: ValueNode) -> Iterator[ValueNode]:
    """A literal, and all that it holds."""
    waiting = [node]
    while waiting:
        current = waiting.pop()
        yield current
        if isinstance(current, ListValueNode):
            waiting += current.values
        elif isinstance(current, ObjectValueNode):
            waiting += [field.value for field in current.fields]


def _variables_in(node: ValueNode) -> set[str]:
    """The variables that a literal holds."""
    return {value.name.value for value in _values_in(node) if isinstance(value, VariableNode)}
