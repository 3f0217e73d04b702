"""Customers enrolled, changed, and dealt with as members."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType

from datasources.ids import CustomerId
from datasources.membership import MembershipAction
from datasources.profile_writing import (
    AccountLink,
    Consent,
    CustomerChange,
    CustomerShown,
    FavoriteLocation,
    NewCustomer,
    ProfileChange,
    SyncDirection,
)
from datasources.profiles import Channel, ConsentState, CustomerRow, ExternalId
from datasources.writing import Reason
from permissions.model import ReachKind, Scope
from resolvers import command as commands
from resolvers.command import Command, CustomerActionInput, Payload, carried_out
from resolvers.context import Context

HANDLES_PRIVACY = Scope("privacy:restrict")


class CustomerCreateInput(msgspec.Struct, frozen=True):
    """An enrolment as it is asked for."""

    idempotency_key: str
    profile: ProfileChange
    dry_run: bool | None = False
    external_ids: tuple[ExternalId, ...] | None = None
    is_test_persona: bool | None = False
    favorite_location_id: UUID | None = None
    reason: Reason | None = None


class CustomerUpdateInput(msgspec.Struct, frozen=True):
    """A change of a profile as it is asked for; what is left out stays as it is."""

    customer_id: CustomerId
    idempotency_key: str | None = None
    dry_run: bool | None = False
    expected_version: int | None = None
    profile: ProfileChange | UnsetType | None = UNSET
    favorite_location_id: UUID | UnsetType | None = UNSET
    reason: Reason | None = None


class CustomerStatusSetInput(msgspec.Struct, frozen=True):
    """Another status as it is asked for."""

    customer_id: CustomerId
    status_key: str
    idempotency_key: str | None = None
    dry_run: bool | None = False
    expected_version: int | None = None
    reason: Reason | None = None


class ExternalAccountSyncInput(msgspec.Struct, frozen=True):
    """An account of another system as it is asked for."""

    customer_id: CustomerId
    idempotency_key: str
    account: ExternalId
    direction: SyncDirection = SyncDirection.LINK_ONLY
    dry_run: bool | None = False
    reason: Reason | None = None


class CommunicationPreferenceSetInput(msgspec.Struct, frozen=True):
    """What a customer agrees to as it is asked for."""

    customer_id: CustomerId
    channel: Channel
    purpose: str
    state: ConsentState
    evidence: str | None = None
    idempotency_key: str | None = None
    dry_run: bool | None = False
    reason: Reason | None = None


class CustomerPayload(Payload[CustomerShown | None], frozen=True):
    """What came of something done to a customer."""


async def create(command: Command[CustomerCreateInput]) -> CustomerPayload:
    """Enroll a customer or a test persona (C1 to C3)."""
    asked, context = command.asked, command.context
    reach = context.principal.reach
    new = NewCustomer(
        profile=asked.profile,
        external_ids=asked.external_ids or (),
        is_test_persona=asked.is_test_persona is True,
        favorite=None if asked.favorite_location_id is None else await _favorite(context, asked.favorite_location_id),
        stores=None if reach.kind is ReachKind.ALL else reach.stores,
    )
    payload = await _written(command, context.sources.writers.profiles.enroll, new)
    made = payload.written.ids.get("customer")
    return msgspec.structs.replace(payload, customer_id=None if made is None else CustomerId(made))


async def update(command: Command[CustomerUpdateInput]) -> CustomerPayload:
    """Change what is known of a customer (D21, E5, E11)."""
    asked, context = command.asked, command.context
    favorite: FavoriteLocation | UnsetType | None = UNSET
    if asked.favorite_location_id is not UNSET:
        favorite = await _favorite(context, asked.favorite_location_id) if asked.favorite_location_id else None
    change = CustomerChange(asked.customer_id, asked.profile, favorite)
    writer = context.sources.writers.profiles
    return await _written(command, writer.update, change, handles_privacy=context.holds(HANDLES_PRIVACY))


async def set_status(command: Command[CustomerStatusSetInput]) -> CustomerPayload:
    """Give a customer another status (D4)."""
    asked, writer = command.asked, command.context.sources.writers.profiles
    return await _written(command, writer.set_status, asked.customer_id, asked.status_key)


def moved(action: MembershipAction) -> Callable[[Command[CustomerActionInput]], Awaitable[CustomerPayload]]:
    """The mutation that does this to a membership (1.W)."""

    async def move(command: Command[CustomerActionInput]) -> CustomerPayload:
        writer = command.context.sources.writers.profiles
        return await _written(command, writer.move, command.asked.customer_id, action)

    return move


async def sync(command: Command[ExternalAccountSyncInput]) -> CustomerPayload:
    """Tie a customer to an account of another system (A8)."""
    asked = command.asked
    link = AccountLink(asked.customer_id, asked.account, asked.direction)
    return await _written(command, command.context.sources.writers.profiles.link, link)


async def set_preference(command: Command[CommunicationPreferenceSetInput]) -> CustomerPayload:
    """Record what a customer agrees to (E10)."""
    asked = command.asked
    consent = Consent(asked.customer_id, asked.channel, asked.purpose, asked.state, asked.evidence)
    return await _written(command, command.context.sources.writers.profiles.set_consent, consent)


async def _written(command: Command[Any], method: Any, *asked: Any, **named: Any) -> CustomerPayload:
    payload = CustomerPayload(*await carried_out(command, method, *asked, **named))
    shown, context = payload.written.shown, command.context
    if shown is not None:
        context.loaders.know(context.sources.profiles.consents, shown.customer.customer_id, shown.consents)
    return payload


async def _favorite(context: Context, id: UUID) -> FavoriteLocation:
    """The location, as the ties of customers name it."""
    found = await context.load(context.sources.locations.locations, id)
    return FavoriteLocation(id, is_known=False) if found is None else FavoriteLocation(id, found.store_id)


async def customer(payload: CustomerPayload, context: Context) -> CustomerRow | None:
    """The customer as they are now; as they would be after a dry run."""
    shown = payload.written.shown
    return await commands.customer(payload, context) if shown is None else shown.customer
