"""Ways into a customer, and what the customer's own row tells. Reach is applied here, at every way in (architecture 5)."""

import datetime as dt
from collections.abc import Sequence
from enum import Enum
from uuid import UUID

import msgspec

from datasources.errors import InvalidRequest, SearchModeDisabled
from datasources.folding import card_key, email_key, fold, phone_key
from datasources.ids import CustomerId
from datasources.paging import Page, PageRequest
from datasources.profiles import (
    LISTED,
    ConsentRow,
    CustomerFilter,
    CustomerOrder,
    CustomerOrderField,
    CustomerRow,
    LookupKind,
    Match,
    OrderDirection,
    Within,
)
from datasources.program import AttributeDefinition, CustomerStatus, SearchMode
from permissions.masking import HIDDEN
from permissions.model import Principal, ReachKind, Scope
from resolvers.context import Context

PII = Scope("pii:read")
READ_PROFILE = Scope("profile:read")


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


async def customer(context: Context, id: UUID) -> CustomerRow | None:
    """A customer by id, None where the caller can't reach them."""
    reach = within(context.principal)
    if reach is None:
        return None
    return await context.load(context.sources.profiles.customers, CustomerId(id), reach)


async def me(_root: object, context: Context) -> CustomerRow | None:
    """The customer that the caller's own token is bound to."""
    bound = context.principal.reach.customer
    return None if bound is None else await customer(context, bound)


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


class LookupOutcome(Enum):
    """How an exact search ended."""

    FOUND = "FOUND"
    NOT_FOUND = "NOT_FOUND"
    AMBIGUOUS = "AMBIGUOUS"


class Found(msgspec.Struct, frozen=True):
    """What an exact search tells (B5)."""

    outcome: LookupOutcome
    customer: CustomerRow | None = None
    matched_by: LookupKind | None = None
    matched_on_replaced_card: bool = False


NOTHING = Found(LookupOutcome.NOT_FOUND)
AMBIGUOUS = Found(LookupOutcome.AMBIGUOUS)


async def lookup(_root: object, context: Context, value: str, by: LookupKind | None = None) -> Found:
    """Exact search by one value, whose kind is told or seen from its shape. Raises SearchModeDisabled, InvalidRequest."""
    if context.settings.search.mode is not SearchMode.EXACT:
        raise SearchModeDisabled("Exact search is not open in this program: use `customers`.")
    if not value.strip():
        raise InvalidRequest("A value to look for is needed.", "value")
    spellings = _spellings(value, by, context.settings.region)
    found = await context.load_many(context.sources.profiles.matches, list(dict.fromkeys(spellings.values())))
    matches = {
        match
        for spelling, hits in zip(dict.fromkeys(spellings.values()), found, strict=True)
        for match in hits
        if spellings.get(match.kind) == spelling
    }
    return await _one_of(context, matches)


def _spellings(value: str, by: LookupKind | None, region: str) -> dict[LookupKind, str]:
    """The value as each kind of identifier would be stored (B6)."""
    spellings = {
        LookupKind.LOYALTY_NUMBER: card_key(value.strip()),
        LookupKind.EXTERNAL_ID: value.strip(),
        LookupKind.EMAIL: email_key(value),
    }
    number = phone_key(value, region)
    if number is not None:
        spellings[LookupKind.PHONE] = number
    return {kind: text for kind, text in spellings.items() if by is None or by is kind}


PRECEDENCE = (LookupKind.LOYALTY_NUMBER, LookupKind.EXTERNAL_ID, LookupKind.EMAIL, LookupKind.PHONE)


async def _one_of(context: Context, matches: set[Match]) -> Found:
    """The one customer that all matches mean; customers out of reach do not exist, nor make a match ambiguous."""
    ids = list({match.customer_id for match in matches})
    reachable = [row for row in [await customer(context, id_) for id_ in ids] if row is not None and not row.is_gone]
    if not reachable:
        return NOTHING
    if len(reachable) > 1:
        return AMBIGUOUS
    (row,) = reachable
    own = [match for match in matches if match.customer_id == row.customer_id]
    best = min(own, key=lambda match: PRECEDENCE.index(match.kind))
    return Found(LookupOutcome.FOUND, row, best.kind, best.is_replaced)


async def search(_root: object, context: Context, page: PageRequest) -> Page[CustomerRow]:
    """Advanced search and member list (B7 to B13, B19). Raises SearchModeDisabled, InvalidRequest, AccessDenied."""
    settings = context.settings.search
    if settings.mode is not SearchMode.ADVANCED:
        raise SearchModeDisabled("Advanced search is not open in this program: use `customerLookup`.")
    if page.size not in settings.page_sizes:
        sizes = ", ".join(str(size) for size in settings.page_sizes)
        raise InvalidRequest(f"Customers come in pages of {sizes}.", "last" if page.is_backward else "first")
    asked = page.filter if isinstance(page.filter, CustomerFilter) else CustomerFilter()
    reach = within(context.principal)
    narrowed = None if reach is None else await _normalized(asked, context)
    if reach is None or narrowed is None:
        return Page((), ("customer_id",), total=0 if page.want_total else None)
    order = _permitted_order(page.order if isinstance(page.order, CustomerOrder) else None, context)
    found = await context.call(
        context.sources.profiles.search, msgspec.structs.replace(page, filter=narrowed, order=order), reach
    )
    return msgspec.structs.replace(found, rows=tuple(_without_past(row) for row in found.rows))


MASKED_FILTERS = ("first_name", "last_name", "date_of_birth")
"""Filters by a field that callers without `pii:read` see masked; the exact ones hold the value already."""
SCOPED_FILTERS = {"segment_id": Scope("segments:read"), "tag": Scope("tags:read")}
INACTIVE = Scope("audit:read")
NAMES = (CustomerOrderField.LAST_NAME, CustomerOrderField.FIRST_NAME)
IN_CLEAR = (*NAMES, CustomerOrderField.PHONE, CustomerOrderField.EMAIL)


async def _normalized(asked: CustomerFilter, context: Context) -> CustomerFilter | None:
    """The filter as a source takes it; None where nothing can match. Raises AccessDenied, InvalidRequest."""
    if any(getattr(asked, name) is not None for name in MASKED_FILTERS):
        context.require(READ_PROFILE, PII)
    for name, scope in SCOPED_FILTERS.items():
        if getattr(asked, name) is not None:
            context.require(scope)
    if asked.include_inactive:
        context.require(INACTIVE)
    for name in ("first_name", "last_name", "customer_id"):
        given = getattr(asked, name)
        if given is not None and not given.strip():
            raise InvalidRequest("An empty text finds nothing: leave it out.", "filter", name)
    return msgspec.structs.replace(
        asked,
        first_name=None if asked.first_name is None else fold(asked.first_name),
        last_name=None if asked.last_name is None else fold(asked.last_name),
        states=None if asked.include_inactive else LISTED,
        **_identity(asked.customer_id),
    )


def _identity(text: str | None) -> dict[str, object]:
    """A customer id is a UUID, or a support id, or an external id (B8)."""
    if text is None:
        return {}
    try:
        return {"customer_id": None, "uuid": UUID(text.strip())}
    except ValueError:
        return {"customer_id": text.strip()}


def _permitted_order(asked: CustomerOrder | None, context: Context) -> CustomerOrder:
    """The order asked for, else alphabetical (B11), else newest first for who sees names masked. Raises AccessDenied."""
    if asked is not None:
        if asked.field in IN_CLEAR:
            context.require(READ_PROFILE, PII)
        return asked
    if context.holds(READ_PROFILE, PII):
        return CustomerOrder(CustomerOrderField.LAST_NAME)
    return CustomerOrder(CustomerOrderField.CREATED_AT, OrderDirection.DESC)


def _without_past(row: CustomerRow) -> CustomerRow:
    """A customer who left shows no personal data in a list (B19)."""
    if row.membership_state in LISTED:
        return row
    return msgspec.structs.replace(
        row, first_name=None, last_name=None, email=None, phone=None, date_of_birth=None, gender=None,
        loyalty_number=None, addresses=(), external_ids=(), attributes={},
    )  # fmt: skip


def display_name(row: CustomerRow, context: Context) -> str:
    """Name, else loyalty number, e-mail, phone, external id: the first that the caller reads in clear (D5)."""
    if not context.holds(PII):
        return row.support_id
    reads_profile = context.holds(READ_PROFILE)
    name = " ".join(part for part in (row.first_name, row.last_name) if part)
    candidates = (
        name if reads_profile else None,
        row.loyalty_number if context.holds(Scope("cards:read")) else None,
        row.email if reads_profile else None,
        row.phone if reads_profile else None,
        row.external_ids[0].value if row.external_ids else None,
    )
    return next((text for text in candidates if text), row.support_id)


def status(row: CustomerRow, context: Context) -> CustomerStatus:
    """The status that staff gave the customer."""
    return context.settings.status(row.status_key)


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
    today, born = context.now.date(), row.date_of_birth
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))


class AttributeShown(msgspec.Struct, frozen=True):
    """A custom attribute with what it holds for this customer."""

    definition: AttributeDefinition
    value: object
    updated_at: dt.datetime | None


def attributes(
    row: CustomerRow, context: Context, keys: Sequence[str] | None = None, with_value_only: bool | None = True
) -> list[AttributeShown]:
    """Custom attributes in the order of the program (E2, E4); those that are personal data obey `pii:read`."""
    shown = []
    for definition in context.settings.attribute_definitions:
        held = row.attributes.get(definition.key)
        if (keys is not None and definition.key not in keys) or (
            with_value_only and (held is None or held.value is None)
        ):
            continue
        value = None if held is None else held.value
        if definition.is_pii and value is not None and not context.holds(PII):
            value = HIDDEN
        shown.append(AttributeShown(definition, value, None if held is None else held.updated_at))
    return shown


async def consents(row: CustomerRow, context: Context) -> Sequence[ConsentRow]:
    """Communication preferences by channel and purpose (E10)."""
    return await context.load(context.sources.profiles.consents, row.customer_id)
