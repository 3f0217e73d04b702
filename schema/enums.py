"""Enums of the domains as GraphQL enums: every value has a description."""

import re
from enum import Enum
from typing import TypeVar

import strawberry

Member = TypeVar("Member", bound=Enum)


RULE = re.compile(r" \([A-Z]-?\d+(, [A-Z]-?\d+)*\)")
"""Where a docstring says which requirement it comes from: nothing to a client."""


def enum(members: type[Member], /, *, name: str | None = None, **descriptions: str) -> type[Member]:
    """Make an enum part of the schema. Raises TypeError where the descriptions are not just those of its members."""
    if set(descriptions) != set(members.__members__):
        raise TypeError(f"{members.__name__}: describe {sorted(set(members.__members__) ^ set(descriptions))}")
    # A field may have met the enum before its description: strawberry has made its definition then, and holds on to it.
    known = members if hasattr(members, "__strawberry_definition__") else strawberry.enum(members)
    made = known.__strawberry_definition__  # type: ignore[attr-defined]  # set by strawberry
    made.name = name or members.__name__
    made.description = RULE.sub("", " ".join((members.__doc__ or "").split()))
    for value in made.values:
        value.description = descriptions[value.name]
    return members
