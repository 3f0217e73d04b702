"""Every operation that the golden queries try has a plan, but for introspection, and an explanation that tells all of it."""

import json
from collections import Counter
from typing import Any

import orjson
from graphql import FieldNode, Visitor, visit

from gateway.documents import INTROSPECTION, Document, Documents
from gateway.errors import Refused, Translator
from gateway.execution import asked, execute, executor
from gateway.explaining import analyzed
from gateway.http import WRITTEN
from gateway.sections import ServerSettings
from tests.harness import Gateway, schema
from tests.queries.golden import Golden, read
from tests.queries.placeholders import filled
from tests.queries.test_queries import FILES


class Introspecting(Visitor):
    """Looks for the fields by which a schema tells of itself."""

    is_found = False

    def enter_field(self, node: FieldNode, *_: object) -> None:
        self.is_found |= node.name.value in INTROSPECTION


def introspects(document: Document) -> bool:
    looked = Introspecting()
    visit(next(iter(document.operations.values())).document, looked)
    return looked.is_found


async def planned(golden: Golden, gateway: Gateway, documents: Documents) -> str:
    """Who runs a golden query with its first variables: plan or graphql-core; or that it is refused before it is run."""
    try:
        document = documents.find(golden.text)
        found = asked(document.operation(None), await filled(golden.variables, gateway, {}))
    except Refused:
        return "refused"
    plan = found.operation.plan(await gateway.principal(golden.caller), found.values)
    assert (plan is None) == introspects(document), golden.file
    return executor(is_planned=plan is not None)


async def analyzed_and_plain(golden: Golden, gateway: Gateway, document: Document) -> tuple[Any, Any]:
    """Data, errors and calls of a golden query: as its analysis tells them, and as it is answered without."""
    principal = await gateway.principal(golden.caller)
    found = asked(document.operation(None), await filled(golden.variables, gateway, {}))
    told = []
    for run in (analyzed, execute):
        context = await gateway.runtime.context(principal, gateway.now)
        answer = await run(found, context, Translator(""))
        payload = orjson.loads(orjson.dumps(answer.payload, option=WRITTEN))
        explained = payload.get("extensions", {}).get("explain")
        calls = context.loaders.calls if explained is None else batches(explained["steps"])
        told.append((payload["data"], payload.get("errors"), calls))
    return told[0], told[1]


def batches(steps: list[dict[str, Any]]) -> Counter[str]:
    """How many batches went to each method, over all steps."""
    found: Counter[str] = Counter()
    for step in steps:
        for calls in step["calls"]:
            found[calls["call"]] += len(calls["batches"])
        found += batches(step.get("steps", []))
    return found


def answered(golden: Golden) -> str:
    """The same as its answer tells it: a refusal has an error without a path."""
    answer = json.loads(golden.answers.read_text(encoding="utf-8"))
    first = answer["runs"][0] if "runs" in answer else answer
    return "refused" if any("path" not in error for error in first["errors"]) else "run"


async def test_every_golden_query_has_a_plan_unless_it_introspects(gateway: Gateway) -> None:
    documents = Documents(schema(), ServerSettings())
    goldens = [read(file) for file in FILES]
    found = {golden.file: await planned(golden, gateway, documents) for golden in goldens}
    refused = {golden.file for golden in goldens if answered(golden) == "refused"}
    assert {file for file, by in found.items() if by == "refused"} == refused
    assert set(found.values()) == {"plan", "refused"}


async def test_an_analysis_answers_every_golden_query_and_has_a_step_for_every_call(gateway: Gateway) -> None:
    documents = Documents(schema(), ServerSettings())
    for golden in map(read, FILES):
        if golden.search is None and answered(golden) == "run":
            told, plain = await analyzed_and_plain(golden, gateway, documents.find(golden.text))
            assert told == plain, golden.file
