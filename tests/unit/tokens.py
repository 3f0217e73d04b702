"""Keys, tokens good and bad, and a clock, for the tests of who a caller is."""

import base64
import hashlib
import hmac
import json
import time
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from gateway.identity import Identity, Unauthenticated
from gateway.keys import ConfiguredKey
from gateway.sections import AuthSettings
from permissions.roles import DEFAULT_ROLES

ISSUER, AUDIENCE = "https://login.example/", "graph"
SIGNATURE = "The token's signature is wrong."


def pair(size: int = 2_048) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65_537, key_size=size)


def pem(key: rsa.RSAPrivateKey) -> str:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


OURS, THEIRS, WEAK = pair(), pair(), pair(1_024)


class Clock:
    """The real time, moved forward at will."""

    def __init__(self) -> None:
        self.ahead_s = 0.0

    def __call__(self) -> float:
        return time.time() + self.ahead_s


def auth(**changes: Any) -> AuthSettings:
    return AuthSettings.model_validate({"issuer": ISSUER, "audience": AUDIENCE, "key": pem(OURS)} | changes)


def identity(clock: Clock, **changes: Any) -> Identity:
    settings = auth(**changes)
    return Identity(settings, DEFAULT_ROLES, ConfiguredKey(settings.verifying_key), clock)


def claims(**changes: Any) -> dict[str, Any]:
    """Claims that are accepted, with some replaced; None leaves one out."""
    now = int(time.time())
    stated = {"iss": ISSUER, "aud": AUDIENCE, "sub": "ann", "iat": now, "exp": now + 600, "roles": ["analyst"]}
    return {claim: value for claim, value in (stated | changes).items() if value is not None}


def token(
    key: rsa.RSAPrivateKey = OURS, *, headers: dict[str, Any] | None = None, algorithm: str = "RS256", **changes: Any
) -> str:
    return jwt.encode(claims(**changes), key, algorithm, headers)


def segment(content: object) -> str:
    text = content if isinstance(content, bytes) else json.dumps(content).encode()
    return base64.urlsafe_b64encode(text).rstrip(b"=").decode()


def handmade(header: object, payload: object, signature: bytes = b"") -> str:
    return f"{segment(header)}.{segment(payload)}.{segment(signature)}"


def signed_with_public_key() -> str:
    """An HS256 token whose secret is the issuer's public key, the classic confusion."""
    head = f"{segment({'alg': 'HS256', 'typ': 'JWT'})}.{segment(claims())}"
    return f"{head}.{segment(hmac.digest(pem(OURS).encode(), head.encode(), hashlib.sha256))}"


def signed(payload: bytes) -> str:
    return jwt.api_jws.encode(payload, OURS, "RS256")


async def refusal(identity: Identity, refused: str) -> str:
    with pytest.raises(Unauthenticated) as raised:
        await identity.verified(refused)
    assert raised.value.__cause__ is None
    return str(raised.value)
