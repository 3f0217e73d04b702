"""The two searches for customers (1.B), and that neither tells more than the caller may read."""

from enum import Enum
from uuid import UUID

import msgspec

from datasources.errors import InvalidRequest, SearchModeDisabled
from datasources.folding import card_key, email_key, fold, phone_key
from datasources.paging import Page, PageRequest
from datasources.profiles import (
    LISTED,
    CustomerFilter,
    CustomerOrder,
    CustomerOrderField,
    CustomerRow,
    Identity,
    LookupKind,
    Match,
    OrderDirection,
)
from datasources.program import SearchMode
from permissions.model import Scope
from resolvers.context import Context
from resolvers.profiles import PII, READ_PROFILE, customers, within


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
PRECEDENCE = (LookupKind.LOYALTY_NUMBER, LookupKind.EXTERNAL_ID, LookupKind.EMAIL, LookupKind.PHONE)


async def lookup(_root: object, context: Context, value: str, by: LookupKind | None = None) -> Found:
    """Exact search by one value, whose kind is told or seen from its shape.

    Raises SearchModeDisabled, InvalidRequest; RateLimited where the caller tries value after value (B24).
    """
    if context.search_mode is not SearchMode.EXACT:
        raise SearchModeDisabled("Exact search is not open to you: use `customers`.")
    if not value.strip():
        raise InvalidRequest("A value to look for is needed.", "value")
    await context.lookups.take(f"{context.principal.kind.value}:{context.principal.id}")
    spellings = _spellings(value, by, context.settings.region)
    texts = list(dict.fromkeys(spellings.values()))
    found = await context.load_many(context.sources.profiles.matches, texts)
    matches = {
        match for text, hits in zip(texts, found, strict=True) for match in hits if spellings.get(match.kind) == text
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


async def _one_of(context: Context, matches: set[Match]) -> Found:
    """The one customer that all matches mean; customers out of reach do not exist, nor make a match ambiguous."""
    found = await customers(context, sorted({match.customer_id for match in matches}))
    reachable = [row for row in found if row is not None and not row.is_gone]
    if not reachable:
        return NOTHING
    if len(reachable) > 1:
        return AMBIGUOUS
    (row,) = reachable
    own = [match for match in matches if match.customer_id == row.customer_id]
    # One number may be that of a card in use and of a replaced one: the card in use tells.
    best = min(own, key=lambda match: (PRECEDENCE.index(match.kind), match.is_replaced))
    return Found(LookupOutcome.FOUND, row, best.kind, best.is_replaced)


async def search(_root: object, context: Context, page: PageRequest) -> Page[CustomerRow]:
    """Advanced search and member list (B7 to B13, B19). Raises SearchModeDisabled, InvalidRequest, AccessDenied."""
    if context.search_mode is not SearchMode.ADVANCED:
        raise SearchModeDisabled("Advanced search is not open to you: use `customerLookup`.")
    sizes = context.settings.search.page_sizes
    if page.size not in sizes:
        told = ", ".join(str(size) for size in sizes)
        raise InvalidRequest(f"Customers come in pages of {told}.", "last" if page.is_backward else "first")
    order = page.order if isinstance(page.order, CustomerOrder) else default_order(context)
    if order.field in IN_CLEAR:
        context.require(READ_PROFILE, PII)
    asked = page.filter if isinstance(page.filter, CustomerFilter) else CustomerFilter()
    narrowed = _normalized(asked, context)
    reach = within(context.principal)
    if reach is None:
        return Page((), ("customer_id",), total=0 if page.want_total else None)
    wanted = msgspec.structs.replace(page, filter=narrowed, order=order).also_reading("membership_state")
    found = await context.call(context.sources.profiles.search, wanted, reach)
    return msgspec.structs.replace(found, rows=tuple(_without_past(row) for row in found.rows))


def default_order(context: Context) -> CustomerOrder:
    """Alphabetical (B11), or newest first for who sees names masked."""
    if context.holds(READ_PROFILE, PII):
        return CustomerOrder(CustomerOrderField.LAST_NAME)
    return CustomerOrder(CustomerOrderField.CREATED_AT, OrderDirection.DESC)


IN_CLEAR = (
    CustomerOrderField.LAST_NAME,
    CustomerOrderField.FIRST_NAME,
    CustomerOrderField.PHONE,
    CustomerOrderField.EMAIL,
)
"""What only those can sort by who read it in clear."""
MASKED_FILTERS = ("first_name", "last_name", "date_of_birth")
"""Filters by a field that callers without `pii:read` see masked; the exact ones hold the value already."""
SCOPED_FILTERS = {
    "segment_id": Scope("segments:read"),
    "tag": Scope("tags:read"),
    "include_inactive": Scope("audit:read"),
}
TEXTS = {"first_name": "firstName", "last_name": "lastName", "customer_id": "customerId"}


def _normalized(asked: CustomerFilter, context: Context) -> CustomerFilter:
    """The filter as a source takes it. Raises AccessDenied, InvalidRequest."""
    if any(getattr(asked, name) is not None for name in MASKED_FILTERS):
        context.require(READ_PROFILE, PII)
    for name, scope in SCOPED_FILTERS.items():
        if getattr(asked, name) not in (None, False):
            context.require(scope)
    for name, spelled in TEXTS.items():
        given = getattr(asked, name)
        if given is not None and not fold(given):
            raise InvalidRequest("An empty text finds nothing: leave it out.", "filter", spelled)
    return msgspec.structs.replace(
        asked,
        first_name=None if asked.first_name is None else fold(asked.first_name),
        last_name=None if asked.last_name is None else fold(asked.last_name),
        states=None if asked.include_inactive else LISTED,
        customer_id=None if asked.customer_id is None else _identity(str(asked.customer_id).strip()),
    )


def _identity(text: str) -> Identity:
    """A customer id is a UUID, or a support id, or an external id (B8)."""
    try:
        own = UUID(text)
    except ValueError:
        own = None
    return Identity(own, text.upper(), text)


def _without_past(row: CustomerRow) -> CustomerRow:
    """A customer who left shows no personal data in a list (B19)."""
    if row.membership_state in LISTED:
        return row
    return msgspec.structs.replace(
        row, first_name=None, last_name=None, email=None, phone=None, date_of_birth=None, gender=None, locale=None,
        spoken_languages=(), loyalty_number=None, addresses=(), external_ids=(), attributes={}, block_reason=None,
    )  # fmt: skip
