"""The link to a source is cut: its fields are null, nobody else waits, and it is asked again as soon as it is back."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.demo import PostgresDemo
from tests.outages.asking import Client, serving
from tests.outages.faulty import install
from tests.outages.proxy import Link, Mode, linked

NOTES = '{ customer(by: {supportId: "CJ-000015"}) { supportId notes(first: 2) { totalCount } } }'
OTHERS = '{ customer(by: {supportId: "CJ-000015"}) { supportId totalPoints } }'
SETTINGS = {"timeout_ms": 1_000, "breaker_open_s": 1}
HUNG_S = 10.0
"""Far longer than anything takes that has a limit."""
BREAKER = 'customer_graph_source_breaker{source="desk"}'


@pytest.fixture
async def link(on_postgres: PostgresDemo) -> AsyncIterator[Link]:
    async with linked(on_postgres.url) as opened:
        yield opened


@pytest.fixture
async def client(on_postgres: PostgresDemo, link: Link, tmp_path: Path) -> AsyncIterator[Client]:
    install()
    async with serving(on_postgres.url, tmp_path, SETTINGS | {"url": link.url}) as opened:
        yield opened


async def until_back(client: Client) -> None:
    """Return when the notes are there again. Raises TimeoutError where they are not in five seconds."""
    async with asyncio.timeout(5):
        while (await client.ask(NOTES)).errors:  # noqa: ASYNC110  # nothing tells when
            await asyncio.sleep(0.05)


async def test_connections_that_are_reset_are_made_anew_without_anybody_noticing(client: Client, link: Link) -> None:
    sound = await client.ask(NOTES)
    made = link.made
    link.be(Mode.RESET)
    link.be(Mode.PASS)
    for _ in range(5):
        assert await client.ask(NOTES) == sound
    assert link.made > made


async def test_a_source_that_resets_every_connection_is_unavailable_and_then_not_asked(
    client: Client, link: Link
) -> None:
    sound = await client.ask(NOTES)
    others = await client.ask(OTHERS)
    link.be(Mode.RESET)
    for _ in range(20):
        answer = await client.ask(NOTES)
        assert answer.data == {"customer": {"supportId": "CJ-000015", "notes": None}}
        assert answer.told == ["SOURCE_UNAVAILABLE desk customer.notes"]
    assert await client.metric(BREAKER) == 1
    made = link.made
    for _ in range(5):
        assert (await client.ask(NOTES)).told == ["SOURCE_UNAVAILABLE desk customer.notes"]
        assert await client.ask(OTHERS) == others
    assert link.made == made
    link.be(Mode.PASS)
    await until_back(client)
    assert (await client.ask(NOTES), await client.metric(BREAKER)) == (sound, 0)


async def test_a_black_hole_costs_each_request_its_time_until_the_breaker_opens(client: Client, link: Link) -> None:
    sound = await client.ask(NOTES)
    link.be(Mode.HOLE)
    async with asyncio.timeout(HUNG_S):
        answers = await asyncio.gather(*(client.ask(NOTES) for _ in range(20)))
    assert {tuple(answer.told) for answer in answers} == {("SOURCE_TIMEOUT desk customer.notes",)}
    for _ in range(5):
        assert (await client.ask(NOTES)).told == ["SOURCE_UNAVAILABLE desk customer.notes"]
    link.be(Mode.PASS)
    await until_back(client)
    assert await client.ask(NOTES) == sound
