"""What each of many customers has is asked for at once, and answered as graphql-core does one by one."""

from collections.abc import AsyncIterator
from typing import Any

import msgspec
import orjson
import pytest

from datasources.errors import SourceUnavailable
from datasources.layers import Call, Layered
from gateway.documents import Documents
from gateway.sections import ServerSettings
from resolvers.context import Context
from tests.demo import SqliteDemo
from tests.harness import Caller, Gateway, opened, schema
from tests.plans.comparing import both

pytestmark = pytest.mark.anyio

LISTS = {
    "nodes": "{ customers(first: 25) { nodes { supportId notes(first: 2) { %s } totalPoints } } }",
    "edges": "{ customers(first: 25) { edges { cursor node { supportId notes { %s } tags { totalCount } } } } }",
    "of others": "{ approvals { nodes { id customer { supportId notes(first: 2) { %s } } } } }",
    "twice": "{ customers(first: 25) { nodes { a: notes { %s } b: notes { totalCount } c: notes(first: 1) { totalCount } } } }",
    "in a fragment": "{ customers(first: 25) { nodes { ...f } } } fragment f on Customer { notes(first: 2) { %s } }",
    "denied": "{ customers(first: 25) { nodes { notes { %s } privacy { statusText } tags { totalCount } } } }",
    "a wrong page": "{ customers(first: 25) { nodes { supportId notes(first: 0) { %s } } } }",
    "a wrong cursor": '{ customers(first: 25) { nodes { notes(after: "abc") { %s } } } }',
}
OF_NOTES = {
    "leaves": "totalCount pageInfo { hasNextPage endCursor } edges { cursor node { id text } }",
    "what is loaded": "nodes { id revisions { text } } totalCount",
    "nothing": "__typename",
}


class Failing:
    """A layer of a reader: of each three customers the second fails, or has no page at all."""

    is_stepped = True

    def __init__(self, lost: Any) -> None:
        self._lost = lost

    def around(self, _reader: Any, _name: str, call: Call) -> Call:
        """See Layer."""

        async def asked(keys: Any, *arguments: Any) -> list[Any]:
            answers = await call(keys, *arguments)
            return [self._lost if key.int % 3 == 1 else answer for key, answer in zip(keys, answers, strict=True)]

        return asked


@pytest.fixture(scope="module")
async def gateway(sqlite_demo: SqliteDemo) -> AsyncIterator[Gateway]:
    async with opened(sqlite_demo.url) as found:
        yield found


@pytest.mark.parametrize("lost", ["nothing", SourceUnavailable("main", "reading"), KeyError("a bug"), None, 17])
@pytest.mark.parametrize("of_notes", OF_NOTES.values(), ids=OF_NOTES)
@pytest.mark.parametrize("query", LISTS.values(), ids=LISTS)
async def test_lists_of_many_customers_are_answered_as_by_graphql_core(
    gateway: Gateway, query: str, of_notes: str, lost: Any
) -> None:
    principal = await gateway.principal(Caller("care_agent"))
    made: list[Context] = []

    async def context() -> Context:
        one = await gateway.runtime.context(principal, gateway.now, request_id="test")
        if lost != "nothing":
            failing = Layered(one.sources.notes, Failing(lost))
            failing.is_stepped = True
            one.sources = msgspec.structs.replace(one.sources, notes=failing)
        made.append(one)
        return one

    expected, found = await both(Documents(schema(), ServerSettings()), query % of_notes, context)
    assert found == expected
    (answered,) = orjson.loads(expected.data).values()
    assert answered["nodes" if "nodes" in answered else "edges"] != []
    assert made[1].loaders.calls == made[0].loaders.calls


@pytest.mark.parametrize("letter", ["k", "h", "v"])
async def test_an_alias_is_never_taken_for_a_name_of_the_generated_code(gateway: Gateway, letter: str) -> None:
    principal = await gateway.principal(Caller("admin"))
    aliases = " ".join(
        f"{letter}{number}: {field}"
        for number, field in enumerate(("supportId", "displayName", "version", "uuid") * 10)
    )
    query = f"{{ customers(first: 25) {{ nodes {{ {aliases} events(first: 1) {{ nodes {{ h0: title h1: typeLabel }} }} }} }} }}"
    expected, found = await both(
        Documents(schema(), ServerSettings()),
        query,
        lambda: gateway.runtime.context(principal, gateway.now, request_id="test"),
    )
    assert (found, found.errors) == (expected, {})
