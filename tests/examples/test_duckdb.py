"""The example package: installed, it keeps the laws, brings its kind, and fails as a source does."""

import os
import subprocess
import sys
from importlib.metadata import distribution
from pathlib import Path

import pytest
from customer_graph_duckdb import KIND
from customer_graph_duckdb.source import DuckDbSettings, DuckDbSource
from customer_graph_duckdb.testing import write

from datasources.conformance.making import CUSTOMERS, NOW, rows_of
from datasources.errors import SourceRefused, SourceUnavailable
from datasources.kinds import installed, kind_of
from datasources.paging import PageRequest
from datasources.registry import Domain

FOLDER = Path(__file__).parents[2] / "examples" / "duckdb-source"
COMMAND = "pytest -p datasources.conformance --source-factory customer_graph_duckdb.testing:factory"
FIRST = PageRequest(NOW, first=20)


@pytest.fixture
async def source(tmp_path: Path) -> DuckDbSource:
    """A source over an empty folder, closed with the process."""
    made = DuckDbSource("files", DuckDbSettings(kind="duckdb", csv_folder=tmp_path / "exports"))
    await made.open()
    return made


def test_the_package_is_installed_and_brings_its_kind() -> None:
    assert distribution("customer-graph-duckdb").version == "0.1.0"
    assert installed()["duckdb"].dist is not None
    assert kind_of("duckdb") == KIND


def test_it_keeps_the_laws_by_the_command_of_its_readme() -> None:
    assert f"uv run {COMMAND}\n" in (FOLDER / "README.md").read_text(encoding="utf-8")
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    ended = subprocess.run(
        COMMAND.split(), cwd=FOLDER, env=os.environ | {"PATH": path}, capture_output=True, text=True, check=False
    )
    assert " 81 passed, 13 deselected, 1 xfailed in " in ended.stdout.splitlines()[-1], ended.stdout


async def test_a_folder_that_is_not_there_yet_is_found_once_it_is(source: DuckDbSource, tmp_path: Path) -> None:
    reader = source.reader(Domain.TICKETS)
    with pytest.raises(SourceUnavailable):
        await source.ping()
    with pytest.raises(SourceUnavailable, match=r"^reading tickets.csv: the source files is not available"):
        await reader.of_customers(CUSTOMERS, FIRST)
    (tmp_path / "exports").mkdir()
    write(tmp_path / "exports", rows_of(Domain.TICKETS))
    await source.ping()
    assert [len(page.rows) for page in await reader.of_customers(CUSTOMERS, FIRST)] == [11, 7, 4, 2, 1, 1]


@pytest.mark.parametrize(
    ("wrong", "right", "error"),
    [
        ('"status"', '"state"', SourceUnavailable),  # no column of that name
        ('"2026-', '"yesterday ', SourceUnavailable),  # no instant
        ('"SHIPPED"', '""', SourceRefused),  # no member of the enum
        ('"SHIPPED"', "", SourceUnavailable),  # null where nothing may be
    ],
)
async def test_a_file_that_is_wrong_is_the_fault_of_the_source(
    source: DuckDbSource, tmp_path: Path, wrong: str, right: str, error: type[Exception]
) -> None:
    (tmp_path / "exports").mkdir()
    write(tmp_path / "exports", rows_of(Domain.REWARDS))
    file = tmp_path / "exports" / "rewards.csv"
    text = file.read_text(encoding="utf-8").replace("customer_id,id,name,status", 'customer_id,id,name,"status"')
    assert wrong in text
    file.write_text(text.replace(wrong, right), encoding="utf-8")
    with pytest.raises(error):
        await source.reader(Domain.REWARDS).rewards(CUSTOMERS, FIRST)
