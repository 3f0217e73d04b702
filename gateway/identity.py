"""Bearer tokens (RFC 6750, RFC 7519, RFC 8725) → the principal they stand for."""

import datetime as dt
import hashlib
import re
import time
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any, Literal
from uuid import UUID

import jwt
import msgspec

from gateway.keys import Clock, Keys, UnknownKey
from gateway.sections import AuthSettings
from gateway.signing import ISSUER, SigningKey
from permissions.model import ANONYMOUS, EVERYONE, NOBODY, Principal, Reach, ReachKind, ViewerKind
from permissions.roles import Grant, Role, grant, most_confined

MAX_TOKEN_BYTES = 4_096
TOKENS_HELD = 10_000
COMPACT = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*")
FOREIGN_HEADERS = frozenset({"jku", "jwk", "x5u", "x5c", "crit"})
"""What would have a token choose its own key, or its own rules."""
TYPES = frozenset({"jwt", "at+jwt", "application/jwt", "application/at+jwt"})

REFUSALS: tuple[tuple[type[jwt.PyJWTError], str], ...] = (
    (jwt.ExpiredSignatureError, "The token has expired."),
    (jwt.ImmatureSignatureError, "The token is not valid yet."),
    (jwt.InvalidIssuerError, "The token is of another issuer."),
    (jwt.InvalidAudienceError, "The token is for another audience."),
    (jwt.InvalidSignatureError, "The token's signature is wrong."),
    (jwt.InvalidAlgorithmError, "The token's algorithm is not accepted."),
)
MALFORMED = "The token is not a signed JWT."
FOREIGN_HEADER = "The token's header has what is not accepted: a key of its own, extensions, or an odd key id."


class Unauthenticated(Exception):
    """The caller is not who a token says, or there is none; the message says why and repeats nothing of the token."""


class _Claims(msgspec.Struct, frozen=True):
    """What is read of a token besides what its verification reads."""

    sub: str
    exp: float
    iat: float | None = None
    name: str | None = None
    roles: tuple[str, ...] = ()
    scope: str | None = None
    kind: Literal["staff", "service", "member"] | None = None
    customer: UUID | None = None
    stores: frozenset[str] | None = None


class _Trusted(msgspec.Struct, frozen=True):
    """What a token is verified with: one issuer's key, under the one algorithm that the header names."""

    issuer: str
    algorithm: str
    key: Any  # as PyJWT takes it


class _Held(msgspec.Struct, frozen=True):
    principal: Principal
    until: float


class Identity:
    """Tells who a caller is. Tokens verified once are held until they expire or the issuer's keys are asked for anew.

    `own` is the gateway's own key, whose tokens are believed beside the issuer's: sessions of test personas.
    """

    def __init__(
        self,
        auth: AuthSettings,
        roles: Mapping[str, Role],
        keys: Keys,
        clock: Clock = time.time,
        own: SigningKey | None = None,
    ) -> None:
        self._auth, self._roles, self._keys, self._clock, self._own = auth, roles, keys, clock, own
        self._algorithms = [algorithm.value for algorithm in auth.algorithms]
        self._anonymous = msgspec.structs.replace(ANONYMOUS, max_cost=auth.stranger_max_cost)
        self._held: OrderedDict[bytes, _Held] = OrderedDict()

    async def principal(self, authorization: str | None) -> Principal:
        """The caller behind an Authorization header. Raises Unauthenticated, KeysUnavailable."""
        if authorization is None:
            if self._auth.anonymous:
                return self._anonymous
            raise Unauthenticated("An Authorization header with a bearer token is needed.")
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer":
            raise Unauthenticated("The Authorization header must be: Bearer <token>.")
        return await self.verified(token.strip(" "))

    async def verified(self, token: str) -> Principal:
        """The caller that a token stands for. Raises Unauthenticated, KeysUnavailable."""
        # The digest instead of the token: a dump of the memory shows no token, and long ones take no room.
        digest = hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
        held = self._held.get(digest)
        if held is not None and self._clock() < held.until:
            self._held.move_to_end(digest)
            return held.principal
        principal, expires_at = await self._verify(token)
        self._held[digest] = _Held(principal, min(expires_at + self._auth.leeway_s, self._keys.trusted_until))
        self._held.move_to_end(digest)
        if len(self._held) > TOKENS_HELD:
            self._held.popitem(last=False)
        return principal

    async def _verify(self, token: str) -> tuple[Principal, float]:
        """The principal, and when its token expires in seconds since the epoch."""
        trusted = await self._trusted(*self._header(token))
        try:
            decoded = jwt.decode(
                token,
                trusted.key,
                algorithms=[trusted.algorithm],
                audience=self._auth.audience,
                issuer=trusted.issuer,
                leeway=self._auth.leeway_s,
                options={"require": ["iss", "aud", "exp", "sub"]},
            )
            return self._principal(msgspec.convert(decoded, _Claims, strict=True))
        except jwt.MissingRequiredClaimError as error:
            raise Unauthenticated(f"The token lacks the claim {error.claim}.") from None
        except jwt.PyJWTError as error:
            raise Unauthenticated(_refusal(error)) from None
        except msgspec.ValidationError as error:
            raise Unauthenticated(f"A claim of the token has the wrong form: {_path(error)}.") from None
        except (ValueError, TypeError, OverflowError, RecursionError):
            raise Unauthenticated(MALFORMED) from None

    async def _trusted(self, algorithm: str, kid: str | None) -> _Trusted:
        """What verifies a token with this header: the gateway's own key, which has an id of its own, or the issuer's."""
        if self._own is not None and kid == self._own.kid:
            return _Trusted(ISSUER, algorithm, self._own.public)
        try:
            key = await self._keys.find(kid, algorithm)
        except UnknownKey:
            raise Unauthenticated("The token's key is not one of its issuer's.") from None
        return _Trusted(self._auth.issuer, algorithm, key)

    def _header(self, token: str) -> tuple[str, str | None]:
        """Algorithm and key id of a token whose form and header are acceptable."""
        if len(token) > MAX_TOKEN_BYTES:
            raise Unauthenticated(f"The token is longer than {MAX_TOKEN_BYTES} bytes.")
        if COMPACT.fullmatch(token) is None:
            raise Unauthenticated(MALFORMED)
        try:
            header: dict[str, Any] = jwt.get_unverified_header(token)  # anything at all: it is not verified yet
        except (jwt.DecodeError, ValueError, RecursionError):
            raise Unauthenticated(MALFORMED) from None
        except jwt.InvalidTokenError:
            raise Unauthenticated(FOREIGN_HEADER) from None
        if not FOREIGN_HEADERS.isdisjoint(header):
            raise Unauthenticated(FOREIGN_HEADER)
        if str(header.get("typ", "JWT")).lower() not in TYPES:
            raise Unauthenticated("The token is of another type than JWT.")
        algorithm, kid = header.get("alg"), header.get("kid")
        accepted = self._algorithms
        if self._own is not None and kid == self._own.kid:
            accepted = [self._own.algorithm]
        if algorithm not in accepted:
            raise Unauthenticated("The token's algorithm is not accepted.")
        return str(algorithm), kid

    def _principal(self, claims: _Claims) -> tuple[Principal, float]:
        born = self._clock() if claims.iat is None else claims.iat
        if claims.exp - born > self._auth.max_lifetime_s + self._auth.leeway_s:
            raise Unauthenticated("The token lives longer than is accepted.")
        if not claims.sub:
            raise Unauthenticated("The token lacks the claim sub.")
        granted = grant(self._roles, claims.roles, claims.scope)
        kind = _kind(claims, granted)
        principal = Principal(
            kind=kind,
            id=claims.sub,
            name=claims.name,
            roles=granted.roles,
            scopes=granted.scopes,
            reach=_reach(claims, granted, kind),
            limits=granted.limits,
            expires_at=dt.datetime.fromtimestamp(claims.exp, dt.UTC),
            is_held_to_exact_search=granted.is_held_to_exact_search,
            max_cost=max(granted.max_cost, self._auth.stranger_max_cost),
        )
        return principal, claims.exp


def _kind(claims: _Claims, granted: Grant) -> ViewerKind:
    """The roles' kind, or the more confined one that the claim `kind` names."""
    if claims.kind is None:
        return granted.kind
    return most_confined((granted.kind, ViewerKind(claims.kind.upper())))


def _reach(claims: _Claims, granted: Grant, kind: ViewerKind) -> Reach:
    """A member reaches the one customer named, a token with stores those of the stores, one without roles nobody.

    A customer named in a token that is no member's binds it too: claims only ever narrow.
    """
    if not granted.roles:
        return NOBODY
    if claims.customer is not None:
        return Reach(ReachKind.CUSTOMER, customer=claims.customer)
    if kind is ViewerKind.MEMBER:
        return NOBODY
    if claims.stores is not None:
        return Reach(ReachKind.LOCATIONS, stores=claims.stores)
    return EVERYONE


def _refusal(error: jwt.PyJWTError) -> str:
    return next((reason for kind, reason in REFUSALS if isinstance(error, kind)), MALFORMED)


def _path(error: msgspec.ValidationError) -> str:
    """The claim that a message of msgspec names; its other words may hold the value."""
    found = re.search(r"at `\$\.(\w+)", str(error))
    return found.group(1) if found else "unknown"
