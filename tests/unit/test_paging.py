"""Cursors and pages, without a database."""

import datetime as dt
from typing import Any, NamedTuple
from uuid import UUID

import pytest

from datasources.errors import InvalidRequest
from datasources.paging import (
    Cursors,
    PageRequest,
    check_position,
    list_identity,
    page_of,
    page_of_list,
    page_of_pages,
)
from datasources.points import PointAuditFilter

NOW = dt.datetime(2026, 1, 31, tzinfo=dt.UTC)
ID = UUID("019b9665-9b80-70c9-9f4f-38d944058caa")
CURSORS = Cursors(b"one deployment's secret")
LIST = list_identity("Customer.pointAudit", PageRequest(now=NOW, first=20))


class Row(NamedTuple):
    at: int
    id: int


def test_a_cursor_tells_its_position_again():
    position = (NOW, "sampson", 42, ID)

    assert CURSORS.decode(CURSORS.of_list(LIST)(position), LIST, "after") == position


@pytest.mark.parametrize(
    "other",
    [
        PageRequest(now=NOW, first=20, filter=PointAuditFilter(account_keys=("points",))),
        PageRequest(now=NOW, first=20, order="ASC"),
    ],
)
def test_a_cursor_of_another_filter_or_order_is_refused(other: PageRequest):
    cursor = CURSORS.of_list(LIST)((NOW, ID))

    with pytest.raises(InvalidRequest, match="^This cursor belongs to another list, filter or order.$") as refusal:
        CURSORS.decode(cursor, list_identity("Customer.pointAudit", other), "after")
    assert refusal.value.path == ("after",)


def test_a_cursor_of_another_list_is_refused():
    cursor = CURSORS.of_list(LIST)((NOW, ID))
    other = list_identity("Customer.events", PageRequest(now=NOW, first=20))

    with pytest.raises(InvalidRequest, match="another list"):
        CURSORS.decode(cursor, other, "before")


def test_a_cursor_does_not_depend_on_the_size_of_the_page():
    assert list_identity("Customer.pointAudit", PageRequest(now=NOW, last=200)) == LIST


def test_a_cursor_does_not_depend_on_what_is_read_of_the_page():
    request = PageRequest(now=NOW, first=20, columns=frozenset({"id"}))

    assert list_identity("Customer.pointAudit", request) == LIST
    assert (request.also_reading("kind").columns, request.of_whole_rows.columns) == ({"id", "kind"}, None)
    assert PageRequest(now=NOW, first=20).also_reading("kind").columns is None


def test_a_cursor_of_another_deployment_is_refused():
    foreign = Cursors(b"another secret").of_list(LIST)((NOW, ID))

    with pytest.raises(InvalidRequest, match="another list"):
        CURSORS.decode(foreign, LIST, "after")


@pytest.mark.parametrize("text", ["", "x", "%%%", "é", "AAAA", "A" * 5_000, CURSORS.of_list(LIST)((NOW, ID)) + "A"])
def test_what_is_no_cursor_is_refused(text: str):
    with pytest.raises(InvalidRequest):
        CURSORS.decode(text, LIST, "after")


def test_one_row_more_than_asked_is_the_next_page_and_is_not_shown():
    page = page_of([Row(3, 1), Row(2, 2), Row(1, 3)], PageRequest(now=NOW, first=2), ("at", "id"))

    assert (page.rows, page.has_next, page.has_previous) == ((Row(3, 1), Row(2, 2)), True, False)


def test_a_page_read_backward_is_shown_forward():
    page = page_of([Row(1, 3), Row(2, 2), Row(3, 1)], PageRequest(now=NOW, last=2), ("at", "id"))

    assert (page.rows, page.has_next, page.has_previous) == ((Row(2, 2), Row(1, 3)), False, True)


def test_the_position_of_a_row_is_its_sort_values():
    page = page_of([Row(3, 1)], PageRequest(now=NOW, first=2), ("at", "id"))

    assert page.position_of(page.rows[0]) == (3, 1)


ROWS = [Row(at, id_) for at, id_ in ((1, 1), (1, 2), (2, 3), (3, 4), (3, 5), (5, 6), (8, 7))]


@pytest.mark.parametrize("held", [[0], [0, 1, 2], [1, 3, 5], [6], []])
@pytest.mark.parametrize("descending", [True, False])
@pytest.mark.parametrize(
    "asked",
    [
        {"first": 3},
        {"first": 7},
        {"first": 20, "want_total": True},
        {"first": 2, "after": (3, 4)},
        {"last": 3, "want_total": True},
        {"last": 2, "before": (3, 4)},
        {"last": 20},
    ],
    ids=str,
)
def test_pages_of_several_sources_make_the_page_of_one_that_had_all_rows(
    asked: dict[str, Any], descending: bool, held: list[int]
):
    request, order = PageRequest(now=NOW, **asked), ("at", "id")
    rows = ROWS[::-1] if descending else ROWS
    parts = [[row for index, row in enumerate(rows) if (index in held) is own] for own in (True, False)]

    pages = [page_of_list(part, request, order, descending=descending) for part in parts]

    assert page_of_pages(pages, request, descending=descending) == page_of_list(
        rows, request, order, descending=descending
    )


@pytest.mark.parametrize("position", [(), (NOW,), (ID, NOW), (NOW, ID, 1), (None, ID)])
def test_a_position_of_another_version_of_a_list_is_refused(position: tuple[object, ...]):
    with pytest.raises(InvalidRequest, match="^This cursor belongs to an earlier version of the list: begin anew.$"):
        check_position(position, (dt.datetime, UUID), "after")
    check_position((NOW, ID), (dt.datetime, UUID), "after")
    check_position(None, (dt.datetime, UUID), "after")


def test_a_list_that_is_held_whole_refuses_it_too():
    request = PageRequest(now=NOW, first=2, after=("elsewhere", 2))

    with pytest.raises(InvalidRequest) as refusal:
        page_of_list([Row(1, 1)], request, ("at", "id"))
    assert refusal.value.path == ("after",)
