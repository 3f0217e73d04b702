"""What the schema declares of costs: `@cost` and `@listSize` as strawberry keeps them, and what holds without them."""

from typing import Any, TypeVar

from graphql import (
    GraphQLArgument,
    GraphQLField,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNamedType,
    GraphQLNonNull,
    get_named_type,
    get_nullable_type,
    is_composite_type,
)
from msgspec import UNSET

from schema.directives import Cost, ListSize, Source
from schema.fields import DEFINITION

UNSIZED = 10
"""How many are assumed to be in a list without `@listSize`: the parts of one object, as lines, steps or actions."""

Directive = TypeVar("Directive", Cost, ListSize, Source)


def declared(
    element: GraphQLNamedType | GraphQLField | GraphQLArgument | GraphQLInputField, kind: type[Directive]
) -> Directive | None:
    """The directive of this kind on an element of the schema."""
    directives = getattr(element.extensions.get(DEFINITION), "directives", ())
    return next((directive for directive in directives if isinstance(directive, kind)), None)


def weight(element: GraphQLField | GraphQLArgument | GraphQLInputField) -> float:
    """The weight declared on a field, argument or input field; 0 where none is.

    The default of the specification for those of composite types, 1, is not taken: what is returned is weighed itself.
    """
    return _weight(declared(element, Cost), 0)


def type_weight(type_: GraphQLNamedType) -> float:
    """The weight of an object type, by default 1, or of a scalar or enum, by default 0 (section 7.1)."""
    return _weight(declared(type_, Cost), 1 if is_composite_type(type_) else 0)


def is_list(type_: Any) -> bool:  # any output or input type
    """True for a list, nullable or not."""
    return isinstance(get_nullable_type(type_), GraphQLList)


def weighs_inside(type_: GraphQLInputType) -> bool:
    """True where an input field that a value of the type can hold has a weight."""
    waiting, seen = [get_named_type(type_)], set()
    while waiting:
        found = waiting.pop()
        if found in seen or not isinstance(found, GraphQLInputObjectType):
            continue
        seen.add(found)
        for field in found.fields.values():
            if weight(field):
                return True
            waiting.append(get_named_type(field.type))
    return False


def weight_inside(type_: GraphQLInputType, value: Any) -> float:  # a coerced value of any type
    """The weights of the input fields that a coerced value uses, each as often as it is used (section 5.3.2.2).

    Where inputs become structs, what is null counts as not used.
    """
    if isinstance(type_, GraphQLNonNull):
        return weight_inside(type_.of_type, value)
    if isinstance(type_, GraphQLList):
        items = value if isinstance(value, (list, tuple)) else (value,)
        return sum(weight_inside(type_.of_type, item) for item in items)
    if not isinstance(type_, GraphQLInputObjectType) or value is None:
        return 0
    total: float = 0
    for name, field in type_.fields.items():
        held = field.out_name or name
        part = value.get(held, UNSET) if isinstance(value, dict) else getattr(value, held, None)
        if part is not UNSET and (part is not None or isinstance(value, dict)):
            total += weight(field) + weight_inside(field.type, part)
    return total


def _weight(directive: Cost | None, default: float) -> float:
    """A weight is a serialized float; whole ones stay whole, so that prices are exact."""
    if directive is None:
        return default
    found = float(directive.weight)
    return int(found) if found.is_integer() else found
