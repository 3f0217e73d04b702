"""Promo codes of a customer."""

from urllib.parse import quote
from uuid import UUID

import msgspec

from datasources.ids import CustomerId, EntityId, OfCustomer
from datasources.paging import PageRequest
from datasources.promo_codes import (
    LockoutRow,
    PromoCodeClaim,
    PromoCodeErrorRow,
    PromoCodeFailure,
    PromoCodeLimiterRow,
    PromoCodeRow,
    PromoCodeShown,
)
from resolvers.command import Command, CustomerActionInput, Payload, carried_out
from resolvers.context import Context
from resolvers.customer_lists import Asked, CustomerList


@CustomerList
def codes(context: Context, page: PageRequest) -> Asked[PromoCodeRow]:
    """Codes claimed by the customer or assigned to them, newest first (L1)."""
    return context.sources.promo_codes.codes, page


async def code(context: Context, customer: UUID, id: UUID) -> PromoCodeRow | None:
    """A customer's code by its id."""
    return await context.load(context.sources.promo_codes.codes_by_id, (CustomerId(customer), EntityId(id)))


def admin_url(row: PromoCodeRow, context: Context) -> str | None:
    """The code in the program's own tool (L7)."""
    return context.settings.admin_page("promo-codes", quote(row.code, safe=""))


@CustomerList
def errors(context: Context, page: PageRequest) -> Asked[PromoCodeErrorRow]:
    """Failed claims, newest first (L2)."""
    return context.sources.promo_codes.errors, page


async def error(context: Context, customer: UUID, id: UUID) -> PromoCodeErrorRow | None:
    """A failed claim by its id."""
    return await context.load(context.sources.promo_codes.errors_by_id, (CustomerId(customer), EntityId(id)))


@CustomerList
def limiters(context: Context, page: PageRequest) -> Asked[PromoCodeLimiterRow]:
    """Limiters that the customer met, newest first (L3)."""
    return context.sources.promo_codes.limiters, page


async def limiter(context: Context, customer: UUID, id: UUID) -> PromoCodeLimiterRow | None:
    """A limiter that a customer met, by its id."""
    return await context.load(context.sources.promo_codes.limiters_by_id, (CustomerId(customer), EntityId(id)))


async def lockout(customer: OfCustomer, context: Context) -> LockoutRow:
    """Whether failed claims have locked the customer out (L4); all zero where none ever failed."""
    return await _lockout(customer.customer_id, context)


def is_locked(row: LockoutRow, context: Context) -> bool:
    """True while the customer can't claim codes."""
    return row.is_locked(context.now)


def policy(_row: LockoutRow, context: Context) -> str:
    """When failed claims lock a customer out, in words (L9)."""
    return context.settings.lockout.text


class PromoCodeClaimInput(msgspec.Struct, frozen=True):
    """A claim as it is asked for."""

    customer_id: CustomerId
    code: str
    idempotency_key: str
    dry_run: bool | None = False


class PromoCodePayload(Payload[PromoCodeShown], frozen=True):
    """What came of a claim, or of the reset of a lockout."""


async def claim(command: Command[PromoCodeClaimInput]) -> PromoCodePayload:
    """Claim a code for the customer (L11)."""
    asked = command.asked
    method = command.context.sources.writers.promo_codes.claim
    return PromoCodePayload(*await carried_out(command, method, PromoCodeClaim(asked.customer_id, asked.code)))


async def reset_lockout(command: Command[CustomerActionInput]) -> PromoCodePayload:
    """Let the customer claim codes again (L5)."""
    method = command.context.sources.writers.promo_codes.reset_lockout
    return PromoCodePayload(*await carried_out(command, method, command.asked.customer_id))


async def claimed(payload: PromoCodePayload, context: Context) -> PromoCodeRow | None:
    """The code that was claimed."""
    shown, made = payload.written.shown, payload.stored("code")
    if shown is not None:
        return shown.promo_code
    return None if made is None or payload.customer_id is None else await code(context, payload.customer_id, made)


async def failure(payload: PromoCodePayload, context: Context) -> PromoCodeFailure | None:
    """Why the claim failed, as it was recorded."""
    shown, made = payload.written.shown, payload.stored("failure")
    if shown is not None:
        return shown.failure
    row = None if made is None or payload.customer_id is None else await error(context, payload.customer_id, made)
    return None if row is None else row.reason


async def lockout_now(payload: PromoCodePayload, context: Context) -> LockoutRow | None:
    """The customer's lockout as it is now; as it would be after a dry run."""
    if payload.written.shown is not None:
        return payload.written.shown.lockout
    if payload.customer_id is None or not payload.written.ids:
        return None
    return await _lockout(payload.customer_id, context)


async def _lockout(customer: CustomerId, context: Context) -> LockoutRow:
    return await context.load(context.sources.promo_codes.lockouts, customer) or LockoutRow(customer)
