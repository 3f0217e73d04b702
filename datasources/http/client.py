"""Calls to another system: bounded in number, time and size, and every failure told as a SourceError."""

import asyncio
import ssl
import zlib
from collections.abc import Coroutine, Mapping, Sequence
from decimal import Decimal
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any, TypeVar

import httpx2
import msgspec

from datasources.errors import (
    AnswerUnclear,
    OutcomeUnknown,
    SourceError,
    SourceRefused,
    SourceThrottled,
    SourceTimedOut,
    SourceUnavailable,
)
from datasources.http.credentials import Granted, credentials_of
from datasources.http.pace import THROTTLED, Pace
from datasources.http.paths import JSON
from datasources.http.settings import HttpSettings

Done = TypeVar("Done")

ACCEPTED = {"accept": "application/json", "accept-encoding": "gzip, identity", "user-agent": "customer-graph"}
GZIP = 31
"""Window bits by which zlib reads a gzip stream."""
LONGEST_TOKEN = 65_536
"""Bytes of the answer of a token endpoint."""
MISSING = frozenset((404, 410))
REFUSING = frozenset((400, 402, 404, 405, 406, 409, 410, 412, 422, 423))
"""Statuses by which a system says no to what is asked."""

NO_JSON = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, ArithmeticError)
"""What decoding raises."""
DECODER = msgspec.json.Decoder(float_hook=Decimal)


class Call(msgspec.Struct, frozen=True):
    """One call: `target` is a path below the base URL or a whole URL, `doing` tells it in messages."""

    doing: str
    verb: str
    target: str
    query: Sequence[tuple[str, str]] = ()
    body: JSON = None
    headers: Mapping[str, str] = {}
    writes: bool = False


class Reply(msgspec.Struct, frozen=True):
    """What came back: JSON, None where there was none."""

    status: int
    headers: Mapping[str, str]
    url: str
    body: bytes
    source: str
    doing: str

    @property
    def is_good(self) -> bool:
        """True where what was asked for was done."""
        return 200 <= self.status < 300

    @property
    def is_missing(self) -> bool:
        """True where the system has nothing of this kind."""
        return self.status in MISSING

    @property
    def answer(self) -> JSON:
        """The body as JSON. Raises AnswerUnclear."""
        if not self.body:
            return None
        try:
            return DECODER.decode(self.body)
        except NO_JSON:
            raise AnswerUnclear(self.source, self.doing) from None


class HttpClient:
    """Calls one system. Opened and closed with its source."""

    def __init__(self, source: str, settings: HttpSettings) -> None:
        self.source, self._settings = source, settings
        self._pace = Pace()
        self._slots = asyncio.Semaphore(settings.max_calls)
        self._credentials = credentials_of(source, settings.auth, self._granted)
        self._client: httpx2.AsyncClient | None = None
        self._finishing: set[asyncio.Task[Any]] = set()

    async def open(self) -> None:
        """Be ready to call. Raises SourceUnavailable where the certificates to trust can't be read."""
        try:
            trusted = ssl.create_default_context(cafile=self._settings.ca_file)
        except (OSError, ssl.SSLError):
            raise SourceUnavailable(self.source, "reading the certificates to trust") from None
        self._client = httpx2.AsyncClient(
            verify=trusted,
            headers={**ACCEPTED, **self._settings.headers},
            timeout=None,  # each call has one deadline for all of it
            limits=httpx2.Limits(
                max_connections=None,
                max_keepalive_connections=self._settings.max_calls,
                keepalive_expiry=self._settings.idle_s,
            ),
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
            trust_env=False,
        )

    async def close(self) -> None:
        """Disconnect, once what has to be finished is."""
        await asyncio.gather(*self._finishing, return_exceptions=True)
        await self._credentials.close()
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    def check_open(self) -> None:
        """Pass while it is open. Raises SourceUnavailable."""
        if self._client is None:
            raise SourceUnavailable(self.source, "calling while it is closed")

    @property
    def idempotency_header(self) -> str:
        """The header by which the system knows a change that is sent again."""
        return self._settings.idempotency_header or "idempotency-key"

    async def finished(self, work: Coroutine[Any, Any, Done]) -> Done:
        """What comes of work that goes to its end, also where nobody waits for it any more."""
        task = asyncio.create_task(work)
        self._finishing.add(task)
        task.add_done_callback(self._ended)
        return await asyncio.shield(task)

    def _ended(self, task: asyncio.Task[Any]) -> None:
        """Forget work; its failure was told to whoever still waited."""
        self._finishing.discard(task)
        if not task.cancelled():
            task.exception()

    async def call(self, call: Call) -> Reply:
        """What comes back, of a status that is good, or says no to what is asked.

        Raises SourceUnavailable, SourceTimedOut, SourceRefused, and OutcomeUnknown for a write that may have been done.
        """
        self._check_pace(call)
        async with self._slots:
            self._check_pace(call)
            shown = await self._credentials.headers()
            reply = await self._sent(call, shown)
            if reply.status == 401 and self._credentials.rejected(shown):
                reply = await self._sent(call, await self._credentials.headers())
        return self._checked(call, reply)

    async def reach(self, path: str | None) -> None:
        """Pass once the system answers: well where a path is named, else anything but a failure. Raises SourceError."""
        call = Call("answering", "GET", path or "")
        if path is None:
            if (await self._sent(call, await self._credentials.headers())).status >= 500:
                raise SourceUnavailable(self.source, call.doing)
        elif not (await self.call(call)).is_good:
            raise SourceRefused(self.source, call.doing)

    def _check_pace(self, call: Call) -> None:
        if self._pace.is_held:
            raise SourceThrottled(self.source, call.doing)

    def _checked(self, call: Call, reply: Reply) -> Reply:
        """The reply of a call that was answered. Raises SourceError."""
        if reply.is_good or reply.status in REFUSING:
            return reply
        if reply.status == THROTTLED:
            raise SourceThrottled(self.source, call.doing)
        if reply.status >= 500 or reply.status in (408, 425):
            raise (OutcomeUnknown if call.writes else SourceUnavailable)(self.source, call.doing)
        raise SourceRefused(self.source, call.doing)

    async def _sent(self, call: Call, shown: Mapping[str, str]) -> Reply:
        target = call.target if "://" in call.target else f"{self._settings.base_url}{call.target}"
        try:
            url = httpx2.URL(target).copy_merge_params(list(call.query)) if call.query else httpx2.URL(target)
        except httpx2.InvalidURL:
            raise SourceRefused(self.source, call.doing) from None
        headers = {**call.headers, **shown}
        request = self._opened.build_request(call.verb, url, headers=headers, json=call.body)
        reply = await self._answered(request, call, self._settings.max_body_bytes)
        self._pace.heed(reply.status, reply.headers)
        return reply

    async def _answered(self, request: httpx2.Request, call: Call, most: int) -> Reply:
        """The whole answer within the deadline. Raises SourceError."""
        failed = OutcomeUnknown if call.writes else None
        try:
            async with asyncio.timeout(self._settings.call_timeout_ms / 1_000):
                response = await self._opened.send(request, stream=True, follow_redirects=False)
                try:
                    body = await self._body(response, call, most)
                finally:
                    await response.aclose()
        except httpx2.ConnectError as error:
            refused = SourceRefused if _distrusts(error) else SourceUnavailable
            raise refused(self.source, call.doing) from error
        except (TimeoutError, httpx2.TimeoutException) as error:
            raise (failed or SourceTimedOut)(self.source, call.doing) from error
        except (httpx2.HTTPError, OSError) as error:
            raise (failed or SourceUnavailable)(self.source, call.doing) from error
        headers = {name.lower(): value for name, value in response.headers.items()}
        return Reply(response.status_code, headers, str(request.url), body, self.source, call.doing)

    async def _body(self, response: httpx2.Response, call: Call, most: int) -> bytes:
        """The body, never more of it than is allowed. Raises AnswerUnclear, SourceUnavailable."""
        encoding = response.headers.get("content-encoding", "identity").strip().lower()
        too_much: type[SourceError] = OutcomeUnknown if call.writes else AnswerUnclear
        if encoding not in ("identity", "gzip") or _declared(response) > most:
            raise too_much(self.source, call.doing)
        inflating = zlib.decompressobj(GZIP) if encoding == "gzip" else None
        body = bytearray()
        async for chunk in response.aiter_raw():
            try:
                body += chunk if inflating is None else inflating.decompress(chunk, most + 1 - len(body))
            except zlib.error:
                raise too_much(self.source, call.doing) from None
            if len(body) > most:
                raise too_much(self.source, call.doing)
        if inflating is not None and not inflating.eof and body:
            raise (OutcomeUnknown if call.writes else SourceUnavailable)(self.source, call.doing)
        return bytes(body)

    async def _granted(self, url: str, form: Mapping[str, str], headers: Mapping[str, str]) -> Granted:
        """What the token endpoint grants. Raises SourceError."""
        call = Call("asking for a token", "POST", url)
        request = self._opened.build_request("POST", url, headers=dict(headers), data=dict(form))
        reply = await self._answered(request, call, LONGEST_TOKEN)
        if reply.status == THROTTLED or reply.status >= 500:
            raise SourceUnavailable(self.source, call.doing)
        if reply.status != 200:
            raise SourceRefused(self.source, call.doing)
        try:
            return msgspec.json.decode(reply.body, type=Granted)
        except NO_JSON:
            raise AnswerUnclear(self.source, call.doing) from None

    @property
    def _opened(self) -> httpx2.AsyncClient:
        self.check_open()
        assert self._client is not None  # noqa: S101  # it is open
        return self._client


def _declared(response: httpx2.Response) -> int:
    """The length that the answer says it has."""
    told: str = response.headers.get("content-length", "0")
    return int(told) if told.isdigit() else 0


def _distrusts(error: BaseException) -> bool:
    """True where the certificate that was shown is not to be believed."""
    found: Any = error
    while found is not None:
        if isinstance(found, ssl.SSLCertVerificationError):
            return True
        found = found.__cause__ or found.__context__
    return False
