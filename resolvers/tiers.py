"""Tiers of a customer."""

from uuid import UUID

from datasources.ids import CustomerId, EntityId
from datasources.paging import Page, PageRequest
from datasources.profiles import CustomerRow
from datasources.program import Tier, TierSystem, hundredths
from datasources.tiers import CustomerTierRow, TierChangeRow, window_start
from resolvers.context import Context


async def tiers(customer: CustomerRow, context: Context, page: PageRequest) -> Page[CustomerTierRow]:
    """The current tier of each system (I11)."""
    systems = context.settings.tier_systems
    windows = tuple((system.key, window_start(context.now, system.window_months)) for system in systems)
    return await context.load(context.sources.tiers.tiers, customer.customer_id, page, windows)


async def history(customer: CustomerRow, context: Context, page: PageRequest) -> Page[TierChangeRow]:
    """The log of tier changes, newest first (I14)."""
    return await context.load(context.sources.tiers.history, customer.customer_id, page)


async def change(context: Context, customer: UUID, id: UUID) -> TierChangeRow | None:
    """A change of tier by its id."""
    return await context.load(context.sources.tiers.changes, (CustomerId(customer), EntityId(id)))


def system(row: CustomerTierRow | TierChangeRow, context: Context) -> TierSystem:
    """The row's tier system; one that the program no longer has goes by its key."""
    found = next((one for one in context.settings.tier_systems if one.key == row.system_key), None)
    return found or TierSystem(row.system_key, row.system_key, context.settings.currency, ())


def tier(row: CustomerTierRow, context: Context) -> Tier:
    """The tier held."""
    return _named(system(row, context), row.tier_key)


def before(row: TierChangeRow, context: Context) -> Tier | None:
    """The tier that was left."""
    return None if row.from_key is None else _named(system(row, context), row.from_key)


def after(row: TierChangeRow, context: Context) -> Tier:
    """The tier that was entered."""
    return _named(system(row, context), row.to_key)


def _named(system: TierSystem, key: str) -> Tier:
    """The tier of this key; one that the program no longer has goes by its key, below all others."""
    return next((tier for tier in system.tiers if tier.key == key), None) or Tier(key, key, 0, 0)


def next_tier(row: CustomerTierRow, context: Context) -> Tier | None:
    """The lowest tier above the one held, None at the top (I9)."""
    held = tier(row, context)
    above = [one for one in system(row, context).tiers if one.rank > held.rank]
    return min(above, key=lambda one: one.rank, default=None)


def next_threshold(row: CustomerTierRow, context: Context) -> str | None:
    """Where the next tier begins, None at the top."""
    following = next_tier(row, context)
    return None if following is None else following.entry_threshold


def remaining_to_next(row: CustomerTierRow, context: Context) -> str | None:
    """How much is missing to the next tier, never below 0; None at the top (inv-T2)."""
    following = next_tier(row, context)
    return None if following is None else hundredths(max(0, following.entry_threshold_hundredths - row.counted))
