"""What may be kept of what readers answer, where it is kept, and how it is known to be true no more.

An answer is kept whole and unmasked (the plan masks), under all that its reader was told: filter, page and reach are among
that. Of a page, all columns are read and kept: whoever asks next may read others. With it are kept the versions of the
scopes that it belongs to, as they were before the source was asked. A write that was kept takes the versions of what it
changed away, and whoever looks next makes others. An answer holds only while the versions are those it was kept with: one
that was read before a write and comes to be kept after it is never given to anybody. No entry lives longer than the time
that its domain's answers may be old, whatever else is lost.
"""

import os
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Protocol

import msgspec

from datasources.ids import CustomerId
from datasources.registry import Domain

LONGEST_S = 3_600
"""No answer may be older, whatever the config says."""

NEVER: Mapping[Domain, str] = {
    Domain.PROFILES: "who is restricted, blocked or gone has to be known at once",
    Domain.POINTS: "a balance has to be that of this moment",
    Domain.CARDS: "a balance has to be that of this moment",
    Domain.PROMO_CODES: "a lockout has to hold at once",
    Domain.PRIVACY: "what became of a request has to be known at once",
    Domain.AUDIT: "the log has to be told as it stands",
}
"""Domains of which nothing is ever kept, and why."""

UNKEPT = frozenset({"events.unmatched", "events.unmatched_events"})
"""Methods, as `domain.method`, that are asked to see what is there just now: the quarantine is worked on by what it shows."""

BESIDE_LISTS = frozenset({"offers.available"})
"""Methods of a customer's own answers that show a list of the program's beside what is theirs."""


class Changed(msgspec.Struct, frozen=True):
    """What a write that was kept changed: rows of these customers, and of these domains what belongs to no customer.

    `everything` is an import: whatever was kept of anybody is true no more.
    """

    customers: frozenset[CustomerId] = frozenset()
    lists: frozenset[Domain] = frozenset()
    everything: bool = False

    @classmethod
    def together(cls, changes: Iterable["Changed"]) -> "Changed":
        """What several writes changed."""
        found = list(changes)
        return cls(
            frozenset().union(*(one.customers for one in found)),
            frozenset().union(*(one.lists for one in found)),
            any(one.everything for one in found),
        )


Tell = Callable[[Changed], Awaitable[None]]
"""Called after a write was kept and before it is answered. Never raises, and takes no longer than a fifth of a second."""


class Kept(msgspec.Struct, frozen=True):
    """An entry to be kept for so long."""

    name: bytes
    value: bytes
    ttl_s: float


Seen = Mapping[bytes, bytes | None]
"""What a store held when it was looked into: entries by their names, versions by their scopes."""


def new_version() -> bytes:
    """One that nothing was kept under."""
    return os.urandom(8)


class Store(Protocol):
    """Where entries and versions are. Nothing here ever raises: a store that is down holds nothing and keeps nothing."""

    @property
    def is_up(self) -> bool:
        """False while it need not be asked."""
        ...

    def look(self, names: Iterable[bytes], scopes: Iterable[bytes]) -> Awaitable[Seen | None]:
        """What it holds; None where it is down, or can't be told yet what was changed. All of one tick are one call.

        A scope that has no version gets one here, before the source is asked: what is read now holds under none that
        comes later.
        """
        ...

    def keep(self, entries: Sequence[Kept]) -> None:
        """Have them kept, without waiting for it."""
        ...

    async def revoke(self, scopes: Sequence[bytes]) -> None:
        """Take the versions of the scopes away. Where it is down, it is done before anything is looked for."""
        ...
