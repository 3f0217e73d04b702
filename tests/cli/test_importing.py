"""`import completejourney` loads what is missing, and nothing twice."""

from pathlib import Path

import pytest

from tests.cli.conftest import Run


def test_an_import_is_done_once(run: Run, demo_state: Path) -> None:
    ended = run("import", "completejourney", "--households", "3", "--as-of", "2026-01-31")
    assert (ended.code, ended.out) == (0, "Nothing to load: 3 households are there already.\n")
    assert demo_state.is_dir()


@pytest.mark.parametrize(
    "command", [["demo", "--port", "0"], ["import", "completejourney"], ["demo", "--households", "9", "--port", "0"]]
)
def test_dates_that_were_moved_stay_moved(run: Run, demo_state: Path, command: list[str]) -> None:
    before = (demo_state / "demo.sqlite").read_bytes()
    assert run(*command, "--no-shift") == (
        1,
        "",
        "error: the database was loaded with its dates moved to today: "
        "name another one by --database-url, or remove it\n",
    )
    assert (demo_state / "demo.sqlite").read_bytes() == before


def test_an_import_wants_one_source(run: Run, config: Path) -> None:
    text = config.read_text().replace('tickets = "none"', 'tickets = "other"')
    config.write_text(text + '[sources.other]\nkind = "sql"\nurl = "sqlite:///other.sqlite"\n')
    assert run("import", "completejourney", "--config", str(config)) == (
        1,
        "",
        "error: an import fills one database, but domains are bound to several sources: loyalty, other\n",
    )


def test_a_day_that_is_none_is_refused(run: Run) -> None:
    ended = run("import", "completejourney", "--as-of", "2026-02-30")
    assert ended.code == 2
    assert ended.err.splitlines()[-1] == (
        "Error: Invalid value for '--as-of': Value error, '2026-02-30' does not match the formats '%Y-%m-%d'."
    )
