"""Whether each domain's source answers: what a reader needs to know before trusting that something is missing."""

import asyncio
import datetime as dt
import time
from enum import Enum

import msgspec

from datasources.errors import SourceError
from datasources.registry import Domain, Source
from resolvers.context import Context


class SourceState(Enum):
    """How a domain's source is doing."""

    OK = "OK"
    STALE = "STALE"
    DEGRADED = "DEGRADED"
    DOWN = "DOWN"
    NOT_CONFIGURED = "NOT_CONFIGURED"


class Answered(msgspec.Struct, frozen=True):
    """What a source said when it was asked to answer at all."""

    latency_ms: float
    failure: str | None = None


class SourceStatus(msgspec.Struct, frozen=True):
    """A domain, the source that it is bound to, and how that is doing."""

    domain: Domain
    source: str | None
    state: SourceState
    as_of: dt.datetime | None = None
    latency_ms: float | None = None
    message: str | None = None


async def statuses(_row: object, context: Context) -> list[SourceStatus]:
    """One row for each domain, in their order; each source is asked once for the whole request."""
    answers = await _answers(context)
    return [_status(domain, context, answers) for domain in Domain]


def _status(domain: Domain, context: Context, answers: dict[str, Answered]) -> SourceStatus:
    source = context.sources.bound.get(domain)
    if source is None:
        return SourceStatus(
            domain, None, SourceState.NOT_CONFIGURED, message="The program has no source for this domain."
        )
    answer = answers[source]
    if answer.failure is not None:
        return SourceStatus(domain, source, SourceState.DOWN, latency_ms=answer.latency_ms, message=answer.failure)
    return SourceStatus(domain, source, SourceState.OK, context.now, answer.latency_ms)


async def _answers(context: Context) -> dict[str, Answered]:
    """What each source answered, by its name; customers of a list share one question."""
    asking = context.memo.get("statuses")
    if asking is None:
        asking = context.memo["statuses"] = asyncio.ensure_future(_ask(context))
    answers: dict[str, Answered] = await asking
    return answers


async def _ask(context: Context) -> dict[str, Answered]:
    wanted = {name: context.sources.each[name] for name in sorted(set(context.sources.bound.values()))}
    found = await asyncio.gather(*(_ping(source) for source in wanted.values()))
    return dict(zip(wanted, found, strict=True))


async def _ping(source: Source) -> Answered:
    began = time.perf_counter()
    failure = None
    try:
        await source.ping()
    except SourceError as error:
        failure = str(error)
    return Answered(round((time.perf_counter() - began) * 1000, 3), failure)
