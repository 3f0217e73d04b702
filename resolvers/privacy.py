"""Privacy requests: of one customer, and of all whom the caller reaches."""

from collections.abc import Sequence
from uuid import UUID

from datasources.paging import Page, PageRequest
from datasources.privacy import PrivacyRequestRow, PrivacyRequestType
from datasources.privacy import status_text as in_words
from datasources.profiles import CustomerRow
from resolvers import profiles
from resolvers.context import Context


async def newest(customer: CustomerRow, context: Context) -> Sequence[PrivacyRequestRow]:
    """The customer's newest request of every type, cancelled ones left out."""
    return await context.load(context.sources.privacy.newest, customer.customer_id)


async def status_text(customer: CustomerRow, context: Context) -> str:
    """How the customer stands under privacy law, in words (X9)."""
    return in_words(customer.membership_state, customer.processing, await newest(customer, context))


async def latest_export(customer: CustomerRow, context: Context) -> PrivacyRequestRow | None:
    """The customer's newest export, completed or not."""
    return next((row for row in await newest(customer, context) if row.type is PrivacyRequestType.EXPORT), None)


async def of_customer(customer: CustomerRow, context: Context, page: PageRequest) -> Page[PrivacyRequestRow]:
    """All requests made on the customer's behalf, newest first (X16)."""
    return await context.load(context.sources.privacy.of_customers, customer.customer_id, page)


async def history(_root: object, context: Context, page: PageRequest) -> Page[PrivacyRequestRow]:
    """The requests of all customers whom the caller reaches, newest first (X6)."""
    reach = profiles.within(context.principal)
    if reach is None:
        return Page((), ("submitted_at", "id"), total=0 if page.want_total else None)
    return await context.call(context.sources.privacy.history, page, reach)


async def request(context: Context, id: UUID) -> PrivacyRequestRow | None:
    """A request by its id, None where the caller can't reach its customer."""
    reach = profiles.within(context.principal)
    return None if reach is None else await context.load(context.sources.privacy.requests, id, reach)


async def customer(request: PrivacyRequestRow, context: Context) -> CustomerRow | None:
    """The customer that a request is about, None once forgotten."""
    return None if request.customer_id is None else await profiles.customer(context, request.customer_id)
