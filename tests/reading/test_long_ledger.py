"""A page of the ledger reads its own entries and their lots, whatever the length of the history behind it."""

import datetime as dt
import re
from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import insert
from sqlalchemy.ext.asyncio import create_async_engine

from datasources.ids import CustomerId, derived_id
from datasources.paging import PageRequest
from datasources.sql.engine import Database
from datasources.sql.points import SqlPoints
from datasources.sql.schema import analyze
from datasources.sql.tables.points import point_entries, point_lots
from tests.demo import Demo
from tests.reading.long import CUSTOMER, LENGTH, OTHERS, SINCE, spied


def _entry(number: int) -> dict[str, Any]:
    at = SINCE + dt.timedelta(minutes=number)
    return {
        "customer_id": CUSTOMER,
        "id": derived_id(at, "entry", str(number)),
        "account_key": "points",
        "sequence": number + 1,
        "kind": "EARN",
        "source_key": "purchase",
        "modification": 1,
        "balance_before": number,
        "balance_after": number + 1,
        "reference_type": "purchase",
        "occurred_at": at,
        "recorded_at": at,
    }


def _lot(entry: dict[str, Any]) -> dict[str, Any]:
    return {
        "customer_id": CUSTOMER,
        "entry_id": entry["id"],
        "account_key": "points",
        "earned_at": entry["occurred_at"],
        "points": 1,
        "amount_spent": 0,
        "amount_expired": 0,
        "remaining": 1,
    }


async def _read(database: Database, sql: str, values: Sequence[Any]) -> list[tuple[str, int]]:
    """Each table or index that the statement reads by, with the rows read of it; SQLite tells 0."""
    if database.dialect.name == "postgresql":
        lines = await database.dialect.fetch(f"EXPLAIN (ANALYZE, TIMING OFF, COSTS OFF) {sql}", values)
        shape = re.compile(r"Scan.* on (point_\w+).*\(actual rows=([\d.]+) loops=(\d+)")
        found = [shape.search(line) for (line,) in lines]
        return [(one[1], round(float(one[2]) * int(one[3]))) for one in found if one]
    plan = await database.dialect.fetch(f"EXPLAIN QUERY PLAN {sql}", values)
    return [(line[3].split(" USING")[0], 0) for line in plan if re.match("SCAN|SEARCH", line[3])]


@pytest.fixture(scope="module")
async def long_ledger(demo: Demo) -> str:
    """A copy of the demo in which one customer has many entries, each with its lot."""
    url = demo.copy()
    engine = create_async_engine(url)
    made = [_entry(number) for number in range(LENGTH)]
    async with engine.begin() as connection:
        await connection.execute(insert(point_entries), made)
        await connection.execute(insert(point_lots), [_lot(entry) for entry in made])
    await engine.dispose()
    await analyze("demo", url)
    return url


ALONE, AMONG_OTHERS = ["SCAN CONSTANT ROW", "SCAN keys"], ["SCAN sent VIRTUAL TABLE INDEX 1:"]


@pytest.mark.parametrize(("others", "begins"), [([], ALONE), (OTHERS, AMONG_OTHERS)])
async def test_a_page_of_the_ledger_reads_its_own_rows_alone(
    others: list[CustomerId], begins: list[str], long_ledger: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with spied(long_ledger, monkeypatch) as (database, sent):
        found, *_ = await SqlPoints(database).audit([CUSTOMER, *others], PageRequest(now=SINCE, first=20))
        assert [row.sequence for row in found.rows] == list(range(LENGTH, LENGTH - 20, -1))
        read = await _read(database, *sent[0])
        if database.dialect.name == "postgresql":
            assert sorted(read) == [("point_entries", 0), ("point_entries", 21), ("point_lots", 21)]
        else:
            assert [step for step, _ in read] == [
                *begins,
                "SEARCH point_entries",
                "SEARCH point_entries",
                "SEARCH lots",
                "SEARCH reversals",
            ]
