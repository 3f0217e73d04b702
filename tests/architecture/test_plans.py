"""Every operation that the golden queries try has a plan, but for introspection."""

import json

from graphql import FieldNode, Visitor, visit

from gateway.documents import INTROSPECTION, Document, Documents
from gateway.errors import Refused
from gateway.execution import asked, executor
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
    visit(document.node, looked)
    return looked.is_found


async def planned(golden: Golden, gateway: Gateway, documents: Documents) -> str:
    """Who runs a golden query with its first variables: plan or graphql-core; or that it is refused before it is run."""
    try:
        document = documents.find(golden.text)
        found = asked(document, None, await filled(golden.variables, gateway, {}))
    except Refused:
        return "refused"
    plan = found.operation.plan(await gateway.principal(golden.caller), found.values)
    assert (plan is None) == introspects(document), golden.file
    return executor(is_planned=plan is not None)


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
