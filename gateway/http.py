"""GraphQL over HTTP: one endpoint that takes POST with JSON, and shows browsers GraphiQL where that is on."""

import asyncio
import math
import random
import re
import time
from collections.abc import Awaitable
from enum import Enum
from functools import lru_cache
from typing import Protocol

import msgspec
import orjson
from graphql import GraphQLSchema
from starlette.types import Receive, Scope, Send
from strawberry.http.ides import get_graphql_ide_html

from gateway import media
from gateway.bodies import Disconnected, GraphQLRequest, limits_of, parsed, read
from gateway.deadlines import Deadline, Deadlines
from gateway.documents import Documents
from gateway.errors import Code, Headers, Refused, Translator, refused
from gateway.execution import Answer, Asked, Context, admit, asked, codes, execute, priced
from gateway.explaining import analyzed, check_analyzable, planned
from gateway.identity import Identity, Unauthenticated
from gateway.plan import explain
from gateway.sections import ServerSettings
from gateway.telemetry import Exchange, Metrics, report
from gateway.throttles import FailedSignIns, InFlight
from permissions.model import Principal

REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{1,128}")
MILLISECONDS = re.compile(rb"0{0,9}[1-9][0-9]{0,9}")
MAX_NAME = 60
WRITTEN = orjson.OPT_UTC_Z
SECURITY: Headers = (
    (b"x-content-type-options", b"nosniff"),
    (b"cache-control", b"no-store"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
)


class Purpose(Enum):
    """What an operation is sent for."""

    RUN = "run"
    PRICE = "price"
    """To have its price told, and nothing run."""
    PLAN = "plan"
    """To have told how it would be run, and nothing run."""
    ANALYZE = "analyze"
    """To be run, and to have told what it asked of sources."""


EXPLAIN = b"x-explain"
COST_WORDS = {b"validate": Purpose.PRICE}
"""What the header `GraphQL-Cost` can say."""
EXPLAIN_WORDS = {b"plan": Purpose.PLAN, b"analyze": Purpose.ANALYZE}
"""What the header `X-Explain` can say."""
UNREAD: Headers = ((b"connection", b"close"),)
"""A body that was not read to its end can't be followed by another request."""


class Contexts(Protocol):
    """Makes the context that the resolvers of one request share. May raise SourceError."""

    def __call__(self, principal: Principal, *, request_id: str) -> Awaitable[Context]:
        """The context of a request by its id."""


class Reply(msgspec.Struct, frozen=True):
    """A response, as yet without the headers that all have."""

    status: int
    body: bytes
    content_type: str
    headers: Headers = ()


class GraphQLEndpoint:
    """Answers everything that is sent to `/graphql`, in the loop that it was made in."""

    def __init__(
        self,
        schema: GraphQLSchema,
        settings: ServerSettings,
        *,
        identity: Identity,
        contexts: Contexts,
        metrics: Metrics,
    ) -> None:
        self._settings = settings
        self._identity, self._contexts, self._metrics = identity, contexts, metrics
        self._documents = Documents(schema, settings)
        self._deadlines = Deadlines(asyncio.get_running_loop())
        self._in_flight = InFlight(metrics.run)
        self._failed_sign_ins = FailedSignIns()
        self._page = get_graphql_ide_html().encode() if settings.explorer else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, then count and log it."""
        started = time.perf_counter()
        headers: dict[bytes, bytes] = dict(scope["headers"])
        exchange = Exchange(_request_id(headers.get(b"x-request-id")))
        translator = Translator(exchange.request_id)
        accept = media.answered_as(headers.get(b"accept", b"").decode("latin-1")[: media.MAX_HEADER])
        try:
            reply = await self._reply(scope, headers, receive, (exchange, translator, accept))
        except Disconnected:
            return
        except Exception as error:  # noqa: BLE001  # whatever it is, the client gets an answer and the log the cause
            refusal = translator.of_request(error)
            exchange.codes = codes(refusal.errors)
            reply = _refusal(refusal, accept or media.JSON, () if exchange.is_read else UNREAD)
        exchange.status = reply.status
        await _send(send, reply, exchange.request_id)
        duration_s = time.perf_counter() - started
        self._metrics.observe(exchange, duration_s)
        report(exchange, duration_s)

    async def _reply(
        self, scope: Scope, headers: dict[bytes, bytes], receive: Receive, of: tuple[Exchange, Translator, str | None]
    ) -> Reply:
        exchange, translator, accept = of
        if scope["method"] != "POST":
            return self._shown(scope["method"], headers)
        terms = _terms(accept, *map(headers.get, TERMS))
        purpose = terms.purpose
        deadline = self._deadlines.after(min(terms.within_s, self._settings.deadline_s))
        principal = await self._principal(scope, headers)
        exchange.principal = principal.kind._value_
        if EXPLAIN in headers:
            explain.check(principal)
        limits = limits_of(principal.scopes, self._settings.max_body_bytes)
        try:
            with deadline:
                body = await read(receive, headers.get(b"content-length"), limits.size)
                exchange.is_read = True
                deadline.listen(receive)
                request = parsed(body, limits)
                answer = await self._answer(request, purpose, principal, (exchange, translator), deadline=deadline)
        except TimeoutError:
            took = f"took longer than {deadline.within_s:g} seconds."
            if exchange.is_read:
                raise refused(Code.SOURCE_TIMEOUT, 504, f"The answer {took}") from None
            raise refused(Code.BAD_REQUEST, 408, f"The body {took}") from None
        exchange.codes = answer.codes
        return Reply(200, orjson.dumps(answer.payload, option=WRITTEN), accept or media.JSON)

    def _shown(self, method: str, headers: dict[bytes, bytes]) -> Reply:
        """The page for a browser. Queries are never taken by GET: they would end up in logs and histories."""
        accept = headers.get(b"accept", b"").decode("latin-1")
        if self._page is not None and method in {"GET", "HEAD"} and media.takes_html(accept):
            return Reply(200, self._page, media.HTML)
        allowed = b"POST" if self._page is None else b"GET, HEAD, POST"
        raise refused(Code.BAD_REQUEST, 405, "GraphQL is taken by POST.", ((b"allow", allowed),))

    async def _principal(self, scope: Scope, headers: dict[bytes, bytes]) -> Principal:
        """Who asks. Known before the body is read, so that strangers cost next to nothing."""
        peer = scope["client"][0] if scope.get("client") else ""
        self._failed_sign_ins.check(peer)
        authorization = headers.get(b"authorization")
        try:
            return await self._identity.principal(None if authorization is None else authorization.decode("latin-1"))
        except Unauthenticated:
            self._failed_sign_ins.note(peer)
            raise

    def _asked(self, request: GraphQLRequest, exchange: Exchange) -> Asked:
        """The operation, noted before its variables are looked at."""
        operation = self._documents.find(request.query).operation(request.operation_name)
        exchange.operation = operation.kind._value_
        exchange.name = operation.name[:MAX_NAME] if operation.name else None
        return asked(operation, request.variables)

    async def _answer(
        self,
        request: GraphQLRequest,
        purpose: Purpose,
        principal: Principal,
        of: tuple[Exchange, Translator],
        *,
        deadline: Deadline,
    ) -> Answer:
        """What the operation was sent for, where all of its variables fit."""
        exchange, translator = of
        found = self._asked(request, exchange)
        if purpose is Purpose.PRICE:
            return priced(found, principal)
        if purpose is Purpose.PLAN:
            return planned(found, principal)
        if purpose is Purpose.ANALYZE:
            check_analyzable(found)
        admit(found, principal)
        run = analyzed if purpose is Purpose.ANALYZE else execute
        with self._in_flight:
            context = await self._contexts(principal, request_id=exchange.request_id)
            context.texts_fit, exchange.calls = request.texts_fit, context.loaders.calls
            answer = await run(found, context, translator, deadline)
        exchange.executor = answer.executor
        return answer


class Terms(msgspec.Struct, frozen=True):
    """How a request wants to be answered."""

    purpose: Purpose
    within_s: float
    """Infinite where it says nothing."""


TERMS = (b"content-type", b"content-encoding", b"graphql-cost", EXPLAIN, b"x-request-timeout-ms")
"""The headers that tell it."""
TERMS_HELD = 128


@lru_cache(TERMS_HELD)
def _terms(
    accept: str | None,
    content_type: bytes | None,
    encoding: bytes | None,
    cost: bytes | None,
    explaining: bytes | None,
    timeout_ms: bytes | None,
) -> Terms:
    """What such headers mean: a client sends the same ones each time. Raises Refused."""
    _check_media(accept, content_type, encoding)
    return Terms(_purpose(cost, explaining), _within_s(timeout_ms))


def _purpose(cost: bytes | None, explaining: bytes | None) -> Purpose:
    """What the headers ask for. A word that is not known must not run an operation, nor two that exclude each other."""
    if cost is None and explaining is None:
        return Purpose.RUN
    if cost is not None and explaining is not None:
        raise refused(
            Code.BAD_REQUEST, 400, "GraphQL-Cost and X-Explain exclude each other: an explanation has the cost."
        )
    name, words = ("X-Explain", EXPLAIN_WORDS) if cost is None else ("GraphQL-Cost", COST_WORDS)
    found = words.get(cost or explaining or b"")
    if found is None:
        raise refused(Code.BAD_REQUEST, 400, f"{name} is {b' or '.join(words).decode()}, or left out.")
    return found


def _within_s(asked_ms: bytes | None) -> float:
    """In how many seconds the answer is asked for."""
    if asked_ms is None:
        return math.inf
    if not MILLISECONDS.fullmatch(asked_ms):
        raise refused(Code.BAD_REQUEST, 400, "X-Request-Timeout-Ms is a whole number of milliseconds, at least 1.")
    return int(asked_ms) / 1_000


def _check_media(accept: str | None, content_type: bytes | None, encoding: bytes | None) -> None:
    if not media.is_json(content_type):
        raise refused(Code.BAD_REQUEST, 415, "The body must be application/json in UTF-8.")
    if encoding is not None and encoding.lower() != b"identity":
        raise refused(Code.BAD_REQUEST, 415, "The body must not be compressed.")
    if accept is None:
        raise refused(Code.BAD_REQUEST, 406, f"Answers are {media.GRAPHQL} or {media.JSON}.")


def _refusal(refusal: Refused, accept: str, headers: Headers) -> Reply:
    """The answer without data. `application/json` says 200 to whatever is a GraphQL request; the newer type tells by status."""
    status = 200 if refusal.executable and accept == media.JSON else refusal.status
    return Reply(status, orjson.dumps({"errors": refusal.errors}), accept, refusal.headers + headers)


def _request_id(given: bytes | None) -> str:
    """The caller's own id for the request where it is harmless in a log, else a new one."""
    if given is not None and REQUEST_ID.fullmatch(given):
        return given.decode()
    return f"{random.getrandbits(128):032x}"  # to tell requests apart, not to keep anything secret


async def _send(send: Send, reply: Reply, request_id: str) -> None:
    headers: list[tuple[bytes, bytes]] = [
        (b"content-type", f"{reply.content_type}; charset=utf-8".encode()),
        (b"content-length", str(len(reply.body)).encode()),
        (b"x-request-id", request_id.encode()),
        *SECURITY,
        *reply.headers,
    ]
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    await send({"type": "http.response.body", "body": reply.body})
