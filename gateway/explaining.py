"""An operation explained: how it would be run, or how it was, in `extensions.explain`."""

import time
from typing import Any

import msgspec
from graphql import OperationType

from gateway.deadlines import Deadline
from gateway.errors import Code, Translator, cost_told, refused
from gateway.execution import Answer, Asked, Context, answered, executor
from gateway.plan.explain import Explained, with_calls
from permissions.model import Principal
from resolvers.recording import RecordingLoaders


def planned(asked: Asked, principal: Principal) -> Answer:
    """How the operation would be run for the caller. Nothing is run, and no source is asked."""
    explained = asked.operation.explained(principal, asked.values)
    return Answer({"data": None, "extensions": {"explain": _told(explained, asked, principal)}})


def check_analyzable(asked: Asked) -> None:
    """Pass for a query. Raises Refused: nobody writes for the sake of an explanation."""
    if asked.operation.kind is not OperationType.QUERY:
        raise refused(Code.BAD_REQUEST, 400, "A mutation can't be analyzed, for that would run it: explain its plan.")


async def analyzed(asked: Asked, context: Context, translator: Translator, deadline: Deadline | None = None) -> Answer:
    """The answer to a query with what each of its fields asked of sources. The context's loaders are replaced."""
    context.loaders = loaders = RecordingLoaders(context.loaders)
    explained = asked.operation.explained(context.principal, asked.values)
    started = time.perf_counter()
    answer = await answered(explained.plan, asked, context, translator, deadline)
    took = {"ms": round((time.perf_counter() - started) * 1_000, 2)}
    with_calls(explained.steps, loaders)
    # Graphql-core runs fields under no step.
    took |= msgspec.to_builtins({"calls": loaders.calls_of(None)}) if explained.plan is None else {}
    extensions: Any = answer.payload.setdefault("extensions", {})
    extensions["explain"] = _told(explained, asked, context.principal) | took
    return answer


def _told(explained: Explained, asked: Asked, principal: Principal) -> dict[str, Any]:
    return {
        "executor": executor(is_planned=explained.plan is not None),
        "cost": cost_told(asked.cost, principal.max_cost),
        "steps": msgspec.to_builtins(explained.steps),
    }
