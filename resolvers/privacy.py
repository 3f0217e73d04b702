"""Privacy requests: of one customer, and of all whom the caller reaches."""

from collections.abc import Awaitable, Sequence
from uuid import UUID

import msgspec

from datasources.ids import CustomerId, OfCustomer
from datasources.paging import Page, PageRequest
from datasources.privacy import PrivacyAction, PrivacyRequestRow, PrivacyRequestType, PrivacyShown
from datasources.privacy import status_text as in_words
from datasources.profiles import CustomerRow
from datasources.writing import Reason
from resolvers import profiles
from resolvers.command import Command, Payload, carried_out
from resolvers.context import Context
from resolvers.customer_lists import Asked, CustomerList


def newest(customer: OfCustomer, context: Context) -> Awaitable[Sequence[PrivacyRequestRow]]:
    """The customer's newest request of every type, cancelled ones left out."""
    return context.load(context.sources.privacy.newest, customer.customer_id)


async def status_text(customer: CustomerRow, context: Context) -> str:
    """How the customer stands under privacy law, in words (X9)."""
    return in_words(customer.membership_state, customer.processing, await newest(customer, context))


async def latest_export(customer: OfCustomer, context: Context) -> PrivacyRequestRow | None:
    """The customer's newest export, completed or not."""
    return next((row for row in await newest(customer, context) if row.type is PrivacyRequestType.EXPORT), None)


@CustomerList
def of_customer(context: Context, page: PageRequest) -> Asked[PrivacyRequestRow]:
    """All requests made on the customer's behalf, newest first (X16)."""
    return context.sources.privacy.of_customers, page


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


class PrivacyActionInput(msgspec.Struct, frozen=True):
    """What a customer asks for under privacy law, as staff pass it on."""

    customer_id: CustomerId
    idempotency_key: str
    identity_verified: bool
    dry_run: bool | None = False
    reason: Reason | None = None


class PrivacyRequestCancelInput(msgspec.Struct, frozen=True):
    """A request as it is withdrawn."""

    request_id: UUID
    idempotency_key: str | None = None
    reason: Reason | None = None


class PrivacyRequestPayload(Payload[PrivacyShown], frozen=True):
    """What came of a privacy request; `request_id` is of one that was there before."""

    request_id: UUID | None = None


async def restrict(command: Command[PrivacyActionInput]) -> PrivacyRequestPayload:
    """Stop processing (X12, X13)."""
    return await _at_once(command, PrivacyRequestType.RESTRICT)


async def reinstate(command: Command[PrivacyActionInput]) -> PrivacyRequestPayload:
    """Take processing up again (X14)."""
    return await _at_once(command, PrivacyRequestType.REINSTATE)


async def export(command: Command[PrivacyActionInput]) -> PrivacyRequestPayload:
    """Ask for a copy of everything known of the customer (X10)."""
    return await _submitted(command, PrivacyRequestType.EXPORT)


async def forget(command: Command[PrivacyActionInput]) -> PrivacyRequestPayload:
    """Ask for the erasure of everything personal (X15)."""
    return await _submitted(command, PrivacyRequestType.FORGET)


async def anonymize(command: Command[PrivacyActionInput]) -> PrivacyRequestPayload:
    """Ask for the removal of personal data, the history staying under a pseudonym (W3)."""
    return await _submitted(command, PrivacyRequestType.ANONYMIZE)


async def cancel(command: Command[PrivacyRequestCancelInput]) -> PrivacyRequestPayload:
    """Withdraw a request that has not begun. One that the caller can't reach is taken for no customer's, so not found."""
    context, asked = command.context, command.asked
    found = await request(context, asked.request_id)
    if found is not None:
        command = Command(context, command.operation, asked, found.customer_id, command.named)
    done = await carried_out(command, context.sources.writers.privacy.cancel, command.customer, asked.request_id)
    return PrivacyRequestPayload(*done, request_id=asked.request_id)


async def _at_once(command: Command[PrivacyActionInput], type_: PrivacyRequestType) -> PrivacyRequestPayload:
    writer = command.context.sources.writers.privacy
    return PrivacyRequestPayload(*await carried_out(command, writer.carry_out_at_once, _action(command, type_)))


async def _submitted(command: Command[PrivacyActionInput], type_: PrivacyRequestType) -> PrivacyRequestPayload:
    writer = command.context.sources.writers.privacy
    return PrivacyRequestPayload(*await carried_out(command, writer.submit, _action(command, type_)))


def _action(command: Command[PrivacyActionInput], type_: PrivacyRequestType) -> PrivacyAction:
    return PrivacyAction(command.asked.customer_id, type_, command.asked.identity_verified)


async def made_request(payload: PrivacyRequestPayload, context: Context) -> PrivacyRequestRow | None:
    """The request as the write left it, or as it is now where an earlier answer is repeated."""
    shown = payload.written.shown
    if shown is not None:
        return shown.request
    made = payload.stored("request") or (payload.request_id if payload.written.ids else None)
    return None if made is None else await request(context, made)
