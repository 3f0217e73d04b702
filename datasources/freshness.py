"""How old what a request is answered with may be, where it is not what the source says now."""

from contextvars import ContextVar

import msgspec

from datasources.errors import SourceError
from datasources.registry import Domain


class Old(msgspec.Struct, frozen=True):
    """An answer that was kept: its age, and what went wrong with asking for a new one, if that was tried."""

    age_s: float
    error: SourceError | None = None


class Freshness:
    """The oldest answer of each domain that a request was given."""

    def __init__(self) -> None:
        self.oldest: dict[Domain, Old] = {}

    def tell(self, domain: Domain, old: Old) -> None:
        """Note an answer that was kept."""
        known = self.oldest.get(domain)
        if known is None or known.age_s < old.age_s:
            self.oldest[domain] = old


FRESHNESS: ContextVar[Freshness | None] = ContextVar("freshness", default=None)
"""What the running call is told to; None where nobody asked for it."""
