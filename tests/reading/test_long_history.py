"""A page of events reads as much of a long history as of a short one: the first rows by an index, whatever is asked."""

import datetime as dt
import re
from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import insert
from sqlalchemy.ext.asyncio import create_async_engine

from datasources.events import Surfaced
from datasources.ids import CustomerId, derived_id
from datasources.paging import PageRequest
from datasources.sql.engine import Database
from datasources.sql.events import SqlEvents
from datasources.sql.schema import analyze
from datasources.sql.tables.events import events
from tests.demo import Demo
from tests.reading.long import CUSTOMER, LENGTH, OTHERS, SINCE, spied

BY_TIME, BY_TYPE = "ix_events_occurred_at", "ix_events_type_occurred_at"


def _event(number: int) -> dict[str, Any]:
    at = SINCE + dt.timedelta(minutes=number)
    return {
        "customer_id": CUSTOMER,
        "id": derived_id(at, "event", str(number)),
        "type": "tier_promoted" if number < 30 else "purchase",
        "occurred_at": at,
        "recorded_at": at,
        "channel": "API",
        "source": "test",
        "source_event_id": str(number),
        "facts": {},
        "search_text": "",
    }


@pytest.fixture(scope="module")
async def long_history(demo: Demo) -> str:
    """A copy of the demo in which one customer has many events; the rare ones are the oldest."""
    url = demo.copy()
    engine = create_async_engine(url)
    async with engine.begin() as connection:
        await connection.execute(insert(events), [_event(number) for number in range(LENGTH)])
    await engine.dispose()
    await analyze("demo", url)
    return url


async def _explained(database: Database, sql: str, values: Sequence[Any]) -> list[tuple[str, int]]:
    """Each index of events that the statement walks, with the rows that it read; SQLite tells 0."""
    if database.dialect.name == "postgresql":
        lines = await database.dialect.fetch(f"EXPLAIN (ANALYZE, TIMING OFF, COSTS OFF) {sql}", values)
        shape = re.compile(r"Scan(?: Backward)? using (\w+) on events \(actual rows=([\d.]+) loops=(\d+)")
        return [
            (found[1], round(float(found[2]) * int(found[3]))) for (line,) in lines if (found := shape.search(line))
        ]
    plan = await database.dialect.fetch(f"EXPLAIN QUERY PLAN {sql}", values)
    return [
        (found[1], 0) for line in plan if (found := re.search(r"SEARCH events USING COVERING INDEX (\w+)", line[3]))
    ]


@pytest.mark.parametrize("others", [[], OTHERS], ids=["alone", "among others"])
@pytest.mark.parametrize(
    ("asked", "index", "rows"),
    [
        (Surfaced(), BY_TIME, 21),
        (Surfaced(types=("purchase",)), BY_TYPE, 21),
        (Surfaced(types=("tier_promoted",)), BY_TYPE, 21),
        (Surfaced(types=("no_such_type",)), BY_TYPE, 0),
    ],
)
async def test_a_page_walks_one_index_as_far_as_its_limit(
    long_history: str, monkeypatch: pytest.MonkeyPatch, asked: Surfaced, index: str, rows: int, others: list[CustomerId]
) -> None:
    async with spied(long_history, monkeypatch) as (database, sent):
        page = PageRequest(now=SINCE, first=20, filter=asked)
        found, *_ = await SqlEvents(database).stream([CUSTOMER, *others], page)
        assert (len(found.rows), found.has_next) == (min(rows, 20), rows == 21)
        walked = await _explained(database, *sent[0])
        assert walked == [(index, rows if database.dialect.name == "postgresql" else 0)]
