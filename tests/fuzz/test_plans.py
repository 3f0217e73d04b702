"""Whatever valid document is sent, its plan answers as graphql-core does: data, order of keys, errors and source calls."""

import asyncio
import itertools
from collections.abc import Iterator

import pytest
from graphql import (
    DocumentNode,
    FieldNode,
    GraphQLSchema,
    NameNode,
    StringValueNode,
    TypeInfo,
    TypeInfoVisitor,
    Visitor,
    get_named_type,
    parse,
    print_ast,
    visit,
)
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from hypothesis_graphql import queries

from gateway.documents import Documents
from gateway.errors import Refused
from gateway.sections import ServerSettings
from resolvers.context import Context
from tests.architecture.test_contract import COMMITTED
from tests.demo import SqliteDemo
from tests.fuzz.scalars import STRATEGIES
from tests.harness import Caller, Gateway, opened, schema
from tests.plans.comparing import both
from tests.trying import tried

ROLES = ("admin", "care_agent", "analyst", "store_associate")
EXAMPLES = 64
"""Of each field; every role asks each of them."""
MEASURED = "latencyMs"
SDL = COMMITTED.read_text()
"""The contract's text: hypothesis-graphql knows no other."""
FIELDS = list(schema().query_type.fields)  # type: ignore[union-attr]


class _Known(Visitor):
    """Puts ids that there are in place of random ones, so that most documents find something twice the same."""

    def __init__(self, types: TypeInfo, ids: Iterator[str]) -> None:
        super().__init__()
        self._types, self._ids = types, ids

    def enter_string_value(self, node: StringValueNode, *_: object) -> StringValueNode | None:
        wanted = self._types.get_input_type()
        if wanted is None or get_named_type(wanted).name != "ID":
            return None
        return StringValueNode(value=next(self._ids))

    def enter_field(self, node: FieldNode, *_: object) -> FieldNode | None:
        """What is measured anew at each reading gives its place to what stays the same."""
        if node.name.value != MEASURED:
            return None
        return FieldNode(
            alias=node.alias or node.name, name=NameNode(value="source"), arguments=(), directives=node.directives
        )


def with_known_ids(document: DocumentNode, whole: GraphQLSchema, ids: list[str]) -> DocumentNode:
    """The document with ids of the demo."""
    types = TypeInfo(whole)
    found: DocumentNode = visit(document, TypeInfoVisitor(types, _Known(types, itertools.cycle(ids))))
    return found


@pytest.fixture(scope="module")
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as found:
        yield found


@pytest.fixture(scope="module")
def gateway(runner: asyncio.Runner, sqlite_demo: SqliteDemo) -> Iterator[Gateway]:
    """The gateway that both ways read from."""
    opening = opened(sqlite_demo.url)
    yield runner.run(opening.__aenter__())
    runner.run(opening.__aexit__(None, None, None))


@pytest.mark.parametrize("field", FIELDS)
def test_any_query_has_the_answer_of_graphql_core(field: str, gateway: Gateway, runner: asyncio.Runner) -> None:
    documents = Documents(schema(), ServerSettings())
    customers = [gateway.customer_id(f"CJ-{number:06}") for number in range(40, 60)]

    async def compare(query: str, role: str) -> None:
        stores = ("367",) if role == "store_associate" else ()
        principal = await gateway.principal(Caller(role, stores=stores))
        made: list[Context] = []

        async def context() -> Context:
            made.append(await gateway.runtime.context(principal, gateway.now, request_id="test"))
            return made[-1]

        try:
            expected, found = await both(documents, query, context)
        except Refused:
            return
        assert found == expected, query
        assert made[1].loaders.calls == made[0].loaders.calls, query

    @settings(tried(EXAMPLES), database=None, phases=[Phase.explicit, Phase.generate])
    @given(
        text=queries(SDL, fields=[field], custom_scalars=STRATEGIES, allow_x00=False),
        ids=st.permutations(customers),
    )
    def compared(text: str, ids: list[str]) -> None:
        document = with_known_ids(parse(text), schema(), ids)
        for role in ROLES:
            runner.run(compare(print_ast(document), role))

    compared()
