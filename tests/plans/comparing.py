"""One operation both ways: by its plan, and by graphql-core. Their answers are held against each other."""

from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any

import msgspec
import orjson
from graphql import subscribe
from structlog.testing import capture_logs

from gateway.documents import Documents
from gateway.errors import Translator
from gateway.execution import asked, asked_of, walked
from gateway.http import WRITTEN
from gateway.plan.plan import Outcome
from gateway.plan.subscription import Responses, Subscription

REQUEST_ID = "test"
MakeContext = Callable[[], Awaitable[Any]]
"""Makes the context of a request: each way has its own, with loaders of its own."""


class Told(msgspec.Struct, frozen=True):
    """An answer as it is compared: the JSON of its data, each error that has a place in it, and the places that errors
    below them nulled. Any one of the causes below a nulled place will do, as graphql-core tells whichever came first."""

    data: bytes
    errors: Counter[bytes]
    nulled: frozenset[tuple[str | int, ...]]


async def both(
    documents: Documents, query: str, make_context: MakeContext, variables: dict[str, Any] | None = None
) -> tuple[Told, Told]:
    """What graphql-core answers, and what the plan does. Raises Refused where the document is refused."""
    found = asked(documents.find(query).operation(None), variables)
    context = await make_context()
    expected = await walked(found, context)
    plan = found.operation.plan(context.principal, found.values)
    assert plan is not None
    outcome = await plan.run(await make_context(), found.values)
    return told(expected), told(outcome)


async def both_heard(
    documents: Documents, schema: Any, query: str, make_context: MakeContext
) -> tuple[list[Told], list[Told]]:
    """What graphql-core answers to each event of a subscription that ends, and what the plan does."""
    document = documents.find(query)
    stream = subscribe(
        schema, document.operation(None).document, context_value=await make_context(), hide_suggestions=True
    )
    assert isinstance(stream, AsyncIterator)
    expected = [told(Outcome(one.data, one.errors or [])) async for one in stream]
    found = asked_of(document.operation(None), None)
    context = await make_context()
    plan = found.operation.plan(context.principal, found.values)
    assert isinstance(plan, Subscription)

    async def answer(event: object) -> Told:
        return told(await plan.run(await make_context(), found.values, event))

    events = await plan.source.events(context, found.values)
    return expected, [one async for one in Responses(events, answer)]


def told(outcome: Outcome) -> Told:
    """An outcome as it is compared."""
    translator = Translator(REQUEST_ID)
    errors: Counter[bytes] = Counter()
    nulled = set()
    with capture_logs():  # faults are told in the log, at length
        for error in outcome.errors:
            above = _nulled_above(error.path or (), outcome.data)
            if above is None:
                errors[orjson.dumps(translator.of_field(error), option=WRITTEN)] += 1
            else:
                nulled.add(above)
    data = orjson.dumps(outcome.data, default=lambda value: type(value).__name__, option=WRITTEN)
    return Told(data, errors, frozenset(nulled))


def _nulled_above(path: Sequence[str | int], data: Any) -> tuple[str | int, ...] | None:
    """The place above an error that it nulled; None where it stands where it went wrong."""
    for index, step in enumerate(path):
        if data is None:
            return tuple(path[:index])
        data = data[step]
    return None
