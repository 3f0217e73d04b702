"""Rewards of a customer."""

from collections.abc import Awaitable
from uuid import UUID

from datasources.ids import CustomerId, EntityId, OfCustomer
from datasources.paging import Page, PageRequest
from datasources.rewards import RewardRow
from resolvers.context import Context


def rewards(customer: OfCustomer, context: Context, page: PageRequest) -> Awaitable[Page[RewardRow]]:
    """The customer's rewards, newest first (K8)."""
    return context.load(context.sources.rewards.rewards, customer.customer_id, page)


async def reward(context: Context, customer: UUID, id: UUID) -> RewardRow | None:
    """A reward by its id."""
    return await context.load(context.sources.rewards.by_id, (CustomerId(customer), EntityId(id)))
