"""Tiers of a customer."""

import datetime as dt
from collections.abc import Mapping
from uuid import UUID

import msgspec

from datasources.ids import CustomerId, EntityId
from datasources.paging import PageRequest
from datasources.program import Tier, TierSystem, hundredths
from datasources.tiers import (
    CustomerTierRow,
    TierAdjustment,
    TierChangeRow,
    TierShown,
    Windows,
    tier_of,
    window_start,
)
from datasources.writing import Reason
from resolvers.command import Command, Payload, carried_out
from resolvers.context import Context
from resolvers.customer_lists import Asked, CustomerList

EVERY = 200
"""More systems than any program has."""


@CustomerList
def tiers(context: Context, page: PageRequest) -> Asked[CustomerTierRow]:
    """The current tier of each system (I11)."""
    return context.sources.tiers.tiers, page, windows(context)


def windows(context: Context) -> Windows:
    """Behind which day the trailing window of each system counts now."""
    today = context.now.astimezone(dt.UTC).date()
    memo = context.program.memo
    found: Windows | None = memo.get((windows, today))
    if found is None:
        systems = context.settings.tier_systems
        found = tuple((system.key, window_start(context.now, system.window_months)) for system in systems)
        memo[windows, today] = found
    return found


@CustomerList
def history(context: Context, page: PageRequest) -> Asked[TierChangeRow]:
    """The log of tier changes, newest first (I14)."""
    return context.sources.tiers.history, page


async def change(context: Context, customer: UUID, id: UUID) -> TierChangeRow | None:
    """A change of tier by its id."""
    return await context.load(context.sources.tiers.changes, (CustomerId(customer), EntityId(id)))


def system(row: CustomerTierRow | TierChangeRow, context: Context) -> TierSystem:
    """The row's tier system; one that the program no longer has goes by its key."""
    found = next((one for one in context.settings.tier_systems if one.key == row.system_key), None)
    return found or TierSystem(row.system_key, row.system_key, context.settings.currency, ())


def tier(row: CustomerTierRow, context: Context) -> Tier:
    """The tier held."""
    return _tiers(context).get((row.system_key, row.tier_key)) or tier_of(system(row, context), row.tier_key)


def _tiers(context: Context) -> Mapping[tuple[str, str], Tier]:
    """The program's tiers by the keys of their systems and their own, gathered once."""
    found: Mapping[tuple[str, str], Tier] | None = context.program.memo.get(_tiers)
    if found is None:
        systems = context.settings.tier_systems
        found = {(system.key, tier.key): tier for system in systems for tier in system.tiers}
        context.program.memo[_tiers] = found
    return found


def before(row: TierChangeRow, context: Context) -> Tier | None:
    """The tier that was left."""
    return None if row.from_key is None else tier_of(system(row, context), row.from_key)


def after(row: TierChangeRow, context: Context) -> Tier:
    """The tier that was entered."""
    return tier_of(system(row, context), row.to_key)


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


class TierAdjustInput(msgspec.Struct, frozen=True):
    """A change of tier as it is asked for."""

    customer_id: CustomerId
    idempotency_key: str
    system_key: str
    tier_key: str
    reason: Reason
    dry_run: bool | None = False
    protect_until: dt.datetime | None = None
    award_entry_outcomes: bool | None = False
    award_skipped_outcomes: bool | None = False


class TierPayload(Payload[TierShown], frozen=True):
    """What came of a change of tier."""


async def adjust(command: Command[TierAdjustInput]) -> TierPayload:
    """Move the customer to a tier by hand (I16)."""
    asked = command.asked
    adjustment = TierAdjustment(
        asked.customer_id,
        asked.system_key,
        asked.tier_key,
        asked.protect_until,
        award_entry_outcomes=asked.award_entry_outcomes is True,
        award_skipped_outcomes=asked.award_skipped_outcomes is True,
    )
    return TierPayload(*await carried_out(command, command.context.sources.writers.tiers.adjust, adjustment))


async def made_change(payload: TierPayload, context: Context) -> TierChangeRow | None:
    """The change as it was made."""
    shown, made = payload.written.shown, payload.stored("change")
    if shown is not None:
        return shown.change
    return None if made is None or payload.customer_id is None else await change(context, payload.customer_id, made)


async def made_tier(payload: TierPayload, context: Context) -> CustomerTierRow | None:
    """The tier of the change's system as it is now; as it would be after a dry run."""
    shown, made = payload.written.shown, await made_change(payload, context)
    if made is None:
        return None
    if shown is not None and shown.tier is not None:
        return shown.tier
    page = await context.load(
        context.sources.tiers.tiers, made.customer_id, PageRequest(now=context.now, first=EVERY), windows(context)
    )
    return next((row for row in page.rows if row.system_key == made.system_key), None)
