"""A folder of the layout's files, how it is changed, and a database that it is loaded into."""

import asyncio
import csv
import shutil
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import Table

from datasources.importing.layout import DOMAINS, LayoutReport, load_layout
from datasources.sql.schema import upgrade
from datasources.sql.sealing import MasterKey
from datasources.sql.tables import metadata
from datasources.sql.types import Sealed
from tests.demo import MASTER_KEY

from .conftest import read_rows

SAMPLE = Path(__file__).parent / "layout"
QUERY = SAMPLE.with_suffix(".graphql")
ANSWER = SAMPLE.with_suffix(".answer.json")
Row = dict[str, Any]


class Target:
    """A database with the schema, and what it holds."""

    def __init__(self, url: str) -> None:
        self.url = url
        asyncio.run(upgrade("layout", url))

    def load(self, folder: Path = SAMPLE, *, check: bool = False) -> LayoutReport:
        return asyncio.run(load_layout(self.url, folder, master_key=MASTER_KEY, check=check))

    def rows(self, name: str) -> list[Row]:
        return asyncio.run(read_rows(self.url, metadata.tables[name]))[0]

    def everything(self) -> dict[Table, list[Row]]:
        tables = metadata.sorted_tables
        return dict(zip(tables, asyncio.run(read_rows(self.url, *tables)), strict=True))


def lines(folder: Path, domain: str) -> list[Row]:
    return [msgspec.json.decode(line) for line in (folder / f"{domain}.jsonl").read_bytes().splitlines()]


def write(folder: Path, domain: str, rows: list[Row]) -> None:
    (folder / f"{domain}.jsonl").write_bytes(b"".join(msgspec.json.encode(row) + b"\n" for row in rows))


def told(report: LayoutReport) -> list[str]:
    return [str(problem) for problem in report.problems]


def opened_rows(target: Target) -> dict[str, list[Row]]:
    """Everything, with sealed text opened; what is random or of the clock left out."""
    customers = target.rows("customers")
    master = MasterKey(MASTER_KEY)
    keys = {row["customer_id"]: master.unwrap(row["customer_id"], row["wrapped_key"]) for row in customers}
    found: dict[str, list[Row]] = {}
    for table, rows in target.everything().items():
        sealed = [column.name for column in table.columns if isinstance(column.type, Sealed)]
        moving = {"hash", "wrapped_key", "done_at"} | ({"updated_at"} if table.name == "program" else set())
        found[table.name] = [
            {
                name: keys[row["customer_id"]].open(value, f"{table.name}.{name}")
                if name in sealed and value is not None
                else value
                for name, value in row.items()
                if name not in moving
            }
            for row in rows
        ]
    return found


def to_csv(source: Path, folder: Path) -> None:
    folder.mkdir()
    shutil.copy(source / "program.json", folder)
    for domain in DOMAINS:
        rows = lines(source, domain)
        header = sorted({name for row in rows for name in row})
        with (folder / f"{domain}.csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(header)
            writer.writerows([cell(row.get(name)) for name in header] for row in rows)


def cell(value: object) -> str:
    return "" if value is None else value if isinstance(value, str) else msgspec.json.encode(value).decode()
