"""A program whose domains are split over several databases: what of a write belongs to others than the one that writes."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import msgspec

from datasources.registry import Domain

if TYPE_CHECKING:
    from datasources.sql.engine import Database

APPROVED = (Domain.POINTS, Domain.CARDS)
"""The domains with mutations that may wait for a second person: a request is kept where it will be executed."""


class Split(msgspec.Struct, frozen=True):
    """Which databases serve what a write of this one touches; None where it does so itself.

    `followers` are told of the customers of this one. `deciding` keep the approvals that this one's readers show, none
    where it does. `elsewhere` are the domains that any other source serves.
    """

    profiles: "Database | None" = None
    audit: "Database | None" = None
    events: "Database | None" = None
    followers: "tuple[Database, ...]" = ()
    deciding: "tuple[Database, ...]" = ()
    elsewhere: frozenset[Domain] = frozenset()

    @property
    def told(self) -> "tuple[Database, ...]":
        """Every database that this one ever tells something, each once."""
        others = (self.profiles, self.audit, self.events, *self.followers)
        return tuple({other.name: other for other in others if other is not None}.values())


WHOLE = Split()
"""Of a database that serves whatever its writes touch."""


def topic_of(told: "Database") -> str:
    """The topic of the outbox for what is to be told to a database: all of it in one order."""
    return f"source:{told.name}"


def part(databases: "Mapping[str, Database]", bound: Mapping[Domain, str]) -> None:
    """Let every database know which domains the others serve. Domains that no database serves stay with whoever writes."""

    def server(domain: Domain, own: "Database") -> "Database | None":
        found = databases.get(bound.get(domain, own.name), own)
        return None if found is own else found

    for own in databases.values():
        if own.name not in bound.values():
            continue
        keeping = {bound[domain]: databases[bound[domain]] for domain in APPROVED if bound.get(domain) in databases}
        others = (other for other in databases.values() if other is not own and other.name in bound.values())
        own.split = Split(
            profiles=server(Domain.PROFILES, own),
            audit=server(Domain.AUDIT, own),
            events=server(Domain.EVENTS, own),
            followers=tuple(others) if bound.get(Domain.PROFILES) == own.name else (),
            deciding=tuple(keeping.values()) if set(keeping) - {own.name} else (),
            elsewhere=frozenset(domain for domain, name in bound.items() if name != own.name),
        )
