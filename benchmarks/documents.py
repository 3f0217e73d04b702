"""Memory of held documents and plans, and what compiling a plan costs.

    uv run python benchmarks/documents.py [--documents 10000]

In this process, over the schema as it runs: the bytes that a document and each of its tokens take, and a plan and each of
its fields, by least squares over documents of several sizes; then what the process holds after each fifth of so many
different documents, each with a plan. Ends with status 1 where the last two fifths made more than 5 % of difference.
"""

import argparse
import gc
import statistics
import sys
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import psutil

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.compiling import compile_ms, planned  # noqa: E402  # run as a script, the project is not on the path
from benchmarks.operations import QUERIES, SCALARS  # noqa: E402
from gateway.documents import Documents  # noqa: E402
from gateway.sections import ServerSettings  # noqa: E402
from gateway.server import collect_seldom  # noqa: E402
from schema.build import build  # noqa: E402

PLANS = 8
FLAT = 1.05


class Sample(NamedTuple):
    """A document: its tokens, the bytes that it takes, its fields as they are compiled, and the bytes of a plan."""

    tokens: int
    document_bytes: int
    fields: int
    plan_bytes: float


def wide(fields: int) -> str:
    """A document of so many fields."""
    names = SCALARS.split()
    asked = " ".join(f"a{at}: {names[at % len(names)]}" for at in range(fields))
    return f"query Wide($id: ID!) {{ customer(by: {{id: $id}}) {{ {asked} }} }}"


def taken(make: Callable[[], Any]) -> tuple[Any, int]:
    """What is made, and the bytes that it takes."""
    gc.collect()
    before = tracemalloc.get_traced_memory()[0]
    made = make()
    gc.collect()
    return made, tracemalloc.get_traced_memory()[0] - before


def samples(schema: Any) -> Iterator[Sample]:
    """The benchmark's own operations, and wide ones."""
    for text in [*QUERIES.values(), *(wide(fields) for fields in (1, 20, 100, 300, 490))]:
        documents = Documents(schema, ServerSettings())
        documents.find(text)  # what the schema makes at first use
        tracemalloc.start()
        document, document_bytes = taken(lambda: Documents(schema, ServerSettings()).find(text))  # noqa: B023
        operation = document.operation(None)
        _, plan_bytes = taken(lambda: [planned(operation, number) for number in range(PLANS)])  # noqa: B023
        tracemalloc.stop()
        yield Sample(document.tokens, document_bytes, operation.price.fields, plan_bytes / PLANS)


def held(schema: Any, count: int) -> list[float]:
    """Megabytes of the process after each fifth of so many different documents, each with a plan.

    Cyclic garbage, which validation leaves, is looked for as seldom as in the server.
    """
    documents, process, found = Documents(schema, ServerSettings()), psutil.Process(), []
    collect_seldom()
    for number in range(count):
        planned(documents.find(wide(number % 40 + 1) + f" # {number}").operation(None), number % PLANS)
        if (number + 1) % (count // 5) == 0:
            found.append(process.memory_info().rss / 1e6)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=int, default=10_000)
    options = parser.parse_args()
    schema = build()
    found = list(samples(schema))
    each, alone = statistics.linear_regression([one.tokens for one in found], [one.document_bytes for one in found])
    print(f"a document takes {alone:,.0f} bytes and {each:,.0f} a token")
    each, alone = statistics.linear_regression([one.fields for one in found], [one.plan_bytes for one in found])
    print(f"a plan takes {alone:,.0f} bytes and {each:,.0f} a field")
    for query in QUERIES:
        print(f"{query} compiles in {compile_ms(schema, QUERIES[query]):.2f} ms")
    megabytes = held(schema, options.documents)
    print(f"{options.documents:,} documents: {', '.join(f'{one:.0f} MB' for one in megabytes)}")
    sys.exit(megabytes[-1] > megabytes[-2] * FLAT)


if __name__ == "__main__":
    main()
