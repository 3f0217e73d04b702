"""A page of some columns: what was not asked for can't be taken for what is not there."""

import datetime as dt
from collections.abc import Callable
from itertools import combinations
from operator import attrgetter
from typing import Any

import pytest

from datasources.notes import NoteRow
from datasources.paging import PageRequest
from datasources.sql.notes import NOTE, SqlNotes
from datasources.sql.statements import SHAPES_HELD, Paged
from datasources.unread import UNREAD
from datasources.values import ActorKind
from tests.demo import Demo
from tests.unit.writable import changed, customer_of

NOW = dt.datetime(2026, 1, 31, tzinfo=dt.UTC)
CUSTOMER = "CJ-000003"
USES: dict[str, Callable[[Any], Any]] = {
    "truth": bool,
    "text": str,
    "format": "{}".format,
    "length": len,
    "items": list,
    "number": int,
    "hash": hash,
    "equality": lambda value: value == "x",
    "inequality": lambda value: value != "x",
    "order": lambda value: value > 1,
    "sum": lambda value: value + 1,
    "attribute": attrgetter("year"),
    "membership": lambda value: 1 in value,
    "item": lambda value: value[0],
}


@pytest.mark.parametrize("use", USES.values(), ids=USES)
def test_what_was_not_read_fails_on_use(use: Callable[[Any], Any]) -> None:
    with pytest.raises(TypeError, match="^This attribute of a row was not read"):
        use(UNREAD)


@pytest.mark.parametrize("columns", [{"version", "author_kind"}, {"text"}, set()], ids=["plain", "sealed", "none"])
async def test_a_row_has_what_was_asked_for_and_its_place_alone(columns: set[str], demo: Demo) -> None:
    customer, page = await customer_of(demo, CUSTOMER), PageRequest(now=NOW, first=3)
    async with changed(demo) as database:
        reader = SqlNotes(database)
        (whole,) = await reader.of_customers([customer], page)
        asked = PageRequest(now=NOW, first=3, columns=frozenset(columns))
        (part,) = await reader.of_customers([customer], asked)
    read = columns | {"customer_id", "id", "created_at"}
    assert len(part.rows) == len(whole.rows) > 0
    for row, full in zip(part.rows, whole.rows, strict=True):
        for name in NoteRow.__struct_fields__:
            assert getattr(row, name) is UNREAD if name not in read else getattr(row, name) == getattr(full, name)
    assert [part.position_of(row) for row in part.rows] == [whole.position_of(row) for row in whole.rows]


async def test_an_enum_is_read_behind_what_was_left_out(demo: Demo) -> None:
    customer = await customer_of(demo, CUSTOMER)
    async with changed(demo) as database:
        asked = PageRequest(now=NOW, first=1, want_total=True, columns=frozenset({"author_kind"}))
        (page,) = await SqlNotes(database).of_customers([customer], asked)
    assert isinstance(page.rows[0].author_kind, ActorKind)


async def test_the_statements_that_a_list_holds_are_bounded(demo: Demo) -> None:
    customer, listed = await customer_of(demo, CUSTOMER), Paged(NOTE, order=("created_at", "id"))
    asked = [frozenset(names) for names in combinations(NoteRow.__struct_fields__[2:], 4)]
    async with changed(demo) as database:
        for columns in asked[: SHAPES_HELD + 10]:
            await listed.of_each(database, [customer], PageRequest(now=NOW, first=1, columns=columns))
    assert len(listed.prepared) == SHAPES_HELD
