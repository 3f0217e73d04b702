"""The keys of customers come with their rows; they are read by themselves where nobody reads the rows."""

import asyncio
from typing import Any

import pytest

from datasources.paging import PageRequest
from datasources.profiles import Within
from datasources.sql.notes import SqlNotes
from datasources.sql.profiles import SqlProfiles
from tests.demo import Demo
from tests.reading.test_columns import NOW
from tests.unit.writable import changed, customer_of

CUSTOMERS = ("CJ-000003", "CJ-000014")


@pytest.mark.parametrize("reads_rows", [True, False], ids=["rows", "keys"])
async def test_who_needs_keys_waits_for_the_rows_that_bring_them(
    demo: Demo, monkeypatch: pytest.MonkeyPatch, *, reads_rows: bool
) -> None:
    ids = [await customer_of(demo, name) for name in CUSTOMERS]
    async with changed(demo) as database:
        profiles, notes = SqlProfiles(database), SqlNotes(database)
        fetch = database.dialect.fetch

        async def late(sql: str, values: Any) -> Any:
            if "FROM notes" not in sql:
                await asyncio.sleep(0.2)
            return await fetch(sql, values)

        monkeypatch.setattr(database.dialect, "fetch", late)
        before = database.statements
        rows = profiles.customers(ids, Within()) if reads_rows else asyncio.sleep(0)
        _, pages = await asyncio.gather(rows, notes.of_customers(ids, PageRequest(now=NOW, first=3)))
        assert (database.statements - before, all(page.rows[0].text for page in pages)) == (2, True)


async def test_rows_that_can_not_be_read_are_waited_for_no_longer(demo: Demo, monkeypatch: pytest.MonkeyPatch) -> None:
    ids = [await customer_of(demo, name) for name in CUSTOMERS]
    async with changed(demo) as database:
        fetch = database.dialect.fetch

        async def failing(sql: str, values: Any) -> Any:
            await asyncio.sleep(0.05)
            if "support_id" in sql:
                raise ConnectionResetError
            return await fetch(sql, values)

        monkeypatch.setattr(database.dialect, "fetch", failing)
        rows, keys = await asyncio.gather(
            SqlProfiles(database).customers(ids, Within()), database.keyring.of(set(ids)), return_exceptions=True
        )
        assert isinstance(rows, ConnectionResetError)
        assert isinstance(keys, dict)
        assert all(key is not None for key in keys.values())
