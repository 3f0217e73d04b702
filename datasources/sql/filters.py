"""The conditions that filters make of columns, and the parameters by which their values reach them."""

from collections.abc import Callable, Hashable, Iterable, Mapping
from enum import Enum
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, and_, bindparam, case, false, literal, true
from sqlalchemy.types import Boolean

from datasources.folding import MISSING
from datasources.sql.dialects import Dialect
from datasources.sql.types import FIRST, LAST
from datasources.values import DateTimeRange

Condition = Callable[[Dialect, str], ColumnElement[bool]]
"""Makes a condition; the name is what the value it compares with is bound under."""


def equal(column: ColumnElement[Any]) -> Condition:
    """The column is the value."""
    return lambda _dialect, name: column == bindparam(name, type_=column.type)


def holds(condition: ColumnElement[bool]) -> Condition:
    """The condition is as true as the value."""
    return lambda _dialect, name: case((condition, true()), else_=false()) == bindparam(name, type_=Boolean())


def among(column: ColumnElement[Any]) -> Condition:
    """The column is one of the values."""
    return lambda dialect, name: dialect.any_of(column, name)


def within(column: ColumnElement[Any]) -> Condition:
    """The column lies in the half-open window."""

    def condition(_dialect: Dialect, name: str) -> ColumnElement[bool]:
        since, until = (bindparam(f"{name}_{end}", type_=column.type) for end in ("since", "until"))
        return and_(column >= since, column < until)

    return condition


def begins(column: ColumnElement[Any]) -> Condition:
    """The column begins with the value: a range, so that no character of it is a wildcard."""

    def condition(_dialect: Dialect, name: str) -> ColumnElement[bool]:
        start = bindparam(name, type_=column.type)
        return and_(column >= start, column < start.concat(literal(MISSING)))

    return condition


def bound(dialect: Dialect, name: str, value: Hashable) -> dict[str, Any]:
    """The parameters by which a filter's value reaches its condition."""
    if isinstance(value, DateTimeRange):
        return {f"{name}_since": value.since or FIRST, f"{name}_until": value.until or LAST}
    if isinstance(value, msgspec.Struct):
        return {f"{name}_{part}": getattr(value, part) for part in value.__struct_fields__}
    if isinstance(value, tuple):
        return {name: dialect.bind_list([item.value if isinstance(item, Enum) else item for item in value])}
    return {name: value.value if isinstance(value, Enum) else value}


def given(filters: Mapping[str, Condition], *asked: Any) -> dict[str, Any]:
    """What the filter structs give of the attributes that a table answers."""
    found: dict[str, Any] = {}
    for one in asked:
        if one is not None:
            for name in filters:
                value = getattr(one, name, None)
                if value is not None:
                    found[name] = value
    return found


def parameters_of(dialect: Dialect, values: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters by which what is given reaches its conditions."""
    parameters: dict[str, Any] = {}
    for name, value in values.items():
        parameters |= bound(dialect, f"filter_{name}", value)
    return parameters


def conditions_of(
    dialect: Dialect, filters: Mapping[str, Condition], names: Iterable[str]
) -> list[ColumnElement[bool]]:
    """The conditions of the attributes named."""
    return [filters[name](dialect, f"filter_{name}") for name in sorted(names)]
