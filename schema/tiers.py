"""Tiers as clients see them."""

import datetime as dt

from datasources import tiers as rows
from datasources.registry import Domain
from resolvers import tiers
from schema.connections import page_type
from schema.enums import enum
from schema.fields import connection, lookup
from schema.program import Tier, TierSystem
from schema.scalars import Decimal
from schema.values import Actor
from schema.views import Node, view

TIERS = Domain.TIERS
READ = "tiers:read"

enum(
    rows.TierDirection,
    UP="To a higher tier.",
    DOWN="To a lower tier.",
    SAME="Neither: the tier was confirmed.",
)
enum(
    rows.TierChangeReason,
    QUALIFIED="Enough counted to reach the tier.",
    MAINTENANCE_FAILED="Too little counted to keep the tier before.",
    MANUAL="Staff changed it.",
    RETURN="A return took away what had counted.",
    ENROLLED="The customer joined the program.",
)


@view(rows.CustomerTierRow, requires=READ)
class CustomerTier:
    """The tier that a customer holds in a tier system now."""

    system = lookup(TierSystem, tiers.system)
    """The tier system."""
    tier = lookup(Tier, tiers.tier)
    """The tier held."""
    status: str
    """ACTIVE, or EXPIRED once `expiresAt` and `protectedUntil` have passed and it is not reviewed yet."""
    entered_at: dt.datetime
    """When the customer entered it."""
    expires_at: dt.datetime | None
    """When it ends unless it is earned anew; null when it does not."""
    protected_until: dt.datetime | None
    """Until when staff protected it from being lost."""
    progress: Decimal
    """What counts now, in the unit of the tier system: the sum over its trailing window."""
    next_tier = lookup(Tier | None, tiers.next_tier)
    """The tier above; null at the top."""
    next_threshold = lookup(Decimal | None, tiers.next_threshold)
    """Where the tier above begins; null at the top."""
    remaining_to_next = lookup(Decimal | None, tiers.remaining_to_next)
    """max(0, nextThreshold - progress); null at the top."""


@view(rows.TierChangeRow, requires=READ, find=tiers.change)
class TierChange(Node):
    """A customer entered or left a tier."""

    system = lookup(TierSystem, tiers.system)
    """The tier system."""
    before = lookup(Tier | None, tiers.before, graphql_name="from")
    """The tier left; null for the first one."""
    after = lookup(Tier, tiers.after, graphql_name="to")
    """The tier entered."""
    direction: rows.TierDirection
    """Which way it went."""
    reason: rows.TierChangeReason
    """Why."""
    note: str | None
    """What staff wrote about it."""
    at: dt.datetime
    """When it happened."""
    actor: Actor | None
    """Who changed it: staff, or the rule that did."""


CustomerTierConnection = page_type("CustomerTier", CustomerTier, "tiers")
TierChangeConnection = page_type("TierChange", TierChange, "changes of tier")


class TierFields:
    """What a customer shows of tiers."""

    tier_history = connection(TierChangeConnection, tiers.history, requires=READ, domain=TIERS)
    """Every change of tier, newest first."""
    # Last: here it hides the module of its name.
    tiers = connection(CustomerTierConnection, tiers.tiers, requires=READ, domain=TIERS)
    """Current tier of each tier system the customer belongs to; empty where the program has none."""
