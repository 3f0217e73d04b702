"""What a request costs where there are ten times the customers.

    uv run python benchmarks/growth.py [--customers 2000] [--database-urls URL URL] [--json]

The figures are user and system time of the gateway's process per request for Q1, Q2 and Q3 of `operations.py`, the median
of rounds in which a gateway over so many customers and one over ten times as many take turns. Without URLs, PostgreSQL
starts from its wheel, once for each. A population that stands is used again. Ends with status 1 where a query costs more than
1.1 times as much.
"""

import argparse
import asyncio
import json
import random
import statistics
import sys
from contextlib import ExitStack
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.databases import database  # noqa: E402  # run as a script, the project is not on the path
from benchmarks.operations import REQUESTS, Target, gateway_body  # noqa: E402
from benchmarks.population import populate, stands  # noqa: E402
from benchmarks.servers import gateway_on  # noqa: E402

ROUNDS, TIMES, LIMIT = 9, 10, 1.1


def compared(query: str, few: Target, many: Target, customers: int) -> tuple[float, float, float]:
    """CPU milliseconds a request among so many customers, and among ten times as many; and their ratio."""
    number, rounds = random.Random(query), []
    for turn in range(ROUNDS + 1):
        count = REQUESTS[query] // 2
        # The same customers in both, who are alike.
        indices = [number.randrange(customers) for _ in range(count)]
        costs = [target.cost(query, indices)[0] for target in (few, many)]
        if turn:  # the first is to warm up
            rounds.append(costs)
    of_few, of_many = (statistics.median(one) for one in zip(*rounds, strict=True))
    return of_few, of_many, statistics.median(more / less for less, more in rounds)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--customers", type=int, default=2_000)
    parser.add_argument("--database-urls", nargs=2, default=[None, None], help="of databases that may be overwritten")
    parser.add_argument("--json", action="store_true", help="print the figures as one line of JSON at the end")
    options = parser.parse_args()
    sizes = options.customers, options.customers * TIMES
    with ExitStack() as stack:
        urls = [stack.enter_context(database(url)) for url in options.database_urls]
        for url, size in zip(urls, sizes, strict=True):
            if not asyncio.run(stands(url, size)):
                print(f"generating {size} customers", flush=True)
                asyncio.run(populate(url, size))
        few, many = (Target(stack.enter_context(gateway_on(url)), gateway_body) for url in urls)
        print(f"query   {sizes[0]:,} customers ms   {sizes[1]:,} customers ms   ratio", flush=True)
        found = {}
        for query in REQUESTS:
            of_few, of_many, ratio = compared(query, few, many, options.customers)
            found[query] = {"few_ms": round(of_few, 3), "many_ms": round(of_many, 3), "ratio": round(ratio, 2)}
            print(f"{query:5} {of_few:20.3f} {of_many:21.3f} {ratio:7.2f}", flush=True)
    if options.json:
        print(json.dumps(found))
    sys.exit(any(one["ratio"] > LIMIT for one in found.values()))


if __name__ == "__main__":
    main()
