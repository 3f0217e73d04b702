"""Tags of a customer, and the names to choose from when adding one."""

from collections.abc import Sequence
from uuid import UUID

from datasources.errors import InvalidRequest
from datasources.folding import fold
from datasources.ids import CustomerId, EntityId
from datasources.paging import Page, PageRequest
from datasources.profiles import CustomerRow
from datasources.tags import CustomerTagRow, TagChangeRow
from permissions.model import ReachKind
from resolvers.context import Context

SUGGESTED = 10
MOST_SUGGESTED = 200


async def tags(customer: CustomerRow, context: Context, page: PageRequest) -> Page[CustomerTagRow]:
    """The customer's tags, top tags first (G13)."""
    return await context.load(context.sources.tags.tags, customer.customer_id, page)


async def history(customer: CustomerRow, context: Context, page: PageRequest) -> Page[TagChangeRow]:
    """The log of what happened to the customer's tags, newest first (J8)."""
    return await context.load(context.sources.tags.history, customer.customer_id, page)


async def change(context: Context, customer: UUID, id: UUID) -> TagChangeRow | None:
    """Something that happened to a tag, by its id."""
    return await context.load(context.sources.tags.changes, (CustomerId(customer), EntityId(id)))


def cap(tag: CustomerTagRow, context: Context) -> int | None:
    """How often the program lets the tag be applied; None without a limit (J5)."""
    return next((known.cap for known in context.settings.tags if known.key == tag.key), None)


async def suggestions(_root: object, context: Context, prefix: str, first: int | None = SUGGESTED) -> Sequence[str]:
    """Keys of the program's tags and of those in use that begin so, whatever case and accents; in the alphabet's order.

    Who can't reach every customer is told the program's tags alone. Raises InvalidRequest.
    """
    size = SUGGESTED if first is None else first
    if not 1 <= size <= MOST_SUGGESTED:
        raise InvalidRequest(f"`first` is a number from 1 to {MOST_SUGGESTED}.", "first")
    wanted = fold(prefix)
    known = {tag.key for tag in context.settings.tags if fold(tag.key).startswith(wanted)}
    if context.principal.reach.kind is ReachKind.ALL:
        known.update(await context.load(context.sources.tags.in_use, wanted))
    return sorted(known, key=lambda key: (fold(key), key))[:size]
