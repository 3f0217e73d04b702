"""Every golden query has the answer that its file holds, on both backends, at the cost it tells."""

import json
from pathlib import Path

import pytest

from tests.demo import Demo
from tests.harness import Gateway
from tests.queries.golden import check, read, written

FOLDER = Path(__file__).parent
FILES = sorted(FOLDER.glob("*/*.graphql"))


@pytest.mark.parametrize("file", FILES, ids=[str(file.relative_to(FOLDER).with_suffix("")) for file in FILES])
async def test_a_golden_query_has_its_answer(
    file: Path, gateway: Gateway, demo: Demo, pytestconfig: pytest.Config
) -> None:
    golden = read(file)
    runs = await golden.run(gateway)
    if pytestconfig.getoption("update_golden") and demo.name == "sqlite":
        golden.answers.write_text(written(runs), encoding="utf-8")
    for assertion in golden.assertions:
        check(assertion, runs)
    assert golden.answers.exists(), "no answer yet: run with --update-golden, then read what was written"
    assert json.loads(written(runs)) == json.loads(golden.answers.read_text(encoding="utf-8"))


def test_every_answer_has_a_query() -> None:
    lost = [
        str(file.relative_to(FOLDER)) for file in FOLDER.glob("*/*.json") if not file.with_suffix(".graphql").exists()
    ]
    assert lost == []
