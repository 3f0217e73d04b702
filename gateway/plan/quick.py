"""Generated code: the object of a row written in one expression, for whatever a row tells at once; objects in it inline.

Each value is looked at for the class that its type lets through as it is; any other goes to the type's own coercion, as
graphql-core has it. What does not fit raises, and the fields are then taken one by one.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import Enum
from functools import lru_cache
from itertools import count
from types import CodeType, NoneType
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
from gateway.plan.selections import AT_ONCE, Each, Quick, Selection
from resolvers.context import PerRequest
from schema.fields import ROW, Expression, Wrapped

PASSING = {
    GraphQLString: "({v} := {value}).__class__ is str",
    GraphQLID: "({v} := {value}).__class__ is str",
    GraphQLBoolean: "({v} := {value}).__class__ is bool",
    GraphQLInt: "({v} := {value}).__class__ is int and -2147483648 <= {v} <= 2147483647",
}
"""Which values of the specification's scalars are the answer's part as they are."""
NO_ROW = (NoneType, UndefinedType, Exception, *AWAITABLE)
"""What stands in the place of a row where there is none, or none yet."""


MARK = "\N{LATIN SMALL LETTER O WITH STROKE}"
"""In every name that is made here: no name of GraphQL has it, so no alias is taken for one."""
OWN = re.compile(f"[khv]{MARK}\\d+")
HOISTED = re.compile(f"h{MARK}\\d+")
CODES_HELD = 512


class Unfit(Exception):
    """A value that no expression takes: it is looked at by itself."""


class Written:
    """What the functions of one selection are made of: its object as an expression of ROW, and what of it is worked out once
    for all rows of a call."""

    __slots__ = ("_writer", "expression", "hoisted")

    def __init__(self, writer: "Writer", expression: str, hoisted: Mapping[str, str]) -> None:
        self._writer, self.expression, self.hoisted = writer, expression, hoisted

    def of(self, row: str) -> str:
        """The expression of the object of a row."""
        return self.expression.replace(ROW, row)

    def within(self, attribute: str) -> "Written | None":
        """The same of rows that are this attribute of those; None where more is written of them."""
        own, name = self.expression, f"{ROW}.{attribute}"
        found, count = re.subn(rf"{re.escape(name)}\b", ROW, own)
        return Written(self._writer, found, self.hoisted) if count == own.count(ROW) else None

    def one(self) -> Quick:
        """The function of one row."""
        made: Quick = self._compiled("r", f"return {self.of('r')}")
        return made

    def each(self) -> Each:
        """The function of many rows."""
        made: Each = self._compiled(
            "rows", f"made = []\n    for r in rows:\n        made.append({self.of('r')})\n    return made"
        )
        return made

    def _compiled(self, parameter: str, body: str) -> Any:  # a function of the names that the writer knows
        first = "".join(f"    {name} = {value}\n" for name, value in self.hoisted.items())
        return self._writer.compiled(f"def made_of({parameter}, c):\n{first}    {body}\n")


class Writer:
    """Writes expressions of a plan's values, and compiles the functions of its selections."""

    def __init__(self) -> None:
        self._names: dict[str, Any] = {"listed": _listed, "no_row": NO_ROW, "unfit": _unfit}
        self._numbers = count()
        self._hoisted: dict[str, str] = {}

    def known(self, value: Any) -> str:
        """The name under which the code knows a value."""
        name = self._named("k")
        self._names[name] = value
        return name

    def written(self, expression: Expression) -> str:
        """The expression that a field brings along."""
        self._names |= expression.names
        return expression.text

    def answered(self, serve: Any) -> str:
        """The expression of what a resolver answers at once; what it works out once a request is looked up once a call."""
        if not isinstance(serve, PerRequest):
            return f"{self.known(serve)}({ROW}, c)"
        name = self._named("h")
        self._hoisted[name] = f"{self.known(serve.prepared)}(c)"
        return f"{name}({ROW})"

    def of_type(self, type_: GraphQLOutputType, value: str, selection: Selection | None) -> str:
        """The expression that completes the value of an expression; `selection` is that of the objects in it."""
        if isinstance(type_, GraphQLNonNull):
            return self._present(type_.of_type, value, selection)
        v = self._variable()
        if is_leaf_type(type_):
            return self._leaf(type_, value, v, is_nullable=True)
        return f"(None if ({v} := {value}) is None else {self._present(type_, v, selection)})"

    def of_wrapped(self, wrapped: Wrapped, selection: Selection) -> str | None:
        """The expression of a list of objects, from what they stand around; None where more of them is needed than that."""
        within = None if selection.later else selection.written.within(wrapped.attribute)
        return None if within is None else f"{self.known(within.each())}(listed({self.written(wrapped.items)}), c)"

    def write(self, entries: Sequence[tuple[str, str]]) -> Written:
        """The object of a selection: its keys, each with the expression of its value."""
        body = ", ".join(f"{key!r}: {expression}" for key, expression in entries)
        expression = f"{{{body}}}"
        if not any(f"{ROW}." in value or f"({ROW}" in value for _, value in entries):
            # One that reads no attribute would not fail by itself where there is no row.
            expression = f"({expression} if not isinstance({ROW}, no_row) else unfit({ROW}))"
        hoisted = {name: self._hoisted[name] for name in HOISTED.findall(expression)}
        return Written(self, expression, hoisted)

    def compiled(self, source: str) -> Any:  # the function
        """The function `made_of` that the source defines."""
        own: dict[str, str] = {}
        code = _code_of(OWN.sub(lambda found: own.setdefault(found[0], f"{found[0][0]}{MARK}{len(own)}"), source))
        known = {new: old for old, new in own.items()}
        # Knowing all names it would know itself and whatever knows it: a cycle, that left plan and document to the collector.
        found = [(name, known.get(name, name)) for name in _names_in(code)]
        names = {name: self._names[old] for name, old in found if old in self._names}
        exec(code, names)  # noqa: S102  # names are numbered here, keys are names of GraphQL
        return names.pop("made_of")

    def _variable(self) -> str:
        return self._named("v")

    def _named(self, kind: str) -> str:
        return f"{kind}{MARK}{next(self._numbers)}"

    def _present(self, type_: GraphQLOutputType, value: str, selection: Selection | None) -> str:
        if is_leaf_type(type_):
            return self._leaf(type_, value, self._variable(), is_nullable=False)
        if isinstance(type_, GraphQLList):
            return self._listed(type_.of_type, value, selection)
        assert selection is not None  # noqa: S101  # objects have one
        v = self._variable()
        return f"({selection.written.of(v)} if ({v} := {value}) is not None else unfit({v}))"

    def _listed(self, item: GraphQLOutputType, value: str, selection: Selection | None) -> str:
        """A list: of objects that must be there, by one call for all of them."""
        if isinstance(item, GraphQLNonNull) and selection is not None and not isinstance(item.of_type, GraphQLList):
            selection.compile(is_listed=True)
            return f"{self.known(selection.each)}(listed({value}), c)"
        v = self._variable()
        return f"[{self.of_type(item, v, selection)} for {v} in listed({value})]"

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


@lru_cache(CODES_HELD)
def _code_of(source: str) -> CodeType:
    """The code of a source whose names are numbered as they come: selections that are alike have the same."""
    return compile(source, "<plan>", "exec")


def _names_in(code: CodeType) -> Iterator[str]:
    """The names that a code and those in it look for, some of them attributes."""
    yield from code.co_names
    for one in code.co_consts:
        if isinstance(one, CodeType):
            yield from _names_in(one)


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
