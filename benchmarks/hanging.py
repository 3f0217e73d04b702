"""How long operations take while a source that they do not ask hangs, beside how long they take without that.

    uv run python benchmarks/hanging.py [--customers 200] [--database-url URL] [--json]

The notes are bound to a server that takes connections and never says a word, its breaker set never to open. Some clients ask
for Q1 (no notes); in every other round as many more as the gateway keeps waiting ask for notes, whose calls all hang. The
figures are the medians of the rounds' percentiles. Ends with status 1 where the 99th is more than 1.2 times the other's.
"""

import argparse
import asyncio
import itertools
import json
import multiprocessing
import statistics
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.databases import database  # noqa: E402  # run as a script, the project is not on the path
from benchmarks.operations import QUERIES  # noqa: E402
from benchmarks.population import customer_id, populate, stands  # noqa: E402
from benchmarks.servers import Server, gateway_on  # noqa: E402
from schema.ids import global_id  # noqa: E402

LIMIT = 1.2
CLIENTS, HANGING = 4, 16
ROUNDS, REQUESTS, PERIOD_S = 15, 400, 0.05
TIMEOUT_S = 2.0
STARTED_S = 4.0
"""In what time a process of this module is there."""
NOTES = "query Notes($id: ID!) { customer(by: {id: $id}) { notes(first: 10) { edges { node { id } } } } }"
DESK = """[sources.desk]
kind = "sql"
url = "postgresql+asyncpg://nobody@127.0.0.1:{port}/none"
breaker_calls = 1000000
"""


def bodies(query: str, customers: int) -> Iterator[bytes]:
    """Requests for one customer after the other, without end."""
    for index in itertools.cycle(range(customers)):
        yield json.dumps({"query": query, "variables": {"id": global_id("Customer", customer_id(index))}}).encode()


async def latencies(server: Server, waiting: Iterator[bytes]) -> list[float]:
    """Seconds that each of the requests took, sent by so many clients every so often, whatever came back."""
    found: list[float] = []

    async def client(number: int, http: httpx2.AsyncClient) -> None:
        due = time.perf_counter() + PERIOD_S * number / CLIENTS
        while len(found) < REQUESTS:
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            began = time.perf_counter()
            response = await http.post(server.url, content=next(waiting), headers=server.headers)
            found.append(time.perf_counter() - began)
            if response.status_code != 200 or b'"errors"' in response.content:
                raise RuntimeError(response.text)
            due += PERIOD_S

    async with httpx2.AsyncClient(timeout=30) as http:
        await asyncio.gather(*(client(number, http) for number in range(CLIENTS)))
    return found


def hang(url: str, headers: dict[str, str], customers: int) -> None:
    """Ask the gateway for notes until ended."""
    asyncio.run(hanging(url, headers, bodies(NOTES, customers)))


async def hanging(url: str, headers: dict[str, str], waiting: Iterator[bytes]) -> None:
    """Ask for notes until cancelled, at moments that are spread over the time that a call takes."""

    async def client(number: int) -> None:
        await asyncio.sleep(TIMEOUT_S * number / HANGING)
        async with httpx2.AsyncClient(timeout=30) as http:
            while True:
                response = await http.post(url, content=next(waiting), headers=headers)
                if b"SOURCE_TIMEOUT" not in response.content:
                    raise RuntimeError(response.text)

    await asyncio.gather(*(client(number) for number in range(HANGING)))


async def measured(server: Server, customers: int) -> dict[str, dict[str, float]]:
    """Milliseconds: percentiles without and with what hangs."""
    rounds: dict[str, list[list[float]]] = {"alone": [], "beside": []}
    asked = bodies(QUERIES["Q1"], customers)
    await latencies(server, asked)
    for _ in range(ROUNDS):
        rounds["alone"].append(await latencies(server, asked))
        # In a process of its own: whoever asks for notes must not keep those waiting whose time is taken.
        running = multiprocessing.get_context("spawn").Process(
            target=hang, args=(server.url, server.headers, customers)
        )
        running.start()
        await asyncio.sleep(STARTED_S + TIMEOUT_S)
        rounds["beside"].append(await latencies(server, asked))
        if running.exitcode is not None:
            raise RuntimeError("What should hang was answered.")
        running.terminate()
        running.join()
        await asyncio.sleep(TIMEOUT_S + 0.5)
    return {way: {name: middle(found, at) for name, at in (("p50", 50), ("p99", 99))} for way, found in rounds.items()}


def middle(rounds: list[list[float]], at: int) -> float:
    """The median of the rounds' percentiles, in milliseconds."""
    return statistics.median(statistics.quantiles(one, n=100)[at - 1] * 1_000 for one in rounds)


async def silent(_reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    await asyncio.Event().wait()


async def compared(url: str, customers: int) -> dict[str, dict[str, float]]:
    if not await stands(url, customers):
        await populate(url, customers)
    listening = await asyncio.start_server(silent, "127.0.0.1", 0)
    desk = DESK.format(port=listening.sockets[0].getsockname()[1])
    with gateway_on(url, sections=desk, environment={"CUSTOMER_GRAPH_DOMAINS__NOTES": "desk"}) as server:
        return await measured(server, customers)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--customers", type=int, default=200)
    parser.add_argument("--database-url")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    with database(given.database_url) as url:
        found = asyncio.run(compared(url, given.customers))
    ratio = found["beside"]["p99"] / found["alone"]["p99"]
    if given.json:
        print(json.dumps({"ms": found, "ratio": ratio}))
    else:
        for way, figures in found.items():
            print(f"{way:7} {'  '.join(f'{name} {ms:6.2f} ms' for name, ms in figures.items())}")
        print(f"p99 beside what hangs is {ratio:.2f} of that alone")
    sys.exit(ratio > LIMIT)


if __name__ == "__main__":
    main()
