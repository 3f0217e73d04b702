"""What the gateway shows to be let in: a header, or a token that it is given for its own (RFC 6749, section 4.4)."""

import asyncio
import base64
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol
from urllib.parse import quote

import msgspec

from datasources.errors import SourceRefused
from datasources.http.settings import CredentialSettings

EARLY_S = 30.0
"""A token is fetched anew so long before it lapses, or after nine tenths of a short life."""
AUTHORIZATION = "authorization"
BEARER = "bearer"

Clock = Callable[[], float]


class Granted(msgspec.Struct, frozen=True):
    """The answer of a token endpoint."""

    access_token: str
    token_type: str = BEARER
    expires_in: float | None = None


Fetch = Callable[[str, Mapping[str, str], Mapping[str, str]], Awaitable[Granted]]
"""Asks a token endpoint: (URL, form, headers). Raises SourceError."""


class Credentials(Protocol):
    """Makes the headers that let a call in."""

    async def headers(self) -> Mapping[str, str]:
        """The headers of a call. Raises SourceError."""
        ...

    def rejected(self, headers: Mapping[str, str]) -> bool:
        """Tell that these were not taken; true where others are to be had."""
        ...

    async def close(self) -> None:
        """End what still runs."""
        ...


class Fixed:
    """Headers that stay as they are; none where nothing is shown."""

    def __init__(self, headers: Mapping[str, str]) -> None:
        self._headers = headers

    async def headers(self) -> Mapping[str, str]:
        """See Credentials."""
        return self._headers

    def rejected(self, headers: Mapping[str, str]) -> bool:
        """See Credentials."""
        return False

    async def close(self) -> None:
        """See Credentials."""


class ClientCredentials:
    """A token for the gateway's own id and secret, fetched once for all who wait and kept until shortly before it lapses."""

    def __init__(self, source: str, settings: CredentialSettings, fetch: Fetch, clock: Clock = time.monotonic) -> None:
        self._source, self._settings, self._fetch, self._clock = source, settings, fetch, clock
        self._token: str | None = None
        self._good_until = 0.0
        self._fetching: asyncio.Task[str] | None = None

    async def headers(self) -> Mapping[str, str]:
        """See Credentials."""
        token = self._token
        if token is None or self._clock() >= self._good_until:
            if self._fetching is None:
                self._fetching = asyncio.create_task(self._fetched())
                self._fetching.add_done_callback(_told)
            # A call that is given up must not end the fetch that others wait for.
            token = await asyncio.shield(self._fetching)
        return {AUTHORIZATION: f"Bearer {token}"}

    def rejected(self, headers: Mapping[str, str]) -> bool:
        """See Credentials: whoever was not taken in with the token that is still held has another one fetched."""
        if headers[AUTHORIZATION] == f"Bearer {self._token}":
            self._token = None
        return True

    async def close(self) -> None:
        """See Credentials."""
        if self._fetching is not None:
            self._fetching.cancel()
            await asyncio.gather(self._fetching, return_exceptions=True)

    async def _fetched(self) -> str:
        try:
            granted = await self._fetch(self._settings.token_url or "", self._form(), self._shown())
            if granted.token_type.lower() != BEARER or not _is_token(granted.access_token):
                raise SourceRefused(self._source, "asking for a token")
            life = float("inf") if granted.expires_in is None else max(granted.expires_in, 0.0)
            self._token = granted.access_token
            self._good_until = self._clock() + max(life - EARLY_S, 0.9 * life if life < 10 * EARLY_S else 0.0)
            return granted.access_token
        finally:
            self._fetching = None

    def _form(self) -> dict[str, str]:
        settings = self._settings
        form = {"grant_type": "client_credentials", "scope": settings.scope, "audience": settings.audience}
        if settings.client_auth == "body":
            form |= {"client_id": settings.client_id, "client_secret": settings.secret("client_secret")}
        return {name: value for name, value in form.items() if value is not None}

    def _shown(self) -> dict[str, str]:
        if self._settings.client_auth == "body":
            return {}
        shown = self._settings.client_id or "", self._settings.secret("client_secret")
        return basic(*(quote(part, safe="") for part in shown))


def credentials_of(source: str, settings: CredentialSettings | None, fetch: Fetch) -> Credentials:
    """What the section says."""
    if settings is None:
        return Fixed({})
    match settings.kind:
        case "bearer":
            return Fixed({AUTHORIZATION: f"Bearer {settings.secret('token')}"})
        case "basic":
            return Fixed(basic(settings.username or "", settings.secret("password")))
        case "header":
            return Fixed({(settings.header or "").lower(): settings.secret("token")})
    return ClientCredentials(source, settings, fetch)


def basic(user: str, password: str) -> dict[str, str]:
    """The header of a user with a password (RFC 7617)."""
    return {AUTHORIZATION: f"Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}"}


def _is_token(text: str) -> bool:
    """True for what can stand in a header."""
    return bool(text) and text.isascii() and text.isprintable() and " " not in text


def _told(task: "asyncio.Task[str]") -> None:
    """A failure was told to whoever still waited."""
    if not task.cancelled():
        task.exception()
