"""Published keys are fetched seldom, shared, rotated without a restart, and outlive an issuer that fails."""

import asyncio
import json
import threading
import time
from collections.abc import AsyncIterator, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx2
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from gateway.identity import Identity
from gateway.keys import KeysUnavailable, PublishedKeys
from permissions.roles import DEFAULT_ROLES
from tests.unit.tokens import OURS, THEIRS, WEAK, Clock, auth, refusal, segment, token


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def clock() -> Clock:
    return Clock()


class KeyServer:
    """An issuer on the loopback that publishes a key set and counts how often it is asked."""

    def __init__(self) -> None:
        self.body, self.status, self.asked, self.delay_s = b"", 200, 0, 0.0
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                server.asked += 1
                time.sleep(server.delay_s)
                self.send_response(server.status)
                self.send_header("Location", "/elsewhere")
                self.send_header("Content-Length", str(len(server.body)))
                self.end_headers()
                self.wfile.write(server.body)

            def log_message(self, format: str, *args: Any) -> None:
                """Tests print nothing."""

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._http.server_port}/keys"

    def publish(self, *keys: dict[str, Any]) -> None:
        self.status, self.body = 200, json.dumps({"keys": keys}).encode()

    def fail(self, status: int = 500, body: bytes = b"") -> None:
        self.status, self.body = status, body

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()


def published(kid: str, key: rsa.RSAPrivateKey = OURS, **changes: Any) -> dict[str, Any]:
    return {**jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key(), as_dict=True), "kid": kid, "use": "sig", **changes}


@pytest.fixture
def issuer() -> Iterator[KeyServer]:
    server = KeyServer()
    yield server
    server.close()


@pytest.fixture
async def callers(issuer: KeyServer, clock: Clock) -> AsyncIterator[Identity]:
    settings = auth(key=None, jwks_url=issuer.url, algorithms=["RS256", "PS256"])
    async with httpx2.AsyncClient(trust_env=False) as client:
        keys = PublishedKeys(issuer.url, client, clock)
        yield Identity(settings, DEFAULT_ROLES, keys, clock)
        await keys.close()


def by(kid: str | None, key: rsa.RSAPrivateKey = OURS, **changes: Any) -> str:
    """A token of this moment that names its key."""
    return token(key, headers=None if kid is None else {"kid": kid}, **changes)


FOREIGN_KEY = "The token's key is not one of its issuer's."


async def test_a_published_key_is_fetched_once(issuer: KeyServer, callers: Identity) -> None:
    issuer.publish(published("one"))
    for subject in ("ann", "bob", "cy"):
        assert (await callers.verified(by("one", sub=subject))).id == subject
    assert issuer.asked == 1


async def test_a_rotated_key_is_found_and_the_old_one_refused_after(
    issuer: KeyServer, callers: Identity, clock: Clock
) -> None:
    issuer.publish(published("one"))
    old = by("one")
    await callers.verified(old)
    issuer.publish(published("one"), published("two", THEIRS))
    clock.ahead_s = 61
    await callers.verified(by("two", THEIRS))
    await callers.verified(by("one", sub="bob"))
    assert issuer.asked == 2
    issuer.publish(published("two", THEIRS))
    clock.ahead_s = 662
    assert await refusal(callers, old) == FOREIGN_KEY
    assert (await callers.verified(by("two", THEIRS))).id == "ann"
    assert issuer.asked == 3


async def test_a_thousand_unknown_keys_cause_one_fetch_and_evict_nothing(
    issuer: KeyServer, callers: Identity, clock: Clock
) -> None:
    issuer.publish(published("one"))
    await callers.verified(by("one"))
    clock.ahead_s = 61
    template = by("one").split(".")
    for number in range(1_000):
        header = segment({"alg": "RS256", "kid": f"unknown-{number}"})
        assert await refusal(callers, ".".join([header, *template[1:]])) == FOREIGN_KEY
    assert issuer.asked == 2
    assert (await callers.verified(by("one", sub="bob"))).id == "bob"


async def test_callers_at_once_share_a_fetch_and_one_who_hangs_up_does_not_end_it(
    issuer: KeyServer, callers: Identity
) -> None:
    issuer.publish(published("one"))
    issuer.delay_s = 0.2
    first, *others = [asyncio.create_task(callers.verified(by("one", sub=name))) for name in ("a", "b", "c")]
    await asyncio.sleep(0.05)
    first.cancel()
    assert [found.id for found in await asyncio.gather(*others)] == ["b", "c"]
    assert (first.cancelled(), issuer.asked) == (True, 1)


@pytest.mark.parametrize(
    ("status", "body"),
    [(500, b""), (302, b""), (200, b"<html>"), (200, b'{"keys": []}'), (200, b" " * 300_000), (404, b'{"keys": []}')],
)
async def test_while_the_issuer_fails_its_last_keys_hold_for_a_day(
    issuer: KeyServer, callers: Identity, clock: Clock, status: int, body: bytes
) -> None:
    issuer.publish(published("one"))
    await callers.verified(by("one"))
    issuer.fail(status, body)
    clock.ahead_s = 24 * 3_600 - 1
    assert (await callers.verified(by("one", iat=None, exp=int(time.time()) + 3_000, sub="bob"))).id == "bob"
    clock.ahead_s += 61
    with pytest.raises(KeysUnavailable):
        await callers.verified(by("one"))
    issuer.publish(published("one"))
    clock.ahead_s += 6
    assert (await callers.verified(by("one"))).id == "ann"
    assert issuer.asked == 4


async def test_without_any_keys_no_token_is_judged(issuer: KeyServer, callers: Identity, clock: Clock) -> None:
    issuer.fail()
    for _ in range(3):
        with pytest.raises(KeysUnavailable) as raised:
            await callers.verified(by("one"))
    assert str(raised.value) == "The keys of the token's issuer are not available, try again later."
    assert issuer.asked == 1


@pytest.mark.parametrize(
    "entry",
    [
        {"kty": "oct", "kid": "one", "k": segment(b"s" * 32)},
        published("one", use="enc"),
        published("one", WEAK),
        published("one", n="!"),
        published("one", alg="RS999"),
        {"kid": "one"},
        {"kty": "EC", "kid": "one", "crv": "P-256", "x": "AA", "y": "AA"},
    ],
)
async def test_an_unfit_key_is_passed_over(issuer: KeyServer, callers: Identity, entry: dict[str, Any]) -> None:
    issuer.publish(entry, published("two", THEIRS))
    assert await refusal(callers, by("one")) == FOREIGN_KEY
    assert (await callers.verified(by("two", THEIRS))).id == "ann"


async def test_a_key_kept_for_one_algorithm_serves_no_other(issuer: KeyServer, callers: Identity) -> None:
    issuer.publish(published("one", alg="PS256"))
    assert await refusal(callers, by("one")) == FOREIGN_KEY
    assert (await callers.verified(by("one", algorithm="PS256"))).id == "ann"


async def test_a_token_without_a_key_id_is_refused(issuer: KeyServer, callers: Identity) -> None:
    issuer.publish(published("one"))
    assert await refusal(callers, by(None)) == FOREIGN_KEY
