"""Which rows of a table are asked for, in SQL, with the values that are bound in it."""

import datetime as dt
from collections.abc import Sequence
from enum import Enum
from typing import Any
from uuid import UUID

import msgspec

from datasources.paging import PageRequest, check_position
from datasources.values import DateTimeRange


class Where(msgspec.Struct, frozen=True):
    """Conditions that must all hold."""

    conditions: tuple[str, ...]
    parameters: dict[str, Any]

    def __add__(self, other: "Where") -> "Where":
        return Where(self.conditions + other.conditions, self.parameters | other.parameters)

    @property
    def sql(self) -> str:
        """As it stands behind WHERE."""
        return " AND ".join(self.conditions)


def of_customers(customers: Sequence[Any]) -> Where:
    """The rows of these customers."""
    return Where(("customer_id IN (SELECT unnest($customers))",), {"customers": list(customers)})


def passing(asked: Any) -> Where:
    """The rows that pass the filter of a list, whose attributes have the names of columns."""
    found = Where((), {})
    for name in () if asked is None else asked.__struct_fields__:
        value = getattr(asked, name)
        if isinstance(value, DateTimeRange):
            found += _compared(name, ">=", value.since) + _compared(name, "<", value.until)
        elif value is not None:
            values = value if isinstance(value, tuple) else (value,)
            texts = [one.value if isinstance(one, Enum) else one for one in values]
            found += Where((f'"{name}" IN (SELECT unnest(${name}))',), {name: texts})
    return found


def between(page: PageRequest, column: str) -> Where:
    """The rows behind `after` and before `before` in a list whose last row by the column is its first. Raises InvalidRequest."""
    found = Where((), {})
    for name, position, sign in (("after", page.after, "<"), ("before", page.before, ">")):
        check_position(position, (dt.datetime, UUID), name)
        if position is not None:
            place = f'("{column}" {sign} ${name}_at OR ("{column}" = ${name}_at AND id {sign} ${name}_id))'
            found += Where((place,), {f"{name}_at": position[0], f"{name}_id": position[1]})
    return found


def _compared(name: str, sign: str, at: dt.datetime | None) -> Where:
    bound = f"{name}_since" if sign == ">=" else f"{name}_until"
    return Where((), {}) if at is None else Where((f'"{name}" {sign} ${bound}',), {bound: at})
