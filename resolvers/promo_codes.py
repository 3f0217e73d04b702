"""Promo codes of a customer."""

from urllib.parse import quote
from uuid import UUID

from datasources.ids import CustomerId, EntityId
from datasources.paging import Page, PageRequest
from datasources.profiles import CustomerRow
from datasources.promo_codes import LockoutRow, PromoCodeErrorRow, PromoCodeLimiterRow, PromoCodeRow
from resolvers.context import Context


async def codes(customer: CustomerRow, context: Context, page: PageRequest) -> Page[PromoCodeRow]:
    """Codes claimed by the customer or assigned to them, newest first (L1)."""
    return await context.load(context.sources.promo_codes.codes, customer.customer_id, page)


async def code(context: Context, customer: UUID, id: UUID) -> PromoCodeRow | None:
    """A customer's code by its id."""
    return await context.load(context.sources.promo_codes.codes_by_id, (CustomerId(customer), EntityId(id)))


def admin_url(row: PromoCodeRow, context: Context) -> str | None:
    """The code in the program's own tool (L7)."""
    return context.settings.admin_page("promo-codes", quote(row.code, safe=""))


async def errors(customer: CustomerRow, context: Context, page: PageRequest) -> Page[PromoCodeErrorRow]:
    """Failed claims, newest first (L2)."""
    return await context.load(context.sources.promo_codes.errors, customer.customer_id, page)


async def error(context: Context, customer: UUID, id: UUID) -> PromoCodeErrorRow | None:
    """A failed claim by its id."""
    return await context.load(context.sources.promo_codes.errors_by_id, (CustomerId(customer), EntityId(id)))


async def limiters(customer: CustomerRow, context: Context, page: PageRequest) -> Page[PromoCodeLimiterRow]:
    """Limiters that the customer met, newest first (L3)."""
    return await context.load(context.sources.promo_codes.limiters, customer.customer_id, page)


async def limiter(context: Context, customer: UUID, id: UUID) -> PromoCodeLimiterRow | None:
    """A limiter that a customer met, by its id."""
    return await context.load(context.sources.promo_codes.limiters_by_id, (CustomerId(customer), EntityId(id)))


async def lockout(customer: CustomerRow, context: Context) -> LockoutRow:
    """Whether failed claims have locked the customer out (L4); all zero where none ever failed."""
    found = await context.load(context.sources.promo_codes.lockouts, customer.customer_id)
    return found or LockoutRow(customer.customer_id)


def is_locked(row: LockoutRow, context: Context) -> bool:
    """True while the customer can't claim codes."""
    return row.is_locked(context.now)


def policy(_row: LockoutRow, context: Context) -> str:
    """When failed claims lock a customer out, in words (L9)."""
    return context.settings.lockout.text
