"""What a list can do is what is declared: no less, and no more without a word."""

from typing import Any

import pytest

from datasources.conformance.asked import ORDERS
from datasources.conformance.filters import FILTERS, attributes_of, cases
from datasources.conformance.keys import Keys
from datasources.conformance.law import law
from datasources.conformance.lists import STEP, Lists, positions
from datasources.conformance.methods import Method, methods_of
from datasources.conformance.subjects import Subject
from datasources.errors import InvalidRequest
from datasources.paging import Page


@law("capability")
async def test_what_is_declared_is_of_methods_and_filters_that_there_are(subject: Subject) -> None:
    for domain, reader in subject.readers.items():
        methods = {method.name: method.title for method in methods_of(domain)}
        declared = getattr(reader, "capabilities", {})
        assert set(declared) <= set(methods)
        for name, capability in declared.items():
            title = methods[name]
            assert capability.filters is None or capability.filters <= attributes_of(title), title
            assert capability.orders is None or capability.orders <= set(ORDERS.get(title, ())), title


@law("capability")
async def test_what_is_not_declared_is_refused(subject: Subject, keys: Keys, paged: Method) -> None:
    lists = Lists(paged, subject, keys)
    everything = await lists.pages()
    for changes in _undeclared(lists, [row for page in everything for row in page.rows]):
        with pytest.raises(InvalidRequest):
            await lists.pages(**changes)
    assert await lists.pages() == everything


@law("columns")
async def test_a_hint_of_columns_changes_nothing_of_them(subject: Subject, keys: Keys, paged: Method) -> None:
    lists = Lists(paged, subject, keys)
    for order, owner, everything in await lists.walked():
        names = sorted(everything.rows[0].__struct_fields__)
        for read in (names[::2], names[1::2], names[:1], []):
            page = await lists.page(owner, order=order, columns=frozenset(read))
            assert positions(page) == positions(everything), read
            assert _told(page, read) == _told(everything, read), read
            assert (page.has_next, page.has_previous) == (everything.has_next, everything.has_previous)


@law("columns")
async def test_a_hint_of_columns_changes_nothing_of_rows_by_key(subject: Subject, keys: Keys, hinted: Method) -> None:
    whole = dict(zip(keys.known(hinted.key), await hinted.ask(subject, keys.known(hinted.key)), strict=True))
    known = [key for key, row in whole.items() if row is not None]
    names = sorted(whole[known[0]].__struct_fields__)
    for read in (names[::2], names[1::2], names[:1], []):
        for asked in (list(whole), known[:1]):
            found = await hinted.ask(subject, asked, columns=frozenset(read))
            assert [_of_row(row, read) for row in found] == [_of_row(whole[key], read) for key in asked], read


def _told(page: Page[Any], names: list[str]) -> list[list[Any] | None]:
    """What the rows of a page tell under these names."""
    return [_of_row(row, names) for row in page.rows]


def _of_row(row: Any, names: list[str]) -> list[Any] | None:
    return None if row is None else [getattr(row, name) for name in names]


def _undeclared(lists: Lists, rows: list[Any]) -> list[dict[str, Any]]:
    """Requests for what the list does not say it can do."""
    capability, title = lists.capability, lists.method.title
    asked: list[dict[str, Any]] = []
    if not capability.backward:
        asked += [{"first": None, "last": STEP}, {"before": ()}]
    if not capability.total:
        asked.append({"want_total": True})
    if title in FILTERS:
        unknown = {
            case.attribute: case.filter
            for case in cases(FILTERS[title], rows, lists.subject.now)
            if not capability.filters_by(case.attribute)
        }
        asked += [{"filter": value} for value in unknown.values()]
    asked += [{"order": order} for order in ORDERS.get(title, ()) if not capability.sorts_by(order)]
    return asked


__all__ = [name for name in dir() if name.startswith("test_")]
