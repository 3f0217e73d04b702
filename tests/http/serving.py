"""A gateway over a small schema whose fields fail in every way, and a client for it."""

import asyncio
import datetime as dt
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from functools import partial
from types import SimpleNamespace
from typing import Any

import httpx2
from graphql import GraphQLResolveInfo, GraphQLSchema, build_schema
from starlette.applications import Starlette

from datasources.errors import (
    InvalidRequest,
    NotConfigured,
    RateLimited,
    SearchModeDisabled,
    SourceError,
    SourceTimedOut,
    SourceUnavailable,
)
from datasources.registry import Domain
from gateway.app import Service, assemble
from gateway.http import GraphQLEndpoint
from gateway.identity import Identity
from gateway.keys import ConfiguredKey, Keys
from gateway.sections import ServerSettings
from gateway.telemetry import Metrics
from permissions.model import STRANGER_COST, AccessDenied, Principal
from permissions.policy import requires
from permissions.roles import DEFAULT_ROLES
from resolvers.loading import Loaders
from schema.directives import ListSize
from schema.fields import DEFINITION
from tests.unit.tokens import auth, token

SDL = """
scalar DateTime
enum Colour { RED }
input Filter { size: Int!, tag: String }
interface Thing { id: ID! }
type Query {
  hello: String
  echo(text: String, times: Int! = 1, filter: Filter, colour: Colour): String
  instant: DateTime
  fraction: DateTime
  self: Query
  many(first: Int): [Query!]
  denied: String
  slow: String
  points: String
  tiers: String
  cards: String
  invalid: String
  closed: String
  busy: String
  broken: String
  leaky: Int!
  thing: Thing
}
type Mutation { rename(name: String): String }
type Subscription { ticks: Int }
"""
SECRET = "jane@example.com select * from people"


class Points:
    domain, source = Domain.POINTS, "loyalty"

    async def audit(self, keys: list[str]) -> list[str]:
        raise SourceUnavailable(self.source, "reading point entries")


POINTS = Points()


class Context:
    def __init__(self, gateway: "Gateway", principal: Principal) -> None:
        self.loaders, self.gateway, self.principal = Loaders(), gateway, principal


def raising(error: Exception) -> Callable[..., Any]:
    def resolve(_source: object, _info: GraphQLResolveInfo[Any]) -> Any:
        raise error

    return resolve


async def _slow(_source: object, _info: GraphQLResolveInfo[Any]) -> str:
    await asyncio.sleep(5)
    return "late"


async def _points(_source: object, info: GraphQLResolveInfo[Any]) -> str:
    found: str = await info.context.loaders.load(POINTS.audit, "ann")
    return found


RESOLVERS: Mapping[str, Callable[..., Any]] = {
    "hello": lambda _source, _info: "world",
    "echo": lambda _source, _info, text=None, times=1, **_rest: (text or "") * times,
    "instant": lambda _source, _info: dt.datetime(2026, 1, 31, 12, tzinfo=dt.UTC),
    "fraction": lambda _source, _info: dt.datetime(2026, 1, 31, 12, 0, 0, 250_000, tzinfo=dt.UTC),
    "self": lambda _source, _info: {},
    "many": lambda _source, _info, first=2: [{}] * first,
    "slow": _slow,
    "points": _points,
    "denied": raising(AccessDenied(requires("notes:read"))),
    "tiers": raising(SourceTimedOut("loyalty", "reading tiers")),
    "cards": raising(NotConfigured("cards", "reading cards")),
    "invalid": raising(InvalidRequest("`first` is a number from 1 to 200.", "filter", "first")),
    "closed": raising(SearchModeDisabled("The exact search is not open.")),
    "busy": raising(RateLimited("Too many lookups, try again later.", 7)),
    "broken": raising(KeyError(SECRET)),
    "leaky": lambda _source, _info: None,
    "thing": lambda _source, _info: {"id": "1"},
}


def schema() -> GraphQLSchema:
    built = build_schema(SDL)
    assert built.query_type is not None
    for name, resolve in RESOLVERS.items():
        built.query_type.fields[name].resolve = counted(resolve)
    sizing = ListSize(slicing_arguments=["first"])
    built.query_type.fields["many"].extensions[DEFINITION] = SimpleNamespace(directives=[sizing])
    assert built.mutation_type is not None
    built.mutation_type.fields["rename"].resolve = counted(lambda _source, _info, name=None: name)
    return built


def counted(resolve: Callable[..., Any]) -> Callable[..., Any]:
    """The resolver, its calls counted by the gateway."""

    def count(source: object, info: GraphQLResolveInfo[Any], **arguments: Any) -> Any:
        info.context.gateway.resolved += 1
        return resolve(source, info, **arguments)

    return count


class Gateway:
    """What a test sets before it starts the application, and sees afterwards."""

    def __init__(
        self,
        *,
        keys: Keys | None = None,
        anonymous: bool = False,
        stranger_max_cost: int = STRANGER_COST,
        **limits: Any,
    ) -> None:
        settings = auth(anonymous=anonymous, stranger_max_cost=stranger_max_cost)
        self.settings = ServerSettings.model_validate(limits)
        self.identity = Identity(settings, DEFAULT_ROLES, keys or ConfiguredKey(settings.verifying_key))
        self.health: dict[str, SourceError | None] = {"loyalty": None}
        self.outage: SourceError | None = None
        self.asked = self.resolved = 0

    async def context(self, principal: Principal, *, request_id: str) -> Context:
        self.asked += 1
        if self.outage is not None:
            raise self.outage
        return Context(self, principal)

    async def answers(self) -> Mapping[str, SourceError | None]:
        return self.health

    @property
    def app(self) -> Starlette:
        return assemble(partial(self._opened, self.answers))

    @asynccontextmanager
    async def _opened(
        self, health: Callable[[], Awaitable[Mapping[str, SourceError | None]]], metrics: Metrics
    ) -> AsyncIterator[Service]:
        endpoint = GraphQLEndpoint(
            schema(), self.settings, identity=self.identity, contexts=self.context, metrics=metrics
        )
        yield Service(endpoint, health, {"profiles": "loyalty", "points": "loyalty", "tickets": None})


@asynccontextmanager
async def client(gateway: Gateway, bearer: str | None = "") -> AsyncIterator[httpx2.AsyncClient]:
    """A client of a running gateway with a good token, the token given, or with None, none."""
    app = gateway.app
    headers = {} if bearer is None else {"authorization": f"Bearer {bearer or token()}"}
    async with (
        app.router.lifespan_context(app),
        httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://gateway", headers=headers) as opened,
    ):
        yield opened


def told(response: httpx2.Response) -> list[tuple[str, str]]:
    """Code and message of each error."""
    return [(error["extensions"]["code"], error["message"]) for error in response.json()["errors"]]
