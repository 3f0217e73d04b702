"""Rewards as clients see them."""

import datetime as dt

from datasources import rewards as rows
from datasources.registry import Domain
from resolvers import rewards
from schema.connections import page_type
from schema.enums import enum
from schema.fields import argument, connection
from schema.scalars import Long, Url
from schema.views import Node, view

READ = "rewards:read"

enum(
    rows.RewardStatus,
    PENDING="Not redeemed, or not taken up yet.",
    PROCESSING="Being prepared.",
    SHIPPED="On its way.",
    DELIVERED="Delivered.",
    FULFILLED="Handed over.",
    CANCELLED="Cancelled.",
    RETURNED="Sent back.",
)


@view(rows.RewardOrder)
class RewardOrder:
    """The order that brings a reward."""

    order_id: str
    """Its id in the system that ships it."""
    status: str | None
    """What that system says of it."""
    carrier: str | None
    """Who carries it."""
    tracking_url: Url | None
    """Where the carrier shows the way of the parcel."""
    url: Url | None
    """The order in the system that ships it."""


@view(rows.RewardRow, requires=READ, find=rewards.reward)
class Reward(Node):
    """Something to be had for points."""

    name: str
    """What it is."""
    status: rows.RewardStatus
    """Where it is."""
    redeemed_at: dt.datetime | None
    """When it was last redeemed."""
    offer_type: str
    """What kind of offer it came from, such as `incentive points`."""
    quantity: int
    """How often the customer can redeem it."""
    redemptions_used: int
    """How often the customer has redeemed it."""
    points_price: Long
    """Points that one redemption costs."""
    points_spent: Long
    """Points spent on it so far."""
    order: RewardOrder | None
    """The order, once it was redeemed."""


RewardConnection = page_type("Reward", Reward, "rewards")


class RewardFields:
    """What a customer shows of rewards."""

    rewards = connection(
        RewardConnection,
        rewards.rewards,
        argument("status", list[rows.RewardStatus] | None, "Only rewards of these statuses."),
        filter=rows.RewardFilter,
        requires=READ,
        domain=Domain.REWARDS,
    )
    """Rewards, newest first."""
