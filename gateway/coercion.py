"""Variables coerced to the types of an operation by functions that are made once for each input type.

graphql-core asks of every value of every request what kind of type it is held to: 20 ms for a batch of a thousand events.
These know. They say what it says: the coerced value, or `Undefined` where it tells the client itself what is wrong.
"""

from collections.abc import Callable, Mapping, Set
from typing import Any

from graphql import (
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLScalarType,
    Undefined,
    assert_leaf_type,
    get_nullable_type,
)
from graphql.utilities.coerce_input_value import coerce_default_value

Coerce = Callable[[Any], Any]
"""(JSON that is not null) → the value that resolvers get, or Undefined."""

_made: dict[GraphQLInputObjectType, Coerce] = {}


Part = tuple[str, Coerce, Set[type], bool]
"""A field of an input: its name for resolvers, how a value is coerced, the types of values that are right as they are, and
whether it may be null."""

NEVER: Set[type] = frozenset()
AS_IS: Mapping[str, Set[type]] = {
    "String": frozenset((str,)),
    "ID": frozenset((str,)),
    "JSON": frozenset((dict, list, str, int, float, bool)),
}
"""The types of values that scalars leave as they are."""


def coerced(input_value: Any, type_: GraphQLInputType) -> Any:
    """The value that resolvers get for JSON, or Undefined where it does not fit the type."""
    if input_value is None or input_value is Undefined:
        return Undefined if isinstance(type_, GraphQLNonNull) else None
    return _coercer(type_)(input_value)


def _coercer(type_: GraphQLInputType) -> Coerce:
    if isinstance(type_, GraphQLNonNull):
        return _coercer(type_.of_type)
    if isinstance(type_, GraphQLList):
        return _of_list(_coercer(type_.of_type), is_nullable=not isinstance(type_.of_type, GraphQLNonNull))
    if not isinstance(type_, GraphQLInputObjectType):
        return _of_leaf(type_)
    if type_ not in _made:
        # Held before it is made: a type may stand inside itself.
        _made[type_] = lambda value: _made[type_](value)  # noqa: PLW0108  # not what it is now
        _made[type_] = _of_object(type_)
    return _made[type_]


def _of_leaf(type_: GraphQLInputType) -> Coerce:
    parse = assert_leaf_type(type_).coerce_input_value

    def coerce(value: Any) -> Any:
        try:
            return parse(value)
        except Exception:  # noqa: BLE001  # as graphql-core has it: whatever a parser raises is the value's fault
            return Undefined

    return coerce


def _of_list(item: Coerce, *, is_nullable: bool) -> Coerce:
    def coerce(value: Any) -> Any:
        found = []
        # A value that is no list stands for a list of one.
        for one in value if isinstance(value, (list, tuple)) else (value,):
            made = item(one) if one is not None else None if is_nullable else Undefined
            if made is Undefined:
                return Undefined
            found.append(made)
        return found

    return coerce


def _of_object(type_: GraphQLInputObjectType) -> Coerce:
    parts = {name: _part(name, field) for name, field in type_.fields.items()}
    defaults = {name: coerce_default_value(field) for name, field in type_.fields.items()}
    left_out = {parts[name][0]: default for name, default in defaults.items() if default is not Undefined}
    required = [name for name, part in parts.items() if not part[3] and defaults[name] is Undefined]
    make, is_one_of = type_.out_type, type_.is_one_of

    def coerce(value: Any) -> Any:
        if not isinstance(value, dict):
            return Undefined
        for name in required:
            if name not in value:
                return Undefined
        made = left_out.copy()
        for name, given in value.items():
            if name not in parts:
                return Undefined
            out_name, part, as_is, is_nullable = parts[name]
            if type(given) in as_is:
                made[out_name] = given
            else:
                made[out_name] = part(given) if given is not None else None if is_nullable else Undefined
                if made[out_name] is Undefined:
                    return Undefined
        if is_one_of and (len(value) != 1 or None in made.values()):
            return Undefined
        return make(made)

    return coerce


def _part(name: str, field: GraphQLInputField) -> Part:
    named = get_nullable_type(field.type)
    as_is = AS_IS.get(named.name, NEVER) if isinstance(named, GraphQLScalarType) else NEVER
    return field.out_name or name, _coercer(field.type), as_is, named is field.type
