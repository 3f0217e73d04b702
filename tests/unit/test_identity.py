"""A token stands for exactly who its issuer says; everything else is refused with a reason that repeats nothing of it."""

import json
import time
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest

from gateway.identity import TOKENS_HELD, Unauthenticated
from permissions.model import ANONYMOUS, EVERYONE, NOBODY, Principal, Reach, ReachKind, ViewerKind
from permissions.roles import DEFAULT_ROLES
from tests.unit.tokens import (
    ISSUER,
    SIGNATURE,
    THEIRS,
    Clock,
    claims,
    handmade,
    identity,
    refusal,
    segment,
    signed,
    signed_with_public_key,
    token,
)

CUSTOMER = UUID("0193a1f0-0000-7000-8000-000000000001")


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def clock() -> Clock:
    return Clock()


NOT_A_JWT = "The token is not a signed JWT."
ALGORITHM = "The token's algorithm is not accepted."
HEADER = "The token's header has what is not accepted: a key of its own, extensions, or an odd key id."
LIFETIME = "The token lives longer than is accepted."

REFUSED: dict[str, tuple[Callable[[], str], str]] = {
    "expired": (lambda: token(iat=int(time.time()) - 600, exp=int(time.time()) - 31), "The token has expired."),
    "not yet valid": (lambda: token(nbf=int(time.time()) + 600), "The token is not valid yet."),
    "of the future": (lambda: token(iat=int(time.time()) + 600), "The token is not valid yet."),
    "unsigned": (lambda: token().rsplit(".", 1)[0] + ".", SIGNATURE),
    "wrongly signed": (lambda: token(THEIRS), SIGNATURE),
    "altered": (
        lambda: ".".join([token().split(".")[0], segment(claims(roles=["admin"])), token().split(".")[2]]),
        SIGNATURE,
    ),
    "alg none": (lambda: handmade({"alg": "none"}, claims()), ALGORITHM),
    "alg None": (lambda: handmade({"alg": "None"}, claims()), ALGORITHM),
    "no alg": (lambda: handmade({"typ": "JWT"}, claims()), ALGORITHM),
    "alg a list": (lambda: handmade({"alg": ["RS256"]}, claims()), ALGORITHM),
    "public key as secret": (signed_with_public_key, ALGORITHM),
    "algorithm not allowed": (lambda: token(algorithm="RS512"), ALGORITHM),
    "foreign audience": (lambda: token(aud="elsewhere"), "The token is for another audience."),
    "foreign issuer": (lambda: token(iss="https://evil.example/"), "The token is of another issuer."),
    "issuer a list": (
        lambda: signed(json.dumps(claims(iss=[ISSUER])).encode()),
        "The token is of another issuer.",
    ),
    "no expiry": (lambda: token(exp=None), "The token lacks the claim exp."),
    "no audience": (lambda: token(aud=None), "The token lacks the claim aud."),
    "no issuer": (lambda: token(iss=None), "The token lacks the claim iss."),
    "no subject": (lambda: token(sub=None), "The token lacks the claim sub."),
    "empty subject": (lambda: token(sub=""), "The token lacks the claim sub."),
    "too long a life": (lambda: token(exp=int(time.time()) + 3_700), LIFETIME),
    "too long a life, unborn": (lambda: token(iat=None, exp=int(time.time()) + 3_700), LIFETIME),
    "oversized": (lambda: token(name="n" * 4_096), "The token is longer than 4096 bytes."),
    "key by URL": (lambda: token(headers={"jku": "https://evil.example/keys"}), HEADER),
    "certificate by URL": (lambda: token(headers={"x5u": "https://evil.example/cert"}), HEADER),
    "key inside": (lambda: token(headers={"jwk": {"kty": "RSA"}}), HEADER),
    "known extension": (lambda: token(headers={"crit": ["b64"], "b64": True}), HEADER),
    "unknown extension": (lambda: token(headers={"crit": ["exp"], "exp": 1}), HEADER),
    "other type": (lambda: token(headers={"typ": "dpop+jwt"}), "The token is of another type than JWT."),
    "key id a number": (lambda: handmade({"alg": "RS256", "kid": 7}, claims(), b"x"), HEADER),
    "roles a word": (lambda: token(roles="admin"), "A claim of the token has the wrong form: roles."),
    "roles of numbers": (lambda: token(roles=[1]), "A claim of the token has the wrong form: roles."),
    "scope a list": (lambda: token(scope=["points:read"]), "A claim of the token has the wrong form: scope."),
    "unknown kind": (lambda: token(kind="anonymous"), "A claim of the token has the wrong form: kind."),
    "customer not a uuid": (lambda: token(customer="H-0001"), "A claim of the token has the wrong form: customer."),
    "stores a word": (lambda: token(stores="s1"), "A claim of the token has the wrong form: stores."),
    "expiry a word": (
        lambda: signed(json.dumps(claims(exp="9999999999")).encode()),
        "A claim of the token has the wrong form: exp.",
    ),
    "endless expiry": (lambda: signed(json.dumps(claims(exp=float("inf"))).encode()), NOT_A_JWT),
    "payload no object": (lambda: signed(b"[]"), NOT_A_JWT),
    "payload no JSON": (lambda: signed(b"\xff"), NOT_A_JWT),
    "deep payload": (lambda: signed(b"[" * 2_500), NOT_A_JWT),
    "deep header": (lambda: f"{segment(b'[' * 2_900)}.e30.eA", NOT_A_JWT),
    "empty": (lambda: "", NOT_A_JWT),
    "two parts": (lambda: "e30.e30", NOT_A_JWT),
    "four parts": (lambda: "e30.e30.e30.e30", NOT_A_JWT),
    "junk between": (lambda: token()[:-4] + "!" + token()[-4:], NOT_A_JWT),
    "another line": (lambda: token() + "\n", NOT_A_JWT),
    "no ASCII": (lambda: "é.é.é", NOT_A_JWT),
    "lone surrogate": (lambda: "\ud800.e30.e30", NOT_A_JWT),
    "NUL": (lambda: "\x00", NOT_A_JWT),
}


@pytest.mark.parametrize("case", REFUSED)
async def test_a_bad_token_is_refused_with_its_reason(clock: Clock, case: str) -> None:
    make, reason = REFUSED[case]
    assert await refusal(identity(clock), make()) == reason


async def test_a_token_stands_for_its_principal(clock: Clock) -> None:
    expires = int(time.time()) + 600
    found = await identity(clock).principal(f"bearer {token(name='Ann', roles=['analyst', 'other'], exp=expires)}")
    assert found == Principal(
        kind=ViewerKind.STAFF,
        id="ann",
        name="Ann",
        roles=("analyst",),
        scopes=DEFAULT_ROLES["analyst"].scopes,
        reach=EVERYONE,
        limits=(),
        expires_at=found.expires_at,
        max_cost=5_000,
    )
    assert found.expires_at is not None and found.expires_at.timestamp() == expires


@pytest.mark.parametrize(
    ("stated", "kind", "reach"),
    [
        ({"roles": ["member"], "customer": str(CUSTOMER)}, "MEMBER", Reach(ReachKind.CUSTOMER, CUSTOMER)),
        ({"roles": ["member"]}, "MEMBER", NOBODY),
        ({"roles": ["member"], "stores": ["7"]}, "MEMBER", NOBODY),
        ({"roles": ["admin", "member"]}, "MEMBER", NOBODY),
        ({"roles": ["service"]}, "SERVICE", EVERYONE),
        ({"roles": ["admin"], "kind": "service"}, "SERVICE", EVERYONE),
        (
            {"roles": ["admin"], "kind": "member", "customer": str(CUSTOMER)},
            "MEMBER",
            Reach(ReachKind.CUSTOMER, CUSTOMER),
        ),
        ({"roles": ["member"], "kind": "staff"}, "MEMBER", NOBODY),
        (
            {"roles": ["store_associate"], "stores": ["7", "9"]},
            "STAFF",
            Reach(ReachKind.LOCATIONS, stores=frozenset({"7", "9"})),
        ),
        ({"roles": ["store_associate"], "stores": []}, "STAFF", Reach(ReachKind.LOCATIONS)),
        ({"roles": ["care_agent"], "customer": str(CUSTOMER)}, "STAFF", Reach(ReachKind.CUSTOMER, CUSTOMER)),
        ({"roles": []}, "STAFF", NOBODY),
        ({"roles": None}, "STAFF", NOBODY),
        ({"roles": ["elsewhere"]}, "STAFF", NOBODY),
    ],
)
async def test_claims_decide_kind_and_reach(clock: Clock, stated: dict[str, Any], kind: str, reach: Reach) -> None:
    found = await identity(clock).verified(token(**stated))
    assert (found.kind, found.reach) == (ViewerKind(kind), reach)


async def test_a_token_without_roles_has_no_scopes(clock: Clock) -> None:
    found = await identity(clock).verified(token(roles=None, scope="points:read"))
    assert (found.roles, found.scopes) == ((), frozenset())


async def test_the_scope_claim_narrows_the_roles(clock: Clock) -> None:
    found = await identity(clock).verified(token(roles=["care_agent"], scope="points:read ops:read points:adjust"))
    assert found.scopes == {"points:read", "points:adjust"}
    assert found.limits == DEFAULT_ROLES["care_agent"].limits[:2]


@pytest.mark.parametrize("header", ["", "Basic YTpi", "Bearer", "Token abc"])
async def test_another_scheme_is_refused(clock: Clock, header: str) -> None:
    reason = NOT_A_JWT if header == "Bearer" else "The Authorization header must be: Bearer <token>."
    for settings in (identity(clock), identity(clock, anonymous=True)):
        with pytest.raises(Unauthenticated) as raised:
            await settings.principal(header)
        assert str(raised.value) == reason


async def test_no_token_is_refused_unless_anonymous_is_set(clock: Clock) -> None:
    with pytest.raises(Unauthenticated) as raised:
        await identity(clock).principal(None)
    assert str(raised.value) == "An Authorization header with a bearer token is needed."
    assert await identity(clock, anonymous=True).principal(None) == ANONYMOUS


async def test_a_caller_without_a_known_role_may_spend_what_strangers_may(clock: Clock) -> None:
    callers = identity(clock, anonymous=True, stranger_max_cost=70)
    spending = [None, f"bearer {token(roles=['other'])}", f"bearer {token(roles=['other', 'member'])}"]
    assert [(await callers.principal(given)).max_cost for given in spending] == [70, 70, 1_000]


async def test_a_held_token_expires_on_time(clock: Clock) -> None:
    callers, held = identity(clock), token(iat=int(time.time()) - 600, exp=int(time.time()) - 10)
    first = await callers.verified(held)
    assert await callers.verified(held) is first
    clock.ahead_s = 25
    # Beyond its time it is verified anew; the verifier's own clock has not moved, so it passes, as another principal.
    again = await callers.verified(held)
    assert again == first and again is not first


async def test_the_tokens_held_are_bounded_and_the_latest_stay(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    assert TOKENS_HELD == 10_000
    monkeypatch.setattr("gateway.identity.TOKENS_HELD", 2)
    callers = identity(clock)
    tokens = [token(sub=name) for name in ("a", "b", "c")]
    first, second = [await callers.verified(each) for each in tokens[:2]]
    assert await callers.verified(tokens[0]) is first
    await callers.verified(tokens[2])
    assert await callers.verified(tokens[0]) is first
    assert await callers.verified(tokens[1]) is not second
