"""What the caller can do with a row now, and why not: a table of rules for each kind of row, applied here."""

from collections.abc import Callable, Sequence
from enum import Enum
from typing import Any, Generic, TypeVar

import msgspec

from datasources.profiles import CustomerRow, MembershipState, ProcessingState
from datasources.registry import Domain
from permissions.model import AdjustmentOperation, Principal, Scope
from resolvers import profiles
from resolvers.context import Context

Row = TypeVar("Row")


class AvailableAction(msgspec.Struct, frozen=True):
    """A mutation, whether it would be accepted now, and why not."""

    action: str
    enabled: bool
    disabled_reason: str | None
    requires_approval: bool
    scope: str


class Standing(Enum):
    """What an action asks of the customer it touches (settled.md, "Restricted and blocked")."""

    KNOWN = "KNOWN"
    """Personal data not removed for good; deleted customers count."""
    LIVE = "LIVE"
    """Not deleted either."""
    TAKING_PART = "TAKING_PART"
    """Neither blocked nor restricted either: whatever grants value."""


class Rule(msgspec.Struct, Generic[Row], frozen=True):
    """When a mutation is open: its name and scope, the customer's standing, and the row's own state.

    `refused` says why the row's state stands in the way, None where it does not. `operations` are those whose limits
    may turn it into an approval request, `domain` is the one that has to be bound.
    """

    action: str
    scope: Scope
    domain: Domain
    standing: Standing = Standing.LIVE
    refused: Callable[[Row, Context], str | None] | None = None
    operations: tuple[AdjustmentOperation, ...] = ()


def rule(
    action: str,
    scope: str,
    domain: Domain,
    standing: Standing = Standing.LIVE,
    *,
    refused: Callable[[Any, Context], str | None] | None = None,
    operations: tuple[AdjustmentOperation, ...] = (),
) -> Rule[Any]:
    """A rule as its table spells it."""
    return Rule(action, Scope(scope), domain, standing, refused, operations)


async def of_owned(rules: Sequence[Rule[Row]], row: Row, context: Context) -> list[AvailableAction]:
    """The actions of a row that has a `customer_id`, in the order of the rules."""
    owner = await profiles.customer(context, row.customer_id)  # type: ignore[attr-defined]  # what "owned" means
    return [] if owner is None else available(rules, row, owner, context)


def available(rules: Sequence[Rule[Row]], row: Row, owner: CustomerRow, context: Context) -> list[AvailableAction]:
    """The actions of a row of this customer, in the order of the rules."""
    return [_judged(one, row, owner, context) for one in rules]


def _judged(rule: Rule[Row], row: Row, owner: CustomerRow, context: Context) -> AvailableAction:
    reason = _reason(rule, row, owner, context)
    return AvailableAction(
        rule.action, reason is None, reason, needs_approval(context.principal, rule.operations), rule.scope
    )


def _reason(rule: Rule[Row], row: Row, owner: CustomerRow, context: Context) -> str | None:
    """Why not, the caller's own lack first; None where nothing stands in the way."""
    if not context.holds(rule.scope):
        return f"You need the scope {rule.scope}."
    if rule.domain not in context.sources.bound:
        return "The program has no source for this."
    if rule.action in context.settings.switched_off:
        return "The program has switched this off."
    return standing_refusal(owner, rule.standing) or (rule.refused(row, context) if rule.refused else None)


def standing_refusal(customer: CustomerRow, standing: Standing) -> str | None:
    """Why the customer's membership or privacy stands in the way."""
    if customer.is_gone:
        return "The customer's personal data was removed for good."
    if standing is not Standing.KNOWN and customer.membership_state is MembershipState.DELETED:
        return "The customer is deleted: restore the membership first."
    if standing is not Standing.TAKING_PART:
        return None
    if customer.membership_state is MembershipState.BLOCKED:
        return "The customer is blocked."
    if customer.processing is ProcessingState.RESTRICTED:
        return "The customer restricted processing."
    return None


def needs_approval(principal: Principal, operations: Sequence[AdjustmentOperation]) -> bool:
    """True when the caller may do none of the operations at any amount without a second person."""
    return bool(operations) and all(
        any(limit.operation is operation for limit in principal.limits)
        and all(limit.per_operation == 0 for limit in principal.limits if limit.operation is operation)
        for operation in operations
    )
