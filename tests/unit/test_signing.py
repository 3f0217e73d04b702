"""What the gateway signs with its own key it believes as that and nothing else."""

import time
from typing import Any
from uuid import UUID

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from datasources.ids import CustomerId
from datasources.values import ActorKind, ActorRef
from gateway.access_sections import SigningSettings
from gateway.identity import Identity, Unauthenticated
from gateway.keys import ConfiguredKey
from gateway.signing import ISSUER, SigningKey
from permissions.model import Reach, ReachKind, ViewerKind
from permissions.roles import DEFAULT_ROLES
from tests.harness import SIGNING_KEY
from tests.unit.tokens import AUDIENCE, OURS, Clock, auth

CUSTOMER, ID = CustomerId(UUID(int=1)), UUID(int=2)
STAFF = ActorRef(ActorKind.STAFF, "ann")


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def signing(clock: Clock | None = None, **changes: Any) -> SigningKey:
    section = SigningSettings.model_validate({"key": SIGNING_KEY} | changes)
    return SigningKey(section, auth(), clock or time.time)


def identity(own: SigningKey | None) -> Identity:
    settings = auth()
    return Identity(settings, DEFAULT_ROLES, ConfiguredKey(settings.verifying_key), own=own)


async def refusal(token: str, own: SigningKey | None) -> str:
    with pytest.raises(Unauthenticated) as raised:
        await identity(own).verified(token)
    return str(raised.value)


def forged(**changes: Any) -> str:
    """A token like a session, with claims or header replaced."""
    now, own = int(time.time()), signing()
    header = {"kid": own.kid, "typ": "at+jwt"} | changes.pop("header", {})
    key, algorithm = changes.pop("key", own._private), changes.pop("algorithm", own.algorithm)
    claims = {"iss": ISSUER, "aud": AUDIENCE, "sub": "1", "iat": now, "exp": now + 60, "roles": ["member"]}
    return jwt.encode(claims | changes, key, algorithm, headers=header)


async def test_a_session_is_believed_for_its_time_alone() -> None:
    clock = Clock()
    own = signing(clock)
    session = own.session(CUSTOMER, ID, STAFF)
    principal = await identity(own).verified(session.token)
    assert (principal.kind, principal.reach) == (ViewerKind.MEMBER, Reach(ReachKind.CUSTOMER, customer=CUSTOMER))
    assert (principal.roles, principal.expires_at) == (("member",), session.expires_at)
    clock.ahead_s = -(900 + auth().leeway_s + 1)
    assert await refusal(own.session(CUSTOMER, ID, STAFF).token, own) == "The token has expired."


async def test_a_session_lasts_no_longer_than_any_token_may() -> None:
    section = SigningSettings.model_validate({"key": SIGNING_KEY, "session_ttl_s": 3_600})
    own = SigningKey(section, auth(max_lifetime_s=600))
    claims = jwt.decode(own.session(CUSTOMER, ID, STAFF).token, options={"verify_signature": False})
    assert claims["exp"] - claims["iat"] == 600


async def test_another_gateway_believes_none_of_it() -> None:
    assert await refusal(signing().session(CUSTOMER, ID, STAFF).token, None) == "The token's algorithm is not accepted."


@pytest.mark.parametrize("purpose", ["password_reset", AUDIENCE])
async def test_a_link_is_no_bearer_token(purpose: str) -> None:
    token = signing().link_token(purpose, CUSTOMER, ID)
    assert await refusal(token, signing()) == "The token is of another type than JWT."


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"iss": "https://login.example/"}, "The token is of another issuer."),
        ({"aud": "password_reset"}, "The token is for another audience."),
        ({"key": Ed25519PrivateKey.generate()}, "The token's signature is wrong."),
        ({"key": OURS, "algorithm": "RS256"}, "The token's algorithm is not accepted."),
        ({"key": "s" * 40, "algorithm": "HS256"}, "The token's algorithm is not accepted."),
        ({"header": {"kid": "another"}}, "The token's algorithm is not accepted."),
    ],
)
async def test_what_the_key_did_not_sign_as_its_own_is_refused(changes: dict[str, Any], told: str) -> None:
    assert await refusal(forged(**changes), signing()) == told


async def test_the_issuers_key_can_not_speak_for_the_gateway() -> None:
    token = forged(key=OURS, algorithm="RS256", header={"kid": "theirs"})
    assert await refusal(token, signing()) == "The token is of another issuer."
