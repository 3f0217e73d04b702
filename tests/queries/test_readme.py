"""What the README shows is what the gateway answers."""

import json
import re
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.harness import Caller, Gateway

README = Path(__file__).parents[2] / "README.md"


class Example(NamedTuple):
    """A query of the README, who asks it, and the answer it shows, if it shows one."""

    query: str
    role: str
    answer: dict[str, object] | None


def examples() -> list[Example]:
    """The README's queries in their order."""
    blocks = re.findall(
        r"```graphql\n(.*?)```(?:\n\n```json\n(.*?)```)?", README.read_text(encoding="utf-8"), re.DOTALL
    )
    roles = [re.search(r"^# role: (\w+)$", query, re.MULTILINE) for query, _ in blocks]
    return [
        Example(query, role[1] if role else "admin", json.loads(answer) if answer else None)
        for (query, answer), role in zip(blocks, roles, strict=True)
    ]


def test_there_are_examples() -> None:
    assert [example.role for example in examples()] == ["admin", "analyst", "store_associate", "care_agent"]


@pytest.mark.parametrize("example", examples(), ids=lambda example: example.role)
async def test_an_example_answers_as_shown(example: Example, gateway: Gateway) -> None:
    variables = {"id": gateway.customer_id("CJ-000015")} if "$id" in example.query else None
    answer = await gateway.run(example.query, variables, Caller(example.role))

    shown = {"data": answer.data} | ({"errors": answer.errors} if answer.errors else {})
    assert example.answer is None or shown == example.answer
    assert answer.data is not None
