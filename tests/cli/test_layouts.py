"""`import DIR` loads a folder of files, `--check` tells what is wrong with it, and `--describe` what it may hold."""

import shutil
from pathlib import Path

import msgspec

from datasources.importing.layout import DOMAINS, schema_of
from tests.cli.conftest import Run

SAMPLE = Path(__file__).parents[1] / "importing" / "layout"


def test_a_folder_is_checked_then_loaded_once(run: Run, state: Path) -> None:
    assert run("import", str(SAMPLE), "--check") == (0, "57 rows can be loaded; none was there.\n", "")
    assert not (state / "demo.sqlite").exists()
    assert run("import", str(SAMPLE)) == (0, "57 rows loaded; none was there.\n", "")
    before = (state / "demo.sqlite").read_bytes()
    assert run("import", str(SAMPLE), "--check") == (0, "0 rows can be loaded; 57 were there.\n", "")
    assert (state / "demo.sqlite").read_bytes() == before
    assert run("import", str(SAMPLE)) == (0, "0 rows loaded; 57 were there.\n", "")


def test_bad_rows_are_listed_by_file_line_column_and_reason(run: Run, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(SAMPLE, tmp_path / "folder"))
    (folder / "tickets.jsonl").unlink()
    (folder / "tickets.csv").write_text(
        "customer,system,external_id,status,submitted_at,url\nC-1,desk,1,open,yesterday,ftp://example.com\n"
    )
    assert run("import", str(folder)) == (
        1,
        "",
        "tickets.csv:2: submitted_at: must be an instant with its offset, such as 2026-01-31T12:00:00Z\n"
        "tickets.csv:2: url: must match ^https?://\n"
        "error: 2 faults found: nothing was stored\n",
    )


def test_a_folder_of_another_program_is_refused(run: Run, demo_state: Path) -> None:
    before = (demo_state / "demo.sqlite").read_bytes()
    ended = run("import", str(SAMPLE), "--check")
    assert (ended.code, ended.err.splitlines()[0]) == (
        1,
        "program.json:1: differs from the program that the database holds",
    )
    assert (demo_state / "demo.sqlite").read_bytes() == before


def test_what_a_file_may_hold_is_printed(run: Run) -> None:
    for domain in DOMAINS:
        assert msgspec.json.decode(run("import", "--describe", domain).out) == schema_of(domain)
    assert run("import", "--describe", "rooms").err.startswith(
        "error: no domain has the name rooms: there are profiles"
    )


def test_what_is_no_import_is_refused(run: Run, tmp_path: Path) -> None:
    assert run("import").err == "error: name a folder to import\n"
    assert run("import", "rooms").err == "error: there is no import named rooms, and no such folder\n"
    assert run("import", str(SAMPLE), "--no-shift").err == (
        "error: --households, --as-of and --no-shift go with completejourney\n"
    )
    assert run("import", str(tmp_path)).err == (
        f"error: the folder {tmp_path} holds no file of the layout: see `customer-graph import --describe all`\n"
    )
