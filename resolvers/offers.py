"""Offers of a customer, the catalogue, and everything granted."""

import asyncio
import datetime as dt
from collections.abc import Awaitable, Callable, Sequence
from enum import Enum
from typing import Any
from uuid import UUID

import msgspec

from datasources.errors import InvalidRequest
from datasources.folding import fold
from datasources.ids import CustomerId, EntityId, OfCustomer, OwnedId
from datasources.offer_moves import hindrance
from datasources.offers import (
    GRANTING,
    OPEN_IN,
    CustomerOfferFilter,
    CustomerOfferRow,
    IssueBlocker,
    OfferDates,
    OfferFields,
    OfferFilter,
    OfferIssue,
    OfferReinstate,
    OfferRevoke,
    OfferRow,
    issue_blockers,
)
from datasources.paging import Page, PageRequest
from datasources.points import PointAuditFilter, PointAuditRow
from datasources.profiles import CustomerRow
from datasources.program import PointAccountType, PointSource
from datasources.registry import Domain
from datasources.values import KeyValue
from datasources.writing import Reason
from permissions.model import Scope
from resolvers.actions import AvailableAction, Rule, Standing, of_owned, rule
from resolvers.command import Command, Payload, carried_out
from resolvers.context import Context
from resolvers.customer_lists import Asked, CustomerList

READ_POINTS = Scope("points:read")
Granted = Page[CustomerOfferRow] | Page[PointAuditRow]


async def catalogue(_root: object, context: Context, page: PageRequest) -> Page[OfferRow]:
    """The offers of the program, newest first. Raises InvalidRequest."""
    asked = page.filter if isinstance(page.filter, OfferFilter) else OfferFilter()
    if asked.name_contains is not None:
        folded = fold(asked.name_contains)
        if not folded:
            raise InvalidRequest("An empty text finds nothing: leave it out.", "filter", "nameContains")
        page = msgspec.structs.replace(page, filter=msgspec.structs.replace(asked, name_contains=folded))
    return await context.call(context.sources.offers.catalogue, page)


async def offer(context: Context, id: UUID) -> OfferRow | None:
    """An offer of the catalogue by its id."""
    return await context.load(context.sources.offers.offers, EntityId(id), context.now)


def admin_url(row: OfferRow, context: Context) -> str | None:
    """The offer in the program's own tool (A16)."""
    return context.settings.admin_page("offers", str(row.id))


@CustomerList
def held(context: Context, page: PageRequest) -> Asked[CustomerOfferRow]:
    """What was issued to the customer, newest first; without what expired where the program hides it (O17)."""
    if not context.settings.show_expired_offers:
        asked = page.filter if isinstance(page.filter, CustomerOfferFilter) else CustomerOfferFilter()
        page = msgspec.structs.replace(page, filter=asked.without_expired)
    return context.sources.offers.held, page


async def customer_offer(context: Context, customer: UUID, id: UUID) -> CustomerOfferRow | None:
    """A customer's offer by its id."""
    key = CustomerId(customer), EntityId(id)
    return await context.load(context.sources.offers.customer_offers, key, context.now)


class Issuable(msgspec.Struct, frozen=True):
    """An active offer with what keeps it from being issued to a customer."""

    offer: OfferRow
    blockers: Sequence[str]
    created_at: dt.datetime
    id: EntityId

    @property
    def is_issuable(self) -> bool:
        """True where nothing stands in the way."""
        return not self.blockers


async def available(customer: CustomerRow, context: Context, page: PageRequest) -> Page[Issuable]:
    """Active offers newest first, each with what stands in the way of issuing it (O7)."""
    found = await context.load(context.sources.offers.available, customer.customer_id, page.of_whole_rows)
    rows = [
        Issuable(row.offer, _spelled(issue_blockers(row, customer, context.now)), row.created_at, row.id)
        for row in found.rows
    ]
    return Page(tuple(rows), found.order, found.has_next, found.has_previous, found.total)


def _spelled(blockers: Sequence[IssueBlocker]) -> list[str]:
    return [blocker.value for blocker in blockers]


def _refusal(action: str) -> Callable[[CustomerOfferRow, Context], str | None]:
    """Why the offer's state, or the day, stands in the way of the mutation."""
    return lambda row, context: hindrance(row, action, context.now)


RULES: tuple[Rule[CustomerOfferRow], ...] = tuple(
    rule(
        action,
        "offers:manage",
        Domain.OFFERS,
        Standing.TAKING_PART if action in GRANTING else Standing.LIVE,
        refused=_refusal(action),
    )
    for action in OPEN_IN
)


async def actions(row: CustomerOfferRow, context: Context) -> list[AvailableAction]:
    """What the caller can do with the offer now."""
    return await of_owned(RULES, row, context)


class IncentiveKind(Enum):
    """What was granted."""

    POINTS = "POINTS"
    OFFER = "OFFER"


class IncentiveRow(msgspec.Struct, frozen=True):
    """Something granted to a customer: points, or an offer (H25)."""

    customer_id: CustomerId
    id: UUID
    granted_at: dt.datetime
    entry: PointAuditRow | None = None
    offer: CustomerOfferRow | None = None

    @property
    def kind(self) -> IncentiveKind:
        """What was granted."""
        return IncentiveKind.OFFER if self.entry is None else IncentiveKind.POINTS

    @property
    def points(self) -> int | None:
        """How many points."""
        return None if self.entry is None else self.entry.modification


def _incentive(row: PointAuditRow | CustomerOfferRow) -> IncentiveRow:
    if isinstance(row, PointAuditRow):
        return IncentiveRow(row.customer_id, row.id, row.occurred_at, entry=row)
    return IncentiveRow(row.customer_id, row.id, row.issued_at, offer=row)


def _shows_points(context: Context) -> bool:
    """Points are among the incentives for who may read them, where the program has a source of them."""
    return context.holds(READ_POINTS) and Domain.POINTS in context.sources.bound


def _spendable(context: Context) -> tuple[str, ...]:
    """The accounts whose points are worth something: those that only count toward a tier are no incentive."""
    accounts = context.settings.point_accounts
    return tuple(account.key for account in accounts if account.type is PointAccountType.REDEEMABLE)


async def incentives(customer: OfCustomer, context: Context, page: PageRequest) -> Page[IncentiveRow]:
    """Points and offers granted, newest first: two lists of the same order, merged as far as the page goes."""
    sources, owner, page = context.sources, customer.customer_id, page.of_whole_rows
    issued = context.load(sources.offers.held, owner, page)
    lists: list[Awaitable[Granted]] = [issued]
    if _shows_points(context):
        asked = PointAuditFilter(account_keys=_spendable(context), is_grant=True)
        grants = context.load(sources.points.audit, owner, msgspec.structs.replace(page, filter=asked))
        lists.append(grants)
    return merged(await asyncio.gather(*lists), page)


def merged(pages: Sequence[Granted], request: PageRequest) -> Page[IncentiveRow]:
    """The page that pages of the same request make together, newest first."""
    rows = sorted(
        (_incentive(row) for page in pages for row in page.rows),
        key=lambda row: (row.granted_at, row.id),
        reverse=True,
    )
    return Page(
        tuple(rows[: request.size]),
        ("granted_at", "id"),
        has_next=len(rows) > request.size or any(page.has_next for page in pages),
        has_previous=request.after is not None,
        total=sum(page.total or 0 for page in pages) if request.want_total else None,
    )


async def incentive(context: Context, customer: UUID, id: UUID) -> IncentiveRow | None:
    """Something granted by its id, which is that of the entry or the offer."""
    granted = await customer_offer(context, customer, id)
    if granted is not None:
        return _incentive(granted)
    if not _shows_points(context):
        return None
    key = CustomerId(customer), EntityId(id)
    entry = await context.load(context.sources.points.entries, key, context.now)
    if entry is None or not entry.is_grant or entry.account_key not in _spendable(context):
        return None
    return _incentive(entry)


def title(row: IncentiveRow, context: Context) -> str:
    """The offer's title, or what the entry is about, else where the points came from."""
    if row.offer is not None:
        return row.offer.display_title
    assert row.entry is not None  # noqa: S101  # an incentive is one or the other
    return row.entry.description or context.settings.point_source(row.entry.source_key).label


def point_source(row: IncentiveRow, context: Context) -> PointSource | None:
    """Where granted points came from."""
    return None if row.entry is None else context.settings.point_source(row.entry.source_key)


class OfferIssueInput(msgspec.Struct, frozen=True):
    """An issue as it is asked for."""

    customer_id: CustomerId
    offer_id: EntityId
    idempotency_key: str
    dry_run: bool | None = False
    reason: Reason | None = None


class CustomerOfferActionInput(msgspec.Struct, frozen=True):
    """What is done to a customer's offer as it is asked for."""

    customer_offer_id: OwnedId
    idempotency_key: str | None = None
    dry_run: bool | None = False
    reason: Reason | None = None


class OfferReinstateInput(CustomerOfferActionInput, frozen=True):
    """A reinstatement as it is asked for."""

    extend_to: dt.datetime | None = None


class OfferRevokeInput(CustomerOfferActionInput, frozen=True):
    """A revocation as it is asked for."""

    exclude: bool = True


class OfferRedemptionDatesInput(CustomerOfferActionInput, frozen=True, kw_only=True):
    """Another redemption window as it is asked for."""

    redeemable_until: dt.datetime
    redeemable_from: dt.datetime | msgspec.UnsetType | None = msgspec.UNSET


class OfferFlexFieldsInput(CustomerOfferActionInput, frozen=True, kw_only=True):
    """Flex fields as they are asked for."""

    fields: tuple[KeyValue, ...]


class CustomerOfferPayload(Payload[CustomerOfferRow], frozen=True):
    """What came of a write of a customer's offer; `named_offer` is the one that the input names."""

    named_offer: EntityId | None = None


async def issue(command: Command[OfferIssueInput]) -> CustomerOfferPayload:
    """Issue an offer to the customer (O7)."""
    asked = OfferIssue(command.asked.customer_id, command.asked.offer_id)
    return CustomerOfferPayload(*await carried_out(command, command.context.sources.writers.offers.issue, asked))


async def activate(command: Command[CustomerOfferActionInput]) -> CustomerOfferPayload:
    """Switch an offer on (O14)."""
    return await _written(command, command.context.sources.writers.offers.activate, command.asked.customer_offer_id)


async def redeem(command: Command[CustomerOfferActionInput]) -> CustomerOfferPayload:
    """Mark an offer as redeemed on behalf of the customer (O3)."""
    return await _written(command, command.context.sources.writers.offers.redeem, command.asked.customer_offer_id)


async def reinstate(command: Command[OfferReinstateInput]) -> CustomerOfferPayload:
    """Return a redeemed offer to the wallet (O8)."""
    asked = OfferReinstate(command.asked.customer_offer_id, command.asked.extend_to)
    return await _written(command, command.context.sources.writers.offers.reinstate, asked)


async def revoke(command: Command[OfferRevokeInput]) -> CustomerOfferPayload:
    """Take an offer back, and bar the customer from it unless told otherwise (O4)."""
    asked = OfferRevoke(command.asked.customer_offer_id, command.asked.exclude)
    return await _written(command, command.context.sources.writers.offers.revoke, asked)


async def remove(command: Command[CustomerOfferActionInput]) -> CustomerOfferPayload:
    """Take an offer out of the customer's inbox (O18)."""
    return await _written(command, command.context.sources.writers.offers.remove, command.asked.customer_offer_id)


async def change_dates(command: Command[OfferRedemptionDatesInput]) -> CustomerOfferPayload:
    """Give an offer another redemption window (O5)."""
    given = command.asked
    asked = OfferDates(given.customer_offer_id, given.redeemable_until, given.redeemable_from)
    return await _written(command, command.context.sources.writers.offers.change_dates, asked)


async def update_fields(command: Command[OfferFlexFieldsInput]) -> CustomerOfferPayload:
    """Set and delete flex fields of an offer (O6)."""
    asked = OfferFields(command.asked.customer_offer_id, command.asked.fields)
    return await _written(command, command.context.sources.writers.offers.update_fields, asked)


async def _written(command: Command[Any], method: Any, asked: Any) -> CustomerOfferPayload:
    _, named = command.asked.customer_offer_id
    return CustomerOfferPayload(*await carried_out(command, method, asked), named_offer=named)


async def made_offer(payload: CustomerOfferPayload, context: Context) -> CustomerOfferRow | None:
    """The customer's offer as it came out; where an earlier answer is repeated, as it is now."""
    if payload.written.shown is not None:
        return payload.written.shown
    made = payload.stored("customer_offer") or payload.named_offer
    if made is None or payload.customer_id is None or not payload.replayed:
        return None
    return await customer_offer(context, payload.customer_id, made)
