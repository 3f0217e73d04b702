"""Sources that hold given rows, for the conformance kit."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from enum import Enum
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec

from customer_graph_duckdb.readers import TABLES
from customer_graph_duckdb.source import DuckDbSettings, DuckDbSource
from datasources.conformance import Rows

GAPS = {"erasure": "the files are exported by another system: it erases, and exports anew"}


@asynccontextmanager
async def factory(rows: Rows) -> AsyncIterator[DuckDbSource]:
    """A source over files that hold these rows."""
    with TemporaryDirectory() as folder:
        write(Path(folder), [row for domain in DuckDbSource.reads for row in rows[domain]])
        source = DuckDbSource("files", DuckDbSettings(kind="duckdb", csv_folder=Path(folder)))
        await source.open()
        try:
            yield source
        finally:
            await source.close()


def write(folder: Path, rows: Sequence[Any]) -> None:
    """Each row into the file of its table."""
    for table in TABLES:
        lines = [",".join(table.file.columns)]
        lines += [
            ",".join(_told(getattr(row, column)) for column in table.file.columns)
            for row in rows
            if isinstance(row, table.row)
        ]
        (folder / f"{table.file.name}.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _told(value: Any) -> str:
    """A value as files have it: nothing for null, all else quoted, and JSON what is no plain value."""
    if value is None:
        return ""
    plain = value.value if isinstance(value, Enum) else value
    text = plain if isinstance(plain, str) else msgspec.json.encode(plain).decode().strip('"')
    return '"' + text.replace('"', '""') + '"'
