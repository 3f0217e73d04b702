"""Generated code: variables coerced to the types of an operation, the struct of an input made in one expression.

graphql-core asks of every value of every request what kind of type it is held to: 20 ms for a batch of a thousand events.
This knows. It says what graphql-core says: the coerced value, or `Undefined` where that tells the client itself what is
wrong.
"""

from collections.abc import Callable, Mapping, Set
from functools import partial
from itertools import count
from typing import Any, NoReturn

import msgspec
from graphql import (
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLLeafType,
    GraphQLList,
    GraphQLNonNull,
    Undefined,
    assert_leaf_type,
)
from graphql.utilities.coerce_input_value import coerce_default_value, coerce_input_value

from schema.fields import STRUCT

Coerce = Callable[[Any], Any]
"""(JSON) → the value that resolvers get, or Undefined."""

AS_IS: Mapping[str, Set[type]] = {
    "String": frozenset((str,)),
    "ID": frozenset((str,)),
    "JSON": frozenset((dict, list, str, int, float, bool)),
}
"""The types of values that scalars leave as they are."""
TUPLE = "tuple([{}])"
"""How a struct has a list."""


class Misfit(Exception):
    """A value that does not fit its type."""


def coercer(type_: GraphQLInputType) -> Coerce:
    """Makes of JSON the value that resolvers get, or Undefined where it does not fit the type."""
    function = _writer.of_type(type_)

    def coerce(value: Any) -> Any:
        try:
            return function(value)
        except (Misfit, KeyError):  # a field that is missing is the only key that is looked for in vain
            return Undefined

    return coerce


class Writer:
    """Writes functions that coerce JSON, or raise where it does not fit.

    What it knows of inputs, scalars and enums is held by type, so that a document leaves nothing behind.
    """

    def __init__(self) -> None:
        self._names: dict[str, Any] = {"absent": Undefined, "listed": _listed, "misfit": _misfit}
        self._numbers = count()
        self._inputs: dict[GraphQLInputObjectType, str] = {}
        self._leaves: dict[GraphQLLeafType, tuple[str, str]] = {}

    def of_type(self, type_: GraphQLInputType) -> Coerce:
        """The function that coerces to a type."""
        return self._function(self._value(type_, "g"))

    def _function(self, expression: str) -> Coerce:
        made: Coerce = eval(f"lambda g: {expression}", self._names)  # noqa: S307  # names are numbered here or of GraphQL
        return made

    def _value(self, type_: GraphQLInputType, value: str, lists: str = "[{}]") -> str:
        """The expression that coerces the value of an expression; `lists` is what is written around the items of a list."""
        if isinstance(type_, GraphQLNonNull):
            return self._present(type_.of_type, value, lists)
        v = self._name("v")
        return f"(None if ({v} := {value}) is None else {self._present(type_, v, lists)})"

    def _present(self, type_: GraphQLInputType, value: str, lists: str) -> str:
        if isinstance(type_, GraphQLList):
            item = self._name("v")
            return lists.format(f"{self._value(type_.of_type, item)} for {item} in listed({value})")
        if isinstance(type_, GraphQLInputObjectType):
            return f"{self._input(type_)}({value})"
        return self._leaf(assert_leaf_type(type_), value)

    def _leaf(self, type_: GraphQLLeafType, value: str) -> str:
        if type_ not in self._leaves:
            self._leaves[type_] = self._known(_raising(type_.coerce_input_value)), self._known(AS_IS.get(type_.name))
        parse, as_is = self._leaves[type_]
        if type_.name not in AS_IS:
            return f"{parse}({value})"
        v = self._name("v")
        return f"({v} if ({v} := {value}).__class__ in {as_is} else {parse}({v}))"

    def _input(self, type_: GraphQLInputObjectType) -> str:
        """The name of the function that makes an input; one that becomes no struct, of another schema than the gateway's,
        is left to graphql-core."""
        if type_ not in self._inputs:
            # Named before it is written: a type may stand inside itself.
            name, struct = self._name("t"), type_.extensions.get(STRUCT)
            self._inputs[type_] = name
            left = _raising(partial(coerce_input_value, type_=type_))
            self._names[name] = left if struct is None else self._function(self._struct(type_, struct))
        return self._inputs[type_]

    def _struct(self, type_: GraphQLInputObjectType, struct: type[msgspec.Struct]) -> str:
        """The struct of an input, where it is an object without a field that is not known."""
        left_out = {field.name: field.default for field in msgspec.structs.fields(struct)}
        parts = [
            f"{out_name}={self._field(name, field, left_out[out_name])}"
            for name, field in type_.fields.items()
            for out_name in (field.out_name or name,)
        ]
        required = sum(map(_is_required, type_.fields.values()))
        fits = f"g.__class__ is dict and (len(g) == {required} or {self._known(frozenset(type_.fields))}.issuperset(g))"
        if type_.is_one_of:
            fits += " and len(g) == 1 and None not in g.values()"
        return f"{self._known(struct)}({', '.join(parts)}) if {fits} else misfit()"

    def _field(self, name: str, field: GraphQLInputField, left_out: Any) -> str:
        """What a struct's field gets, `left_out` where nothing is given."""
        if _is_required(field):
            return self._value(field.type, f"g[{name!r}]", TUPLE)
        v, default = self._name("v"), coerce_default_value(field)
        otherwise = self._known(left_out if default is Undefined else default)
        return f"{otherwise} if ({v} := g.get({name!r}, absent)) is absent else {self._value(field.type, v, TUPLE)}"

    def _known(self, value: Any) -> str:
        """The name under which the code knows a value."""
        name = self._name("k")
        self._names[name] = value
        return name

    def _name(self, kind: str) -> str:
        return f"{kind}{next(self._numbers)}"


def _is_required(field: GraphQLInputField) -> bool:
    return isinstance(field.type, GraphQLNonNull) and coerce_default_value(field) is Undefined


def _raising(coerce: Coerce) -> Coerce:
    """The same for what is not null, but that it raises where the value does not fit."""

    def coerced(value: Any) -> Any:
        try:
            made = Undefined if value is None else coerce(value)
        except Exception:  # noqa: BLE001  # as graphql-core has it: whatever a parser raises is the value's fault
            raise Misfit from None
        return _misfit() if made is Undefined else made

    return coerced


def _listed(value: Any) -> Any:
    """The items of a list; a value that is none stands for a list of one."""
    return value if value.__class__ is list else _misfit() if value is None else (value,)


def _misfit() -> NoReturn:
    raise Misfit


_writer = Writer()
