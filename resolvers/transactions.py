"""Purchases of a customer: as they are read, taken in, and taken back."""

import datetime as dt
from collections.abc import Sequence
from uuid import UUID

import msgspec

from datasources.ids import CustomerId, EntityId, OwnedId
from datasources.ledger import as_made
from datasources.locations import LocationRow
from datasources.matching import CustomerMatch
from datasources.offers import CustomerOfferRow
from datasources.paging import PageRequest
from datasources.points import PointAuditRow, PointEntryKind
from datasources.refusals import UserErrorCode
from datasources.tiers import TierChangeRow
from datasources.transactions import (
    OrderSource,
    Place,
    PointsSpent,
    Receipt,
    ReceiptDiscount,
    ReceiptItem,
    ReceiptPayment,
    Return,
    ReturnedItem,
    TransactionItemRow,
    TransactionRow,
    TransactionShown,
)
from datasources.values import Money
from datasources.writing import Reason, Refusal
from resolvers import tiers
from resolvers.command import Command, Payload, carried_out, refused
from resolvers.context import Context
from resolvers.customer_lists import Asked, CustomerList
from resolvers.matching import customers_of


@CustomerList
def purchases(context: Context, page: PageRequest) -> Asked[TransactionRow]:
    """The customer's purchases, newest first (T1, T2)."""
    return context.sources.transactions.purchases, page


async def transaction(context: Context, customer: UUID, id: UUID) -> TransactionRow | None:
    """A purchase by its id."""
    return await context.load(context.sources.transactions.transactions, (CustomerId(customer), EntityId(id)))


async def items(row: TransactionRow, context: Context) -> Sequence[TransactionItemRow]:
    """What was bought, in the order of the receipt (T3, T4)."""
    return await context.load(context.sources.transactions.items, (row.customer_id, row.id))


async def location(row: TransactionRow, context: Context) -> LocationRow | None:
    """Where it was bought."""
    if row.location_id is None:
        return None
    return await context.load(context.sources.locations.locations, row.location_id)


async def redeemed_offers(row: TransactionRow, context: Context) -> Sequence[CustomerOfferRow]:
    """The offers redeemed with it (O12)."""
    return await context.load(context.sources.offers.of_transactions, (row.customer_id, row.external_id), context.now)


async def point_entries(row: TransactionRow, context: Context) -> Sequence[PointAuditRow]:
    """The ledger entries that it caused, in the order of recording."""
    return await context.load(context.sources.points.of_purchases, (row.customer_id, row.id), context.now)


class TransactionIngestInput(msgspec.Struct, frozen=True):
    """A purchase as it is sent."""

    source: str
    external_id: str
    occurred_at: dt.datetime
    order_source: OrderSource
    customer: CustomerMatch
    items: Sequence[ReceiptItem]
    location_store_id: str | None = None
    payments: Sequence[ReceiptPayment] | None = None
    discounts: Sequence[ReceiptDiscount] | None = None
    tax_total: Money | None = None
    points_spent: Sequence[PointsSpent] | None = None
    dry_run: bool | None = False

    def receipt(self, customer: CustomerId) -> Receipt:
        """The purchase, with whom it is of."""
        return Receipt(
            customer_id=customer,
            source=self.source,
            external_id=self.external_id,
            occurred_at=self.occurred_at,
            order_source=self.order_source,
            items=tuple(self.items),
            location_store_id=self.location_store_id,
            payments=tuple(self.payments or ()),
            discounts=tuple(self.discounts or ()),
            tax_total=self.tax_total,
            points_spent=tuple(self.points_spent or ()),
        )


class TransactionReturnInput(msgspec.Struct, frozen=True):
    """What comes back as it is sent."""

    transaction_id: OwnedId
    idempotency_key: str | None = None
    items: Sequence[ReturnedItem] | None = None
    occurred_at: dt.datetime | None = None
    cancelled: bool | None = False
    dry_run: bool | None = False
    reason: Reason | None = None


class TransactionPayload(Payload[TransactionShown], frozen=True):
    """What came of a purchase, or of its return; `returned` is the purchase of which something was to come back."""

    returned: EntityId | None = None

    @property
    def purchase(self) -> EntityId | None:
        """The id of the purchase, None where nothing was done."""
        return self.stored("transaction") or (self.returned if self.stored("return") else None)


async def ingest(command: Command[TransactionIngestInput]) -> TransactionPayload:
    """Take a purchase in, for the customer whom it names (T1 to T4)."""
    context, asked = command.context, command.asked
    writer = context.sources.writers.transactions
    (command.customer,) = await customers_of(context, (asked.customer,))
    if command.customer is None:
        message = "No customer whom you can reach is known by this: create them first."
        return TransactionPayload(*await refused(command, writer, Refusal(UserErrorCode.NOT_FOUND, message)))
    place = await _place(context, asked.location_store_id)
    if place is None and asked.location_store_id is not None:
        unknown = Refusal(UserErrorCode.NOT_FOUND, "The program has no such store.", "locationStoreId")
        return TransactionPayload(*await refused(command, writer, unknown))
    receipt = asked.receipt(command.customer)
    return _known(TransactionPayload(*await carried_out(command, writer.ingest, receipt, place)), context)


async def take_back(command: Command[TransactionReturnInput]) -> TransactionPayload:
    """Undo a purchase, or the part of it that comes back (T9, inv-R1 to inv-R3)."""
    context, asked = command.context, command.asked
    items = None if asked.items is None else tuple(asked.items)
    wanted = Return(asked.transaction_id, items, asked.occurred_at, cancelled=asked.cancelled is True)
    done = await carried_out(command, context.sources.writers.transactions.take_back, wanted)
    return _known(TransactionPayload(*done, returned=asked.transaction_id[1]), context)


async def _place(context: Context, store_id: str | None) -> Place | None:
    """The store of this id."""
    found = None if store_id is None else await context.load(context.sources.locations.by_store_id, store_id)
    return None if found is None or store_id is None else Place(found.id, found.name, store_id)


def _known(payload: TransactionPayload, context: Context) -> TransactionPayload:
    """The payload; what hangs on its objects is not read again, and on a dry run could not be."""
    shown = payload.written.shown
    if shown is not None:
        row, points = shown.transaction, context.sources.points
        context.loaders.know(context.sources.transactions.items, (row.customer_id, row.id), shown.items)
        if "transaction" in payload.written.ids:
            # A purchase made just now has no other entries.
            context.loaders.know(points.of_purchases, (row.customer_id, row.id), shown.entries, context.now)
        for entry, parts in shown.allocations.items():
            context.loaders.know(points.allocations, (row.customer_id, EntityId(entry)), parts)
    return payload


async def shown_transaction(payload: TransactionPayload, context: Context) -> TransactionRow | None:
    """The purchase as it is now."""
    shown, made = payload.written.shown, payload.purchase
    if shown is not None:
        return shown.transaction
    if made is None or payload.customer_id is None:
        return None
    return await transaction(context, payload.customer_id, made)


async def made_entries(payload: TransactionPayload, context: Context) -> Sequence[PointAuditRow] | None:
    """The ledger entries as they were made."""
    shown, made, return_id = payload.written.shown, payload.purchase, payload.stored("return")
    if shown is not None:
        return shown.entries
    if made is None or payload.customer_id is None:
        return None
    found = await context.load(context.sources.points.of_purchases, (payload.customer_id, made), context.now)
    return [as_made(row) for row in found if _is_of(row, return_id)]


def _is_of(row: PointAuditRow, return_id: EntityId | None) -> bool:
    """True for what a return caused, or without one the purchase itself."""
    if return_id is not None:
        return row.reference_id == str(return_id)
    return row.kind in (PointEntryKind.EARN, PointEntryKind.SPEND)


async def tier_change(payload: TransactionPayload, context: Context) -> TierChangeRow | None:
    """The change of tier that it led to."""
    shown, made = payload.written.shown, payload.stored("tier_change")
    if shown is not None:
        return shown.tier_change
    if made is None or payload.customer_id is None:
        return None
    return await tiers.change(context, payload.customer_id, made)
