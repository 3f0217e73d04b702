"""The how-to page is true: its files and its commands, in a fresh folder, come to what it shows."""

import os
import re
import subprocess
import sys
from pathlib import Path

PAGE = (Path(__file__).parents[2] / "docs" / "add-a-source.md").read_text(encoding="utf-8")
FILES = re.findall(r"`(ticket_file/\w+\.py)`:\n\n```python\n(.*?)```", PAGE, re.DOTALL)
(COMMAND,) = re.findall(r"^uv run (pytest .*)$", PAGE, re.MULTILINE)
(GAPS,) = re.findall(r"^```python\n(GAPS = .*?)```", PAGE, re.MULTILINE | re.DOTALL)
BEFORE, AFTER = (block.splitlines() for block in re.findall(r"^```text\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL))
"""What the page shows of the command's output, before the gap is declared and after."""


def run(folder: Path) -> list[str]:
    """What the command says in the folder, which is on the path as if its package were installed."""
    environment = os.environ | {"PYTHONPATH": str(folder), "COLUMNS": "200"}
    command = [sys.executable, "-m", *COMMAND.split()]
    ended = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    return [re.sub(r" in [\d.]+s.*", "", line).strip("= ") for line in ended.stdout.splitlines()]


def test_the_source_of_the_page_passes_once_its_gap_is_declared(tmp_path: Path) -> None:
    assert [name for name, _ in FILES] == ["ticket_file/__init__.py", "ticket_file/testing.py"]
    for name, text in FILES:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    assert [line for line in run(tmp_path) if line in BEFORE] == BEFORE
    with (tmp_path / FILES[1][0]).open("a", encoding="utf-8") as testing:
        testing.write(GAPS)
    assert run(tmp_path)[-1:] == AFTER
