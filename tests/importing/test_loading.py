"""A load is whole or nothing, changes nothing when repeated, and adds only what is missing."""

import asyncio
import datetime as dt
import shutil
import subprocess
import sys
from pathlib import Path
from uuid import uuid4

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from sqlalchemy import make_url

from datasources.importing import ImportBroken, ImportProgress, load_completejourney
from datasources.importing.completejourney.files import package_data
from datasources.importing.completejourney.timeline import Timeline, months_later, weeks_to_move
from datasources.program import ProgramSettings
from datasources.sql.tables import metadata
from datasources.sql.tables.points import point_entries
from datasources.sql.tables.profiles import customers
from datasources.sql.tables.program import program
from datasources.sql.tables.transactions import transactions
from tests.demo import execute

from .conftest import AS_OF, END, HOUSEHOLDS, MASTER_KEY, Database, Loaded, create_schema, dump, read_rows

MOVED_BY_GROWTH = {"customer_metrics", "promo_codes", "imports"}


LINES = 3_000


def cut(folder: Path) -> Path:
    """The data set with its first 3,000 lines alone."""
    copy = folder / "data"
    copy.mkdir()
    for file in package_data().glob("*.parquet"):
        if file.name not in ("promotions.parquet", "transactions.parquet"):
            shutil.copy(file, copy / file.name)
    table = pq.ParquetFile(package_data() / "transactions.parquet").read().slice(0, LINES)
    pq.write_table(table, copy / "transactions.parquet")
    return copy


def broken_line(folder: Path, row: int, column: str, value: object) -> Path:
    """The same with the value in that row, counted from 1."""
    copy = cut(folder)
    path = copy / "transactions.parquet"
    table = pq.ParquetFile(path).read()
    mask = pa.array([number == row for number in range(1, LINES + 1)])
    field = table.schema.field(column)
    changed = pc.replace_with_mask(table[column].combine_chunks(), mask, pa.array([value], field.type))
    pq.write_table(table.set_column(table.schema.get_field_index(column), field, changed), path)
    return copy


def test_a_second_run_changes_nothing(loaded: Loaded) -> None:
    before = dump(loaded.path)
    report = loaded.load(HOUSEHOLDS)
    assert (report.households_added, report.households_present, report.rows) == (0, HOUSEHOLDS, {})
    assert dump(loaded.path) == before


def test_loading_more_adds_only_the_new_ones(database: Database, loaded: Loaded) -> None:
    database.load(12)
    before = database.everything()
    report = load_completejourney(
        database.url, as_of=AS_OF + dt.timedelta(days=90), master_key=MASTER_KEY, households=HOUSEHOLDS
    )
    assert (report.households_added, report.households_present, report.shift_weeks) == (
        28,
        12,
        loaded.report.shift_weeks,
    )
    now, whole = database.everything(), loaded.everything()
    for table, after in now.items():
        assert len(after) == len(whole[table])
        if table.name not in MOVED_BY_GROWTH:
            keys = [column.name for column in table.primary_key]
            kept = {tuple(row[key] for key in keys): row for row in after}
            assert [kept[tuple(row[key] for key in keys)] for row in before[table]] == before[table]
    for table in (transactions, metadata.tables["customer_metrics"], metadata.tables["promo_codes"]):
        assert now[table] == whole[table]


def test_progress_tells_of_every_household(database: Database, tmp_path: Path) -> None:
    told: list[ImportProgress] = []
    load_completejourney(
        database.url, as_of=AS_OF, master_key=MASTER_KEY, households=3, progress=told.append, folder=cut(tmp_path)
    )
    assert told == [ImportProgress("reading", 0, 0), *(ImportProgress("loading", done, 3) for done in (1, 2, 3))]


class Cancelled(Exception):
    """Whoever watches gives up."""


def test_giving_up_midway_stores_nothing(database: Database, tmp_path: Path) -> None:
    def give_up(progress: ImportProgress) -> None:
        if progress.done == 2:
            raise Cancelled

    before = dump(database.path)
    with pytest.raises(Cancelled):
        load_completejourney(database.url, as_of=AS_OF, master_key=MASTER_KEY, progress=give_up, folder=cut(tmp_path))
    assert dump(database.path) == before


def test_the_caller_loads_neither_pyarrow_nor_faker() -> None:
    heavy = "{'pyarrow', 'pandas', 'numpy', 'faker', 'sqlalchemy'}"
    script = f"import sys, datasources.importing; print(sorted({heavy} & sys.modules.keys()))"
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"


def test_without_shift_the_original_instants_stay(database: Database, lines: list[dict[str, object]]) -> None:
    report = database.load(1, shift=False)
    assert (report.shift_weeks, report.anchored_at) == (0, dt.datetime(2018, 1, 1, 5, tzinfo=dt.UTC))
    original = {line["transaction_timestamp"] for line in lines if line["household_id"] == 1}
    assert {row["occurred_at"].replace(tzinfo=None) for row in database.rows(transactions)} == original


def test_the_clock_is_anchored_at_the_end_of_the_data(loaded: Loaded) -> None:
    (row,) = loaded.rows(program)
    clock = msgspec.convert(row["settings"], ProgramSettings).clock
    assert (clock.anchored_at, clock.shift_weeks) == (END, loaded.report.shift_weeks)
    assert clock.started_at is not None
    assert clock.now(clock.started_at + dt.timedelta(hours=3)) == END + dt.timedelta(hours=3)


@pytest.mark.parametrize(
    ("as_of", "last_day"),
    [
        (dt.date(2026, 11, 22), dt.date(2026, 11, 15)),
        (dt.date(2026, 11, 23), dt.date(2026, 11, 22)),
        (dt.date(2026, 11, 29), dt.date(2026, 11, 22)),
        (dt.date(2018, 1, 1), dt.date(2017, 12, 31)),
    ],
)
def test_the_last_day_lies_in_the_seven_days_before(as_of: dt.date, last_day: dt.date) -> None:
    recorded = dt.date(2017, 12, 31)
    weeks = weeks_to_move(recorded, as_of)
    assert recorded + dt.timedelta(weeks=weeks) == last_day
    assert Timeline(recorded, weeks).end.date() == last_day + dt.timedelta(days=1)


def test_months_end_on_the_last_day_there_is() -> None:
    at = dt.datetime(2024, 2, 29, 12, tzinfo=dt.UTC)
    assert months_later(at, 12) == dt.datetime(2025, 2, 28, 12, tzinfo=dt.UTC)
    assert months_later(at, -2) == dt.datetime(2023, 12, 29, 12, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("sales_value", None, "transactions.parquet, row 7: sales_value is missing"),
        ("retail_disc", -0.5, "transactions.parquet, row 7: retail_disc is negative"),
        ("coupon_disc", float("nan"), "transactions.parquet, row 7: coupon_disc is no number"),
    ],
)
def test_a_broken_row_stops_with_its_number_and_stores_nothing(
    database: Database, tmp_path: Path, column: str, value: object, message: str
) -> None:
    before = dump(database.path)
    with pytest.raises(ImportBroken) as raised:
        database.load(2, folder=broken_line(tmp_path, 7, column, value))
    assert str(raised.value) == message
    assert dump(database.path) == before


def test_a_row_found_broken_midway_leaves_nothing_half_loaded(database: Database, tmp_path: Path) -> None:
    columns = ["household_id", "basket_id"]
    found = pq.ParquetFile(package_data() / "transactions.parquet").read(columns=columns).slice(0, LINES).to_pylist()
    seconds = [row for row in range(1, LINES) if found[row] == found[row - 1]]
    row = max(seconds, key=lambda row: (found[row]["household_id"], row))
    before = dump(database.path)
    with pytest.raises(ImportBroken) as raised:
        database.load(None, folder=broken_line(tmp_path, row + 1, "store_id", 999_999))
    assert str(raised.value) == (
        f"transactions.parquet, row {row + 1}: basket {found[row]['basket_id']} has another store or time than its lines before"
    )
    assert dump(database.path) == before


def test_a_truncated_file_is_named(database: Database, tmp_path: Path) -> None:
    copy = cut(tmp_path)
    path = copy / "products.parquet"
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(ImportBroken, match=r"^products\.parquet can't be read as parquet with the columns product_id"):
        database.load(1, folder=copy)
    assert database.rows(customers) == []


def test_a_database_without_schema_is_refused(tmp_path: Path) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path / 'bare.db'}"
    with pytest.raises(ImportBroken, match="has its schema been created"):
        load_completejourney(url, as_of=AS_OF, master_key=MASTER_KEY, households=1)


def test_postgresql_holds_the_same_rows(loaded: Loaded, postgres_url: str) -> None:
    name = f"importing_{uuid4().hex}"
    server = make_url(postgres_url)
    asyncio.run(execute(server, f"CREATE DATABASE {name}"))
    try:
        url = server.set(database=name).render_as_string(hide_password=False)
        asyncio.run(create_schema(url))
        report = load_completejourney(url, as_of=AS_OF, master_key=MASTER_KEY, households=HOUSEHOLDS)
        assert report.rows == loaded.report.rows
        for table in (
            transactions,
            point_entries,
            metadata.tables["customer_metrics"],
            metadata.tables["customer_offers"],
        ):
            clear = [column.name for column in table.columns if column.name != "internal_note"]
            (stored,) = asyncio.run(read_rows(url, table))
            assert [[row[c] for c in clear] for row in stored] == [
                [row[c] for c in clear] for row in loaded.rows(table)
            ]
        again = load_completejourney(url, as_of=AS_OF, master_key=MASTER_KEY, households=HOUSEHOLDS)
        assert again.rows == {}
    finally:
        asyncio.run(execute(server, f"DROP DATABASE {name}"))
