"""Deleted notes do not exist for readers, and a note whose key was destroyed says nothing."""

import datetime as dt

from sqlalchemy import update

from datasources.ids import EntityId
from datasources.paging import PageRequest
from datasources.sql.notes import SqlNotes
from datasources.sql.tables.notes import notes
from datasources.sql.tables.profiles import customers
from tests.demo import Demo
from tests.unit.writable import changed, customer_of

NOW = dt.datetime(2026, 1, 31, tzinfo=dt.UTC)
PAGE = PageRequest(now=NOW, first=10, want_total=True)


async def test_a_deleted_note_is_in_no_list_no_total_and_not_found_by_its_id(demo: Demo) -> None:
    customer = await customer_of(demo, "CJ-000008")
    async with changed(demo) as database:
        (before,) = await SqlNotes(database).of_customers([customer], PAGE)
    deleted = before.rows[1]
    statement = update(notes).where(notes.c.id == deleted.id).values(deleted_at=NOW)
    async with changed(demo, statement) as database:
        reader = SqlNotes(database)
        (after,) = await reader.of_customers([customer], PAGE)
        found = await reader.notes([(customer, EntityId(row.id)) for row in before.rows])
    assert before.total == 3
    assert after.total == 2
    assert after.rows == (before.rows[0], before.rows[2])
    assert found == [before.rows[0], None, before.rows[2]]


async def test_once_the_key_is_destroyed_notes_and_revisions_say_nothing(demo: Demo) -> None:
    customer = await customer_of(demo, "CJ-000008")
    statement = update(customers).where(customers.c.customer_id == customer).values(wrapped_key=None)
    async with changed(demo, statement) as database:
        reader = SqlNotes(database)
        (page,) = await reader.of_customers([customer], PAGE)
        (revisions,) = await reader.revisions([(customer, EntityId(page.rows[0].id))])
    assert [row.text for row in page.rows] == ["", "", ""]
    assert [(revision.version, revision.text) for revision in revisions] == [(1, ""), (2, "")]
