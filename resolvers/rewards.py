"""Rewards of a customer."""

from uuid import UUID

from datasources.ids import CustomerId, EntityId
from datasources.paging import PageRequest
from datasources.rewards import RewardRow
from resolvers.context import Context
from resolvers.customer_lists import Asked, CustomerList


@CustomerList
def rewards(context: Context, page: PageRequest) -> Asked[RewardRow]:
    """The customer's rewards, newest first (K8)."""
    return context.sources.rewards.rewards, page


async def reward(context: Context, customer: UUID, id: UUID) -> RewardRow | None:
    """A reward by its id."""
    return await context.load(context.sources.rewards.by_id, (CustomerId(customer), EntityId(id)))
