"""Tiers as clients see them."""

import datetime as dt
from typing import TYPE_CHECKING, Annotated

import strawberry

from datasources import tiers as rows
from datasources.registry import Domain
from resolvers import command as command_of
from resolvers import tiers
from schema.audit import Audited
from schema.commands import Keyed, Payload, ReasonInput
from schema.connections import page_type
from schema.enums import enum
from schema.fields import command, connection, lookup
from schema.program import Tier, TierSystem
from schema.scalars import Decimal
from schema.values import Actor
from schema.views import Node, values, view

if TYPE_CHECKING:
    from schema.customer import Customer

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


@values(tiers.TierAdjustInput)
class TierAdjustInput(Keyed):
    """Which tier the customer is moved to, up or down. The reason code is required."""

    customer_id: strawberry.ID
    """Who is moved."""
    system_key: str
    """Key of the tier system in the program."""
    tier_key: str
    """Key of a tier of the system, another than the one held."""
    protect_until: dt.datetime | None
    """Until when nothing that counts, or no longer does, lowers the customer below the tier; left out, not at all."""
    award_entry_outcomes: bool | None = False
    """True to grant what the program grants to those who enter the tier; for a higher tier alone."""
    award_skipped_outcomes: bool | None = False
    """True to grant that of the tiers in between as well; for a higher tier alone."""
    reason: ReasonInput
    """Why; `code` is required, and `customerVisibleReason` becomes the note of the change."""


@view(tiers.TierPayload)
class TierPayload(Audited, Payload):
    """What came of a change of tier."""

    tier = lookup(CustomerTier | None, tiers.made_tier)
    """The tier of the system as it is now."""
    change = lookup(TierChange | None, tiers.made_change)
    """The change as it was made."""
    customer = lookup(
        Annotated["Customer", strawberry.lazy("schema.customer")] | None, command_of.customer, served_by=Domain.PROFILES
    )
    """The customer as they are now."""


class TierMutations:
    """Changes of tiers."""

    tier_adjust = command(
        TierPayload,
        tiers.adjust,
        TierAdjustInput,
        ids={"customer_id": "Customer"},
        requires="tiers:adjust",
        written_by=TIERS,
    )
    """Move a customer to another tier, whatever counts. Outcomes are granted only where you ask for them."""
