"""The scopes of the contract, the default roles, and what the roles of a token grant."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import msgspec

from permissions.model import AdjustmentLimit, AdjustmentOperation, Scope, ViewerKind

DEFAULT_COST = 5_000
"""So many objects take the gateway about 0.2 s; Q3, the dearest page of a store's dashboard, costs 3,301."""


class UnknownScope(ValueError):
    """A scope that the contract does not have."""

    def __init__(self, name: str) -> None:
        super().__init__(f"unknown scope '{name}'")


class Role(msgspec.Struct, frozen=True):
    """What the holders of a role may do, how far they may adjust, and what kind of caller they are.

    An operation without a limit is unlimited, if the role has its scope at all. `is_held_to_exact_search` closes the
    advanced search where the program has it open (B3). `max_cost` is what a GraphQL operation may cost at most.
    """

    scopes: frozenset[Scope]
    limits: tuple[AdjustmentLimit, ...] = ()
    kind: ViewerKind = ViewerKind.STAFF
    is_held_to_exact_search: bool = False
    max_cost: int = DEFAULT_COST


class Grant(NamedTuple):
    """What a token may do: the roles known here in its order, their scopes and limits, and the kind of caller.

    `max_cost` is 0 where none of the roles is known.
    """

    roles: tuple[str, ...]
    scopes: frozenset[Scope]
    limits: tuple[AdjustmentLimit, ...]
    kind: ViewerKind
    is_held_to_exact_search: bool
    max_cost: int


def _scopes(*groups: str) -> frozenset[Scope]:
    """Scopes written as `group:action action …`."""
    return frozenset(
        Scope(f"{name}:{action}")
        for name, _, actions in (group.partition(":") for group in groups)
        for action in actions.split()
    )


SCOPES = _scopes(
    "access:reset",
    "approvals:read decide",
    "audit:read",
    "campaigns:read manage",
    "cards:read adjust manage number stolenRescue",
    "customers:read search create status sync",
    "devices:read",
    "events:read ingest viewUnsurfaced",
    "locations:read",
    "membership:verify block delete anonymize",
    "messages:read send",
    "metrics:read",
    "notes:read write editAny delete",
    "offers:read issue manage",
    "ops:read explain",
    "personas:impersonate",
    "pii:read",
    "points:read adjust adjustBlocked",
    "privacy:history export restrict forget",
    "profile:read write",
    "promocodes:read manage",
    "rewards:read",
    "segments:read manage",
    "tags:read write create",
    "tickets:read",
    "tiers:read adjust",
    "transactions:read ingest",
)
"""Every scope there is."""

ADJUSTING = {
    AdjustmentOperation.POINTS_ADD: Scope("points:adjust"),
    AdjustmentOperation.POINTS_DEDUCT: Scope("points:adjust"),
    AdjustmentOperation.CARD_ADD: Scope("cards:adjust"),
    AdjustmentOperation.CARD_DEDUCT: Scope("cards:adjust"),
}
"""The scope without which an operation can't be done, and its limit says nothing."""

SEARCH = Scope("customers:search")
"""The scope of both searches."""

_MEMBER_READS = _scopes(
    "customers:read",
    "profile:read",
    "points:read",
    "tiers:read",
    "events:read",
    "offers:read",
    "cards:read",
    "rewards:read",
    "campaigns:read",
    "promocodes:read",
    "messages:read",
    "transactions:read",
    "locations:read",
)
_MORE_READS = _scopes("tags:read", "segments:read", "devices:read", "metrics:read")
_STAFF_READS = _MEMBER_READS | _MORE_READS | _scopes("customers:search")
_PERSONAL = _scopes("pii:read", "profile:write")

_CARE_LIMITS = tuple(
    AdjustmentLimit(operation, *(500, 5_000) if scope == "points:adjust" else (5_000, 20_000))
    for operation, scope in ADJUSTING.items()
)

DEFAULT_ROLES: Mapping[str, Role] = {
    "admin": Role(SCOPES, max_cost=10_000),
    "care_agent": Role(
        _STAFF_READS
        | _PERSONAL
        | _scopes(
            "customers:create status",
            "notes:read write",
            "tickets:read",
            "points:adjust",
            "cards:adjust manage",
            "tiers:adjust",
            "offers:issue manage",
            "campaigns:manage",
            "promocodes:manage",
            "tags:write",
            "segments:manage",
            "messages:send",
            "membership:verify block",
            "access:reset",
            "privacy:history",
            "approvals:read",
            "audit:read",
        ),
        _CARE_LIMITS,
    ),
    "store_associate": Role(
        (_MEMBER_READS - _scopes("promocodes:read"))
        | _scopes("customers:search create", "cards:manage", "offers:issue")
    ),
    "analyst": Role(_STAFF_READS),
    "privacy_officer": Role(
        _STAFF_READS
        | _PERSONAL
        | _scopes(
            "notes:read",
            "tickets:read",
            "membership:anonymize",
            "privacy:history export restrict forget",
            "audit:read",
        )
    ),
    "service": Role(
        _MEMBER_READS
        | _MORE_READS
        | _PERSONAL
        | _scopes(
            "customers:create sync",
            "points:adjust",
            "cards:adjust manage",
            "offers:issue manage",
            "events:ingest",
            "transactions:ingest",
        ),
        kind=ViewerKind.SERVICE,
    ),
    "member": Role(_MEMBER_READS | _PERSONAL | _scopes("messages:send"), kind=ViewerKind.MEMBER, max_cost=1_000),
}
"""The roles that hold where the config does not say otherwise; amounts of cards are in minor units of their currency."""


def scopes_of(pattern: str) -> frozenset[Scope]:
    """The scopes a word of the config stands for: one scope, `group:*`, or `*`. Raises UnknownScope."""
    group, _, action = pattern.partition(":")
    if pattern == "*":
        return SCOPES
    found = frozenset(
        scope for scope in SCOPES if scope == pattern or (action == "*" and scope.startswith(f"{group}:"))
    )
    if not found:
        raise UnknownScope(pattern)
    return found


def grant(roles: Mapping[str, Role], names: Iterable[str], scope_claim: str | None = None) -> Grant:
    """What a token with these role names may do.

    Names without a role here grant nothing: an issuer may name the roles of other applications. A scope claim (RFC 8693
    section 4.2, words parted by spaces) narrows the scopes and never widens them. Of several kinds the most confined
    one holds: MEMBER, then SERVICE. Of what an operation may cost, the most holds.
    """
    known = tuple(dict.fromkeys(name for name in names if name in roles))
    held = [roles[name] for name in known]
    scopes: frozenset[Scope] = frozenset().union(*(role.scopes for role in held))
    if scope_claim is not None:
        scopes &= frozenset(map(Scope, scope_claim.split()))
    kind = most_confined(role.kind for role in held)
    searching = [role for role in held if SEARCH in role.scopes]
    # One role that may search as the program does lifts what the others are held to.
    held_to_exact = bool(searching) and all(role.is_held_to_exact_search for role in searching)
    max_cost = max((role.max_cost for role in held), default=0)
    return Grant(known, scopes, _limits(held, scopes), kind, held_to_exact, max_cost)


def most_confined(kinds: Iterable[ViewerKind]) -> ViewerKind:
    """The kind of a caller who is of all these kinds."""
    found = set(kinds)
    return next((kind for kind in (ViewerKind.MEMBER, ViewerKind.SERVICE) if kind in found), ViewerKind.STAFF)


def _limits(held: list[Role], scopes: frozenset[Scope]) -> tuple[AdjustmentLimit, ...]:
    """The widest limit of the roles that may do an operation: one role without a limit lifts those of the others."""
    limits: list[AdjustmentLimit] = []
    for operation, scope in ADJUSTING.items():
        allowing = [role for role in held if scope in role.scopes] if scope in scopes else []
        found = [[limit for limit in role.limits if limit.operation is operation] for role in allowing]
        if all(found):
            limits += _widest([limit for of_role in found for limit in of_role])
    return tuple(limits)


def _widest(limits: list[AdjustmentLimit]) -> list[AdjustmentLimit]:
    """One limit for each currency, in the order in which they were first met."""
    by_currency: dict[str | None, list[AdjustmentLimit]] = {}
    for limit in limits:
        by_currency.setdefault(limit.currency, []).append(limit)
    return [
        AdjustmentLimit(
            same[0].operation,
            _largest(limit.per_operation for limit in same),
            _largest(limit.per_day for limit in same),
            currency,
        )
        for currency, same in by_currency.items()
    ]


def _largest(amounts: Iterable[int | None]) -> int | None:
    """The largest amount; None, which is no limit, is larger than all."""
    found = list(amounts)
    return None if None in found else max(amount for amount in found if amount is not None)
