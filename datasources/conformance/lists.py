"""The lists of a method, read whole or by the page, as far as its source says it can."""

from typing import Any

from datasources.capability import EVERYTHING, Capability
from datasources.conformance.asked import ORDERS
from datasources.conformance.keys import Keys, whole
from datasources.conformance.methods import Method
from datasources.conformance.subjects import Subject
from datasources.paging import Page

STEP = 3
WALKED = 3
LONGEST = 30
"""Lists of up to so many rows are walked through page by page, the three longest of them."""


class Lists:
    """The lists of a method, read whole."""

    def __init__(self, method: Method, subject: Subject, keys: Keys) -> None:
        self.method, self.subject = method, subject
        self.owners = [None] if method.key is None else keys.known(method.key)
        self.capability = capability_of(method, subject)

    async def pages(self, **changes: Any) -> list[Page[Any]]:
        """The page of every owner."""
        return await self.method.ask(self.subject, self.owners, whole(self.method, self.subject, **changes))

    async def page(self, owner: Any, **changes: Any) -> Page[Any]:
        """The page of one owner; `first` is left out where `last` is given."""
        if "last" in changes:
            changes["first"] = None
        (page,) = await self.method.ask(self.subject, [owner], whole(self.method, self.subject, **changes))
        found: Page[Any] = page
        return found

    async def walked(self) -> list[tuple[Any, Any, Page[Any]]]:
        """Order, owner and whole list of those to walk through."""
        found = []
        for order in self.orders:
            pages = zip(self.owners, await self.pages(order=order), strict=True)
            sized = sorted(pages, key=lambda pair: -len(pair[1].rows))
            short = [pair for pair in sized if len(pair[1].rows) <= LONGEST] or sized[-1:]
            found += [(order, owner, page) for owner, page in short[:WALKED] if page.rows]
        assert bool(found) is (self.method.title not in self.subject.empty), "what is empty must be told, and be so"
        return found

    @property
    def orders(self) -> list[Any]:
        """The orders that the list can be read in."""
        orders = ORDERS.get(self.method.title, (None,))
        return [order for order in orders if self.capability.sorts_by(order)]


def capability_of(method: Method, subject: Subject) -> Capability:
    """What the reader says that a list can do."""
    declared = getattr(subject.readers[method.domain], "capabilities", {})
    found: Capability = declared.get(method.name, EVERYTHING)
    return found


def positions(page: Page[Any]) -> list[tuple[Any, ...]]:
    """The places of a page's rows."""
    return [page.position_of(row) for row in page.rows]
