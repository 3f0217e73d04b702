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
from collections.abc import Callable, Iterator
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

ROUNDS = 16
WALKED = 4
"""In one of so many rounds graphql-core takes its turn as well."""
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


def gateway_body(query: str, index: int) -> bytes:
    """What a query asks of the n-th customer; Q3 lists the customers whose last names begin alike."""
    own = {"id": global_id("Customer", customer_id(index))}
    variables = {"after": f"Last{index % 10}"} if query == "Q3" else own
    return json.dumps({"query": QUERIES[query], "variables": variables}).encode()


def floor_body(query: str, index: int) -> bytes:
    """The same for the floor."""
    start = {"start": f"last{index % 10}"} if query == "Q3" else {"id": str(customer_id(index))}
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


class Targets(NamedTuple):
    """What is compared."""

    gateway: Target
    floor: Target
    walked: Target


def compared(targets: Targets, customers: int) -> Iterator[tuple[str, dict[str, float], list[int]]]:
    """The figures of each query, and the bytes of each answer: the servers in turn, round by round."""
    schema = build()
    for query, requests in REQUESTS.items():
        number = random.Random(query)
        costs: dict[str, list[float]] = {name: [] for name in Targets._fields}
        sizes: dict[str, int] = {}
        for turn in range(ROUNDS + 1):
            indices = [number.randrange(customers) for _ in range(requests)]
            names = ["gateway", "floor"] if turn % 2 else ["floor", "gateway"]
            for name in names + ["walked"] * (turn % WALKED == 0):
                cost, sizes[name] = getattr(targets, name).cost(query, indices)
                if turn:  # the first is to warm up
                    costs[name].append(cost)
        ratios = [ours / floors for ours, floors in zip(costs["gateway"], costs["floor"], strict=True)]
        figures = {
            "cpu_ms": round(statistics.median(costs["gateway"]), 3),
            "floor_cpu_ms": round(statistics.median(costs["floor"]), 3),
            "ratio_to_floor": round(statistics.median(ratios), 2),
            "graphql_core_cpu_ms": round(statistics.median(costs["walked"]), 3),
            "compile_ms": round(compile_ms(schema, QUERIES[query]), 2),
        }
        yield query, figures, [sizes["gateway"], sizes["floor"]]


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
        print(
            "query   gateway ms   floor ms   ratio   graphql-core ms   compile ms   bytes (gateway, floor)", flush=True
        )
        with (
            floor_on(url, "benchmarks.floor") as floor,
            gateway_on(url) as gateway,
            gateway_on(url, module="benchmarks.walked") as walked,
        ):
            found = {}
            targets = Targets(Target(gateway, gateway_body), Target(floor, floor_body), Target(walked, gateway_body))
            for query, figures, (own, floors) in compared(targets, options.customers):
                found[query] = figures
                print(
                    f"{query:5} {figures['cpu_ms']:12.3f} {figures['floor_cpu_ms']:10.3f}"
                    f" {figures['ratio_to_floor']:7.2f} {figures['graphql_core_cpu_ms']:17.3f}"
                    f" {figures['compile_ms']:12.2f}   {own:,} {floors:,}",
                    flush=True,
                )
    if options.json:
        print(json.dumps(found))


if __name__ == "__main__":
    main()
