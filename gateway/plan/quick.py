"""Generated code: the object of a row written in one expression, for whatever a row tells at once.

Each value is looked at for the class that its type lets through as it is; any other goes to the type's own coercion, as
graphql-core has it. What does not fit raises, and the fields are then taken one by one.
"""

from collections.abc import Callable, Sequence
from enum import Enum
from itertools import count
from types import NoneType
from typing import Any, NoReturn

from graphql import (
    GraphQLBoolean,
    GraphQLEnumType,
    GraphQLID,
    GraphQLInt,
    GraphQLLeafType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLOutputType,
    GraphQLString,
    Undefined,
    UndefinedType,
    is_leaf_type,
)
from strawberry.types.scalar import identity

from gateway.plan.run import AWAITABLE
from gateway.plan.selections import AT_ONCE, Selection

PASSING = {
    GraphQLString: "({v} := {value}).__class__ is str",
    GraphQLID: "({v} := {value}).__class__ is str",
    GraphQLBoolean: "({v} := {value}).__class__ is bool",
    GraphQLInt: "({v} := {value}).__class__ is int and -2147483648 <= {v} <= 2147483647",
}
"""Which values of the specification's scalars are the answer's part as they are."""
NO_ROW = (NoneType, UndefinedType, Exception, *AWAITABLE)
"""What stands in the place of a row where there is none, or none yet."""


class Unfit(Exception):
    """A value that no expression takes: it is looked at by itself."""


class Writer:
    """Writes the functions of a plan's selections, and compiles them all at once."""

    def __init__(self) -> None:
        self._names: dict[str, Any] = {"listed": _listed, "no_row": NO_ROW, "unfit": _unfit}
        self._numbers = count()
        self._functions: dict[Selection, str] = {}
        self._source: list[str] = []

    def known(self, value: Any) -> str:
        """The name under which the code knows a value."""
        name = f"k{next(self._numbers)}"
        self._names[name] = value
        return name

    def of_type(self, type_: GraphQLOutputType, value: str, selection: Selection | None) -> str:
        """The expression that completes the value of an expression; `selection` is that of the objects in it."""
        if isinstance(type_, GraphQLNonNull):
            return self._present(type_.of_type, value, selection)
        v = self._variable()
        if is_leaf_type(type_):
            return self._leaf(type_, value, v, is_nullable=True)
        return f"(None if ({v} := {value}) is None else {self._present(type_, v, selection)})"

    def write(self, selection: Selection, entries: Sequence[tuple[str, str]]) -> None:
        """Write the function of a selection: its keys, each with its expression."""
        name = self._functions[selection] = f"q{next(self._numbers)}"
        looks = "" if any(" r." in expression or "(r." in expression for _, expression in entries) else LOOK
        body = ", ".join(f"{key!r}: {expression}" for key, expression in entries)
        self._source.append(f"def {name}(r, c):\n{looks}    return {{{body}}}\n")

    def compile(self) -> None:
        """Give every selection its function."""
        exec("".join(self._source), self._names)  # noqa: S102  # names are numbered here, keys are names of GraphQL
        for selection, name in self._functions.items():
            selection.quick = self._names[name]
        self._functions.clear()
        self._source.clear()

    def _variable(self) -> str:
        return f"v{next(self._numbers)}"

    def _present(self, type_: GraphQLOutputType, value: str, selection: Selection | None) -> str:
        if is_leaf_type(type_):
            return self._leaf(type_, value, self._variable(), is_nullable=False)
        if isinstance(type_, GraphQLList):
            item = self._variable()
            return f"[{self.of_type(type_.of_type, item, selection)} for {item} in listed({value})]"
        assert selection is not None  # noqa: S101  # objects have one
        return f"{self._functions[selection]}({value}, c)"

    def _leaf(self, type_: GraphQLLeafType, value: str, v: str, *, is_nullable: bool) -> str:
        if type_.coerce_output_value is identity:
            return value if is_nullable else f"({v} if ({v} := {value}) is not None else unfit({v}))"
        coerce = f"{self.known(_present_only(type_.coerce_output_value))}({v})"
        if is_nullable:
            coerce = f"None if {v} is None else {coerce}"
        members = _members(type_)
        if members is not None:
            return f"({v}._name_ if ({v} := {value}).__class__ is {self.known(members)} else {coerce})"
        passing = PASSING.get(type_, "({v} := {value}) is unfit")  # type: ignore[arg-type]  # scalars alone are there
        return f"({v} if {passing.format(v=v, value=value)} else {coerce})"


LOOK = "    if isinstance(r, no_row):\n        unfit(r)\n"
"""What a function begins with that reads no attribute, which would fail by itself."""


def _unfit(value: object) -> NoReturn:
    raise Unfit(type(value).__name__)


def _listed(value: Any) -> Any:
    return value if value.__class__ in AT_ONCE else _unfit(value)


def _present_only(coerce: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def coerced(value: Any) -> Any:
        made = coerce(value)
        return _unfit(made) if made is None or made is Undefined else made

    return coerced


def _members(type_: GraphQLLeafType) -> type[Enum] | None:
    """The enum whose members are called as the type's values are; None for any other type."""
    members = getattr(type_, "wrapped_cls", None)
    if not isinstance(type_, GraphQLEnumType) or members is None:
        return None
    values = {name: value.value for name, value in type_.values.items()}
    return members if {member.name: member.value for member in members} == values else None
