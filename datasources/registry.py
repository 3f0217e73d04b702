"""The domains, and which source serves each."""

from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any, ClassVar, Protocol, runtime_checkable

from datasources.ids import CustomerId


class Domain(Enum):
    """A domain is the unit that is bound to one source."""

    # Enum's own is Python, and a domain is looked up with each field that asks a source.
    __hash__ = object.__hash__

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


CHANGED_WITH: Mapping[Domain, tuple[Domain, ...]] = {
    Domain.TRANSACTIONS: (Domain.POINTS, Domain.OFFERS, Domain.TIERS),
    Domain.TIERS: (Domain.POINTS, Domain.OFFERS),
    Domain.CAMPAIGNS: (Domain.POINTS, Domain.OFFERS),
    Domain.PROMO_CODES: (Domain.POINTS, Domain.OFFERS),
    Domain.PRIVACY: (Domain.PROFILES,),
}
"""What writes of a domain may change together with it, all or nothing: that takes one source for all of them."""


class Reader(Protocol):
    """What every reader tells of itself: the domain it serves and the name of its source.

    What `is_stepped` and `asks_together` say is False where a reader leaves them out.

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


@runtime_checkable
class Erasing(Protocol):
    """A source that takes part in privacy: it tells and erases what it holds of a customer (requirements 1.X)."""

    async def export(self, customer: CustomerId) -> Mapping[Domain, Sequence[Any]]:
        """All rows of the customer, by domain. Raises SourceUnavailable, SourceTimedOut."""
        ...

    async def erase(self, customer: CustomerId) -> int:
        """Remove them, once and for all; how many there were. Raises SourceUnavailable, SourceTimedOut, OutcomeUnknown."""
        ...

    async def verify_erased(self, customer: CustomerId) -> bool:
        """True where, read again, nothing of the customer is left. Raises SourceUnavailable, SourceTimedOut."""
        ...
