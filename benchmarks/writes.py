"""What a mutation costs beside a hand-written endpoint that runs the same statements, in CPU and in throughput.

    uv run python benchmarks/writes.py [--customers 1000] [--database-url URL] [--ingest] [--json]

A batch of a thousand events of as many customers, beside inserting the same rows by executemany in a process of its own.
Adjustments of points, additions and deductions in turn, by 16 clients: over different customers, on one hot customer,
and on one with 100,000 ledger entries beside others with 30. CPU is user and system time of the server's process per
mutation; throughput is answers per second; the median of rounds in turn. Without a URL, PostgreSQL starts from its wheel.
"""

import argparse
import asyncio
import datetime as dt
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit
from uuid import uuid4

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.databases import database  # noqa: E402  # run as a script, the project is not on the path
from benchmarks.ingest_floor import BATCH, FACTS, REMARK  # noqa: E402
from benchmarks.population import NOW, customer_id, identify, populate, stands  # noqa: E402
from benchmarks.servers import Server, cpu_s, floor_on, gateway_on  # noqa: E402
from schema.ids import global_id  # noqa: E402

ADJUST = """mutation ($input: PointsAdjustInput!) { pointsAdjust(input: $input) {
    userErrors { code } replayed entry { id modification balanceAfter } } }"""
INGEST = """mutation ($input: EventsIngestInput!) { eventsIngest(input: $input) {
    userErrors { code } results { outcome error { code path } } } }"""
LONG, HISTORY, HOT = 7, 100_000, 11
SPREAD = range(100, 900)
CLIENTS, ROUNDS, REQUESTS = 16, 5, 800
BATCHES = 20

Body = Callable[[int, int], bytes]
"""(customer's index, points) → the request."""


class Target(NamedTuple):
    """A server, and how it is asked."""

    server: Server
    body: Body

    def cost(self, customers: list[int]) -> tuple[float, float]:
        """CPU milliseconds a mutation, and mutations a second, for one mutation each of these customers."""
        bodies = [self.body(index, 3 if number % 2 else -2) for number, index in enumerate(customers)]
        before, began = cpu_s(self.server.process), time.perf_counter()
        asyncio.run(sent(self.server, bodies))
        took = time.perf_counter() - began
        return (cpu_s(self.server.process) - before) / len(bodies) * 1000, len(bodies) / took


async def sent(server: Server, bodies: list[bytes], clients: int = CLIENTS) -> None:
    """Send every body once over plain connections, which take less CPU than any client library. Raises where an answer
    tells of an error."""
    parsed, waiting = urlsplit(server.url), iter(bodies)
    lines = "".join(f"{name}: {value}\r\n" for name, value in server.headers.items())

    async def client() -> None:
        reader, writer = await asyncio.open_connection(parsed.hostname, parsed.port)
        for body in waiting:
            head = f"POST {parsed.path} HTTP/1.1\r\nhost: x\r\n{lines}content-length: {len(body)}\r\n\r\n"
            writer.write(head.encode() + body)
            told = (await reader.readuntil(b"\r\n\r\n")).lower()
            size = int(told.split(b"content-length: ")[1].split(b"\r\n")[0])
            answer = await reader.readexactly(size)
            if b'"userErrors":[]' not in answer or b'"errors"' in answer:
                raise RuntimeError(answer.decode()[:400])
        writer.close()

    await asyncio.gather(*(client() for _ in range(clients)))


def adjustment(index: int, points: int) -> bytes:
    """An adjustment as a client of the gateway asks for it."""
    asked = {
        "customerId": global_id("Customer", customer_id(index)),
        "idempotencyKey": uuid4().hex,
        "accountKey": "points",
        "sourceKey": "manual",
        "direction": "ADD" if points > 0 else "DEDUCT",
        "points": abs(points),
        "reason": {"code": "correction"},
    }
    return json.dumps({"query": ADJUST, "variables": {"input": asked}}).encode()


def floor_adjustment(index: int, points: int) -> bytes:
    """An adjustment as the floor is asked for it."""
    return json.dumps({"id": str(customer_id(index)), "key": uuid4().hex, "points": points}).encode()


def whom(kind: str, turn: int) -> list[int]:
    """Whose points the requests of a round change."""
    if kind == "different":
        return [SPREAD[(turn * 131 + number) % len(SPREAD)] for number in range(REQUESTS)]
    return [HOT if kind == "hot" else LONG] * REQUESTS


def compared(gateway: Target, floor: Target) -> dict[str, dict[str, float]]:
    """The figures of different customers and of a hot one: the servers in turn, round by round."""
    found = {}
    for kind in ("different", "hot"):
        rounds = []
        for turn in range(ROUNDS + 1):
            ours, least = gateway.cost(whom(kind, turn)), floor.cost(whom(kind, turn + 3))
            if turn:  # the first is to warm up
                rounds.append((*ours, *least))
        cpu, rate, floor_cpu, floor_rate = (statistics.median(values) for values in zip(*rounds, strict=True))
        found[kind] = {
            "cpu_ms": round(cpu, 3),
            "floor_cpu_ms": round(floor_cpu, 3),
            "cpu_ratio": round(statistics.median(one[0] / one[2] for one in rounds), 2),
            "per_s": round(rate),
            "floor_per_s": round(floor_rate),
            "throughput_ratio": round(statistics.median(one[1] / one[3] for one in rounds), 2),
        }
    return found


def batch(customers: int, day: int) -> bytes:
    """Visits of stores, a day each later than those of the batch before."""
    at = (NOW + dt.timedelta(days=day)).isoformat()
    visits = [
        {
            "source": "bench",
            "sourceEventId": uuid4().hex,
            "type": "store_visit",
            "occurredAt": at,
            "customer": {"externalId": {"system": "crm", "value": str(number % customers)}},
            "attributes": FACTS | REMARK,
        }
        for number in range(BATCH)
    ]
    return json.dumps({"query": INGEST, "variables": {"input": {"events": visits}}}).encode()


def ingested(gateway: Server, url: str, customers: int) -> dict[str, float]:
    """CPU of a batch of a thousand events, beside that of inserting its rows, and of making and inserting them: in turn,
    round by round."""
    command = [sys.executable, "-m", "benchmarks.ingest_floor", url, str(customers), str(BATCHES)]
    asyncio.run(sent(gateway, [batch(customers, 0)], clients=1))
    rounds = []
    for turn in range(ROUNDS):
        floor = json.loads(subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout)
        bodies = [batch(customers, turn * BATCHES + number + 1) for number in range(BATCHES)]
        before = cpu_s(gateway.process)
        asyncio.run(sent(gateway, bodies, clients=1))
        # The clock of a process ticks every 10 ms: only many batches tell what one costs.
        rounds.append(((cpu_s(gateway.process) - before) / BATCHES * 1000, *floor.values()))
    cpu, insert, make = (statistics.median(values) for values in zip(*rounds, strict=True))
    return {
        "cpu_ms": round(cpu, 1),
        "insert_ms": round(insert, 1),
        "make_and_insert_ms": round(make, 1),
        "ratio": round(statistics.median(ours / least for ours, least, _ in rounds), 2),
        "ratio_with_making": round(statistics.median(ours / least for ours, _, least in rounds), 2),
    }


def long_history(gateway: Target) -> dict[str, float]:
    """CPU of an adjustment of the customer with 100,000 entries, beside one of the hot customer, who had 30."""
    rounds = []
    for turn in range(ROUNDS + 1):
        short, long = gateway.cost(whom("hot", turn)), gateway.cost(whom("long", turn))
        if turn:
            rounds.append((short[0], long[0]))
    short_ms, long_ms = (statistics.median(values) for values in zip(*rounds, strict=True))
    ratio = statistics.median(long / short for short, long in rounds)
    return {"short_ms": round(short_ms, 3), "long_ms": round(long_ms, 3), "ratio": round(ratio, 3)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--customers", type=int, default=1_000)
    parser.add_argument("--database-url", help="postgresql+asyncpg://… of a database that may be overwritten")
    parser.add_argument("--json", action="store_true", help="print the figures as one line of JSON at the end")
    parser.add_argument("--ingest", action="store_true", help="measure the batches of events alone")
    options = parser.parse_args()
    with database(options.database_url) as url:
        if not asyncio.run(stands(url, options.customers, {LONG: HISTORY})):
            print(f"generating {options.customers} customers", flush=True)
            asyncio.run(populate(url, options.customers, {LONG: HISTORY}))
        asyncio.run(identify(url, options.customers))
        with gateway_on(url) as server:
            found: dict[str, Any] = {"events_ingest": ingested(server, url, options.customers)}
            if not options.ingest:
                gateway = Target(server, adjustment)
                with floor_on(url, "benchmarks.write_floor") as floor:
                    found |= compared(gateway, Target(floor, floor_adjustment))
                found["long_history"] = long_history(gateway)
    for kind, figures in found.items():
        print(kind, figures)
    if options.json:
        print(json.dumps(found))


if __name__ == "__main__":
    main()
