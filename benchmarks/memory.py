"""Resident memory of `customer-graph serve` over the demo program, before and after mixed requests.

    uv run python benchmarks/memory.py [--requests 500] [--database-url URL --master-key BASE64]

Without a URL, all 2,469 households are loaded into a temporary SQLite file first, which takes a minute or two. Ends with
status 1 where the server ever held more than 200 MB.
"""

import argparse
import asyncio
import base64
import datetime as dt
import itertools
import json
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import psutil

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.operations import PAGE, QUERIES  # noqa: E402  # run as a script, the project is not on the path
from benchmarks.servers import MASTER_KEY, Server, gateway_on, load  # noqa: E402
from datasources.importing import load_completejourney  # noqa: E402
from datasources.sql.schema import analyze, upgrade  # noqa: E402

LIMIT_MB = 200
CLIENTS = 16

ALL = "query All($after: String) { customers(first: 200, after: $after) { nodes { id } pageInfo { hasNextPage endCursor } } }"
OF_CUSTOMER = {
    "Q1": QUERIES["Q1"],
    "Q2": QUERIES["Q2"],
    "purchases": f"""query Purchases($id: ID!) {{ customer(by: {{id: $id}}) {{ transactions(first: 200) {{ edges {{ node {{
        id occurredAt total {{ amount }} items {{ sku name quantity total {{ amount }} }} }} }} {PAGE} }} }} }}""",
    "history": f"""query History($id: ID!) {{ customer(by: {{id: $id}}) {{
        events(first: 200) {{ totalCount edges {{ node {{ id title summary occurredAt }} }} {PAGE} }}
        pointAudit(first: 200) {{ edges {{ node {{ id modification remaining }} }} {PAGE} }} }} }}""",
}
"""What is asked in turn of one customer after the other; every fifth request lists fifty customers (Q3)."""


def bodies(ids: list[str], requests: int) -> list[bytes]:
    """The requests, each of another customer."""
    made = []
    for number, customer in zip(range(requests), itertools.cycle(ids), strict=False):
        if number % 5 == 4:
            query, variables = QUERIES["Q3"], {"after": "abcdefghij"[number // 5 % 10]}
        else:
            query, variables = list(OF_CUSTOMER.values())[number % 5], {"id": customer}
        made.append(json.dumps({"query": query, "variables": variables}).encode())
    return made


async def customers(server: Server) -> list[str]:
    """The global ids of all customers, in the order of the member list."""
    found: list[str] = []
    after: str | None = None
    async with httpx2.AsyncClient(timeout=30, headers=server.headers) as http:
        while True:
            answer = await http.post(server.url, json={"query": ALL, "variables": {"after": after}})
            page: dict[str, Any] = answer.json()["data"]["customers"]
            found += [node["id"] for node in page["nodes"]]
            after = page["pageInfo"]["endCursor"]
            if not page["pageInfo"]["hasNextPage"]:
                return found


def resident_mb(process: psutil.Process) -> float:
    return float(process.memory_info().rss / 1_000_000)


def peak_mb(process: psutil.Process) -> float:
    """The most that was ever resident, as Linux tells it."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1]) * 1_024 / 1_000_000


@contextmanager
def database(url: str | None, folder: Path) -> Iterator[str]:
    """The URL given, or that of a file into which the whole demo program is loaded."""
    if url is None:
        url = f"sqlite+aiosqlite:///{folder / 'demo.sqlite'}"
        print("loading all households", flush=True)
        asyncio.run(upgrade("main", url))
        load_completejourney(url, as_of=dt.date(2026, 1, 31), master_key=base64.b64decode(MASTER_KEY))
        asyncio.run(analyze("main", url))
    yield url


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=500)
    parser.add_argument("--database-url", help="of a loaded database")
    parser.add_argument("--master-key", default=MASTER_KEY, help="in base64; the one it was loaded with")
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as folder,
        database(options.database_url, Path(folder)) as url,
        gateway_on(url, options.master_key) as server,
    ):
        before = resident_mb(server.process)
        ids = asyncio.run(customers(server))
        asyncio.run(load(server, bodies(ids, options.requests), CLIENTS))
        after, peak = resident_mb(server.process), peak_mb(server.process)
    print(f"{len(ids):,} customers, {options.requests} requests")
    print(f"resident: {before:.0f} MB at the start, {after:.0f} MB after, {peak:.0f} MB at most")
    sys.exit(peak > LIMIT_MB)


if __name__ == "__main__":
    main()
