"""The gateway is let in by what its config holds; a token is fetched once and kept until shortly before it lapses."""

import asyncio
import base64
from typing import Any

import pytest

from datasources.errors import SourceError, SourceRefused, SourceTimedOut, SourceUnavailable
from datasources.http.credentials import ClientCredentials, Granted
from datasources.http.settings import CredentialSettings
from datasources.registry import Domain
from tests.harness import Gateway
from tests.upstreams.asking import first, ids, members, reader
from tests.upstreams.configs import helpdesk_section, processor_section
from tests.upstreams.conftest import Desked, Processing
from tests.upstreams.processor import CLIENT_ID
from tests.upstreams.serving import hang, status

SECRET = "s3cret/with%signs"


@pytest.mark.parametrize(
    ("auth", "header", "value"),
    [
        ({"kind": "bearer", "token": "t-1"}, "authorization", "Bearer t-1"),
        (
            {"kind": "basic", "username": "ann", "password": "pä:ss"},
            "authorization",
            f"Basic {base64.b64encode('ann:pä:ss'.encode()).decode()}",
        ),
        ({"kind": "header", "header": "X-Api-Key", "token": "t-2"}, "x-api-key", "t-2"),
        (None, "authorization", None),
    ],
)
async def test_a_call_shows_what_the_config_holds(
    gateway: Gateway, desk: Desked, auth: dict[str, Any] | None, header: str, value: str | None
) -> None:
    section = helpdesk_section(desk.upstream.url, auth=auth, headers={"X-Program": "loyalty"})
    async with reader(section, Domain.TICKETS, gateway) as read:
        with_status = status(200, b'{"tickets": [], "count": 0}')
        desk.upstream.fail(with_status)
        await read.of_customers(members(gateway, 8), first(1))
    (request,) = desk.upstream.requests
    assert (request.headers.get(header), request.headers["x-program"]) == (value, "loyalty")


async def test_a_token_is_fetched_once_for_all_who_wait(gateway: Gateway, cards: Processing) -> None:
    section = processor_section(cards.upstream.url)
    cards.upstream.pause_s = 0.05
    async with reader(section, Domain.CARDS, gateway) as read:
        found = await asyncio.gather(*(read.cards(members(gateway, household), first(2)) for household in (2, 5, 8)))
        assert [ids(page) for (page,) in found] == [[f"card_{n}_1", f"card_{n}_0"] for n in (2, 5, 8)]
        await read.cards(members(gateway, 2), first(2))
    assert (cards.state.granted, len(cards.upstream.requests)) == (1, 5)


async def test_a_token_that_is_not_taken_is_replaced_once(gateway: Gateway, cards: Processing) -> None:
    async with reader(processor_section(cards.upstream.url), Domain.CARDS, gateway) as read:
        await read.cards(members(gateway, 2), first(2))
        cards.state.refused_tokens = {"granted-1"}
        (page,) = await read.cards(members(gateway, 2), first(2))
        assert ids(page) == ["card_2_1", "card_2_0"]
        cards.state.refused_tokens = {f"granted-{number}" for number in range(10)}
        cards.upstream.requests.clear()
        with pytest.raises(SourceRefused) as raised:
            await read.cards(members(gateway, 2), first(2))
    assert [request.url.path for request in cards.upstream.requests] == ["/v1/cards", "/oauth/token", "/v1/cards"]
    assert "granted" not in str(raised.value)


@pytest.mark.parametrize("auth", ["header", "body"])
async def test_id_and_secret_are_shown_as_the_config_says(gateway: Gateway, cards: Processing, auth: str) -> None:
    section = processor_section(cards.upstream.url)
    section["auth"] = {**section["auth"], "client_auth": auth, "scope": "cards:read", "audience": "https://cards"}
    async with reader(section, Domain.CARDS, gateway) as read:
        assert ids((await read.cards(members(gateway, 2), first(1)))[0]) == ["card_2_1"]
    assert ("authorization" in cards.upstream.requests[0].headers) is (auth == "header")


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (status(401), SourceRefused),
        (status(400), SourceRefused),
        (status(500), SourceUnavailable),
        (status(429), SourceUnavailable),
        (hang, SourceTimedOut),
        (status(200, b"<html>"), SourceRefused),
        (status(200, b'{"access_token": ""}'), SourceRefused),
        (status(200, b'{"access_token": "two words"}'), SourceRefused),
        (status(200, b'{"access_token": "t", "token_type": "mac"}'), SourceRefused),
        (status(200, b" " * 70_000), SourceRefused),
    ],
)
async def test_without_a_token_nothing_is_asked(
    gateway: Gateway, cards: Processing, fault: Any, kind: type[SourceError]
) -> None:
    cards.upstream.fail(fault, at="/oauth")
    section = processor_section(cards.upstream.url, call_timeout_ms=1_000)
    async with reader(section, Domain.CARDS, gateway) as read:
        with pytest.raises(kind) as raised:
            await read.cards(members(gateway, 2), first(1))
        assert str(raised.value).startswith("asking for a token: the source upstream ")
        assert [request.url.path for request in cards.upstream.requests] == ["/oauth/token"]
        cards.upstream.forget()
        assert ids((await read.cards(members(gateway, 2), first(1)))[0]) == ["card_2_1"]


class Endpoint:
    """Grants tokens of a life at a time that is set."""

    def __init__(self, life_s: float | None) -> None:
        self.life_s, self.now, self.asked = life_s, 0.0, 0
        settings = CredentialSettings.model_validate(
            {"kind": "oauth2", "token_url": "https://t.example", "client_id": CLIENT_ID, "client_secret": SECRET}
        )
        self.credentials = ClientCredentials("upstream", settings, self.fetch, lambda: self.now)

    async def fetch(self, *_asked: object) -> Granted:
        self.asked += 1
        return Granted(f"t-{self.asked}", expires_in=self.life_s)


@pytest.mark.parametrize(
    ("life_s", "fresh_at", "stale_at"),
    [(3_600.0, 3_569.0, 3_570.0), (60.0, 53.9, 54.0), (10.0, 8.9, 9.0), (None, 1e9, None), (0.0, None, 0.0)],
)
async def test_a_token_is_kept_until_shortly_before_it_lapses(
    life_s: float | None, fresh_at: float | None, stale_at: float | None
) -> None:
    endpoint = Endpoint(life_s)
    assert await endpoint.credentials.headers() == {"authorization": "Bearer t-1"}
    if fresh_at is not None:
        endpoint.now = fresh_at
        assert await endpoint.credentials.headers() == {"authorization": "Bearer t-1"}
    if stale_at is not None:
        endpoint.now = stale_at
        assert await endpoint.credentials.headers() == {"authorization": "Bearer t-2"}


async def test_a_caller_who_leaves_does_not_end_the_fetch_of_others(gateway: Gateway, cards: Processing) -> None:
    cards.upstream.pause_s = 0.2
    async with reader(processor_section(cards.upstream.url), Domain.CARDS, gateway) as read:
        leaving = asyncio.create_task(read.cards(members(gateway, 5), first(1)))
        staying = asyncio.create_task(read.cards(members(gateway, 2), first(1)))
        await asyncio.sleep(0.1)
        leaving.cancel()
        assert ids((await staying)[0]) == ["card_2_1"]
    assert cards.state.granted == 1


@pytest.mark.parametrize(
    ("auth", "fault"),
    [
        ({"kind": "bearer"}, "bearer needs token"),
        ({"kind": "basic", "password": "x"}, "basic needs username"),
        ({"kind": "header", "token": "x"}, "header needs header"),
        ({"kind": "oauth2", "client_id": "x"}, "oauth2 needs token_url, client_secret"),
        ({"kind": "bearer", "token": "x", "username": "ann"}, "bearer has no use for username"),
        ({"kind": "bearer", "token": "zwei Worte"}, "token must be of visible ASCII characters"),
    ],
)
def test_credentials_that_can_not_be_are_refused(auth: dict[str, Any], fault: str) -> None:
    with pytest.raises(ValueError, match="1 validation error") as raised:
        CredentialSettings.model_validate(auth)
    assert fault in str(raised.value)


def test_a_secret_stands_in_no_text() -> None:
    settings = CredentialSettings.model_validate({"kind": "bearer", "token": SECRET.replace("/", "")})
    assert SECRET.replace("/", "") not in repr(settings)
