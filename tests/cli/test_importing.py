"""`import completejourney` loads what is missing, and nothing twice."""

from pathlib import Path

from tests.cli.conftest import Run


def test_an_import_is_done_once(run: Run, demo_state: Path) -> None:
    ended = run("import", "completejourney", "--households", "3", "--as-of", "2026-01-31")
    assert (ended.code, ended.out) == (0, "Nothing to load: 3 households are there already.\n")
    assert demo_state.is_dir()


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
