"""The rows of one list as they come in, and the page that they make."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from datasources.http.endpoints import Endpoint
from datasources.http.ids import text_of
from datasources.http.lists import Listed, measured
from datasources.http.paths import JSON, Unclear
from datasources.http.templates import Values
from datasources.locations import Around
from datasources.paging import Page, PageRequest, Position, check_position, page_of, page_of_list

AFTER = "after."
"""What the places for values of the row that a page begins behind begin with."""


class Collected:
    """The rows of a list, each once; `page` is what is asked of it."""

    def __init__(self, endpoint: Endpoint, listed: Listed, page: PageRequest) -> None:
        self._endpoint, self._listed, self._page = endpoint, listed, page
        self._descending = listed.is_descending(page)
        # A list that comes newest first is in no order for who wants it from its beginning.
        self._is_sorted = endpoint.is_sorted and self._descending is listed.descending
        # What is read from behind a row comes in the order that the system has among equals: then all of it does.
        self._keeps_order = self._is_sorted and endpoint.paging is not None and endpoint.paging.is_keyset
        self._rows: dict[Any, Any] = {}
        self.order = listed.order
        self._last: Position | None = None
        self._last_id: str | None = None
        self._told: int | None = None
        self.behind = None if page.after is None else place_values(self.order, page.after)
        """What the page's cursor is asked for by."""

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def is_behind(self) -> bool:
        """True where the list is read from behind the page's cursor, in the order in which it comes."""
        paging = self._endpoint.paging
        if paging is None or not self._keeps_order or self._counts:
            return False
        if self._page.is_backward or self._page.before is not None:
            return False
        return self.behind is None or paging.behind(self.behind) is not None

    @property
    def wanted(self) -> int | None:
        """How many rows will do; None where all have to be read."""
        if self.is_behind:
            return self._page.size + 1
        reads_all = not self._is_sorted or self._page.is_backward or self._counts
        return None if reads_all else self._page.size + 1

    @property
    def size(self) -> int | None:
        """How many rows to ask for at once; None where as many as can be had."""
        return self.wanted if self.is_behind or self._page.after is None else None

    @property
    def last(self) -> Values:
        """What the last row that came is asked for by."""
        told = {} if self._last_id is None else {f"{AFTER}id": self._last_id}
        return {**place_values(self.order, self._last or ()), **told}

    def add(self, row: Any, id: str | None = None) -> None:
        """One more row, with its id as it is told. Raises Unclear where it has no place."""
        place = self._listed.place_of(row)
        if None in place and not isinstance(self._page.filter, Around):
            raise Unclear(self._listed.order[place.index(None)])
        if self._is_sorted and self._last is not None:
            before, after = self._last[0], place[0]
            if after > before if self._descending else after < before:
                raise Unclear("sorted")
        self._last, self._last_id = place, id
        self._rows[getattr(row, "id", place)] = row

    def tell(self, total: JSON) -> None:
        """What an answer says of the number of all rows; the least counts, as rows may come meanwhile. Raises Unclear."""
        if isinstance(total, bool) or not isinstance(total, int) or total < 0:
            raise Unclear("total")
        self._told = total if self._told is None else min(total, self._told)

    @property
    def is_enough(self) -> bool:
        """True once the page is there with a row behind it, and all rows that stand beside the last one of the page."""
        size, wanted = self._page.size, self.wanted
        if wanted is None or self._last is None:
            return False
        if self.is_behind:
            return len(self._passing) > size
        if self._keeps_order:
            return len(self._between(self._passing)) > size
        beyond = [row for row in self._passing if self._is_beyond(row)]
        return len(beyond) > size and self._listed.place_of(beyond[size - 1])[0] != self._last[0]

    def check_whole(self) -> None:
        """Pass where the system gave all the rows that it tells of. Raises Unclear."""
        if not self.is_behind and self._told is not None and len(self._rows) < self._told:
            raise Unclear("total")

    def shown(self) -> Page[Any]:
        """The page."""
        rows, page, order = self._passing, self._page, self._listed.order
        total = self._total(len(rows))
        if self._keeps_order:
            kept = rows if self.is_behind else self._between(rows)
            return page_of(kept[::-1] if page.is_backward else kept, page, order, total)
        rows.sort(key=self._listed.place_of, reverse=self._descending)
        found = page_of_list(rows, page, order, descending=self._descending)
        return Page(found.rows, order, found.has_next, found.has_previous, total)

    @property
    def rows(self) -> list[Any]:
        """All rows, as they came."""
        return list(self._rows.values())

    @property
    def _passing(self) -> list[Any]:
        rows = self.rows
        if isinstance(self._page.filter, Around):
            rows = measured(rows, self._page.filter)
        return [row for row in rows if self._listed.passes(row, self._page)]

    @property
    def _counts(self) -> bool:
        """True where the total has to be counted here: the system tells none, or not of what is asked for."""
        if not self._page.want_total:
            return False
        return self._endpoint.total is None or not self._endpoint.filters.issuperset(self._listed.asked(self._page))

    def _total(self, counted: int) -> int | None:
        if not self._page.want_total:
            return None
        return counted if self._counts or self._told is None else self._told

    def _is_beyond(self, row: Any) -> bool:
        after = self._page.after
        return after is None or self._stands_behind(self._listed.place_of(row), after)

    def _stands_behind(self, place: Position, other: Position) -> bool:
        try:
            return place < other if self._descending else place > other
        except TypeError:
            check_position(other, [UUID if isinstance(value, UUID) else type(value) for value in place], "after")
            raise

    def _between(self, rows: list[Any]) -> list[Any]:
        """The rows between the cursors, in the order that they have."""
        places = [self._listed.place_of(row) for row in rows]
        after, before = self._page.after, self._page.before
        begin = 0 if after is None else self._index_behind(places, after)
        end = len(rows) if before is None else self._index_behind(places, before) - (before in places)
        return rows[begin:end]

    def _index_behind(self, places: list[Position], cursor: Position) -> int:
        """Where what is behind the cursor's row begins, or behind where it stood."""
        if cursor in places:
            return places.index(cursor) + 1
        found = (index for index, place in enumerate(places) if self._stands_behind(place, cursor))
        return next(found, len(places))


def place_values(order: Sequence[str], place: Position) -> Values:
    """The values of a row's place, under the names that a template has for what is behind it."""
    told = (text_of(value) if isinstance(value, UUID) else value for value in place)
    return {f"{AFTER}{name}": value for name, value in zip(order, told, strict=False)}
