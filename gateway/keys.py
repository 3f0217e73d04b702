"""The keys that tokens are verified with: the configured one, or those that the issuer publishes (RFC 7517)."""

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import Protocol

import httpx2
import jwt
import msgspec
import structlog
from jwt.algorithms import AllowedPublicKeys

from gateway.sections import AuthSettings, VerifyingKey

FRESH_S = 600.0
STALE_S = 24 * 3_600.0
REFRESH_S = 60.0
RETRY_S = 5.0
TIMEOUT_S = 2.0
MAX_SET_BYTES = 262_144
MAX_KEYS = 100

FAMILIES = {"RS": "RSA", "PS": "RSA", "ES": "EC", "Ed": "OKP"}
"""The key type (`kty`) that goes with the first letters of an algorithm."""

Clock = Callable[[], float]

log = structlog.get_logger()


class KeysUnavailable(Exception):
    """The issuer's keys can't be had, so no token can be judged; asking again later may help."""

    def __init__(self) -> None:
        super().__init__("The keys of the token's issuer are not available, try again later.")


class UnknownKey(LookupError):
    """No key of the issuer fits the token's header."""


class Keys(Protocol):
    """Where verification takes its keys from."""

    trusted_until: float
    """Until when what was verified with these keys holds without asking again, in seconds of the clock."""

    async def find(self, kid: str | None, algorithm: str) -> VerifyingKey:
        """The key for a token's header. Raises UnknownKey, KeysUnavailable."""

    async def close(self) -> None:
        """End what still runs."""


class ConfiguredKey:
    """The one key of the config, whatever `kid` a token names."""

    trusted_until = float("inf")

    def __init__(self, key: VerifyingKey) -> None:
        self._key = key

    async def find(self, kid: str | None, algorithm: str) -> VerifyingKey:
        """The key."""
        return self._key

    async def close(self) -> None:
        """Nothing runs here."""


class _PublishedKey(msgspec.Struct, frozen=True):
    """One entry of a key set, as far as it decides whether the key is taken."""

    kty: str
    kid: str
    use: str = "sig"
    alg: str | None = None


class _KeySet(msgspec.Struct, frozen=True):
    keys: list[dict[str, object]]


class _Key(msgspec.Struct, frozen=True):
    kty: str
    alg: str | None
    key: AllowedPublicKeys

    def fits(self, algorithm: str) -> bool:
        """True when the algorithm is made for keys of this type and the key is not kept for another."""
        return FAMILIES.get(algorithm[:2]) == self.kty and self.alg in {None, algorithm}


class PublishedKeys:
    """The key set behind a URL.

    Fetched anew when 10 minutes old or when a token names a key that is not in it, at most once in 60 seconds (in 5
    as long as there is none). While the URL fails, the last good set holds for 24 hours. The client is its opener's
    to close.
    """

    def __init__(self, url: str, client: httpx2.AsyncClient, clock: Clock = time.time) -> None:
        self._url, self._client, self._clock = url, client, clock
        self._keys: Mapping[str, _Key] = {}
        self._fetched_at = self._tried_at = self.trusted_until = float("-inf")
        self._fetching: asyncio.Task[None] | None = None

    async def find(self, kid: str | None, algorithm: str) -> VerifyingKey:
        """The key named in a token's header. Raises UnknownKey, KeysUnavailable."""
        if self._clock() >= self.trusted_until or kid not in self._keys:
            await self._refresh()
        if not self._keys:
            raise KeysUnavailable
        found = None if kid is None else self._keys.get(kid)
        if found is None or not found.fits(algorithm):
            raise UnknownKey
        return found.key

    async def close(self) -> None:
        """End a fetch that still runs."""
        if self._fetching is not None:
            self._fetching.cancel()
            await asyncio.gather(self._fetching, return_exceptions=True)

    async def _refresh(self) -> None:
        """Fetch the set unless it was tried lately; all who ask meanwhile wait for the same answer."""
        if self._fetching is None:
            if self._clock() < self._tried_at + (REFRESH_S if self._keys else RETRY_S):
                return
            self._tried_at = self._clock()
            self._fetching = asyncio.create_task(self._fetch())
        # A caller that hangs up must not end the fetch that others wait for.
        await asyncio.shield(self._fetching)

    async def _fetch(self) -> None:
        try:
            async with asyncio.timeout(TIMEOUT_S):
                self._keys = await self._published()
            self._fetched_at = self._clock()
            self.trusted_until = self._fetched_at + FRESH_S
        except (httpx2.HTTPError, TimeoutError, ValueError) as error:
            log.warning("identity.keys_failed", error=type(error).__name__)
            self._outlive()
        finally:
            self._fetching = None

    def _outlive(self) -> None:
        """Keep the last good set until the next try, and for a day at most."""
        now, last = self._clock(), self._fetched_at + STALE_S
        if now >= last:
            self._keys = {}
        self.trusted_until = max(self.trusted_until, min(now + REFRESH_S, last))

    async def _published(self) -> Mapping[str, _Key]:
        """The usable keys of the set by their id. Raises ValueError when there are none."""
        async with self._client.stream("GET", self._url, timeout=TIMEOUT_S, follow_redirects=False) as response:
            response.raise_for_status()
            body = bytearray()
            async for chunk in response.aiter_bytes():
                body += chunk
                if len(body) > MAX_SET_BYTES:
                    raise ValueError("the key set is too large")
        entries = msgspec.json.decode(bytes(body), type=_KeySet).keys[:MAX_KEYS]
        keys = {kid: key for entry in entries for kid, key in _usable(entry)}
        if not keys:
            raise ValueError("the key set has no usable key")
        return keys


def keys_of(auth: AuthSettings, client: httpx2.AsyncClient) -> Keys:
    """The keys that the config names; `client` fetches those behind a URL."""
    if auth.jwks_url is not None:
        return PublishedKeys(auth.jwks_url, client)
    return ConfiguredKey(auth.verifying_key)


def _usable(entry: dict[str, object]) -> list[tuple[str, _Key]]:
    """The entry's id and key, or nothing: shared secrets, keys for encryption, weak and broken ones are passed over."""
    try:
        told = msgspec.convert(entry, _PublishedKey)
        if told.use != "sig" or told.kty not in FAMILIES.values() or "d" in entry:
            return []
        read = jwt.PyJWK(entry)
        if read.Algorithm.check_key_length(read.key) is not None:
            return []
        return [(told.kid, _Key(told.kty, told.alg, read.key))]
    except (msgspec.ValidationError, jwt.PyJWTError):
        return []
