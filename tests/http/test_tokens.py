"""Tokens that are refused, end to end: 401, and nothing was asked of any source."""

import time
from collections.abc import Callable

import pytest

from tests.http.serving import Gateway, client, told
from tests.unit.tokens import SIGNATURE, THEIRS, claims, handmade, signed_with_public_key, token

NOT_ACCEPTED = "The token's algorithm is not accepted."
MALFORMED = "The token is not a signed JWT."


@pytest.mark.parametrize(
    ("bearer", "message"),
    [
        (lambda now: token(iat=now - 700, exp=now - 100), "The token has expired."),
        (lambda now: token(nbf=now + 300), "The token is not valid yet."),
        (lambda _: token(aud="elsewhere"), "The token is for another audience."),
        (lambda _: token(iss="https://evil.example/"), "The token is of another issuer."),
        (lambda _: token(THEIRS), SIGNATURE),
        (lambda _: handmade({"alg": "none", "typ": "JWT"}, claims()), NOT_ACCEPTED),
        (lambda _: signed_with_public_key(), NOT_ACCEPTED),
        (lambda _: token(exp=None), "The token lacks the claim exp."),
        (lambda _: "nonsense", MALFORMED),
        (lambda _: "a.b.c", MALFORMED),
        (lambda _: "x" * 4_097, "The token is longer than 4096 bytes."),
    ],
)
async def test_a_bad_token_is_401_and_never_anonymous(bearer: Callable[[int], str], message: str) -> None:
    # Made now, not when the tests were collected: the whole run takes longer than a token lasts.
    gateway = Gateway(anonymous=True)
    async with client(gateway, bearer(int(time.time()))) as opened:
        response = await opened.post("/graphql", json={"query": "{ hello }"})
    assert (response.status_code, response.headers["www-authenticate"]) == (401, "Bearer")
    assert (told(response), gateway.asked) == ([("UNAUTHENTICATED", message)], 0)


async def test_another_scheme_is_401() -> None:
    async with client(Gateway(), None) as opened:
        response = await opened.post("/graphql", json={"query": "{ hello }"}, headers={"authorization": "Basic eDp5"})
    assert (response.status_code, told(response)) == (
        401,
        [("UNAUTHENTICATED", "The Authorization header must be: Bearer <token>.")],
    )
