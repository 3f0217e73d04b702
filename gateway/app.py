"""The ASGI application: routes, and what opens and closes with it."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial

import httpx2
import msgspec
from graphql import GraphQLSchema
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from datasources.errors import SourceError
from gateway.config import Settings
from gateway.errors import rule_of
from gateway.http import GraphQLEndpoint
from gateway.identity import Identity
from gateway.keys import keys_of
from gateway.plan.starting import look_up
from gateway.sources import Runtime
from gateway.telemetry import Metrics, cause, log
from schema.build import build

PATH = "/graphql"
METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"
DRAINING = "draining"
"""In the lifespan's state: the server is about to stop, so no balancer should send more."""

Health = Callable[[], Awaitable[Mapping[str, SourceError | None]]]
"""What is wrong with each source, by its name; None where it answers. Never takes longer than a second."""


class Service(msgspec.Struct, frozen=True):
    """What lives as long as the application serves."""

    endpoint: GraphQLEndpoint
    health: Health
    domains: Mapping[str, str | None]
    """The name of the source of each domain, None where it is not set up."""


Opening = Callable[[Metrics], AbstractAsyncContextManager[Service]]


class Gateway(Starlette):
    """Starlette, with a short way to the one path that nearly all requests take: routing costs a third of the rest."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request at its path."""
        if scope["type"] == "http" and scope["path"] == PATH:
            await self.state.service.endpoint(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)


def create_app(settings: Settings) -> Starlette:
    """The gateway of a program."""
    schema = build()
    look_up(schema)
    return assemble(partial(_service, settings, schema))


def assemble(opening: Opening) -> Starlette:
    """The application around a service, which is opened when it starts and closed when it ends."""
    metrics = Metrics()

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with opening(metrics) as service:
            app.state.service = service
            yield
        metrics.count()

    async def scrape(_request: Request) -> Response:
        return Response(metrics.text(), headers={"content-type": METRICS_TYPE})

    app = Gateway(
        routes=[
            Route("/healthz", _alive, methods=["GET"]),
            Route("/readyz", _ready, methods=["GET"]),
            Route("/metrics", scrape, methods=["GET"]),
        ],
        lifespan=lifespan,
    )
    # Redirecting would put the Host header, which anyone can choose, into an answer.
    app.router.redirect_slashes = False
    return app


async def _alive(_request: Request) -> Response:
    return JSONResponse({"status": "ok"})


async def _ready(request: Request) -> Response:
    """200 when every source answers within a second, else 503 and which do not, with the domains they serve."""
    if request.scope.get("state", {}).get(DRAINING):
        return JSONResponse({"status": DRAINING}, 503)
    service: Service = request.app.state.service
    found = await service.health()
    down = {source: rule_of(error).code for source, error in sorted(found.items()) if error is not None}
    if not down:
        return JSONResponse({"status": "ok"})
    domains = sorted(domain for domain, source in service.domains.items() if source in down)
    return JSONResponse({"status": "unavailable", "sources": down, "domains": domains}, 503)


@asynccontextmanager
async def _service(settings: Settings, schema: GraphQLSchema, metrics: Metrics) -> AsyncIterator[Service]:
    """The service of the settings: sources and keys are opened here and closed in the reverse order."""
    runtime = await Runtime.open(settings, metrics.note)
    runtime.shared.measure(metrics.looked)
    try:
        await _tell_failures(runtime)
        async with httpx2.AsyncClient() as client:
            keys = keys_of(settings.auth, client)
            try:
                endpoint = GraphQLEndpoint(
                    schema,
                    settings.server,
                    identity=Identity(settings.auth, settings.role_table, keys, own=runtime.signing),
                    contexts=runtime.context,
                    metrics=metrics,
                )
                async with runtime.relaying(metrics.lag):
                    yield Service(endpoint, runtime.health, settings.domains.sources)
            finally:
                await keys.close()
    finally:
        await runtime.close()


async def _tell_failures(runtime: Runtime) -> None:
    """Log which sources do not answer yet. The gateway starts all the same and is ready as soon as they do."""
    for source, error in (await runtime.health()).items():
        if error is not None:
            log.warning("source.failed", source=source, code=rule_of(error).code, **cause(error))
