"""What a page of a customer with 100,000 events and ledger entries costs, beside one of customers with 40 and 30.

    uv run python benchmarks/history.py [--customers 1000] [--database-url URL] [--json]

The figures are user and system time per request, of the gateway's process and of those that PostgreSQL works for it in;
the median of the rounds, in which both kinds of customers take turns. Then the same over SQLite, into which customers are
copied. Without a URL, PostgreSQL starts from its wheel; a population that stands is used again.
"""

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import asyncpg
import psutil
from sqlalchemy import Table, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.databases import address, database  # noqa: E402  # run as a script, the project is not on the path
from benchmarks.operations import EVENTS, PAGE  # noqa: E402
from benchmarks.population import customer_id, populate, stands  # noqa: E402
from benchmarks.servers import Server, cpu_s, gateway_on, load  # noqa: E402
from datasources.sql.schema import analyze, upgrade  # noqa: E402
from datasources.sql.tables import metadata  # noqa: E402
from schema.ids import global_id  # noqa: E402

LONG, HISTORY = 7, 100_000
SHORT = range(8, 40)
ROUNDS, REQUESTS, CLIENTS = 9, 200, 8
COPIED = 5_000
QUERIES = {
    "events": f"query Events($id: ID!) {{ customer(by: {{id: $id}}) {{ events(first: 20) {{ {EVENTS} }} }} }}",
    "points": f"""query Points($id: ID!) {{ customer(by: {{id: $id}}) {{ pointAudit(first: 20) {{ edges {{ node {{
        id sequence modification kind status remaining balanceAfter occurredAt }} }} {PAGE} }} }} }}""",
}


def body(query: str, index: int) -> bytes:
    """One request for a page of the n-th customer."""
    return json.dumps(
        {"query": QUERIES[query], "variables": {"id": global_id("Customer", customer_id(index))}}
    ).encode()


async def backends(url: str) -> list[int]:
    """The processes that PostgreSQL works for the gateway in."""
    connection = await asyncpg.connect(**address(url))
    try:
        found = await connection.fetch(
            "SELECT pid FROM pg_stat_activity WHERE application_name = 'customer-graph' AND datname = $1",
            address(url)["database"],
        )
        return [row["pid"] for row in found]
    finally:
        await connection.close()


def measured(server: Server, spent: Callable[[], float], query: str) -> tuple[float, float]:
    """CPU milliseconds a request: customers with a short history, the one with the long one."""
    short = [body(query, SHORT[number % len(SHORT)]) for number in range(REQUESTS)]
    both = {"short": short, "long": [body(query, LONG)] * REQUESTS}
    rounds: dict[str, list[float]] = {"short": [], "long": []}
    for bodies in both.values():
        asyncio.run(load(server, bodies, CLIENTS))
    for _ in range(ROUNDS):
        for kind, bodies in both.items():
            before = spent()
            asyncio.run(load(server, bodies, CLIENTS))
            rounds[kind].append((spent() - before) / REQUESTS * 1_000)
    return statistics.median(rounds["short"]), statistics.median(rounds["long"])


def of_gateway(url: str) -> dict[str, tuple[float, float]]:
    """The figures of a gateway over this database, by query."""
    with gateway_on(url) as server:
        asyncio.run(load(server, [body("events", index) for index in SHORT], CLIENTS))
        working = [server.process]
        if url.startswith("postgresql"):
            working += [psutil.Process(pid) for pid in asyncio.run(backends(url))]
        return {query: measured(server, lambda: sum(cpu_s(found) for found in working), query) for query in QUERIES}


async def copy(source: str, target: str) -> None:
    """Copy what belongs to no customer, and the customers that are asked for, into an empty SQLite database."""
    await upgrade("main", target)
    engines = create_async_engine(source), create_async_engine(target)
    async with engines[0].connect() as reading, engines[1].begin() as writing:
        for table in metadata.sorted_tables:
            await _copy_table(table, reading, writing)
    for engine in engines:
        await engine.dispose()
    await analyze("main", target)


async def _copy_table(table: Table, reading: AsyncConnection, writing: AsyncConnection) -> None:
    wanted = select(table)
    if "customer_id" in table.c:
        wanted = wanted.where(table.c.customer_id.in_([customer_id(index) for index in (LONG, *SHORT)]))
    rows = await reading.stream(wanted)
    async for part in rows.mappings().partitions(COPIED):
        values: list[dict[str, Any]] = [dict(row) for row in part]
        await writing.execute(insert(table), values)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--customers", type=int, default=1_000)
    parser.add_argument("--database-url", help="postgresql+asyncpg://… of a database that may be overwritten")
    parser.add_argument("--json", action="store_true", help="print the ratios as one line of JSON at the end")
    options = parser.parse_args()
    with database(options.database_url) as url, tempfile.TemporaryDirectory() as folder:
        if not asyncio.run(stands(url, options.customers, {LONG: HISTORY})):
            print(f"generating {options.customers} customers", flush=True)
            asyncio.run(populate(url, options.customers, {LONG: HISTORY}))
        copied = f"sqlite+aiosqlite:///{folder}/history.sqlite"
        asyncio.run(copy(url, copied))
        figures = {"postgresql": of_gateway(url), "sqlite": of_gateway(copied)}
    print("database     page      short ms    long ms   ratio")
    for name, pages in figures.items():
        for query, (short, long) in pages.items():
            print(f"{name:12} {query:8} {short:9.3f} {long:10.3f} {long / short:7.2f}")
    if options.json:
        ratios = {name: {query: round(b / a, 3) for query, (a, b) in pages.items()} for name, pages in figures.items()}
        print(json.dumps(ratios))


if __name__ == "__main__":
    main()
