"""Rewards that points were spent on, with their made-up orders."""

import datetime as dt
import random

import msgspec

from datasources.ids import EntityId
from datasources.sql.tables.rewards import rewards

from .household import Household

PRICES = (
    ("Coffee mug", 250),
    ("Tote bag", 400),
    ("Cook book", 600),
    ("Picnic blanket", 900),
    ("Grocery voucher", 500),
)
STATUSES = ("FULFILLED", "DELIVERED", "DELIVERED", "SHIPPED", "PROCESSING", "PENDING")


class Reward(msgspec.Struct, frozen=True):
    """A reward redeemed for points, the household's `number`th."""

    id: EntityId
    name: str
    price: int
    at: dt.datetime
    number: int


def write_reward(household: Household, reward: Reward, chance: random.Random) -> None:
    """A reward of the customer: still on its way where it was redeemed in the last two weeks, else handed over."""
    recent = household.timeline.end - reward.at < dt.timedelta(days=14)
    status = chance.choice(STATUSES[2:]) if recent else chance.choice(STATUSES[:2])
    household.own(
        rewards,
        id=reward.id,
        name=reward.name,
        status=status,
        redeemed_at=reward.at,
        created_at=reward.at,
        offer_type="incentive points",
        quantity=1,
        redemptions_used=1,
        points_price=reward.price,
        points_spent=reward.price,
        order=_order(household, reward, status),
    )


def write_waiting(household: Household) -> None:
    """A reward that every customer who takes part could redeem but has not."""
    at = household.timeline.before_end(days=20)
    if not household.takes_part_at(at):
        return
    household.own(
        rewards,
        id=household.id(at, "reward", "waiting"),
        name="Birthday cake",
        status="PENDING",
        created_at=at,
        offer_type="free item",
        quantity=2,
        redemptions_used=0,
        points_price=150,
        points_spent=0,
    )


def _order(household: Household, reward: Reward, status: str) -> dict[str, object]:
    order_id = f"RO-{household.number}-{reward.number}"
    tracked = status in ("SHIPPED", "DELIVERED")
    return {
        "order_id": order_id,
        "status": status.lower(),
        "carrier": "UPS" if tracked else None,
        "tracking_url": f"https://tracking.example.com/{order_id}" if tracked else None,
        "url": f"https://orders.example.com/{order_id}",
    }
