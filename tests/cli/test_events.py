"""`events match` moves what waits to the customers who are known by now, once."""

import asyncio
from pathlib import Path
from shutil import copytree

import pytest
from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import create_async_engine

from datasources.sql.tables.events import events
from datasources.sql.tables.profiles import customers, identifiers
from tests.cli.conftest import Run

KNOWN = {"kind": "EXTERNAL_ID", "system": "completejourney", "is_replaced": False}


@pytest.fixture
def claimed(filled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The URL of a copy of the demo in which a customer came by two identifiers that events wait for."""
    folder = copytree(filled, tmp_path / "own")
    monkeypatch.setenv("CUSTOMER_GRAPH_STATE", str(folder))
    url = f"sqlite+aiosqlite:///{folder / 'demo.sqlite'}"
    asyncio.run(_claim(url))
    return url


async def _claim(url: str) -> None:
    engine = create_async_engine(url)
    async with engine.begin() as connection:
        whose = (await connection.execute(select(customers.c.customer_id).limit(1))).scalar_one()
        rows = [KNOWN | {"value": f"unknown-{number}", "customer_id": whose} for number in (1, 2)]
        await connection.execute(insert(identifiers), rows)
    await engine.dispose()


async def _visits(url: str) -> int:
    engine = create_async_engine(url)
    async with engine.connect() as connection:
        rows = (await connection.execute(select(events.c.id).where(events.c.source == "door-counter"))).all()
    await engine.dispose()
    return len(rows)


def test_what_waits_is_matched_once(run: Run, claimed: str) -> None:
    ended = run("events", "match")
    assert (ended.code, ended.out) == (0, "Matched 2 events to 1 customers.\n")
    assert asyncio.run(_visits(claimed)) == 2
    again = run("events", "match")
    assert (again.code, again.out) == (0, "No event waits for a customer who is known.\n")


def test_a_config_names_the_database(run: Run, config: Path) -> None:
    ended = run("events", "match", "--config", str(config))
    assert (ended.code, ended.out) == (0, "No event waits for a customer who is known.\n")
