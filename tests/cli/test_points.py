"""`points expire` posts what has lapsed, once."""

import asyncio
import datetime as dt
from pathlib import Path
from shutil import copytree

import pytest
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import create_async_engine

from datasources.sql.tables.points import point_entries, point_lots
from tests.cli.conftest import Run

LONG_AGO = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)


@pytest.fixture
def lapsed(filled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[str, int, int]:
    """The URL of a copy of the demo in which one customer's open lots have lapsed, how many accounts and points that is."""
    folder = copytree(filled, tmp_path / "own")
    monkeypatch.setenv("CUSTOMER_GRAPH_STATE", str(folder))
    url = f"sqlite+aiosqlite:///{folder / 'demo.sqlite'}"
    return url, *asyncio.run(_lapse(url))


async def _lapse(url: str) -> tuple[int, int]:
    lot, engine = point_lots.c, create_async_engine(url)
    async with engine.begin() as connection:
        whose = (await connection.execute(select(lot.customer_id).where(lot.remaining > 0).limit(1))).scalar_one()
        own = (lot.customer_id == whose) & (lot.remaining > 0) & (lot.account_key == "points")
        joined = select(point_entries.c.source_key, lot.remaining).join(
            point_lots, (lot.customer_id == point_entries.c.customer_id) & (lot.entry_id == point_entries.c.id)
        )
        rows = (await connection.execute(joined.where(own))).all()
        await connection.execute(update(point_lots).where(own).values(expires_at=LONG_AGO))
    await engine.dispose()
    return len({source for source, _ in rows}), sum(points for _, points in rows)


def test_points_expire_once(run: Run, lapsed: tuple[str, int, int]) -> None:
    _, entries, points = lapsed
    ended = run("points", "expire")
    assert (ended.code, ended.out) == (0, f"Expired {points:,} points of 1 customers in {entries:,} entries.\n")
    again = run("points", "expire")
    assert (again.code, again.out) == (0, "No points have expired.\n")


def test_a_config_names_the_database(run: Run, config: Path) -> None:
    ended = run("points", "expire", "--config", str(config))
    assert (ended.code, ended.out) == (0, "No points have expired.\n")


def test_a_database_without_a_schema_is_told(run: Run, tmp_path: Path) -> None:
    ended = run("points", "expire", "--database-url", f"sqlite:///{tmp_path / 'none.sqlite'}")
    assert ended.code == 1
    assert "run `customer-graph db upgrade` first" in ended.err
