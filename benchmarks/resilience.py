"""What the limits around a source cost a read of it: its CPU behind them, beside the bare reader's.

    uv run python benchmarks/resilience.py [--database-url URL] [--json]

The figures are CPU of this process a call, on PostgreSQL and one customer, the median of rounds in which the bare reader, the
same behind its limits, and the same with answers kept besides take turns. Without a URL, PostgreSQL starts from its wheel; a
population that stands is used again. Ends with status 1 where the limits ever cost more than 0.15 of the bare read.
"""

import argparse
import asyncio
import json
import statistics
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.databases import database  # noqa: E402  # run as a script, the project is not on the path
from benchmarks.population import MASTER, NOW, customer_id, populate, stands  # noqa: E402
from datasources.paging import PageRequest  # noqa: E402
from datasources.profiles import Within  # noqa: E402
from datasources.registry import Domain  # noqa: E402
from datasources.resilience.guarded import Guarded  # noqa: E402
from datasources.sql.engine import Database  # noqa: E402
from datasources.sql.source import SqlSettings, SqlSource  # noqa: E402

LIMIT = 0.15
CUSTOMERS = 200
ROUNDS, CALLS = 201, 50
READS: dict[str, tuple[Domain, tuple[Any, ...]]] = {
    "customers": (Domain.PROFILES, (Within(),)),
    "accounts": (Domain.POINTS, (NOW,)),
    "stream": (Domain.EVENTS, (PageRequest(NOW, first=20),)),
}
"""Method, and what its keys share: one row, one row with parts, a page of 21."""

Call = Callable[..., Awaitable[Any]]


async def spent_us(call: Call, keys: Sequence[Any], shared: tuple[Any, ...]) -> float:
    """CPU microseconds a call."""
    before = time.process_time()
    for number in range(CALLS):
        await call([keys[number % len(keys)]], *shared)
    return (time.process_time() - before) / CALLS * 1_000_000


async def compared(ways: dict[str, Any], name: str, keys: Sequence[Any]) -> dict[str, float]:
    """CPU microseconds of a method, by the way it is called."""
    domain, shared = READS[name]
    calls = {way: getattr(source.reader(domain), name) for way, source in ways.items()}
    rounds: dict[str, list[float]] = {way: [] for way in calls}
    for call in calls.values():
        await spent_us(call, keys, shared)
    order = list(calls)
    for _ in range(ROUNDS):
        for way in order:
            rounds[way].append(await spent_us(calls[way], keys, shared))
        order = order[1:] + order[:1]
    # How busy the machine is changes from round to round, and is the same for the ways of one.
    bare = statistics.median(rounds["bare"])
    return {
        way: bare * statistics.median(each / own for each, own in zip(found, rounds["bare"], strict=True))
        for way, found in rounds.items()
    }


async def measured(url: str) -> dict[str, dict[str, float]]:
    """The figures of every read."""
    if not await stands(url, CUSTOMERS):
        await populate(url, CUSTOMERS)
    bare = SqlSource(Database("main", url, MASTER))
    settings = {"kind": "sql", "url": url}
    ways = {
        "bare": bare,
        "limited": Guarded(bare, SqlSettings.model_validate(settings)),
        "kept": Guarded(bare, SqlSettings.model_validate({**settings, "stale_if_error_s": 60})),
    }
    await bare.open()
    try:
        keys = [customer_id(index) for index in range(CUSTOMERS)]
        return {name: await compared(ways, name, keys) for name in READS}
    finally:
        await bare.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database-url")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    with database(given.database_url) as url:
        found = asyncio.run(measured(url))
    ratios = {name: figures["limited"] / figures["bare"] - 1 for name, figures in found.items()}
    if given.json:
        print(json.dumps({"us": found, "ratios": ratios}))
    else:
        for name, figures in found.items():
            shown = "  ".join(f"{way} {us:6.1f} us" for way, us in figures.items())
            print(f"{name:10} {shown}  limits cost {ratios[name]:.3f} of the bare read")
    sys.exit(max(ratios.values()) > LIMIT)


if __name__ == "__main__":
    main()
