"""What executing Q1, Q2 and Q3 costs in CPU, by their plans and by graphql-core, over sources that answer at once.

    uv run python benchmarks/executing.py [--customers 1000] [--database-url URL]

Both run in this process over the same readers, which answer from memory what they answered before: what is left is what
executing costs, without statements, HTTP and JSON. The figures are milliseconds of CPU, the median of rounds in turn.
"""

import argparse
import asyncio
import json
import random
import statistics
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.databases import database  # noqa: E402  # run as a script, the project is not on the path
from benchmarks.operations import QUERIES, gateway_body  # noqa: E402
from benchmarks.population import populate, stands  # noqa: E402
from benchmarks.servers import gateway_settings  # noqa: E402
from benchmarks.within import ADMIN, layered  # noqa: E402
from datasources.layers import Call  # noqa: E402
from gateway.documents import Documents  # noqa: E402
from gateway.execution import Asked, asked, walked  # noqa: E402
from gateway.plan.plan import Outcome  # noqa: E402
from gateway.server import collect_seldom  # noqa: E402
from gateway.sources import Runtime  # noqa: E402
from schema.build import build  # noqa: E402

ROUNDS, TIMES = 15, {"Q1": 200, "Q2": 40, "Q3": 8}


class Remembering:
    """A layer that asks for everything once."""

    def around(self, _reader: Any, _name: str, call: Call) -> Call:
        known: dict[Any, Any] = {}

        async def ask(*arguments: Any) -> Any:
            key = tuple(tuple(one) if isinstance(one, list) else one for one in arguments)
            if key not in known:
                known[key] = await call(*arguments)
            return known[key]

        return ask


async def compared(url: str, customers: int) -> None:
    schema, settings = build(), gateway_settings(url)
    runtime = await Runtime.open(settings)
    documents = Documents(schema, settings.server)
    runtime.sources = layered(runtime, Remembering())
    now = (await runtime.context(ADMIN)).now
    collect_seldom()

    async def planned(found: Asked) -> Outcome:
        context = await runtime.context(ADMIN, now)
        plan = found.operation.plan(ADMIN, found.values)
        assert plan is not None  # noqa: S101  # the queries have one
        return await plan.run(context, found.values)

    async def by_core(found: Asked) -> Outcome:
        return await walked(found, await runtime.context(ADMIN, now))

    print("query   plan ms   graphql-core ms   ratio", flush=True)
    for query, text in QUERIES.items():
        document, number = documents.find(text), random.Random(query)
        variables = [json.loads(gateway_body(query, number.randrange(customers)))["variables"] for _ in range(4)]
        wanted = [asked(document.operation(None), one) for one in variables]
        for one in wanted:
            if (await planned(one)).data != (await by_core(one)).data:
                raise RuntimeError(f"{query}: the plan and graphql-core answer otherwise")
        rounds = [
            (await cost_ms(planned, wanted, TIMES[query]), await cost_ms(by_core, wanted, TIMES[query]))
            for _ in range(ROUNDS)
        ]
        own, core = (statistics.median(costs) for costs in zip(*rounds, strict=True))
        ratio = statistics.median(core / own for own, core in rounds)
        print(f"{query:5} {own:9.3f} {core:17.3f} {ratio:7.2f}", flush=True)
    await runtime.close()


async def cost_ms(run: Callable[[Asked], Awaitable[Outcome]], wanted: list[Asked], times: int) -> float:
    """CPU milliseconds an execution."""
    before = time.process_time()
    for number in range(times):
        await run(wanted[number % len(wanted)])
    return (time.process_time() - before) / times * 1000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--customers", type=int, default=1_000)
    parser.add_argument("--database-url", help="postgresql+asyncpg://… of a database that may be overwritten")
    options = parser.parse_args()
    with database(options.database_url) as url:
        if not asyncio.run(stands(url, options.customers)):
            asyncio.run(populate(url, options.customers))
        asyncio.run(compared(url, options.customers))


if __name__ == "__main__":
    main()
