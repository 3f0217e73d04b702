"""Transactions written in SQL: purchases taken in with all that follows from them, and what comes back."""

import datetime as dt
from typing import ClassVar

import msgspec

from datasources.audit import AuditChange
from datasources.ids import EntityId
from datasources.profiles import MembershipState
from datasources.program import PointAccountType, ProgramSettings
from datasources.purchases import Totals, check_moment, totals_of
from datasources.recording import Facts, Happened
from datasources.refusals import UserErrorCode
from datasources.registry import Domain
from datasources.returns import MOVES, NOTHING, Kept, Undoing, check_open, kept, left_after, undoing
from datasources.sql.engine import Database, Statements
from datasources.sql.news import Sighting
from datasources.sql.offer_wallet import OfferWallet, Redemption
from datasources.sql.point_ledger import Purchase
from datasources.sql.purchase_book import Booked, PurchaseBook, store, turn
from datasources.sql.purchase_points import Cause, Posted, PurchasePoints
from datasources.sql.sightings import seen
from datasources.sql.tier_evaluation import TierEvaluation
from datasources.sql.tier_ladder import TierLadder
from datasources.sql.unit_of_work import SqlWriter, Unit
from datasources.tiers import Qualifying, TierChangeRow, tier_of
from datasources.transactions import (
    Discount,
    Payment,
    Place,
    Receipt,
    Return,
    TransactionItemRow,
    TransactionRow,
    TransactionShown,
    TransactionState,
)
from datasources.values import Money
from datasources.writing import KeyOf, Refusal, Write, Written, fingerprint_of

PURCHASED, CAME_BACK = "purchase", "return"
"""Reference types (H8)."""


class SqlTransactionWrites(SqlWriter):
    """Serves `datasources.transactions.TransactionWriter`."""

    domain: ClassVar[Domain] = Domain.TRANSACTIONS

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self._book = PurchaseBook(database)
        self._points = PurchasePoints(database)
        self._wallet = OfferWallet(database)
        self._evaluation, self._ladder = TierEvaluation(database), TierLadder(database)

    async def ingest(self, write: Write, receipt: Receipt, place: Place | None) -> Written[TransactionShown]:
        """See TransactionWriter. What the source calls the purchase is its idempotency key."""
        known_by = msgspec.json.encode((receipt.source, receipt.external_id)).decode()
        content = fingerprint_of(msgspec.to_builtins(receipt))
        once = msgspec.structs.replace(write, key=known_by, key_of=KeyOf.PURCHASE, fingerprint=content)
        return await self.carry_out(
            once, receipt.customer_id, ("transaction",), lambda unit: self._ingested(unit, receipt, place)
        )

    async def take_back(self, write: Write, asked: Return) -> Written[TransactionShown]:
        """See TransactionWriter."""
        return await self.carry_out(
            write, asked.transaction_id[0], ("return",), lambda unit: self._taken_back(unit, asked)
        )

    def _ingested(self, unit: Unit, receipt: Receipt, place: Place | None) -> Statements[TransactionShown]:
        totals = totals_of(receipt, unit.write.program.currency)
        _check_standing(unit, receipt)
        if (yield from self._book.is_known(unit, receipt)):
            raise unit.write.reused
        at = min(receipt.occurred_at, unit.write.now)
        names = yield from self._redeemed(unit, receipt, at)
        row = _row(unit, receipt, totals, place, names)
        items = _items(unit, receipt)
        store(unit, row, items, receipt)
        seen(unit, Sighting(at) if place is None else Sighting(at, place.id, place.store_id))
        cause = Cause(
            purchase=Purchase(row.id, row.external_id),
            reference_type=PURCHASED,
            reference_id=row.external_id,
            description="Purchase" if place is None else place.name,
            at=at,
        )
        posted = yield from self._moved(unit, cause, receipt, None if row.non_accruing else totals.basket)
        tiers: tuple[TierChangeRow, ...] = ()
        if not row.non_accruing:
            tiers = yield from self._evaluation.purchased(unit, _qualifying(unit, at, totals.basket, posted, 1))
        facts = {**_facts(unit.write.program, row, posted, place), "tier": (yield from self._tier(unit))}
        unit.record(Happened("purchase", facts, row.id, at))
        made = AuditChange(f"transactions.{row.id}.state", None, row.state.value)
        done = Done(f"Purchase of {row.total.amount} {row.currency}", (made,))
        return _told(unit, row, items, done, posted=posted, tiers=tiers)

    def _taken_back(self, unit: Unit, asked: Return) -> Statements[TransactionShown]:
        unit.check_standing(grants=False)
        _, purchase = asked.transaction_id
        booked = yield from self._book.booked(unit, purchase)
        if booked is None:
            raise Refusal(UserErrorCode.NOT_FOUND, "The customer has no such purchase.", "transactionId")
        items = yield from self._book.items(unit, purchase)
        at = _moment(unit, asked, booked.row)
        left = left_after(items, asked.items)
        how = undoing(left, cancelled=asked.cancelled)
        row = msgspec.structs.replace(booked.row, state=MOVES[booked.row.state, how])
        turn(unit, row, left)
        basket = row.basket_value.amount_minor
        before = kept(basket, items)
        after = kept(basket, left) if how is Undoing.RETURN_PART else NOTHING
        cause = Cause(
            purchase=Purchase(row.id, row.external_id),
            reference_type=CAME_BACK,
            reference_id=str(unit.ids["return"]),
            description="Purchase cancelled" if asked.cancelled else "Purchase returned",
            at=at,
        )
        undone = yield from self._points.undo(unit, cause, before, after)
        tiers = yield from self._lowered(unit, booked, (before, after), undone.posted)
        moved = AuditChange(f"transactions.{purchase}.state", booked.row.state.value, row.state.value)
        waived = AuditChange(f"transactions.{purchase}.waivedPoints", None, undone.waived)
        done = Done(cause.description, (moved, waived) if undone.waived else (moved,))
        return _told(unit, row, left, done, posted=undone.posted, tiers=tiers)

    def _redeemed(self, unit: Unit, receipt: Receipt, at: dt.datetime) -> Statements[tuple[str | None, ...]]:
        """The name of the offer that each discount redeems, None where it redeems none. Raises Refusal."""
        names: list[str | None] = []
        for index, discount in enumerate(receipt.discounts):
            name = None
            if discount.customer_offer_id is not None:
                owner, offer = discount.customer_offer_id
                path = ("discounts", str(index), "customerOfferId")
                if owner != unit.customer_id:
                    raise Refusal(UserErrorCode.NOT_FOUND, "The customer has no such offer.", *path)
                redemption = Redemption(offer, at, receipt.external_id)
                name = (yield from self._wallet.redeem(unit, redemption, *path)).offer_name
            names.append(name)
        return tuple(names)

    def _moved(
        self, unit: Unit, cause: Cause, receipt: Receipt, earns_on: int | None
    ) -> Statements[tuple[Posted, ...]]:
        """What the purchase is paid with in points, then what it earns; nothing where `earns_on` is None."""
        posted: list[Posted] = []
        for index, spent in enumerate(receipt.points_spent):
            posted.append((yield from self._points.spend(unit, cause, spent, "pointsSpent", str(index))))
        for rule in unit.write.program.earn_rules if earns_on is not None else ():
            earned = yield from self._points.earn(unit, cause, rule, earns_on or 0)
            posted += [] if earned is None else [earned]
        return tuple(posted)

    def _lowered(
        self, unit: Unit, booked: Booked, stays: tuple[Kept, Kept], posted: tuple[Posted, ...]
    ) -> Statements[tuple[TierChangeRow, ...]]:
        """The tiers once what comes back counts no more; a purchase that accrued nothing never did."""
        if booked.row.non_accruing:
            return ()
        basket = booked.row.basket_value.amount_minor
        before, after = (one.value(basket) for one in stays)
        purchases = 0 if stays[1].left else -1
        qualifying = _qualifying(unit, booked.counted_at, after - before, posted, purchases)
        return (yield from self._evaluation.returned(unit, qualifying))

    def _tier(self, unit: Unit) -> Statements[str | None]:
        """The tier held in the program's first system."""
        for system in unit.write.program.tier_systems[:1]:
            yield from unit.flush()
            held = yield from self._ladder.held(unit, system)
            return None if held is None else tier_of(system, held.tier_key).name
        return None


def _check_standing(unit: Unit, receipt: Receipt) -> None:
    """Pass for who may buy so: everyone whose membership is open, but the blocked not with points, and who may be granted
    nothing not with offers. Raises Refusal."""
    unit.check_current()
    redeems = any(discount.customer_offer_id is not None for discount in receipt.discounts)
    unit.check_standing(grants=redeems)
    if receipt.points_spent and unit.membership is MembershipState.BLOCKED:
        raise Refusal(UserErrorCode.CUSTOMER_BLOCKED, "The customer is blocked: no points can be spent.", "pointsSpent")


def _moment(unit: Unit, asked: Return, row: TransactionRow) -> dt.datetime:
    """When a purchase comes back of which something can. Raises Refusal."""
    check_open(row.state, cancelled=asked.cancelled)
    if asked.cancelled and asked.items is not None:
        raise Refusal(UserErrorCode.INVALID, "A purchase is cancelled whole: leave the items out.", "items")
    at = unit.write.now if asked.occurred_at is None else asked.occurred_at
    if asked.occurred_at is not None:
        check_moment(asked.occurred_at, "occurredAt")
        if asked.occurred_at < row.occurred_at:
            raise Refusal(UserErrorCode.INVALID, "This lies before the purchase.", "occurredAt")
    return min(at, unit.write.now)


def _row(
    unit: Unit, receipt: Receipt, totals: Totals, place: Place | None, offer_names: tuple[str | None, ...]
) -> TransactionRow:
    currency = unit.write.program.currency
    return TransactionRow(
        customer_id=unit.customer_id,
        id=EntityId(unit.ids["transaction"]),
        external_id=receipt.external_id,
        occurred_at=receipt.occurred_at,
        order_source=receipt.order_source,
        state=TransactionState.COMPLETED,
        location_id=None if place is None else place.id,
        currency=currency,
        subtotal_minor=totals.subtotal,
        discount_minor=totals.discount,
        tax_minor=totals.tax,
        total_minor=totals.total,
        payments=tuple(Payment(paid.method, paid.amount.amount_minor, currency) for paid in receipt.payments),
        discounts=tuple(
            Discount(discount.label, discount.amount.amount_minor, currency, name)
            for discount, name in zip(receipt.discounts, offer_names, strict=True)
        ),
        non_accruing=unit.is_restricted or unit.membership is MembershipState.BLOCKED,
        receipt_url=None,
    )


def _items(unit: Unit, receipt: Receipt) -> tuple[TransactionItemRow, ...]:
    return tuple(
        TransactionItemRow(
            customer_id=unit.customer_id,
            transaction_id=EntityId(unit.ids["transaction"]),
            line=number,
            sku=item.sku,
            name=item.name,
            quantity=item.quantity,
            unit_price_minor=item.unit_price.amount_minor,
            total_minor=item.quantity * item.unit_price.amount_minor,
            returned_quantity=0,
            currency=item.unit_price.currency,
        )
        for number, item in enumerate(receipt.items, 1)
    )


def _points(program: ProgramSettings, posted: tuple[Posted, ...], type_: PointAccountType) -> list[int]:
    """What was moved in accounts of a type."""
    entries = (one.entry for one in posted)
    return [entry.modification for entry in entries if program.point_account(entry.account_key).type is type_]


def _qualifying(unit: Unit, at: dt.datetime, basket: int, posted: tuple[Posted, ...], purchases: int) -> Qualifying:
    """What counts toward tiers: the basket value, the qualifying points, the purchase itself."""
    program = unit.write.program
    return Qualifying(
        occurred_at=at,
        spend_hundredths=Money(basket, program.currency).hundredths,
        points=sum(_points(program, posted, PointAccountType.QUALIFYING)),
        purchases=purchases,
    )


def _facts(program: ProgramSettings, row: TransactionRow, posted: tuple[Posted, ...], place: Place | None) -> Facts:
    """What the event of a purchase tells."""
    moved = _points(program, posted, PointAccountType.REDEEMABLE)
    return {
        "total_minor": row.total_minor,
        "currency": row.currency,
        "points_earned": sum(points for points in moved if points > 0),
        "points_spent": -sum(points for points in moved if points < 0),
        "location_id": None if place is None else str(place.id),
        "location_name": None if place is None else place.name,
        "external_id": row.external_id,
    }


class Done(msgspec.Struct, frozen=True):
    """What was done to a purchase, in words, and what else the audit log is told."""

    summary: str
    changes: tuple[AuditChange, ...]


def _told(
    unit: Unit,
    row: TransactionRow,
    items: tuple[TransactionItemRow, ...],
    done: Done,
    *,
    posted: tuple[Posted, ...],
    tiers: tuple[TierChangeRow, ...],
) -> TransactionShown:
    """How it came out, told to the audit log."""
    entries = tuple(AuditChange(f"pointEntries.{one.entry.id}", None, one.entry.modification) for one in posted)
    steps = tuple(AuditChange(f"tiers.{step.system_key}", step.from_key, step.to_key) for step in tiers)
    unit.audit(done.summary, (*done.changes, *entries, *steps))
    if tiers:
        unit.make("tier_change", EntityId(tiers[0].id))
    return TransactionShown(
        transaction=row,
        items=items,
        entries=tuple(sorted((one.entry for one in posted), key=lambda entry: (entry.account_key, entry.sequence))),
        allocations={one.entry.id: one.allocations for one in posted},
        tier_change=tiers[0] if tiers else None,
    )
