"""A gateway over the demo some of whose domains come from a source that fails, asked over HTTP."""

import base64
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import httpx2
import msgspec

from gateway.app import _service, assemble
from gateway.config import settings_of
from gateway.development import DevelopmentKey
from tests.demo import MASTER_KEY
from tests.harness import schema

ELSEWHERE = ("notes", "tickets", "devices", "locations")
"""The domains that the source desk serves."""


class Answer(msgspec.Struct, frozen=True):
    """What came back."""

    status: int
    data: Any  # the JSON of any query
    errors: list[dict[str, Any]]
    extensions: dict[str, Any]

    @property
    def told(self) -> list[str]:
        """Code, source and path of each error: `SOURCE_TIMEOUT desk customer.notes`."""
        return [
            " ".join([one["extensions"]["code"], one["extensions"].get("source", "-"), ".".join(map(str, one["path"]))])
            for one in self.errors
        ]


class Client:
    """Asks the gateway as an admin."""

    def __init__(self, http: httpx2.AsyncClient) -> None:
        self.http = http

    async def ask(
        self, query: str, *, within_ms: int | None = None, variables: Mapping[str, Any] | None = None
    ) -> Answer:
        """The answer to a query."""
        headers = {} if within_ms is None else {"x-request-timeout-ms": str(within_ms)}
        body = {"query": query, "variables": variables}
        response = await self.http.post("/graphql", json=body, headers=headers)
        told = response.json()
        return Answer(response.status_code, told.get("data"), told.get("errors", []), told.get("extensions", {}))

    async def metric(self, line: str) -> float:
        """The value of a series; 0 where it is not there."""
        text = (await self.http.get("/metrics")).text
        return next((float(one.rpartition(" ")[2]) for one in text.splitlines() if one.startswith(line)), 0.0)


@asynccontextmanager
async def serving(url: str, state: Path, desk: Mapping[str, Any] | None = None, **main: Any) -> AsyncIterator[Client]:
    """A gateway that runs, with further settings of the source desk and of the main one."""
    key = DevelopmentKey(state)
    made_of = settings_of(
        {
            **key.sections,
            "sources": {
                "main": {"kind": "sql", "url": url, **main},
                "desk": {"kind": "faulty", "url": url, **(desk or {})},
            },
            "domains": {"default": "main", **dict.fromkeys(ELSEWHERE, "desk")},
            "privacy": {"master_key": base64.b64encode(MASTER_KEY).decode()},
        }
    )
    app = assemble(partial(_service, made_of, schema()))
    headers = {"authorization": f"Bearer {key.mint('admin')}"}
    async with (
        app.router.lifespan_context(app),
        httpx2.AsyncClient(
            transport=httpx2.ASGITransport(app), base_url="http://gateway", headers=headers, timeout=30
        ) as http,
    ):
        yield Client(http)
