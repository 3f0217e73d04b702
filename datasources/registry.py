"""The domains, and which source serves each."""

from enum import Enum
from typing import ClassVar, Protocol


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
    """What every reader tells of itself: the domain it serves and the name of its source."""

    domain: ClassVar[Domain]
    source: str


class Source(Protocol):
    """What serves domains: a database, a remote system."""

    async def ping(self) -> None:
        """Pass once the source has answered. Raises SourceUnavailable, SourceTimedOut."""
        ...
