"""Rewards that customers redeemed, with their orders."""

from sqlalchemy import BigInteger, Integer, Text

from datasources.rewards import RewardOrder
from datasources.sql.types import Document, Instant

from ._build import by, keyword, optional, owned, required

rewards = owned(
    "rewards",
    required("name", Text()),
    keyword("status"),
    optional("redeemed_at", Instant()),
    required("created_at", Instant()),
    keyword("offer_type"),
    required("quantity", Integer()),
    required("redemptions_used", Integer()),
    required("points_price", BigInteger()),
    required("points_spent", BigInteger()),
    optional("order", Document(RewardOrder)),
)
by(rewards, "created_at")
