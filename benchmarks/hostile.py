"""How long one document can keep a server from everybody else: documents at the edge of the limits, and beyond.

    uv run python benchmarks/hostile.py

In this process, over the schema as it runs, in CPU milliseconds, the least of several times: until a document is found
valid and priced, or refused; then compiling its largest operation for every type that rows can turn out to be, at once;
for introspection, running it; and running a document all of whose rows fail. Ends with status 1 where one of them took longer than STALL_MS, or another number of rows failed than was to.
"""

import asyncio
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.compiling import principal  # noqa: E402  # run as a script, the project is not on the path
from benchmarks.documents import wide  # noqa: E402
from gateway.documents import Document, Documents  # noqa: E402
from gateway.errors import Refused, Translator  # noqa: E402
from gateway.execution import answered, asked, walked  # noqa: E402
from gateway.plan.arguments import NO_VARIABLES  # noqa: E402
from gateway.plan.compiling import Compiler, Unplanned  # noqa: E402
from gateway.sections import ServerSettings  # noqa: E402
from gateway.server import collect_seldom  # noqa: E402
from permissions.model import Principal  # noqa: E402
from resolvers.loading import Loaders  # noqa: E402
from schema.build import build  # noqa: E402

TIMES = 6
STALL_MS = 300


def times(count: int, text: str) -> str:
    """A text so many times, `#` in it replaced by which one it is."""
    return " ".join(text.replace("#", str(at)) for at in range(count))


def wrapped(levels: int, text: str) -> str:
    """A text in so many inline fragments, one in the other."""
    return "... {" * levels + text + "}" * levels


TEXTS = times(700, '"a#"')
LITERALS = f"events(filter: {{types: [{TEXTS}]}}) {{ totalCount }}"
NODE = "query ($id: ID!) { node(id: $id) { % } }"
OF_EVERY_TYPE = "{ __schema { types { fields { type { fields { % } } } } } }"
DOCUMENTS = {
    "fields": wide(490),
    "connections": f"{{ me {{ {times(240, 'a#: events { totalCount }')} }} }}",
    "connections with arguments": f"{{ me {{ {times(160, 'a#: events(first: 9) { totalCount }')} }} }}",
    "objects": f"{{ me {{ {times(240, 'a#: status { label }')} }} }}",
    "fields of 29 types": NODE.replace("%", times(34, "a#: id")),
    "fields of 29 types, too many": NODE.replace("%", times(68, "a#: id")),
    "nothing of 28 types": NODE.replace("%", times(170, "... on Note { a#: version }")),
    "wrapped for 29 types": "query ($id: ID!) { a: node(id: $id) { ...F } b: node(id: $id) { ...F } }"
    f" fragment F on Node {{ {wrapped(80, 'a: id')} {wrapped(80, 'b: id')} }}",
    "wrapped for 29 types, too often": f"query ($id: ID!) {{ {times(19, 'a#: node(id: $id) { ...F }')} }}"
    f" fragment F on Node {{ {wrapped(90, 'a: id')} {wrapped(70, 'b: id')} }}",
    "literals": f"{{ {times(14, 'a#: me { ...F }')} }} fragment F on Customer {{ {LITERALS} }}",
    "literals, too often": f"{{ {times(19, 'a#: me { ...F }')} }} fragment F on Customer {{ {LITERALS} }}",
    "a long name": "{ " + "a" * 30_000 + ": viewer { id } }",
    "operations": f"{times(10, 'query Q# { me { ...F } }')} fragment F on Customer {{ {times(480, 'a#: supportId')} }}",
    "operations, too many": f"{times(29, 'query Q# { me { ...F } }')}"
    f" fragment F on Customer {{ {times(480, 'a#: supportId')} }}",
    "operations of 29 types": f"{times(29, 'query Q#($id: ID!) { node(id: $id) { ...F } }')}"
    f" fragment F on Node {{ {times(34, 'a#: id')} }}",
    "leaves that overlap": f"{{ me {{ {times(140, 'supportId')} }} }}",
    "leaves that overlap, too many": f"{{ me {{ {times(480, 'supportId')} }} }}",
    "connections that overlap": f"{{ me {{ {times(70, 'events(first: 1) { nodes { id } }')} }} }}",
    "connections that overlap, too many": f"{{ me {{ {times(110, 'events(first: 1) { nodes { id } }')} }} }}",
    "conditions": f"query ({times(50, '$v#: Boolean = true')}) {{ program {{ {times(50, 'a#: name @include(if: $v#)')} }} }}",
    "a deep input": "mutation { eventsIngest(input: {events: [{source: \"a\", sourceEventId: \"b\", type: \"c\","
    " occurredAt: \"2026-01-01T00:00:00Z\", customer: {id: \"a\"}, attributes: % }]}) { replayed } }".replace(
        "%", "{a: " * 180 + "1" + "}" * 180
    ),
    "types": OF_EVERY_TYPE.replace("%", "name"),
    "types, too often": OF_EVERY_TYPE.replace("%", times(490, "a#: name")),
    "schemas": f"{{ {times(19, 'a#: __schema { types { name fields { name args { name type { name } } } } }')} }}",
}  # fmt: skip

FAILING = 1_000
ERRORS = (
    "\n" * 1_900 + f"query ($ids: [ID!]!) {{ {times(10, 'a#: nodes(ids: $ids) { id } a#: nodes(ids: $ids) { id }')} }}"
)


class EveryType(Compiler):
    """Compiles interfaces and unions with every type that there can be, as if rows of each were met at once."""

    def _by_name(self, type_: Any, details: Any) -> Callable[[str], Any]:
        made = {found.name: self._subselection(found, details) for found in self._schema.get_possible_types(type_)}
        for selection in made.values():
            selection.compile(is_listed=False)
        return made.__getitem__


class Context:
    """As much of a context as is asked for where no source is."""

    texts_fit = False

    def __init__(self, of: Principal) -> None:
        self.principal, self.loaders = of, Loaders()


def cpu_ms(do: Callable[[], object]) -> float:
    """CPU milliseconds of doing something, the least of several times, each from further down the stack.

    Where a call stands at the end of a chunk of Python's stack, memory is mapped and unmapped for each that it makes.
    """
    return min(_cpu_ms(do, 2 * depth) for depth in range(TIMES))


def _cpu_ms(do: Callable[[], object], depth: int) -> float:
    if depth:
        return _cpu_ms(do, depth - 1)
    before = time.process_time()
    do()
    return (time.process_time() - before) * 1000


def made(schema: Any, text: str) -> Document | str:
    """A document that is made anew, or why it is refused."""
    try:
        return Documents(schema, ServerSettings()).find(text)
    except Refused as refused:
        return str(refused.errors[0]["message"])


def run(schema: Any, document: Document) -> tuple[str, str]:
    """What its largest operation has to be done for, and what came of it."""
    operation = max(document.operations.values(), key=lambda one: one.price.work)
    values = operation.variables({})
    conditions = NO_VARIABLES if isinstance(values, list) else values
    compiler = EveryType(schema, operation.document, operation.node, principal(0), conditions)
    with suppress(Unplanned):
        compiler.plan()
        return "compiled", f"{compiler.fields} fields, {operation.price.work} selections and values"
    return "run", asyncio.run(introspected(document))


async def introspected(document: Document) -> str:
    """What came of an introspection."""
    try:
        await walked(asked(document.operation(None), None), Context(principal(0)))
    except Refused as refused:
        return str(refused.errors[0]["message"])
    return "answered"


async def failing(schema: Any) -> int:
    """Run a document at the end of many lines all of whose rows fail; how many errors it has."""
    document = Documents(schema, ServerSettings()).find(ERRORS)
    found = asked(document.operation(None), {"ids": ["no id"] * 100})
    context: Any = Context(principal(0))
    plan = found.operation.plan(context.principal, found.values)
    answer = await answered(plan, found, context, Translator(""))
    return len(answer.codes)


def main() -> None:
    schema = build()
    made(schema, wide(1))
    collect_seldom()
    longest = 0.0
    for name, text in DOCUMENTS.items():
        document = made(schema, text)
        took = cpu_ms(lambda: made(schema, text))  # noqa: B023
        longest = max(longest, took)
        if isinstance(document, str):
            print(f"{name}: refused in {took:.1f} ms: {document}")
            continue
        what, told = run(schema, document)
        then = cpu_ms(lambda: run(schema, document))  # noqa: B023
        longest = max(longest, took + then)
        print(f"{name}: made in {took:.1f} ms, {what} in {then:.1f} ms: {told}")
    errors = asyncio.run(failing(schema))
    took = cpu_ms(lambda: asyncio.run(failing(schema)))
    longest = max(longest, took)
    print(f"errors: made and run in {took:.1f} ms: {errors} errors")
    print(f"the longest took {longest:.0f} ms")
    sys.exit(longest > STALL_MS or errors != FAILING)


if __name__ == "__main__":
    main()
