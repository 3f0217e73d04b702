"""The domains, and which source serves each."""

from enum import Enum
from typing import Any, ClassVar, Protocol


class Domain(Enum):
    """A domain is the unit that is bound to one source."""

    PROFILES = "PROFILES"
    EVENTS = "EVENTS"
    POINTS = "POINTS"
    TIERS = "TIERS"
    OFFERS = "OFFERS"
    CARDS = "CARDS"
    NOTES = "NOTES"
    CAMPAIGNS = "CAMPAIGNS"
    REWARDS = "REWARDS"
    PROMO_CODES = "PROMO_CODES"
    TAGS = "TAGS"
    SEGMENTS = "SEGMENTS"
    MESSAGES = "MESSAGES"
    DEVICES = "DEVICES"
    LOCATIONS = "LOCATIONS"
    TRANSACTIONS = "TRANSACTIONS"
    TICKETS = "TICKETS"
    METRICS = "METRICS"
    PRIVACY = "PRIVACY"
    AUDIT = "AUDIT"


class Reader(Protocol):
    """What every reader tells of itself: the domain it serves and the name of its source.

    A method that takes keys answers one result per key, in key order. Where a key alone can't be answered it may have the
    SourceError in the place of its answer, so that the other keys stand; where none can be, it raises it.
    """

    domain: ClassVar[Domain]
    source: str
    is_stepped: bool
    """Its methods need no task to run in, as `asyncio.timeout` does: see `datasources.stepping`."""
    asks_together: bool
    """What is asked of its source in one turn of the loop goes there together and is answered in that order."""


class Source(Protocol):
    """What serves domains: a database, a remote system. Opened and closed with the process."""

    name: str
    reads: frozenset[Domain]
    """The domains that it has a reader for."""
    writes: frozenset[Domain]
    """Those that can also be changed through it."""

    def reader(self, domain: Domain) -> Any:
        """The reader of one of the domains that it reads: what the domain's module says a reader is."""
        ...

    def writer(self, domain: Domain) -> Any:
        """The writer of one of the domains that it writes."""
        ...

    async def open(self) -> None:
        """Be ready to be asked; whether it answers shows then. Raises SourceUnavailable for what can never work."""
        ...

    async def close(self) -> None:
        """Let go of connections, once what was begun has ended."""
        ...

    async def ping(self) -> None:
        """Pass once the source has answered. Raises SourceUnavailable, SourceTimedOut."""
        ...
