"""Enums of the domains as GraphQL enums: every value has a description."""

from enum import Enum
from typing import TypeVar

import strawberry

Member = TypeVar("Member", bound=Enum)


def enum(members: type[Member], /, *, name: str | None = None, **descriptions: str) -> type[Member]:
    """Make an enum part of the schema. Raises TypeError where the descriptions are not just those of its members."""
    if set(descriptions) != set(members.__members__):
        raise TypeError(f"{members.__name__}: describe {sorted(set(members.__members__) ^ set(descriptions))}")
    description = " ".join((members.__doc__ or "").split())
    made = strawberry.enum(members, name=name, description=description)
    for value in made.__strawberry_definition__.values:  # type: ignore[attr-defined]  # set by strawberry
        value.description = descriptions[value.name]
    return made
