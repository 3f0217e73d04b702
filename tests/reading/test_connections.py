"""A connection is at hand, in the pool or with somebody who gives it back, whatever becomes of who asked for it."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from datasources.errors import SourceUnavailable
from datasources.sql import schema
from datasources.sql.connections import Connections
from datasources.sql.engine import Database
from datasources.sql.sealing import MasterKey

pytestmark = pytest.mark.anyio

MANY_TURNS = 40
"""More turns of the loop than it takes to have a connection of the pool."""


@pytest.fixture
async def pool(postgres_url: str) -> AsyncIterator[Any]:
    pool = await asyncpg.create_pool(postgres_url.replace("+asyncpg", ""), min_size=1, max_size=1)
    yield pool
    pool.terminate()


async def test_whenever_a_taker_leaves_the_next_one_gets_the_connection(pool: Any) -> None:
    connections = Connections(pool, 1)
    left = 0
    for turns in range(MANY_TURNS):
        taking = asyncio.ensure_future(connections.take())
        for _ in range(turns):
            await asyncio.sleep(0)
        taking.cancel()
        await asyncio.wait({taking})
        left += taking.cancelled()
        if not taking.cancelled():
            connections.give(taking.result(), is_sound=False)
        connections.give(await connections.take(), is_sound=False)
    assert 0 < left < MANY_TURNS
    await connections.close()
    assert (connections.taken, connections.idle, pool.is_closing()) == (0, 0, True)


async def test_a_connection_that_somebody_keeps_does_not_keep_the_gateway_from_closing(pool: Any) -> None:
    connections = Connections(pool, 1)
    kept = await connections.take()
    async with asyncio.timeout(5):
        await connections.close()
    with pytest.raises(asyncpg.InterfaceError):
        await kept.fetch("SELECT 1")


async def test_a_server_without_encryption_is_not_talked_to_where_the_url_asks_for_it(postgres_url: str) -> None:
    database = Database("main", f"{postgres_url}?ssl=require", MasterKey(b"k" * 32))
    await database.open()
    with pytest.raises(SourceUnavailable):
        await database.dialect.fetch("SELECT 1", [])
    await database.close()


async def test_a_server_that_says_nothing_is_not_waited_for_where_its_schema_is_looked_at(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(schema, "CONNECT_S", 0.2)
    listening = await asyncio.start_server(lambda _reader, _writer: None, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    async with asyncio.timeout(10):
        with pytest.raises(SourceUnavailable):
            await schema.state("main", f"postgresql+asyncpg://nobody@127.0.0.1:{port}/none")
    listening.close()
