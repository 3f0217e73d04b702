"""Purchases of a customer."""

from collections.abc import Sequence
from uuid import UUID

from datasources.ids import CustomerId, EntityId
from datasources.locations import LocationRow
from datasources.offers import CustomerOfferRow
from datasources.paging import Page, PageRequest
from datasources.points import PointAuditRow
from datasources.profiles import CustomerRow
from datasources.transactions import TransactionItemRow, TransactionRow
from resolvers.context import Context


async def purchases(customer: CustomerRow, context: Context, page: PageRequest) -> Page[TransactionRow]:
    """The customer's purchases, newest first (T1, T2)."""
    return await context.load(context.sources.transactions.purchases, customer.id, page)


async def transaction(context: Context, customer: UUID, id: UUID) -> TransactionRow | None:
    """A purchase by its id."""
    return await context.load(context.sources.transactions.transactions, (CustomerId(customer), EntityId(id)))


async def items(row: TransactionRow, context: Context) -> Sequence[TransactionItemRow]:
    """What was bought, in the order of the receipt (T3, T4)."""
    return await context.load(context.sources.transactions.items, (row.customer_id, row.id))


async def location(row: TransactionRow, context: Context) -> LocationRow | None:
    """Where it was bought."""
    if row.location_id is None:
        return None
    return await context.load(context.sources.locations.locations, row.location_id)


async def redeemed_offers(row: TransactionRow, context: Context) -> Sequence[CustomerOfferRow]:
    """The offers redeemed with it (O12)."""
    return await context.load(context.sources.offers.of_transactions, (row.customer_id, row.external_id), context.now)


async def point_entries(row: TransactionRow, context: Context) -> Sequence[PointAuditRow]:
    """The ledger entries that it caused, in the order of recording."""
    return await context.load(context.sources.points.of_purchases, (row.customer_id, row.id), context.now)
