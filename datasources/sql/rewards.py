"""Rewards in SQL."""

from collections.abc import Sequence
from typing import ClassVar

from datasources.ids import CustomerId, OwnedId
from datasources.paging import Page, PageRequest
from datasources.registry import Domain
from datasources.rewards import RewardRow
from datasources.sql.filters import among
from datasources.sql.reader import SqlReader
from datasources.sql.statements import Keyed, Paged, Rows
from datasources.sql.tables.rewards import rewards

REWARD = Rows(RewardRow, rewards)
REWARDS = Paged(REWARD, order=("created_at", "id"), filters={"status": among(rewards.c.status)})
BY_ID = Keyed(REWARD)


class SqlRewards(SqlReader):
    """Serves `datasources.rewards.RewardReader`."""

    domain: ClassVar[Domain] = Domain.REWARDS

    async def rewards(self, customers: Sequence[CustomerId], page: PageRequest) -> Sequence[Page[RewardRow]]:
        """See RewardReader."""
        return await REWARDS.of_each(self._database, customers, page)

    async def by_id(self, keys: Sequence[OwnedId]) -> Sequence[RewardRow | None]:
        """See RewardReader."""
        return await BY_ID.one_each(self._database, keys)
