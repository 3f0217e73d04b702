"""Variables coerced to the types of an operation by functions that are made once for each input type.

graphql-core asks of every value of every request what kind of type it is held to: 20 ms for a batch of a thousand events.
These know. They say what it says: the coerced value, or `Undefined` where it tells the client itself what is wrong.
"""

from collections.abc import Callable
from typing import Any

import msgspec
from graphql import (
    GraphQLID,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLString,
    Undefined,
    assert_leaf_type,
)
from graphql.utilities.coerce_input_value import coerce_default_value

Coerce = Callable[[Any], Any]
"""(JSON that is not null) → the value that resolvers get, or Undefined."""

_made: dict[GraphQLInputObjectType, Coerce] = {}


class Part(msgspec.Struct, frozen=True):
    """A field of an input: what it is called, how its value is coerced, and what stands for one that is left out."""

    name: str
    out_name: str
    coerce: Coerce
    is_nullable: bool
    is_required: bool
    default: Any


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
    if type_ in (GraphQLString, GraphQLID):
        return lambda value: value if type(value) is str else _tried(parse, value)
    return lambda value: _tried(parse, value)


def _tried(parse: Coerce, value: Any) -> Any:
    try:
        return parse(value)
    except Exception:  # noqa: BLE001  # as graphql-core has it: whatever a parser raises is the value's fault
        return Undefined


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
    parts = [msgspec.structs.astuple(_part(name, field)) for name, field in type_.fields.items()]
    make, is_one_of = type_.out_type, type_.is_one_of

    def coerce(value: Any) -> Any:
        if not isinstance(value, dict):
            return Undefined
        made: dict[str, Any] = {}
        given = 0
        for name, out_name, part, is_nullable, is_required, default in parts:
            if name in value:
                given += 1
                one = value[name]
                one = part(one) if one is not None else None if is_nullable else Undefined
                if one is Undefined:
                    return Undefined
                made[out_name] = one
            elif is_required:
                return Undefined
            elif default is not Undefined:
                made[out_name] = default
        if given != len(value) or (is_one_of and (given != 1 or None in made.values())):
            return Undefined
        return make(made)

    return coerce


def _part(name: str, field: GraphQLInputField) -> Part:
    is_nullable, default = not isinstance(field.type, GraphQLNonNull), coerce_default_value(field)
    is_required = not is_nullable and default is Undefined
    return Part(name, field.out_name or name, _coercer(field.type), is_nullable, is_required, default)
