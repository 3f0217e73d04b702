"""How the sources are doing, as clients see it."""

import datetime as dt

from datasources.registry import Domain
from resolvers import statuses
from schema.enums import enum
from schema.fields import lookup
from schema.views import view

enum(
    statuses.SourceState,
    OK="It answers, and what you see is current.",
    STALE="It answers with what it knew at `asOf`.",
    DEGRADED="It answers, but not to everything.",
    DOWN="It does not answer: what it serves is null.",
    NOT_CONFIGURED="The program has no source for this domain: what it would serve is null.",
)


@view(statuses.SourceStatus)
class SourceStatus:
    """Whether what a domain serves is current, stale or missing."""

    domain: Domain
    """Which domain."""
    source: str | None
    """Name of the source that serves it."""
    state: statuses.SourceState
    """How the source is doing."""
    as_of: dt.datetime | None
    """The moment that what you see is from, where it is known."""
    latency_ms: float | None
    """How long the source took to answer just now."""
    message: str | None
    """What is wrong, in words."""


class StatusFields:
    """What a customer shows of the sources."""

    source_statuses = lookup(list[SourceStatus], statuses.statuses)
    """One row a source domain: is what you see current, stale or missing?"""


class StatusQueries:
    """State of the sources."""

    sources = lookup(list[SourceStatus] | None, statuses.statuses, requires="ops:read")
    """State of the source of every domain."""
