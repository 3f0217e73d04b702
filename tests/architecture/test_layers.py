"""The house stands as it is drawn: layers, one module a domain, modules of a size to read."""

import subprocess
import sys
from pathlib import Path

import pytest

from datasources.registry import Domain

ROOT = Path(__file__).parents[2]
PACKAGES = ("gateway", "schema", "resolvers", "datasources", "permissions")
FOLDERS = ("datasources", "datasources/sql", "datasources/sql/tables", "resolvers", "schema")
LONGEST = 400
MODULES = sorted(
    [module for package in (*PACKAGES, "tests") for module in (ROOT / package).rglob("*.py")]
    + [*(ROOT / "examples").glob("*/customer_graph_*/*.py")]
)
UNFINISHED = (
    "Not" + "ImplementedError",
    "TO" + "DO",
    "FIX" + "ME",
    "pytest." + "skip",
    "mark." + "skip",
    "mark.x" + "fail",
)
DECLARES_GAPS = {"datasources/conformance/law.py: " + UNFINISHED[-1]}
"""Sources of others may have gaps, with a reason each."""


def test_imports_keep_to_the_layers() -> None:
    ran = subprocess.run(
        [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_domain_has_its_module(folder: str) -> None:
    missing = [domain.value for domain in Domain if not (ROOT / folder / f"{domain.value.lower()}.py").is_file()]
    assert missing == []


def test_modules_are_short_enough_to_read() -> None:
    long = {str(module.relative_to(ROOT)): lines for module in MODULES if (lines := _lines(module)) > LONGEST}
    assert long == {}


def test_nothing_is_left_unfinished_or_skipped() -> None:
    found = {
        f"{module.relative_to(ROOT)}: {word}"
        for module in MODULES
        for word in UNFINISHED
        if word in module.read_text(encoding="utf-8")
    }
    assert found == DECLARES_GAPS


def _lines(module: Path) -> int:
    return len(module.read_text(encoding="utf-8").splitlines())
