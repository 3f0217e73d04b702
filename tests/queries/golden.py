"""A golden query: read from its file, run, held against its assertions and its answer."""

import json
import re
from pathlib import Path
from typing import Any

import msgspec

from datasources.program import SearchMode
from tests.harness import Answer, Caller, Gateway
from tests.queries.expressions import evaluate
from tests.queries.placeholders import filled

HEAD = re.compile(r"# (role|stores|customer|scope|search|variables|then): *(.+)")
ASSERTION = re.compile(r"## *(.+)")


class Golden(msgspec.Struct, frozen=True):
    """A query with who asks it, with what, and what must hold of the answer."""

    file: Path
    text: str
    caller: Caller
    search: SearchMode | None
    variables: dict[str, Any]
    then: tuple[dict[str, Any], ...]
    assertions: tuple[str, ...]

    @property
    def answers(self) -> Path:
        """The file of its answers."""
        return self.file.with_suffix(".json")

    async def run(self, gateway: Gateway) -> list[dict[str, Any]]:
        """Its answers as JSON, without the places in the document that errors tell."""
        variables: dict[str, Any] = {}
        runs: list[dict[str, Any]] = []
        for changed in (self.variables, *self.then):
            variables |= await filled(changed, gateway, {**runs[-1], "runs": runs} if runs else {})
            runs.append(_plain(await gateway.run(self.text, variables, self.caller, search=self.search)))
        return runs


def read(file: Path) -> Golden:
    """The golden query of a file. Raises ValueError for a comment at its head that means nothing."""
    text = file.read_text(encoding="utf-8")
    said: dict[str, str] = {}
    then: list[dict[str, Any]] = []
    assertions: list[str] = []
    for line in text.splitlines():
        if not line.startswith("#"):
            continue
        if assertion := ASSERTION.fullmatch(line):
            assertions.append(assertion[1])
            continue
        head = HEAD.fullmatch(line)
        if head is None:
            continue
        if head[1] == "then":
            then.append(json.loads(head[2]))
        else:
            said[head[1]] = head[2].strip()
    return Golden(
        file,
        text,
        Caller(
            said.get("role", "admin"), tuple(said.get("stores", "").split()), said.get("customer"), said.get("scope")
        ),
        SearchMode(said["search"].upper()) if "search" in said else None,
        json.loads(said.get("variables", "{}")),
        tuple(then),
        tuple(assertions),
    )


def check(assertion: str, runs: list[dict[str, Any]]) -> None:
    """Pass when the assertion holds for the last run."""
    last = runs[-1]
    name, _, rest = assertion.partition(":")
    if name == "calls":
        wanted = {call: int(times) for call, times in (part.split("=") for part in rest.split())}
        assert last["calls"] == wanted, assertion
    elif name == "statements":
        assert last["statements"] == int(rest), assertion
    elif name == "errors":
        assert told(last) == ([] if rest.strip() == "[]" else rest.split()), assertion
    else:
        expression, equals, expected = assertion.partition(" == ")
        assert equals, f"not an assertion: {assertion}"
        assert evaluate(expression, {**last, "runs": runs}) == json.loads(expected), assertion


def told(run: dict[str, Any]) -> list[str]:
    """Code and path of each error."""
    return Answer(**run).told


def written(runs: list[dict[str, Any]]) -> str:
    """Answers as their file holds them."""
    held = runs[0] if len(runs) == 1 else {"runs": runs}
    return json.dumps(held, indent=2, ensure_ascii=False) + "\n"


def _plain(answer: Answer) -> dict[str, Any]:
    errors = [{key: value for key, value in error.items() if key != "locations"} for error in answer.errors]
    return {
        "data": answer.data,
        "errors": errors,
        "calls": dict(sorted(answer.calls.items())),
        "statements": answer.statements,
    }
