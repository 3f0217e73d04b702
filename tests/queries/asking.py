"""A gateway over the demo program asked over HTTP, and how many statements that takes."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2

from gateway.http import GraphQLEndpoint
from gateway.telemetry import Metrics
from tests.harness import Caller, Gateway, schema


@asynccontextmanager
async def client(gateway: Gateway, role: str, metrics: Metrics | None = None) -> AsyncIterator[httpx2.AsyncClient]:
    """A client of the gateway with the token of a role."""
    made_of, contexts = gateway.settings, gateway.runtime.context
    endpoint = GraphQLEndpoint(
        schema(), made_of.server, identity=gateway.identity, contexts=contexts, metrics=metrics or Metrics()
    )
    headers = {"authorization": f"Bearer {gateway.token(Caller(role))}"}
    transport = httpx2.ASGITransport(endpoint)
    async with httpx2.AsyncClient(transport=transport, base_url="http://gateway", headers=headers) as opened:
        yield opened


async def ask(
    gateway: Gateway, query: str, headers: dict[str, str], role: str = "care_agent", **variables: Any
) -> tuple[dict[str, Any], int]:
    """The answer, and how many statements it took once the program was read."""
    await gateway.runtime.program()
    databases = gateway.runtime.databases.values()
    before = sum(database.statements for database in databases)
    async with client(gateway, role) as opened:
        body = {"query": query, "variables": variables}
        response = await opened.post("/graphql", json=body, headers=headers)
    return response.json(), sum(database.statements for database in databases) - before
