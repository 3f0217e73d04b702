"""Rewards: what customers can get or got for points, with the order that brings it. Rules: requirements 1.K."""

import datetime as dt
from collections.abc import Sequence
from enum import Enum
from typing import Protocol

import msgspec

from datasources.ids import CustomerId, EntityId, OwnedId
from datasources.paging import Page, PageRequest


class RewardStatus(Enum):
    """Where a reward is on its way (K1)."""

    PENDING = "PENDING"
    PROCESSING = "PROCESSING"
    SHIPPED = "SHIPPED"
    DELIVERED = "DELIVERED"
    FULFILLED = "FULFILLED"
    CANCELLED = "CANCELLED"
    RETURNED = "RETURNED"


class RewardOrder(msgspec.Struct, frozen=True):
    """The order of a redeemed reward, as the system that ships it tells."""

    order_id: str
    status: str | None = None
    carrier: str | None = None
    tracking_url: str | None = None
    url: str | None = None


class RewardRow(msgspec.Struct, frozen=True, array_like=True):
    """A reward of a customer; `quantity` is how often it can be redeemed (K5)."""

    customer_id: CustomerId
    id: EntityId
    name: str
    status: RewardStatus
    redeemed_at: dt.datetime | None
    created_at: dt.datetime
    offer_type: str
    quantity: int
    redemptions_used: int
    points_price: int
    points_spent: int
    order: RewardOrder | None


class RewardFilter(msgspec.Struct, frozen=True):
    """Which rewards of a customer."""

    status: tuple[RewardStatus, ...] | None = None


class RewardReader(Protocol):
    """Serves rewards. Every method answers one result per key, in key order; raises SourceUnavailable, SourceTimedOut."""

    async def rewards(self, customers: Sequence[CustomerId], page: PageRequest) -> Sequence[Page[RewardRow]]:
        """Rewards newest first, one page per customer; `page.filter` is a RewardFilter."""
        ...

    async def by_id(self, keys: Sequence[OwnedId]) -> Sequence[RewardRow | None]:
        """Rewards by their id."""
        ...
