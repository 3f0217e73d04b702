"""How long operations take while a source that they do not ask hangs, beside how long they take while it does not.

    uv run python benchmarks/hanging.py [--customers 200] [--database-url URL] [--breaker] [--json]

The notes are bound to a server that takes connections and never says a word, its breaker set never to open, or with
`--breaker` as it is where nothing is set: then calls are refused at once but for its probes. Some clients ask for Q1 (no
notes), in rounds of three turns: alone; beside others, as many as the gateway keeps waiting, who ask for tags, which are
answered; and beside the same others at the same pace, who ask for notes, whose calls hang. The figures are the
medians of the rounds' percentiles, each ratio that of a round: from one minute to the next a machine differs by more than
the turns of a round do. Ends with status 1 where the 99th is more than 1.2 times as long as beside those who are answered:
what is due to more requests is in both.
"""

import argparse
import asyncio
import itertools
import json
import multiprocessing
import socket
import statistics
import sys
import time
from collections.abc import Iterator
from enum import IntEnum
from pathlib import Path
from typing import Any

import httpx2

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.databases import database  # noqa: E402  # run as a script, the project is not on the path
from benchmarks.operations import QUERIES  # noqa: E402
from benchmarks.population import customer_id, populate, stands  # noqa: E402
from benchmarks.servers import Server, gateway_on  # noqa: E402
from schema.ids import global_id  # noqa: E402

LIMIT = 1.2
CLIENTS, OTHERS = 4, 16
ROUNDS, REQUESTS, PERIOD_S = 13, 1_600, 0.0125
TIMEOUT_S = 2.0
SETTLED_S = TIMEOUT_S + 0.5
"""In what time the others do what they are to, and nothing else any more."""
BACKLOG = 4_096
"""Linux' bound, unless it was changed: more than are asked for notes in all."""
OTHER = "query Other($id: ID!) {{ customer(by: {{id: $id}}) {{ {0}(first: 10) {{ edges {{ node {{ {1} }} }} }} }} }}"
DESK = """[sources.desk]
kind = "sql"
url = "postgresql+asyncpg://nobody@127.0.0.1:{port}/none"
"""
NEVER_OPEN = "breaker_calls = 1000000\n"


class Turn(IntEnum):
    """What the others do meanwhile."""

    ALONE = 0
    ANSWERED = 1
    HANGING = 2


Rounds = dict[Turn, list[list[float]]]
"""The latencies of each round, by turn."""
ASKED = {Turn.ANSWERED: OTHER.format("tags", "key"), Turn.HANGING: OTHER.format("notes", "id")}


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


def others(url: str, headers: dict[str, str], customers: int, turn: Any, failing: bytes) -> None:
    """Ask the gateway for what the turn says, until ended. In a process of their own: whoever asks must not keep those
    waiting whose time is taken."""
    asyncio.run(asking(url, headers, customers, turn, failing))


async def asking(url: str, headers: dict[str, str], customers: int, turn: Any, failing: bytes) -> None:
    """Each of them asks once in the time that a call may take, at moments that are spread over it; `failing` is in the
    answers to those who ask for what hangs."""
    waiting = {which: bodies(query, customers) for which, query in ASKED.items()}

    async def client(number: int, http: httpx2.AsyncClient) -> None:
        due = time.perf_counter() + TIMEOUT_S * number / OTHERS
        while True:
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            now = Turn(turn.value)
            if now is not Turn.ALONE:
                response = await http.post(url, content=next(waiting[now]), headers=headers)
                if (failing in response.content) is not (now is Turn.HANGING):
                    raise RuntimeError(response.text)
            due = max(due + TIMEOUT_S, time.perf_counter())

    async with httpx2.AsyncClient(timeout=30) as http:
        await asyncio.gather(*(client(number, http) for number in range(OTHERS)))


async def measured(server: Server, customers: int, failing: bytes) -> Rounds:
    """The latencies of each round by turn, in seconds."""
    rounds: Rounds = {turn: [] for turn in Turn}
    asked = bodies(QUERIES["Q1"], customers)
    processes = multiprocessing.get_context("spawn")
    turn = processes.Value("i", Turn.ALONE)
    running = processes.Process(target=others, args=(server.url, server.headers, customers, turn, failing), daemon=True)
    running.start()
    await latencies(server, asked)
    for _ in range(ROUNDS):
        for now in Turn:
            turn.value = now
            await asyncio.sleep(SETTLED_S)
            rounds[now].append(await latencies(server, asked))
            if running.exitcode is not None:
                raise RuntimeError("What should hang was answered, or what should be answered was not.")
    running.terminate()
    running.join()
    return rounds


def percentiles(rounds: list[list[float]], at: int) -> list[float]:
    """A percentile of each round, in milliseconds."""
    return [statistics.quantiles(one, n=100)[at - 1] * 1_000 for one in rounds]


def ratio(rounds: Rounds, other: Turn) -> float:
    """What the 99th percentile is beside those who hang, of what it is in the other turn of the same round."""
    pairs = zip(percentiles(rounds[Turn.HANGING], 99), percentiles(rounds[other], 99), strict=True)
    return statistics.median(hanging / otherwise for hanging, otherwise in pairs)


async def compared(url: str, customers: int, *, has_breaker: bool) -> Rounds:
    if not await stands(url, customers):
        await populate(url, customers)
    # Nobody accepts: the kernel takes connections, and nothing in this process, which takes the time, has to do with them.
    with socket.create_server(("127.0.0.1", 0), backlog=BACKLOG) as silent:
        desk = DESK.format(port=silent.getsockname()[1]) + ("" if has_breaker else NEVER_OPEN)
        with gateway_on(url, sections=desk, environment={"CUSTOMER_GRAPH_DOMAINS__NOTES": "desk"}) as server:
            return await measured(server, customers, b"SOURCE_" if has_breaker else b"SOURCE_TIMEOUT")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--customers", type=int, default=200)
    parser.add_argument("--database-url")
    parser.add_argument("--breaker", action="store_true", help="let the breaker of what hangs open")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    with database(given.database_url) as url:
        found = asyncio.run(compared(url, given.customers, has_breaker=given.breaker))
    figures = {
        turn.name.lower(): {f"p{at}": round(statistics.median(percentiles(found[turn], at)), 2) for at in (50, 99)}
        for turn in Turn
    }
    to_answered, to_alone = ratio(found, Turn.ANSWERED), ratio(found, Turn.ALONE)
    if given.json:
        print(json.dumps({"ms": figures, "ratio": to_answered, "ratio_to_alone": to_alone}))
    else:
        for name, ms in figures.items():
            print(f"{name:9} p50 {ms['p50']:6.2f} ms  p99 {ms['p99']:6.2f} ms")
        print(
            f"p99 beside those who hang: {to_answered:.2f} of that beside those who are answered, {to_alone:.2f} of that alone"
        )
    sys.exit(to_answered > LIMIT)


if __name__ == "__main__":
    main()
