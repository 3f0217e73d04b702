"""Points of a customer."""

import datetime as dt
from collections.abc import Awaitable, Sequence
from typing import Any
from uuid import UUID

import msgspec

from datasources.audit import ApprovalRow
from datasources.errors import InvalidRequest
from datasources.ids import CustomerId, EntityId, OfCustomer, OwnedId
from datasources.ledger import as_made
from datasources.paging import PageRequest
from datasources.points import (
    AdjustDirection,
    BalanceExplanation,
    PointAccountRow,
    PointAdjustment,
    PointAllocationRow,
    PointAuditRow,
    PointExpiryRow,
    PointReversal,
    PointsShown,
)
from datasources.program import PointAccountDefinition, PointSource
from datasources.transactions import TransactionRow
from datasources.writing import Reason
from permissions.model import Scope
from resolvers import audit as approvals
from resolvers.command import Command, Payload, carried_out
from resolvers.context import Context
from resolvers.customer_lists import Asked, CustomerList

ADJUST_BLOCKED = Scope("points:adjustBlocked")


async def accounts(
    customer: OfCustomer, context: Context, keys: Sequence[str] | None = None
) -> Sequence[PointAccountRow]:
    """The customer's accounts in the order of the program, those of `keys` where given."""
    rows = {
        row.account_key: row
        for row in await context.load(context.sources.points.accounts, customer.customer_id, context.now)
    }
    wanted = [account.key for account in context.settings.point_accounts if keys is None or account.key in keys]
    return [rows.get(key) or PointAccountRow.empty(customer.customer_id, key) for key in wanted]


async def total(customer: OfCustomer, context: Context, as_of: dt.datetime | None = None) -> int:
    """The sum of the accounts that count toward the total, now or at a past moment (D8)."""
    counted = [account.key for account in context.settings.point_accounts if account.counts_toward_total]
    if as_of is None:
        found = await accounts(customer, context, counted)
        return sum(account.balance for account in found)
    return sum(
        await context.load_many(
            context.sources.points.balances_at, [(customer.customer_id, key) for key in counted], as_of
        )
    )


@CustomerList
def audit(context: Context, page: PageRequest) -> Asked[PointAuditRow]:
    """The point audit log, newest first (1.H)."""
    return context.sources.points.audit, page


def expiry_schedule(
    customer: OfCustomer, context: Context, until: dt.datetime | None = None
) -> Awaitable[Sequence[PointExpiryRow]]:
    """Points that will expire, soonest first."""
    return context.load(context.sources.points.expiries, customer.customer_id, context.now, until)


def explain(
    customer: OfCustomer, context: Context, account: str, since: dt.datetime, until: dt.datetime
) -> Awaitable[BalanceExplanation]:
    """What led from the balance before `since` to that before `until`. Raises InvalidRequest."""
    if account not in {definition.key for definition in context.settings.point_accounts}:
        raise InvalidRequest("The program has no such point account.", "account")
    if until < since:
        raise InvalidRequest("`until` lies before `from`.", "until")
    return context.load(context.sources.points.movements, (customer.customer_id, account), since, until)


async def balance_at(account: PointAccountRow, context: Context, at: dt.datetime) -> int:
    """The account's balance after everything that occurred at or before `at`."""
    return await context.load(context.sources.points.balances_at, (account.customer_id, account.account_key), at)


async def entry(context: Context, customer: UUID, id: UUID) -> PointAuditRow | None:
    """An entry of the ledger by its id."""
    return await context.load(context.sources.points.entries, (CustomerId(customer), EntityId(id)), context.now)


async def purchase(row: PointAuditRow, context: Context) -> TransactionRow | None:
    """The purchase that caused the entry (H2)."""
    if row.purchase_id is None:
        return None
    return await context.load(context.sources.transactions.transactions, (row.customer_id, EntityId(row.purchase_id)))


async def reversed_entry(row: PointAuditRow, context: Context) -> PointAuditRow | None:
    """The entry that this one reverses."""
    return None if row.reverses_id is None else await entry(context, row.customer_id, row.reverses_id)


async def reversing_entry(row: PointAuditRow, context: Context) -> PointAuditRow | None:
    """The entry that reverses this one."""
    return None if row.reversed_by_id is None else await entry(context, row.customer_id, row.reversed_by_id)


async def approval(row: PointAuditRow, context: Context) -> ApprovalRow | None:
    """The approval that the entry was executed by."""
    return None if row.approval_id is None else await approvals.approval(context, row.approval_id)


async def allocations(row: PointAuditRow, context: Context) -> Sequence[PointAllocationRow]:
    """The lots that an entry took from or gave back to, soonest expiry first."""
    return await context.load(context.sources.points.allocations, (row.customer_id, EntityId(row.id)))


async def lot(allocation: PointAllocationRow, context: Context) -> PointAuditRow | None:
    """The entry that the lot of an allocation came from."""
    return await entry(context, allocation.customer_id, allocation.lot_id)


def definition(account: PointAccountRow, context: Context) -> PointAccountDefinition:
    """How the program set the account up."""
    return context.settings.point_account(account.account_key)


def source(row: PointAuditRow, context: Context) -> PointSource:
    """Where the points came from."""
    return context.settings.point_source(row.source_key)


class PointsAdjustInput(msgspec.Struct, frozen=True):
    """An adjustment as it is asked for."""

    customer_id: CustomerId
    idempotency_key: str
    account_key: str
    source_key: str
    direction: AdjustDirection
    points: int
    reason: Reason
    dry_run: bool | None = False
    reference_id: str | None = None
    expires_at: dt.datetime | None = None


class PointsAdjustmentReverseInput(msgspec.Struct, frozen=True):
    """A reversal as it is asked for."""

    entry_id: OwnedId
    idempotency_key: str
    reason: Reason
    dry_run: bool | None = False


class PointsPayload(Payload[PointsShown], frozen=True):
    """What came of a write of points."""


async def adjust(command: Command[PointsAdjustInput]) -> PointsPayload:
    """Add points to an account, or deduct them (H11, H12)."""
    asked, context = command.asked, command.context
    adjustment = PointAdjustment(
        asked.customer_id,
        asked.account_key,
        asked.source_key,
        asked.direction,
        asked.points,
        asked.reference_id,
        asked.expires_at,
    )
    return await _written(command, context.sources.writers.points.adjust, adjustment)


async def reverse(command: Command[PointsAdjustmentReverseInput]) -> PointsPayload:
    """Undo an entry of the ledger (inv-L4)."""
    return await _written(
        command, command.context.sources.writers.points.reverse, PointReversal(command.asked.entry_id)
    )


async def _written(command: Command[Any], method: Any, asked: PointAdjustment | PointReversal) -> PointsPayload:
    context = command.context
    payload = PointsPayload(*await carried_out(command, method, asked, adjusts_blocked=context.holds(ADJUST_BLOCKED)))
    shown = payload.written.shown
    if shown is not None and shown.entry is not None:
        key = shown.entry.customer_id, EntityId(shown.entry.id)
        context.loaders.know(context.sources.points.allocations, key, shown.allocations)
    return payload


async def made_entry(payload: PointsPayload, context: Context) -> PointAuditRow | None:
    """The entry as it was made."""
    shown = payload.written.shown
    if shown is not None:
        return shown.entry
    made = payload.stored("entry")
    if made is None or payload.customer_id is None:
        return None
    row = await entry(context, payload.customer_id, made)
    return None if row is None else as_made(row)


async def made_account(payload: PointsPayload, context: Context) -> PointAccountRow | None:
    """The account as it is now; as it would be after a dry run."""
    shown, made = payload.written.shown, await made_entry(payload, context)
    if made is None:
        return None
    if shown is not None and shown.account is not None:
        return shown.account
    rows = await context.load(context.sources.points.accounts, made.customer_id, context.now)
    return next((row for row in rows if row.account_key == made.account_key), None)
