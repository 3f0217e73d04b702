"""Who is asking: principal, scopes, reach and limits."""

import datetime as dt
from enum import Enum
from typing import NewType
from uuid import UUID

import msgspec

Scope = NewType("Scope", str)
RequiredScopes = tuple[frozenset[Scope], ...]
"""Any one of these sets suffices, as in `@requiresScopes`; the empty tuple requires nothing."""


class ViewerKind(Enum):
    """What kind of caller it is."""

    ANONYMOUS = "ANONYMOUS"
    STAFF = "STAFF"
    MEMBER = "MEMBER"
    SERVICE = "SERVICE"


class ReachKind(Enum):
    """Which customers exist for a caller."""

    ALL = "ALL"
    CUSTOMER = "CUSTOMER"
    LOCATIONS = "LOCATIONS"
    NONE = "NONE"


class AdjustmentOperation(Enum):
    """What a limit is set on."""

    POINTS_ADD = "POINTS_ADD"
    POINTS_DEDUCT = "POINTS_DEDUCT"
    CARD_ADD = "CARD_ADD"
    CARD_DEDUCT = "CARD_DEDUCT"


class AdjustmentLimit(msgspec.Struct, frozen=True):
    """Beyond `per_operation` or `per_day` an adjustment becomes an approval request; None is no limit."""

    operation: AdjustmentOperation
    per_operation: int | None = None
    per_day: int | None = None
    currency: str | None = None


class Reach(msgspec.Struct, frozen=True):
    """The customers a caller can reach: all, one, or those of some locations (by store id)."""

    kind: ReachKind
    customer: UUID | None = None
    stores: frozenset[str] = frozenset()


STRANGER_COST = 50
"""What an operation of somebody unknown may cost: enough to ask who one is."""

EVERYONE = Reach(ReachKind.ALL)
NOBODY = Reach(ReachKind.NONE)


class Principal(msgspec.Struct, frozen=True):
    """The caller that a token stands for."""

    kind: ViewerKind
    id: str | None
    name: str | None
    roles: tuple[str, ...]
    scopes: frozenset[Scope]
    reach: Reach
    limits: tuple[AdjustmentLimit, ...] = ()
    expires_at: dt.datetime | None = None
    is_held_to_exact_search: bool = False
    max_cost: int = STRANGER_COST

    def holds(self, required: RequiredScopes) -> bool:
        """True when every scope of at least one of the sets is held."""
        return not required or any(scopes <= self.scopes for scopes in required)


ANONYMOUS = Principal(ViewerKind.ANONYMOUS, None, None, (), frozenset(), NOBODY)


class AccessDenied(Exception):
    """The caller lacks a scope; the message names the scope and nothing of the data."""

    def __init__(self, required: RequiredScopes) -> None:
        self.required = required
        wanted = " or ".join(" and ".join(sorted(scopes)) for scopes in required)
        one = all(len(scopes) == 1 for scopes in required)
        super().__init__(f"This needs the {'scope' if one else 'scopes'} {wanted}.")
