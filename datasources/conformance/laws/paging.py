"""Lists by the page: together the pages are the list, in one order, whichever way they are read."""

from typing import Any

import msgspec

from datasources.conformance.filters import FILTERS, cases
from datasources.conformance.keys import Keys
from datasources.conformance.law import law
from datasources.conformance.lists import STEP, Lists, positions
from datasources.conformance.methods import Method
from datasources.conformance.subjects import Subject


@law("order")
async def test_a_list_has_one_order_without_ties(subject: Subject, keys: Keys, paged: Method) -> None:
    lists = Lists(paged, subject, keys)
    for order, _, page in await lists.walked():
        places = positions(page)
        assert places in (sorted(set(places)), sorted(set(places), reverse=True)), order


@law("forward")
async def test_paging_forward_meets_every_row_once(subject: Subject, keys: Keys, paged: Method) -> None:
    lists = Lists(paged, subject, keys)
    for order, owner, everything in await lists.walked():
        met: list[Any] = []
        while len(met) < len(everything.rows):
            after = everything.position_of(met[-1]) if met else None
            page = await lists.page(owner, order=order, first=STEP, after=after)
            assert page.rows == everything.rows[len(met) : len(met) + STEP]
            assert page.has_previous is bool(met)
            met += page.rows
            assert page.has_next is (len(met) < len(everything.rows))
        beyond = await lists.page(owner, order=order, first=STEP, after=everything.position_of(met[-1]))
        assert (beyond.rows, beyond.has_next) == ((), False)


@law("backward")
async def test_paging_backward_is_the_mirror_of_paging_forward(
    subject: Subject, keys: Keys, reversible: Method
) -> None:
    lists = Lists(reversible, subject, keys)
    if not lists.capability.backward:
        return  # that it is refused is a law of its own
    for order, owner, everything in await lists.walked():
        left = len(everything.rows)
        while left:
            before = None if left == len(everything.rows) else everything.position_of(everything.rows[left])
            page = await lists.page(owner, order=order, last=STEP, before=before)
            assert page.rows == everything.rows[max(0, left - STEP) : left]
            assert page.has_next is (before is not None)
            left -= len(page.rows)
            assert page.has_previous is (left > 0)


@law("between")
async def test_two_cursors_enclose_a_page(subject: Subject, keys: Keys, reversible: Method) -> None:
    lists = Lists(reversible, subject, keys)
    if not lists.capability.backward:
        return  # that it is refused is a law of its own
    for order, owner, everything in await lists.walked():
        first, last = everything.position_of(everything.rows[0]), everything.position_of(everything.rows[-1])
        page = await lists.page(owner, order=order, after=first, before=last)
        assert page.rows == everything.rows[1:-1]


@law("total")
async def test_the_total_is_the_number_of_rows_wherever_the_page_stands(
    subject: Subject, keys: Keys, paged: Method
) -> None:
    lists = Lists(paged, subject, keys)
    if not lists.capability.total:
        return  # that it is refused is a law of its own
    counted = await lists.pages(want_total=True)
    assert [page.total for page in counted] == [len(page.rows) for page in counted]
    assert {page.total for page in await lists.pages()} <= {None}
    for order, owner, everything in await lists.walked():
        after = everything.position_of(everything.rows[-1])
        page = await lists.page(owner, order=order, first=STEP, after=after, want_total=True)
        assert page.total == len(everything.rows)


@law("filter")
async def test_a_filter_finds_all_rows_that_pass_and_no_other(subject: Subject, keys: Keys, filtered: Method) -> None:
    lists = Lists(filtered, subject, keys)
    everything = await lists.pages()
    rows = [row for page in everything for row in page.rows]
    capability = lists.capability
    for case in cases(FILTERS[filtered.title], rows, subject.now):
        if not capability.filters_by(case.attribute):
            continue
        found = await lists.pages(filter=case.filter, want_total=capability.total)
        passing = [[row for row in page.rows if case.holds(row)] for page in everything]
        assert [list(page.rows) for page in found] == passing, case.name
        totals = [len(kept) if capability.total else None for kept in passing]
        assert [page.total for page in found] == totals, case.name


@law("cursor", of_rows=False)
async def test_a_cursor_holds_while_rows_come_and_go(subject: Subject, keys: Keys, paged: Method) -> None:
    if subject.hiding is None:
        return
    lists = Lists(paged, subject, keys)
    for order, owner, everything in await lists.walked():
        place = everything.position_of(everything.rows[min(STEP, len(everything.rows)) - 1])
        behind = everything.rows[STEP:]
        for gone in (everything.rows[0], everything.rows[min(STEP, len(everything.rows)) - 1]):
            async with subject.hiding(paged.domain, everything, gone):
                without = await lists.page(owner, order=order)
                assert without.rows == tuple(row for row in everything.rows if row != gone)
                assert (await lists.page(owner, order=order, after=place)).rows == behind
            assert (await lists.page(owner, order=order, after=place)).rows == behind


@law("cursor")
async def test_a_cursor_leads_on_where_there_are_more_rows_or_fewer(
    subject: Subject, keys: Keys, paged: Method
) -> None:
    if subject.fewer is None:
        return
    many, few = (
        Lists(paged, msgspec.structs.replace(subject, readers=readers), keys)
        for readers in (subject.readers, subject.fewer)
    )
    gone = 0
    for order, owner, everything in await many.walked():
        rest = await few.page(owner, order=order)
        gone += len(everything.rows) - len(rest.rows)
        rises = positions(everything) == sorted(positions(everything))
        for lists, shown, place in (
            *((few, rest, place) for place in positions(everything)),
            *((many, everything, place) for place in positions(rest)),
        ):
            page = await lists.page(owner, order=order, after=place)
            assert positions(page) == [other for other in positions(shown) if _is_behind(other, place, rises=rises)]
    assert gone > 0, "of two sources at once each holds the rows that it was given"


def _is_behind(other: tuple[Any, ...], place: tuple[Any, ...], *, rises: bool) -> bool:
    return other > place if rises else other < place


__all__ = [name for name in dir() if name.startswith("test_")]
