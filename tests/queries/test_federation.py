"""This graph as a part of a federated one: what it tells of itself, who runs it, and what a source that fails leaves."""

import sqlite3
from collections.abc import AsyncIterator

import pytest

from gateway.telemetry import Metrics
from permissions.roles import DEFAULT_ROLES
from schema.build import subgraph
from tests.demo import SqliteDemo
from tests.harness import Gateway, opened
from tests.queries.asking import ask, client

QUERY = """query ($all: [_Any!]!) { _entities(representations: $all) {
  ... on Customer { supportId tiers { nodes { tier { key } } } } } }"""
EXPLAIN = {"x-explain": "analyze"}
PRICED = {"graphql-cost": "validate"}


def named(gateway: Gateway, count: int) -> list[dict[str, str]]:
    """Representations of so many customers."""
    return [{"__typename": "Customer", "uuid": str(uuid)} for uuid in list(gateway.members.values())[:count]]


@pytest.fixture
async def without_customers(sqlite_demo: SqliteDemo) -> AsyncIterator[Gateway]:
    """A gateway whose database has lost its customers."""
    url = sqlite_demo.copy()
    async with opened(url) as found:
        with sqlite3.connect(url.partition("///")[2]) as file:
            file.execute("ALTER TABLE customers RENAME TO lost")
        file.close()
        yield found


async def test_the_schema_is_told_to_whoever_runs_the_gateway_and_to_nobody_else(gateway: Gateway) -> None:
    for role, held in DEFAULT_ROLES.items():
        answer = await gateway.run("{ _service { sdl } }", caller=role)
        if "ops:read" in held.scopes:
            assert (answer.data, answer.errors) == ({"_service": {"sdl": subgraph()}}, [])
        else:
            assert (answer.data, answer.told) == (None, ["FORBIDDEN@_service"])
        assert (answer.calls, answer.statements) == ({}, 0)


async def test_plans_answer_what_a_federated_graph_asks(gateway: Gateway) -> None:
    metrics = Metrics()
    bodies = [{"query": "{ _service { sdl } }"}, {"query": QUERY, "variables": {"all": named(gateway, 50)}}]
    async with client(gateway, "admin", metrics) as opened:
        answers = [(await opened.post("/graphql", json=body)).json() for body in bodies]
    assert [sorted(answer) for answer in answers] == [["data"], ["data"]]
    assert len(answers[1]["data"]["_entities"]) == 50
    lines = [line for line in metrics.text().decode().splitlines() if "executions_total{" in line]
    assert lines == ['customer_graph_executions_total{by="plan"} 2.0']


async def test_entities_are_loaded_in_one_batch_for_each_method(gateway: Gateway) -> None:
    answer, statements = await ask(gateway, QUERY, EXPLAIN, "admin", all=named(gateway, 50))
    (step,) = answer["extensions"]["explain"]["steps"]
    (tiers,) = step["steps"]
    assert (step["field"], step["requires"], step["price"]) == ("Query._entities", [["customers:read"]], 50 * 41)
    assert [
        (calls["call"], calls["loads"], [batch["keys"] for batch in calls["batches"]])
        for calls in (*step["calls"], *tiers["calls"])
    ] == [("profiles.customers", 50, [50]), ("tiers.tiers", 50, [50])]
    assert statements == 2


async def test_entities_are_priced_and_refused_for_their_price_without_a_statement(gateway: Gateway) -> None:
    entities = named(gateway, 50) * 2
    assert await ask(gateway, QUERY, PRICED, "member", all=entities) == (
        {"data": None, "extensions": {"cost": {"requestedQueryCost": 4_101, "maximumAvailable": 1_000}}},
        0,
    )
    answer, statements = await ask(gateway, QUERY, {}, "member", all=entities)
    assert ([error["extensions"]["code"] for error in answer["errors"]], statements) == (["QUERY_TOO_COMPLEX"], 0)


async def test_a_source_that_fails_nulls_each_entity_and_nothing_else(without_customers: Gateway) -> None:
    query = QUERY.replace("query ($all: [_Any!]!) {", "query ($all: [_Any!]!) { viewer { roles }")
    answer = await without_customers.run(query, {"all": named(without_customers, 2)})
    assert answer.data == {"viewer": {"roles": ["admin"]}, "_entities": [None, None]}
    assert answer.told == ["SOURCE_UNAVAILABLE@_entities.0", "SOURCE_UNAVAILABLE@_entities.1"]
    assert answer.calls == {"profiles.customers": 1}
