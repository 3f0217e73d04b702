"""Who is asking, and what they may do."""

from collections.abc import Sequence

from datasources.locations import LocationRow
from datasources.profiles import CustomerRow
from permissions.model import AdjustmentLimit, AdjustmentOperation, Principal, Reach, ReachKind
from resolvers import profiles
from resolvers.context import Context

IN_MONEY = (AdjustmentOperation.CARD_ADD, AdjustmentOperation.CARD_DEDUCT)


def viewer(_root: object, context: Context) -> Principal:
    """The caller."""
    return context.principal


def scopes(principal: Principal, _context: Context) -> list[str]:
    """What the caller may do, in the order of the alphabet."""
    return sorted(principal.scopes)


def currency(limit: AdjustmentLimit, context: Context) -> str | None:
    """The currency that a limit on money is in: the program's, unless it names its own. Points have none."""
    if limit.operation not in IN_MONEY:
        return None
    return limit.currency or context.settings.currency


async def customer(reach: Reach, context: Context) -> CustomerRow | None:
    """The one customer that the caller can reach."""
    return None if reach.customer is None else await profiles.customer(context, reach.customer)


async def locations(reach: Reach, context: Context) -> Sequence[LocationRow] | None:
    """The locations whose customers the caller can reach, by store id; None where the reach is no matter of places."""
    if reach.kind is not ReachKind.LOCATIONS:
        return None
    found = await context.load_many(context.sources.locations.by_store_id, sorted(reach.stores))
    return [location for location in found if location is not None]
