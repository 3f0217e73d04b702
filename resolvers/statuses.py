"""Whether each domain's source answers: what a reader needs to know before trusting that something is missing."""

import asyncio
import datetime as dt
import time
from enum import Enum

import msgspec

from datasources.errors import SourceCutOff, SourceError
from datasources.registry import Domain, Source
from resolvers.context import Context

KEPT = "What you see was kept from before."
FAILING = "Some of what it was asked lately failed."


class SourceState(Enum):
    """How a domain's source is doing."""

    OK = "OK"
    STALE = "STALE"
    DEGRADED = "DEGRADED"
    DOWN = "DOWN"
    NOT_CONFIGURED = "NOT_CONFIGURED"


class Answered(msgspec.Struct, frozen=True):
    """What a source said when it was asked to answer at all."""

    latency_ms: float | None
    """None where it was not asked, since its breaker is open."""
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
    answer, old = answers[source], context.loaders.freshness.oldest.get(domain)
    state, message = _state(domain, context, answer)
    as_of = context.now if old is None else context.now - dt.timedelta(seconds=old.age_s)
    return SourceStatus(domain, source, state, None if state is SourceState.DOWN else as_of, answer.latency_ms, message)


def _state(domain: Domain, context: Context, answer: Answered) -> tuple[SourceState, str | None]:
    """How the domain's source is doing, and what is wrong. What was kept is shown although the source is down."""
    source = context.sources.bound[domain]
    if domain in context.loaders.freshness.oldest:
        return SourceState.STALE, answer.failure or KEPT
    if answer.failure is not None:
        return SourceState.DOWN, answer.failure
    if domain in context.loaders.failed or context.sources.each[source].is_failing(domain):
        return SourceState.DEGRADED, FAILING
    return SourceState.OK, None


async def _answers(context: Context) -> dict[str, Answered]:
    """What each source answered, by its name; customers of a list share one question."""
    asking = context.memo.get("statuses")
    if asking is None:
        asking = context.memo["statuses"] = asyncio.ensure_future(_ask(context))
    answers: dict[str, Answered] = await asking
    return answers


async def _ask(context: Context) -> dict[str, Answered]:
    """Asks all sources at once, and waits for what the request asks them meanwhile, which may fail or be stale."""
    wanted = {name: context.sources.each[name] for name in sorted(set(context.sources.bound.values()))}
    found = await asyncio.gather(*(_ping(source, context) for source in wanted.values()))
    await context.loaders.settled()
    return dict(zip(wanted, found, strict=True))


async def _ping(source: Source, context: Context) -> Answered:
    began = time.perf_counter()
    failure = None
    try:
        await context.loaders.ask(source.ping, source.name)
    except SourceCutOff as error:
        return Answered(None, str(error))
    except SourceError as error:
        failure = str(error)
    return Answered(round((time.perf_counter() - began) * 1000, 3), failure)
