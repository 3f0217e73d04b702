"""What is priced only, and what is refused for its price, sends no statement to any source."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import pytest

from gateway.http import GraphQLEndpoint
from gateway.telemetry import Metrics
from tests.harness import Caller, Gateway, schema

PAGE = "query ($n: Int) { customers(first: $n) { nodes { supportId tiers { nodes { tier { name } } } } } }"
WRITE = """mutation ($id: ID!) { pointsAdjust(input: { customerId: $id, idempotencyKey: "priced", accountKey: "points",
  sourceKey: "manual", direction: ADD, points: 50, reason: { code: "goodwill" } }) { entry { id } } }"""


@asynccontextmanager
async def client(gateway: Gateway) -> AsyncIterator[httpx2.AsyncClient]:
    """A care agent's client of the gateway."""
    made_of, contexts = gateway.settings, gateway.runtime.context
    endpoint = GraphQLEndpoint(
        schema(), made_of.server, identity=gateway.identity, contexts=contexts, metrics=Metrics()
    )
    headers = {"authorization": f"Bearer {gateway.token(Caller('care_agent'))}"}
    transport = httpx2.ASGITransport(endpoint)
    async with httpx2.AsyncClient(transport=transport, base_url="http://gateway", headers=headers) as opened:
        yield opened


async def ask(gateway: Gateway, query: str, headers: dict[str, str], **variables: Any) -> tuple[dict[str, Any], int]:
    """The answer, and how many statements it took."""
    databases = gateway.runtime.databases.values()
    before = sum(database.statements for database in databases)
    async with client(gateway) as opened:
        body = {"query": query, "variables": variables}
        response = await opened.post("/graphql", json=body, headers=headers)
    return response.json(), sum(database.statements for database in databases) - before


PRICED = {"graphql-cost": "validate"}


@pytest.mark.parametrize(("size", "price"), [(25, 1_026), (200, 8_201)])
async def test_a_page_is_priced_without_a_statement(gateway: Gateway, size: int, price: int) -> None:
    cost = {"requestedQueryCost": price, "maximumAvailable": 5_000}
    assert await ask(gateway, PAGE, PRICED, n=size) == ({"data": None, "extensions": {"cost": cost}}, 0)


async def test_a_mutation_is_priced_without_a_statement(gateway: Gateway) -> None:
    cost = {"requestedQueryCost": 1 + 10 + 1 + 1, "maximumAvailable": 5_000}
    answer = await ask(gateway, WRITE, PRICED, id=gateway.customer_id("CJ-000015"))
    assert answer == ({"data": None, "extensions": {"cost": cost}}, 0)


async def test_a_page_that_costs_too_much_is_refused_without_a_statement(gateway: Gateway) -> None:
    told = {
        "message": "The operation costs 8,201, and at most 5,000 is allowed: ask for less, or for smaller pages.",
        "extensions": {
            "code": "QUERY_TOO_COMPLEX",
            "cost": {"requestedQueryCost": 8_201, "maximumAvailable": 5_000},
        },
    }
    assert await ask(gateway, PAGE, {}, n=200) == ({"errors": [told]}, 0)
