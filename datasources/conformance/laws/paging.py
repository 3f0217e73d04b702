"""The laws. Import all of this module's names into a test module that has the fixture `subject`."""

from collections.abc import Mapping
from typing import Any

import pytest

from datasources.conformance.asked import FORWARD_ONLY, ORDERS, STATEMENTS
from datasources.conformance.filters import FILTERS, cases
from datasources.conformance.keys import Keys, rows_in, unknown, whole
from datasources.conformance.methods import Method, methods_of
from datasources.conformance.subjects import Subject
from datasources.paging import Page
from datasources.registry import Domain

STEP = 3
WALKED = 3
LONGEST = 30
"""Lists of up to so many rows are walked through page by page, the three longest of them."""

pytestmark = pytest.mark.anyio


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Hold each law for each method of the module's DOMAINS that it is about."""
    domains = getattr(metafunc.module, "DOMAINS", tuple(Domain))
    methods = [method for domain in domains for method in methods_of(domain)]
    wanted: Mapping[str, list[Method]] = {
        "keyed": [method for method in methods if method.key is not None],
        "paged": [method for method in methods if method.is_paged],
        "reversible": [method for method in methods if method.is_paged and method.title not in FORWARD_ONLY],
        "filtered": [method for method in methods if method.title in FILTERS],
    }
    for name, found in wanted.items():
        if name in metafunc.fixturenames:
            metafunc.parametrize(name, found, ids=[method.title for method in found])


@pytest.fixture(scope="session")
async def keys(subject: Subject) -> Keys:
    """Keys of every kind that the subject's rows hold."""
    return await Keys.of(subject, [method for domain in subject.readers for method in methods_of(domain)])


class Lists:
    """The lists of a method, read whole."""

    def __init__(self, method: Method, subject: Subject, keys: Keys) -> None:
        self.method, self.subject = method, subject
        self.owners = [None] if method.key is None else keys.known(method.key)

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
        for order in ORDERS.get(self.method.title, (None,)):
            pages = zip(self.owners, await self.pages(order=order), strict=True)
            sized = sorted(pages, key=lambda pair: -len(pair[1].rows))
            short = [pair for pair in sized if len(pair[1].rows) <= LONGEST] or sized[-1:]
            found += [(order, owner, page) for owner, page in short[:WALKED] if page.rows]
        assert bool(found) is (self.method.title not in self.subject.empty), "what is empty must be told, and be so"
        return found


def positions(page: Page[Any]) -> list[tuple[Any, ...]]:
    """The places of a page's rows."""
    return [page.position_of(row) for row in page.rows]


async def test_every_key_has_one_answer_in_the_order_of_the_keys(subject: Subject, keys: Keys, keyed: Method) -> None:
    page = whole(keyed, subject, want_total=True) if keyed.is_paged else None
    pool, none = keys.known(keyed.key), [unknown(keyed.key, number) for number in (1, 2)]
    (nothing,) = await keyed.ask(subject, none[:1], page)
    answers = await keyed.ask(subject, pool, page)
    known = [key for key, answer in zip(pool, answers, strict=True) if rows_in(answer) or answer != nothing][:4]
    assert bool(known) is (keyed.title not in subject.empty), "what is empty must be told, and be so"
    asked = [*known, none[0], *reversed(known), none[1], none[0]]
    alone = {key: (await keyed.ask(subject, [key], page))[0] for key in set(asked)}
    assert await keyed.ask(subject, asked, page) == [alone[key] for key in asked]


async def test_as_many_statements_as_one_key_takes_answer_any_number(
    subject: Subject, keys: Keys, keyed: Method
) -> None:
    if subject.statements is None:
        return
    page = whole(keyed, subject, want_total=True) if keyed.is_paged else None
    asked = [*keys.known(keyed.key), unknown(keyed.key, 1)]
    await keyed.ask(subject, asked, page)  # whatever is read once and kept
    before = subject.statements()
    await keyed.ask(subject, asked, page)
    assert subject.statements() - before == STATEMENTS.get(keyed.title, 1)


async def test_no_keys_have_no_answers(subject: Subject, keyed: Method) -> None:
    assert await keyed.ask(subject, [], whole(keyed, subject) if keyed.is_paged else None) == []


async def test_a_list_has_one_order_without_ties(subject: Subject, keys: Keys, paged: Method) -> None:
    lists = Lists(paged, subject, keys)
    for order, _, page in await lists.walked():
        places = positions(page)
        assert places in (sorted(set(places)), sorted(set(places), reverse=True)), order


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


async def test_paging_backward_is_the_mirror_of_paging_forward(
    subject: Subject, keys: Keys, reversible: Method
) -> None:
    lists = Lists(reversible, subject, keys)
    for order, owner, everything in await lists.walked():
        left = len(everything.rows)
        while left:
            before = None if left == len(everything.rows) else everything.position_of(everything.rows[left])
            page = await lists.page(owner, order=order, last=STEP, before=before)
            assert page.rows == everything.rows[max(0, left - STEP) : left]
            assert page.has_next is (before is not None)
            left -= len(page.rows)
            assert page.has_previous is (left > 0)


async def test_two_cursors_enclose_a_page(subject: Subject, keys: Keys, reversible: Method) -> None:
    lists = Lists(reversible, subject, keys)
    for order, owner, everything in await lists.walked():
        first, last = everything.position_of(everything.rows[0]), everything.position_of(everything.rows[-1])
        page = await lists.page(owner, order=order, after=first, before=last)
        assert page.rows == everything.rows[1:-1]


async def test_the_total_is_the_number_of_rows_wherever_the_page_stands(
    subject: Subject, keys: Keys, paged: Method
) -> None:
    lists = Lists(paged, subject, keys)
    counted = await lists.pages(want_total=True)
    assert [page.total for page in counted] == [len(page.rows) for page in counted]
    assert {page.total for page in await lists.pages()} <= {None}
    for order, owner, everything in await lists.walked():
        after = everything.position_of(everything.rows[-1])
        page = await lists.page(owner, order=order, first=STEP, after=after, want_total=True)
        assert page.total == len(everything.rows)


async def test_a_filter_finds_all_rows_that_pass_and_no_other(subject: Subject, keys: Keys, filtered: Method) -> None:
    lists = Lists(filtered, subject, keys)
    everything = await lists.pages()
    rows = [row for page in everything for row in page.rows]
    for case in cases(FILTERS[filtered.title], rows, subject.now):
        found = await lists.pages(filter=case.filter, want_total=True)
        passing = [[row for row in page.rows if case.holds(row)] for page in everything]
        assert [list(page.rows) for page in found] == passing, case.name
        assert [page.total for page in found] == [len(kept) for kept in passing], case.name


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


__all__ = [name for name in dir() if name.startswith(("test_", "pytest"))] + ["keys"]
