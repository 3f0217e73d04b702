"""The gateway's own key: signs the sessions of test personas, which it believes itself, and the links in messages."""

import datetime as dt
import hashlib
import time
from typing import Any
from uuid import UUID

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from datasources.access import Session
from datasources.ids import CustomerId
from datasources.values import ActorRef
from gateway.access_sections import SigningSettings
from gateway.keys import Clock
from gateway.sections import AuthSettings

ISSUER = "customer-graph"
"""Of all that this key signs; the issuer of the config is another one."""
ROLE, KIND = "member", "member"
LINK_TYPE = "link+jwt"
"""No type that the gateway takes a bearer token of: a link lets nobody in here."""


class SigningKey:
    """Signs, and tells what its signatures are verified with."""

    def __init__(self, signing: SigningSettings, auth: AuthSettings, clock: Clock = time.time) -> None:
        self._private, self._clock = signing.private_key, clock
        self._audience = auth.audience[0]
        self._session_s = min(signing.session_ttl_s, auth.max_lifetime_s)
        self._link_s = signing.link_ttl_s
        self.public = self._private.public_key()
        self.algorithm = "EdDSA" if isinstance(self._private, Ed25519PrivateKey) else "ES256"
        spelled = self.public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        self.kid = f"{ISSUER}-{hashlib.sha256(spelled).hexdigest()[:16]}"

    def session(self, customer: CustomerId, id: UUID, actor: ActorRef) -> Session:
        """A session as a member, and who is behind it (`act`, RFC 8693 section 4.1)."""
        behind = {"sub": actor.id, "kind": actor.kind.value.lower()}
        bound = {"roles": [ROLE], "kind": KIND, "customer": str(customer), "act": behind}
        token, expires_at = self._signed(self._audience, customer, id, self._session_s, "at+jwt", bound)
        return Session(token, dt.datetime.fromtimestamp(expires_at, dt.UTC))

    def link_token(self, purpose: str, customer: CustomerId, id: UUID) -> str:
        """A token that whoever serves the link verifies: `aud` is the purpose, `jti` the message; it is good once."""
        return self._signed(purpose, customer, id, self._link_s, LINK_TYPE, {})[0]

    def _signed(
        self, audience: str, customer: CustomerId, id: UUID, ttl_s: int, type_: str, more: dict[str, Any]
    ) -> tuple[str, int]:
        now = int(self._clock())
        claims = {"iss": ISSUER, "aud": audience, "sub": str(customer), "iat": now, "exp": now + ttl_s, "jti": str(id)}
        headers = {"kid": self.kid, "typ": type_}
        return jwt.encode(claims | more, self._private, self.algorithm, headers=headers), now + ttl_s
