"""CPU per request of the gateway for Q1, Q2 and Q3, beside a floor that does the same work without GraphQL, and beside
the same gateway whose operations are all walked by graphql-core.

    uv run python benchmarks/operations.py [--customers 20000] [--database-url URL] [--json]

The servers run in processes of their own over the same PostgreSQL database, with 10 connections and 16 clients; the
figures are user and system time of the server's process per request. Servers take short turns, gateway and floor in either
order, so that a machine that is slow for a while is so for both: the ratio is the median of those of the rounds. Beside them
stands the time that it takes to compile the query once. Without a URL, PostgreSQL starts from its wheel. A population that stands is
used again.
"""

import argparse
import asyncio
import json
import random
import statistics
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.compiling import compile_ms  # noqa: E402  # run as a script, the project is not on the path
from benchmarks.databases import database  # noqa: E402
from benchmarks.population import customer_id, populate, stands  # noqa: E402
from benchmarks.servers import Server, cpu_s, floor_on, gateway_on, load  # noqa: E402
from schema.build import build  # noqa: E402
from schema.ids import global_id  # noqa: E402

STARTS, ROUNDS, WALKED_EVERY = 4, 6, 2
"""Servers are started so often, since where a process happens to have its memory makes it some hundredths faster or slower,
and take so many turns each, graphql-core one of every so many: the rounds are a multiple of that."""
CLIENTS = {"Q1": 16, "Q2": 16, "Q3": 4}
REQUESTS = {"Q1": 400, "Q2": 160, "Q3": 32}
"""So many in each turn."""

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


def first_digit(index: int) -> int:
    """How the last names begin whose customers a list asks for: no 0, since of thousands of names but one begins with it."""
    return 1 + index % 9


def gateway_body(query: str, index: int) -> bytes:
    """What a query asks of the n-th customer; Q3 lists the customers whose last names begin alike."""
    own = {"id": global_id("Customer", customer_id(index))}
    variables = {"after": f"Last{first_digit(index)}"} if query == "Q3" else own
    return json.dumps({"query": QUERIES[query], "variables": variables}).encode()


def floor_body(query: str, index: int) -> bytes:
    """The same for the floor."""
    start = {"start": f"last{first_digit(index)}"} if query == "Q3" else {"id": str(customer_id(index))}
    return json.dumps({"query": query} | start).encode()


class Target(NamedTuple):
    """A server, and how it is asked: a query of the n-th customer."""

    server: Server
    body: Callable[[str, int], bytes]

    def cost(self, query: str, indices: list[int]) -> tuple[float, int]:
        """CPU milliseconds a request for these customers, and the bytes of an answer."""
        bodies = [self.body(query, index) for index in indices]
        before = cpu_s(self.server.process)
        size = asyncio.run(load(self.server, bodies, CLIENTS[query]))
        return (cpu_s(self.server.process) - before) / len(bodies) * 1000, size


class Measured:
    """What the rounds of a query cost, by who was asked."""

    def __init__(self) -> None:
        self.costs: dict[str, list[float]] = {"gateway": [], "floor": [], "walked": []}
        self.sizes: dict[str, int] = {}

    def figures(self) -> dict[str, float]:
        """The medians of all rounds, ratios those of a turn. Raises ValueError where gateway and floor did not answer equally
        much."""
        if not 0.9 < self.sizes["gateway"] / self.sizes["floor"] < 1.1:
            raise ValueError(f"The answers differ in size: {self.sizes}")
        ratios = [ours / floor for ours, floor in zip(self.costs["gateway"], self.costs["floor"], strict=True)]
        beside = self.costs["gateway"][WALKED_EVERY - 1 :: WALKED_EVERY]
        times = [core / ours for core, ours in zip(self.costs["walked"], beside, strict=True)]
        gateway, floor, walked = (round(statistics.median(costs), 3) for costs in self.costs.values())
        return {
            "cpu_ms": gateway,
            "floor_cpu_ms": floor,
            "ratio_to_floor": round(statistics.median(ratios), 2),
            "graphql_core_cpu_ms": walked,
            "times_less_than_graphql_core": round(statistics.median(times), 2),
        }


def measure(found: dict[str, Measured], targets: dict[str, Target], customers: int, start: int) -> None:
    """Ask servers that have just started for every query, round by round in turn."""
    for query, requests in REQUESTS.items():
        number = random.Random(f"{query} {start}")
        for turn in range(ROUNDS + 1):
            indices = [number.randrange(customers) for _ in range(requests)]
            names = ["gateway", "floor"] if turn % 2 else ["floor", "gateway"]
            for name in names + ["walked"] * (turn % WALKED_EVERY == 0):
                cost, found[query].sizes[name] = targets[name].cost(query, indices)
                if turn:  # the first is to warm up
                    found[query].costs[name].append(cost)


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
        measured = {query: Measured() for query in QUERIES}
        for start in range(STARTS):
            with (
                floor_on(url, "benchmarks.floor") as floor,
                gateway_on(url) as gateway,
                gateway_on(url, module="benchmarks.walked") as walked,
            ):
                targets = {
                    "gateway": Target(gateway, gateway_body),
                    "floor": Target(floor, floor_body),
                    "walked": Target(walked, gateway_body),
                }
                measure(measured, targets, options.customers, start)
    schema = build()
    found = {
        query: one.figures() | {"compile_ms": round(compile_ms(schema, QUERIES[query]), 2)}
        for query, one in measured.items()
    }
    print("query   gateway ms   floor ms   ratio   graphql-core ms   times   compile ms   bytes (gateway, floor)")
    for query, figures in found.items():
        sizes = measured[query].sizes
        print(
            f"{query:5} {figures['cpu_ms']:12.3f} {figures['floor_cpu_ms']:10.3f}"
            f" {figures['ratio_to_floor']:7.2f} {figures['graphql_core_cpu_ms']:17.3f} {figures['times_less_than_graphql_core']:7.2f}"
            f" {figures['compile_ms']:12.2f}   {sizes['gateway']:,} {sizes['floor']:,}"
        )
    if options.json:
        print(json.dumps(found))


if __name__ == "__main__":
    main()
