"""How old what a call was answered with is, for whoever wants to tell it."""

from contextvars import ContextVar

import msgspec

from datasources.registry import Domain


class Freshness(msgspec.Struct):
    """When what was served had been read from its source, seconds of Unix time: the oldest of each domain.

    A domain that was read just now is not in it.
    """

    read_at: dict[Domain, float] = {}

    def served(self, domain: Domain, read_at: float) -> None:
        """Note that something as old as this was served."""
        self.read_at[domain] = min(read_at, self.read_at.get(domain, read_at))


FRESHNESS: ContextVar[Freshness | None] = ContextVar("freshness", default=None)
"""What the running call is told to; None where nobody asked for it."""
