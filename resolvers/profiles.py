"""A customer by key, and what the customer's own row tells. Reach is applied at every way in (architecture 5)."""

import datetime as dt
from collections.abc import Awaitable, Callable, Sequence
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from datasources.ids import CustomerId
from datasources.profiles import (
    AttributeValue,
    ConsentRow,
    CustomerRow,
    MembershipState,
    Within,
)
from datasources.program import AttributeDefinition, CustomerStatus
from permissions.masking import HIDDEN
from permissions.model import Principal, ReachKind, Scope
from resolvers.context import Context, PerRequest

PII = Scope("pii:read")
READ_PROFILE, READ_CARDS = Scope("profile:read"), Scope("cards:read")
LOOKED_AT = frozenset(("customer_id", "membership_state", "processing"))
"""What resolvers read of customers whom they look up for themselves."""


def within(principal: Principal) -> Within | None:
    """The customers that exist for the caller; None where there are none."""
    reach = principal.reach
    if reach.kind is ReachKind.ALL:
        return Within()
    if reach.kind is ReachKind.CUSTOMER and reach.customer is not None:
        return Within(customer=reach.customer)
    if reach.kind is ReachKind.LOCATIONS:
        return Within(stores=tuple(sorted(reach.stores)))
    return None


def loading(context: Context, id: UUID) -> Awaitable[CustomerRow | None] | None:
    """A customer by id, yet to be loaded; None at once for a caller who reaches nobody."""
    reach = within(context.principal)
    if reach is None:
        return None
    return context.load(context.sources.profiles.customers, CustomerId(id), reach, context.customer_columns)


async def customer(context: Context, id: UUID) -> CustomerRow | None:
    """A customer by id, None where the caller can't reach them."""
    loaded = loading(context, id)
    return None if loaded is None else await loaded


def known(context: Context, id: UUID) -> CustomerId | None:
    """The customer if they are there at all; None for callers whose reach takes a look at the row."""
    reach = context.principal.reach
    is_reached = reach.kind is ReachKind.ALL or (reach.kind is ReachKind.CUSTOMER and reach.customer == id)
    return CustomerId(id) if is_reached else None


async def customers(context: Context, ids: Sequence[CustomerId]) -> list[CustomerRow | None]:
    """Customers by id in the order given, None for those that the caller can't reach."""
    reach = within(context.principal)
    if reach is None:
        return [None] * len(ids)
    return await context.load_many(context.sources.profiles.customers, ids, reach, context.customer_columns)


async def me(_root: object, context: Context) -> CustomerRow | None:
    """The customer that the caller's own token is bound to."""
    bound = context.principal.reach.customer
    return None if bound is None else await customer(context, bound)


def own(context: Context) -> CustomerId | None:
    """The customer whom the caller's own token is bound to."""
    bound = context.principal.reach.customer
    return None if bound is None else known(context, bound)


async def by_support_id(context: Context, support_id: str) -> CustomerRow | None:
    """A customer by the id told on the telephone."""
    reach = within(context.principal)
    if reach is None:
        return None
    return await context.load(context.sources.profiles.by_support_id, support_id.strip().upper(), reach)


async def by_external_id(context: Context, system: str, value: str) -> CustomerRow | None:
    """A customer by the id that another system knows them by."""
    match = await context.load(context.sources.profiles.by_external_id, (system, value.strip()))
    return None if match is None else await customer(context, match.customer_id)


@PerRequest
def display_name(context: Context) -> Callable[[CustomerRow], str]:
    """Name, else loyalty number, e-mail, phone, external id: the first that the caller reads in clear (D5)."""
    reads_pii, reads_profile, reads_cards = map(context.holds, (PII, READ_PROFILE, READ_CARDS))

    def name_of(row: CustomerRow) -> str:
        if not reads_pii:
            return row.support_id
        if reads_profile and (name := " ".join([part for part in (row.first_name, row.last_name) if part])):
            return name
        candidates = (
            row.loyalty_number if reads_cards else None,
            row.email if reads_profile else None,
            row.phone if reads_profile else None,
            row.external_ids[0].value if row.external_ids else None,
        )
        return next((text for text in candidates if text), row.support_id)

    return name_of


def status(row: CustomerRow, context: Context) -> CustomerStatus:
    """The status that staff gave the customer."""
    return context.settings.status(row.status_key)


def system_state(status: CustomerStatus, _context: Context) -> MembershipState | None:
    """The state that the status is tied to (D3)."""
    return None if status.system_state is None else MembershipState(status.system_state)


def tenure_days(row: CustomerRow, context: Context) -> int | None:
    """Whole days since enrolment (D13)."""
    return None if row.enrolled_at is None else (context.now - row.enrolled_at).days


def admin_url(row: CustomerRow, context: Context) -> str | None:
    """The customer in the program's own tool (A16)."""
    return context.settings.admin_page("customers", str(row.customer_id))


def age(row: CustomerRow, context: Context) -> int | None:
    """Full years since birth on the program's day (E3)."""
    if row.date_of_birth is None:
        return None
    today, born = context.now.astimezone(ZoneInfo(context.settings.timezone)).date(), row.date_of_birth
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))


class AttributeShown(msgspec.Struct, frozen=True):
    """A custom attribute with what it holds for this customer."""

    definition: AttributeDefinition
    value: object
    updated_at: dt.datetime | None
    source: str | None


UNSET = AttributeValue(None)
"""What a customer has of an attribute that nobody told yet."""


def attributes(
    row: CustomerRow, context: Context, keys: Sequence[str] | None = None, with_value_only: bool | None = True
) -> list[AttributeShown]:
    """Custom attributes in the order of the program (E2, E4); those that are personal data obey `pii:read`."""
    shown = []
    for definition in context.settings.attribute_definitions:
        held = row.attributes.get(definition.key) or UNSET
        value = held.value
        if (keys is not None and definition.key not in keys) or (with_value_only is not False and value is None):
            continue
        if definition.is_pii and value is not None and not context.holds(PII):
            value = HIDDEN
        shown.append(AttributeShown(definition, value, held.updated_at, held.source))
    return shown


async def consents(row: CustomerRow, context: Context) -> Sequence[ConsentRow]:
    """Communication preferences by channel and purpose (E10)."""
    return await context.load(context.sources.profiles.consents, row.customer_id)
