"""One load of 40 households that all tests read, and the data set's files read anew beside it."""

import asyncio
import datetime as dt
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sqlalchemy import Table, select
from sqlalchemy.ext.asyncio import create_async_engine

from datasources.importing import ImportReport, load_completejourney
from datasources.importing.completejourney.files import package_data
from datasources.sql.tables import metadata

AS_OF = dt.date(2026, 11, 22)
WEEKS = 463
END = dt.datetime(2026, 11, 16, 5, tzinfo=dt.UTC)
MASTER_KEY = bytes(range(32))
HOUSEHOLDS = 40


async def create_schema(url: str) -> None:
    engine = create_async_engine(url)
    async with engine.begin() as connection:
        await connection.run_sync(metadata.create_all)
    await engine.dispose()


async def read_rows(url: str, *tables: Table) -> list[list[dict[str, Any]]]:
    """The rows of each table by its primary key."""
    engine = create_async_engine(url)
    async with engine.connect() as connection:
        found = [
            (await connection.execute(select(table).order_by(*table.primary_key))).mappings().all() for table in tables
        ]
    await engine.dispose()
    return [[dict(row) for row in rows] for rows in found]


def dump(path: Path) -> str:
    with sqlite3.connect(path) as connection:
        return "\n".join(connection.iterdump())


class Database:
    """A SQLite file with the schema."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.url = f"sqlite+aiosqlite:///{path}"
        asyncio.run(create_schema(self.url))

    def rows(self, table: Table) -> list[dict[str, Any]]:
        return asyncio.run(read_rows(self.url, table))[0]

    def everything(self) -> dict[Table, list[dict[str, Any]]]:
        tables = metadata.sorted_tables
        return dict(zip(tables, asyncio.run(read_rows(self.url, *tables)), strict=True))

    def load(self, households: int | None, *, shift: bool = True, folder: Path | None = None) -> ImportReport:
        return load_completejourney(
            self.url, as_of=AS_OF, master_key=MASTER_KEY, households=households, shift=shift, folder=folder
        )


class Loaded(Database):
    """The database that was loaded, with what the load told."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.report = self.load(HOUSEHOLDS)
        self._tables: dict[Table, list[dict[str, Any]]] = {}
        numbers = {row["support_id"]: row["customer_id"] for row in self.rows(metadata.tables["customers"])}
        self.customers = {int(support_id[3:]): numbers[support_id] for support_id in sorted(numbers)}

    def rows(self, table: Table) -> list[dict[str, Any]]:
        if table not in self._tables:
            self._tables[table] = super().rows(table)
        return self._tables[table]

    def of(self, household: int, table: Table) -> list[dict[str, Any]]:
        return [row for row in self.rows(table) if row["customer_id"] == self.customers[household]]


@pytest.fixture(scope="session")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    return Loaded(tmp_path_factory.mktemp("importing") / "journey.db")


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    yield Database(tmp_path / "empty.db")


@pytest.fixture(scope="session")
def lines() -> list[dict[str, Any]]:
    """The lines of the first 40 households as the file has them."""
    table = pq.ParquetFile(package_data() / "transactions.parquet").read()
    first = sorted(set(table["household_id"].to_pylist()))[:HOUSEHOLDS]
    keep = set(first)
    mask = [household in keep for household in table["household_id"].to_pylist()]
    kept = table.filter(mask)
    at = kept.schema.get_field_index("transaction_timestamp")
    return kept.set_column(
        at, "transaction_timestamp", kept["transaction_timestamp"].cast(pa.timestamp("s"))
    ).to_pylist()
