"""What lists can do beyond their first rows in their own order, where not every source can."""

from collections.abc import Mapping
from typing import Any

import msgspec

from datasources.errors import InvalidRequest
from datasources.paging import PageRequest


class Capability(msgspec.Struct, frozen=True):
    """What a list can do; `filters` and `orders` None is all that the domain knows.

    `filters` are the attributes of the list's filter, `orders` the orders themselves.
    """

    backward: bool = True
    """It can be read from its end: `last` and `before`."""
    total: bool = True
    """It can be counted."""
    filters: frozenset[str] | None = None
    orders: frozenset[Any] | None = None

    def filters_by(self, name: str) -> bool:
        """True where the list can be filtered by the attribute."""
        return self.filters is None or name in self.filters

    def sorts_by(self, order: Any) -> bool:
        """True where the list can be read in the order; its own one is None."""
        return self.orders is None or order is None or order in self.orders


EVERYTHING = Capability()

Capabilities = Mapping[str, Capability]
"""By the name of the reader's method; what is not named can do everything."""


def check(source: str, capability: Capability, page: PageRequest) -> None:
    """Pass where the list can do what is asked of it. Raises InvalidRequest."""
    if (page.last is not None or page.before is not None) and not capability.backward:
        raise InvalidRequest(f"The source {source} can't read this list from its end.", "last")
    if page.want_total and not capability.total:
        raise InvalidRequest(f"The source {source} can't count this list.", "totalCount")
    if capability.filters is not None and page.filter is not None:
        for name in page.filter.__struct_fields__:  # type: ignore[attr-defined]  # filters are structs
            if getattr(page.filter, name) is not None and not capability.filters_by(name):
                raise InvalidRequest(f"The source {source} can't filter this list by {name}.", "filter", name)
    if not capability.sorts_by(page.order):
        raise InvalidRequest(f"The source {source} can't sort this list so.", "orderBy")
