"""Instants come back from a database to the microsecond, alone and among others, whatever the year."""

import datetime as dt
from typing import Any

import msgspec
import pytest
from sqlalchemy import select

from datasources.rounds import Together
from datasources.sql.engine import Database, Make, Prepared
from datasources.sql.keys import bound_keys, keys_of
from datasources.sql.sealing import MasterKey
from datasources.sql.types import FIRST, LAST, Instant, InstantText
from tests.demo import Demo

pytestmark = pytest.mark.anyio

AT = [
    FIRST,
    dt.datetime(999, 12, 31, 23, 59, 59, 999999, dt.UTC),
    dt.datetime(1969, 12, 31, 23, 59, 59, 999999, dt.UTC),
    dt.datetime(1970, 1, 1, tzinfo=dt.UTC),
    dt.datetime(2026, 5, 31, 23, 0, 0, 500000, dt.UTC),
    dt.datetime(2026, 5, 31, 23, 0, 0, 1, dt.UTC),
    dt.datetime(9998, 12, 31, 23, 59, 59, 999999, dt.UTC),
    LAST,
]


class Moment(msgspec.Struct, frozen=True):
    """An instant that was sent to the database and came back."""

    at: dt.datetime | None


def _sent_back(database: Database, *, is_alone: bool) -> Prepared[Moment]:
    keys = keys_of(database.dialect, {"at": Instant()}, is_alone=is_alone)
    statement = database.dialect.for_reading(select(keys.c.position, keys.c.at).order_by(keys.c.position))
    return Prepared(statement, Make(Moment), database.dialect, leading=1)


async def test_instants_are_read_to_the_microsecond(demo: Demo) -> None:
    database = Database("main", demo.url, MasterKey(b"k" * 32))
    await database.open()
    try:
        many = await database.fetch(
            _sent_back(database, is_alone=False), bound_keys(database.dialect, {"at": AT}, is_alone=False)
        )
        one_by_one: list[Any] = []
        for at in AT:
            bound = bound_keys(database.dialect, {"at": [at]}, is_alone=True)
            with Together():
                rows, _ = await database.fetch_alone(_sent_back(database, is_alone=True), bound)
            one_by_one += rows
    finally:
        await database.close()
    assert [row.at for _, row in many] == AT
    assert [row.at for row in one_by_one] == AT
    assert {row.at.tzinfo for row in one_by_one} == {dt.UTC}


def test_a_statement_for_reading_selects_instants_as_postgresql_writes_them(demo: Demo) -> None:
    database = Database("main", demo.url, MasterKey(b"k" * 32))
    keys = keys_of(database.dialect, {"at": Instant()}, is_alone=True)
    (column,) = database.dialect.for_reading(select(keys.c.at)).selected_columns
    assert (column.key, type(column.type)) == (
        "at",
        InstantText if database.dialect.name == "postgresql" else Instant,
    )
