"""A source over the rows that it is given, in memory: it keeps every law, and is easily made to break one."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, get_origin

import msgspec

from datasources.capability import Capabilities, Capability, check
from datasources.conformance import Method, Rows, methods_of
from datasources.conformance.expected import FALLING, RISING, expected
from datasources.conformance.filters import FILTERS, passes
from datasources.conformance.making import NOW
from datasources.errors import InvalidRequest, SourceUnavailable
from datasources.events import EventRow, EventTrace
from datasources.ids import CustomerId
from datasources.paging import Page, PageRequest, page_of_list
from datasources.registry import Domain

READS = frozenset(Domain) - {Domain.PROFILES}
"""The profiles have an index of identifiers that no rows tell."""
ORDERS: Mapping[str, tuple[str, ...]] = {
    "events.traces": ("occurred_at", "id"),
    "cards.history": ("at", "id"),
    "locations.around": ("distance_meters", "id"),
    "offers.available": ("created_at", "id"),
    "segments.memberships": ("since", "segment_id"),
    "segments.segments": ("key",),
    "tags.tags": ("count", "last_applied_at", "key", "value_key"),
    "tiers.tiers": ("system_key",),
}
"""What lists are sorted by, where it is not as the protocol says and then by id."""
LIMITS: Mapping[str, Capability] = {
    "tickets.of_customers": Capability(backward=False, total=False),
    "notes.of_customers": Capability(filters=frozenset()),
    "locations.listed": Capability(filters=frozenset({"kinds", "is_franchise", "open_at"})),
}
"""Of some lists it can do less than all."""


class Held:
    """Serves `datasources.registry.Source`, and erases."""

    name = "held"
    reads, writes = READS, frozenset[Domain]()

    def __init__(self, rows: Rows) -> None:
        self.rows = {domain: list(rows[domain]) for domain in READS}
        self._is_open = True

    def reader(self, domain: Domain) -> "HeldReader":
        return HeldReader(self, domain)

    def writer(self, domain: Domain) -> Any:
        raise KeyError(domain)

    async def open(self) -> None:
        self._is_open = True

    async def close(self) -> None:
        self._is_open = False

    async def ping(self) -> None:
        if not self._is_open:
            raise SourceUnavailable(self.name, "answering")

    async def export(self, customer: CustomerId) -> dict[Domain, list[Any]]:
        return {
            domain: [row for row in rows if getattr(row, "customer_id", None) == customer]
            for domain, rows in self.rows.items()
        }

    async def erase(self, customer: CustomerId) -> int:
        gone = await self.export(customer)
        for domain, rows in gone.items():
            self.rows[domain] = [row for row in self.rows[domain] if row not in rows]
        return sum(map(len, gone.values()))

    async def verify_erased(self, customer: CustomerId) -> bool:
        return not any((await self.export(customer)).values())


class HeldReader:
    """Every method of a domain's reader, by what the rows say."""

    def __init__(self, held: Held, domain: Domain) -> None:
        self.domain, self.source, self.kept_in = domain, held.name, held
        self._methods = {method.name: method for method in methods_of(domain)}
        self.capabilities: Capabilities = {
            method.name: LIMITS[method.title] for method in self._methods.values() if method.title in LIMITS
        }

    def __getattr__(self, name: str) -> Callable[..., Any]:
        return partial(self.answer, self._methods[name])

    async def answer(self, method: Method, *given: Any) -> Any:
        await self.kept_in.ping()
        page = next((value for value in given if isinstance(value, PageRequest)), None)
        if page is not None:
            check(self.source, self.capabilities.get(method.name, Capability()), page)
        if method.key is None:
            return self.one(method, None, page)
        return [self.one(method, key, page) for key in given[0]]

    def one(self, method: Method, key: Any, page: PageRequest | None) -> Any:
        """The answer to a key."""
        rows = self.kept_in.rows[self.domain]
        found = traces(key, rows) if method.title == "events.traces" else expected(method, key, rows, NOW)
        if page is not None:
            return listed(method, found, page)
        if get_origin(method.answer) is not Sequence or method.title in ("tags.in_use", "locations.nearest"):
            return found
        names = RISING.get(method.title) or FALLING.get(method.title) or ()
        return sorted(found, key=lambda row: [getattr(row, name) for name in names], reverse=method.title in FALLING)


def listed(method: Method, rows: Sequence[Any], page: PageRequest) -> Page[Any]:
    """The page of a list that is held whole."""
    told = RISING.get(method.title) or FALLING.get(method.title) or ()
    names = ORDERS.get(method.title, (*told, "id"))
    falls = method.title in (*FALLING, "cards.history", "events.traces", "offers.available")
    kept = [row for row in rows if method.title not in FILTERS or is_wanted(method, row, page)]
    kept.sort(key=lambda row: tuple(getattr(row, name) for name in names), reverse=falls)
    try:
        return page_of_list(kept, page, names, descending=falls)
    except TypeError:
        raise InvalidRequest("This cursor belongs to another list.", "after") from None


def is_wanted(method: Method, row: Any, page: PageRequest) -> bool:
    """True where the row passes the filter of the list."""
    if page.filter is None:
        return True
    asked = msgspec.structs.asdict(page.filter)  # type: ignore[type-var]  # filters are structs
    return all(
        passes(FILTERS[method.title], name, value, page.now)(row) for name, value in asked.items() if value is not None
    )


def traces(customer: CustomerId, rows: Sequence[Any]) -> list[EventTrace]:
    """The events of a customer as far as a search looks at them."""
    return [
        EventTrace(row.customer_id, row.id, row.type, row.occurred_at, row.type.casefold())
        for row in rows
        if isinstance(row, EventRow) and row.customer_id == customer
    ]


@asynccontextmanager
async def factory(rows: Rows) -> AsyncIterator[Held]:
    """The source that holds the rows."""
    held = Held(rows)
    yield held
    await held.close()
