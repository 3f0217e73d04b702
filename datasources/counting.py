"""How often something happens, counted by all gateways of a program together or by one process alone."""

from typing import Protocol

import msgspec


class Rate(msgspec.Struct, frozen=True):
    """So many a minute on average, and so many of them at once: the generic cell rate algorithm.

    Kept is one number: when all that was done so far will have been made good.
    """

    per_minute: int
    burst: int

    @property
    def interval_s(self) -> float:
        """The time that makes one good."""
        return 60 / self.per_minute

    @property
    def ahead_s(self) -> float:
        """How far ahead of its time one may be."""
        return (self.burst - 1) * self.interval_s


class Counters(Protocol):
    """Counts under names. Never raises."""

    async def take(self, name: str, rate: Rate) -> float:
        """Count one more; 0 where it is within the rate, else nothing is counted and this is how many seconds to wait."""
        ...
