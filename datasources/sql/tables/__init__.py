"""Every table of the SQL source, one module a domain.

A customer-owned table begins its primary key and its indexes with `customer_id`, so that it can be partitioned or
distributed by customer without changing a query. Tables of different domains never refer to each other by foreign
key: each domain may live in another source.
"""

from . import (
    audit,
    campaigns,
    cards,
    devices,
    events,
    locations,
    messages,
    metrics,
    notes,
    offers,
    points,
    privacy,
    profiles,
    program,
    promo_codes,
    rewards,
    segments,
    tags,
    tickets,
    tiers,
    transactions,
    writing,
)
from ._build import metadata

__all__ = [
    "audit",
    "campaigns",
    "cards",
    "devices",
    "events",
    "locations",
    "messages",
    "metadata",
    "metrics",
    "notes",
    "offers",
    "points",
    "privacy",
    "profiles",
    "program",
    "promo_codes",
    "rewards",
    "segments",
    "tags",
    "tickets",
    "tiers",
    "transactions",
    "writing",
]
