"""Ways in which readers are wrong, each in one thing alone: (reader, method, what it was given) → the wrong answer."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import msgspec

from datasources.conformance import Method, Rows
from datasources.errors import InvalidRequest
from datasources.paging import Page, PageRequest
from datasources.registry import Domain
from tests.conformance.held import Held, HeldReader

Break = Callable[[HeldReader, Method, list[Any]], Awaitable[Any]]
BROKEN = frozenset({Domain.TICKETS, Domain.REWARDS})

replace = msgspec.structs.replace


class BrokenReader(HeldReader):
    """A reader that answers as `broken` says."""

    def __init__(self, held: Held, domain: Domain, broken: Break) -> None:
        super().__init__(held, domain)
        self._broken = broken

    async def answer(self, method: Method, *given: Any) -> Any:
        return await self._broken(self, method, list(given))


class Broken(Held):
    """A source whose readers are wrong."""

    reads = BROKEN

    def __init__(self, rows: Rows, broken: Break) -> None:
        super().__init__(rows)
        self._broken = broken

    def reader(self, domain: Domain) -> HeldReader:
        return BrokenReader(self, domain, self._broken)


def factory_of(broken: Break, source: type[Broken] = Broken) -> Any:
    """The factory of sources that are wrong so."""

    @asynccontextmanager
    async def factory(rows: Rows) -> AsyncIterator[Held]:
        yield source(rows, broken)

    return factory


async def right(reader: HeldReader, method: Method, given: list[Any]) -> Any:
    """Not wrong at all."""
    return await HeldReader.answer(reader, method, *given)


async def forgets_a_key(reader: HeldReader, method: Method, given: list[Any]) -> Any:
    return (await right(reader, method, given))[:1]


async def sorts_its_keys(reader: HeldReader, method: Method, given: list[Any]) -> Any:
    return await right(reader, method, [sorted(given[0]), *given[1:]])


async def fails_for_the_unknown(reader: HeldReader, method: Method, given: list[Any]) -> Any:
    answers = await right(reader, method, given)
    if None in answers:
        raise LookupError(method.title)
    return answers


async def answers_when_not_asked(reader: HeldReader, method: Method, given: list[Any]) -> Any:
    return await right(reader, method, given) or [None]


async def loses_a_row(reader: HeldReader, method: Method, given: list[Any]) -> Any:
    return await changed(reader, method, given, lambda page: {"rows": page.rows[1:]})


async def mixes_fields_up(reader: HeldReader, method: Method, given: list[Any]) -> Any:
    def mixed(page: Page[Any]) -> dict[str, Any]:
        return {"rows": tuple(replace(row, status=row.system) for row in page.rows)}

    return await changed(reader, method, given, mixed)


async def sorts_by_id(reader: HeldReader, method: Method, given: list[Any]) -> Any:
    def by_id(page: Page[Any]) -> dict[str, Any]:
        return {"rows": tuple(sorted(page.rows, key=lambda row: row.id)), "order": ("id",)}

    return await changed(reader, method, given, by_id)


async def tells_a_place_that_is_not_unique(reader: HeldReader, method: Method, given: list[Any]) -> Any:
    return await changed(reader, method, given, lambda page: {"order": page.order[:1]})


async def begins_with_the_row_of_the_cursor(reader: HeldReader, method: Method, given: list[Any]) -> Any:
    request: PageRequest = given[1]
    if request.after is None:
        return await right(reader, method, given)
    whole = await right(reader, method, [given[0], replace(request, first=10_000, after=None)])
    return [_from(page, request, at=lambda places, place: places.index(place)) for page in whole]


async def needs_the_row_of_the_cursor(reader: HeldReader, method: Method, given: list[Any]) -> Any:
    request: PageRequest = given[1]
    if request.after is None:
        return await right(reader, method, given)
    whole = await right(reader, method, [given[0], replace(request, first=10_000, after=None)])
    return [
        _from(page, request, at=lambda places, place: places.index(place) + 1 if place in places else 0)
        for page in whole
    ]


async def promises_another_page(reader: HeldReader, method: Method, given: list[Any]) -> Any:
    return await changed(reader, method, given, lambda _page: {"has_next": True})


async def mirrors_nothing(reader: HeldReader, method: Method, given: list[Any]) -> Any:
    request: PageRequest = given[1]
    if request.last is None:
        return await right(reader, method, given)
    return await right(reader, method, [given[0], replace(request, first=request.last, last=None)])


async def ends_where_it_likes(reader: HeldReader, method: Method, given: list[Any]) -> Any:
    return await right(reader, method, [given[0], replace(given[1], before=None)])


async def counts_the_page(reader: HeldReader, method: Method, given: list[Any]) -> Any:
    return await changed(reader, method, given, lambda page: {"total": len(page.rows) if given[1].want_total else None})


async def forgets_a_column_that_is_read(reader: HeldReader, method: Method, given: list[Any]) -> Any:
    columns = getattr(given[1], "columns", None)
    forgotten = {min(columns): None} if columns else {}
    return await changed(
        reader, method, given, lambda page: {"rows": tuple(replace(row, **forgotten) for row in page.rows)}
    )


async def ignores_filters(reader: HeldReader, method: Method, given: list[Any]) -> Any:
    return await right(reader, method, [given[0], replace(given[1], filter=None)])


async def does_the_undeclared(reader: HeldReader, method: Method, given: list[Any]) -> Any:
    plain = replace(given[1], first=given[1].size, last=None, before=None, want_total=False)
    return await right(reader, method, [given[0], plain])


async def can_do_less_than_declared(reader: HeldReader, method: Method, given: list[Any]) -> Any:
    if given[1].last is not None:
        raise InvalidRequest("This list can't be read from its end.", "last")
    return await right(reader, method, given)


async def goes_on_when_cancelled(reader: HeldReader, method: Method, given: list[Any]) -> Any:
    try:
        await asyncio.sleep(0.01)
    except asyncio.CancelledError:
        await asyncio.sleep(1.1)
    return await right(reader, method, given)


async def is_hurt_by_cancellation(reader: HeldReader, method: Method, given: list[Any]) -> Any:
    try:
        await asyncio.sleep(0.01)
    except asyncio.CancelledError:
        reader.kept_in.rows[reader.domain].clear()
        raise
    return await right(reader, method, given)


async def leaks_errors(reader: HeldReader, method: Method, given: list[Any]) -> Any:
    if any(key[1].int == 0 for key in given[0]):
        raise ZeroDivisionError
    return await right(reader, method, given)


async def believes_every_position(reader: HeldReader, method: Method, given: list[Any]) -> Any:
    if given[1].after is not None:
        _at, _id = given[1].after
    return await right(reader, method, given)


async def opens_itself(reader: HeldReader, method: Method, given: list[Any]) -> Any:
    await reader.kept_in.open()
    return await right(reader, method, given)


async def changed(
    reader: HeldReader, method: Method, given: list[Any], change: Callable[[Page[Any]], dict[str, Any]]
) -> list[Page[Any]]:
    """The right pages with something changed in each."""
    return [replace(page, **change(page)) for page in await right(reader, method, given)]


def _from(page: Page[Any], request: PageRequest, at: Callable[[list[Any], Any], int]) -> Page[Any]:
    """The part of a whole list that is asked for, from where the place of the cursor is said to be."""
    start = at([page.position_of(row) for row in page.rows], request.after)
    end = start + request.size
    return replace(page, rows=page.rows[start:end], has_next=end < len(page.rows), has_previous=True)
