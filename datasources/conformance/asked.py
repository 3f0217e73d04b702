"""What protocols do not tell: the arguments to ask with, and the orders of a list."""

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any

from datasources.locations import Around
from datasources.profiles import CustomerOrder, CustomerOrderField, OrderDirection, Within
from datasources.tiers import window_start
from datasources.values import GeoPoint

ARGUMENTS: Mapping[str, Callable[[dt.datetime], Any]] = {
    "now": lambda now: now,
    "at": lambda now: now - dt.timedelta(days=90),
    "since": lambda now: now - dt.timedelta(days=180),
    "until": lambda now: now,
    "within": lambda _now: Within(),
    "columns": lambda _now: None,
    "windows": lambda now: (("journey", window_start(now, 12)),),
    "within_meters": lambda _now: 50_000,
    "most": lambda _now: 5,
    "points.expiries until": lambda _now: None,
}
"""By name of the parameter; `domain.method name` goes first."""

BASE: Mapping[str, Any] = {"locations.around": Around(GeoPoint(40.7, -74.0))}
"""The filter of a list that has none without one."""

ORDERS: Mapping[str, tuple[Any, ...]] = {
    "profiles.search": tuple(
        CustomerOrder(field, direction) for field in CustomerOrderField for direction in OrderDirection
    ),
}
"""The orders of a list that has several."""

FORWARD_ONLY = frozenset({"offers.available"})
"""Lists that the contract pages in one direction alone: they know neither `last` nor `before`."""

FOR_ANYONE = frozenset({"offers.available"})
"""Lists that are the program's: who is not known is answered with them too."""

STATEMENTS: Mapping[str, int] = {"locations.nearest": 2}
"""How many statements a call may take, whatever the number of keys, where one does not do."""


def argument(method: str, name: str, now: dt.datetime) -> Any:
    """What to give for a parameter. Raises KeyError where neither table has it."""
    return ARGUMENTS.get(f"{method} {name}", ARGUMENTS.get(name, _missing(method, name)))(now)


def _missing(method: str, name: str) -> Callable[[dt.datetime], Any]:
    def missing(_now: dt.datetime) -> Any:
        raise KeyError(f"datasources.conformance.asked.ARGUMENTS lacks the parameter {name} of {method}")

    return missing
