"""A customer's wallet of offers, under their lock: what is issued into it, moved in it, and redeemed from it.

Inventory is shared by all customers: it is changed by one conditional UPDATE, sent after the customer's lock is taken, so
that all writers take their locks in one order.
"""

import datetime as dt
from typing import Any

import msgspec
from sqlalchemy import FromClause, Select, String, Uuid, and_, bindparam, func, select

from datasources.ids import EntityId, new_id
from datasources.offer_moves import Issue, check_issuable, hindrance, redeemed
from datasources.offers import AvailableOfferRow, CustomerOfferRow, CustomerOfferState, OfferRow
from datasources.recording import Happened
from datasources.refusals import UserErrorCode
from datasources.registry import Domain
from datasources.sql.changes import Change, Place, inserted
from datasources.sql.engine import Database, Prepared, Sent, Statements
from datasources.sql.offers import CUSTOMER_OFFER, OFFER, times_held
from datasources.sql.tables.offers import customer_offer_changes, customer_offers, offer_exclusions, offers
from datasources.sql.unit_of_work import Unit
from datasources.writing import Refusal

CUSTOMER, CUSTOMER_OFFER_ID = bindparam("customer", type_=Uuid()), bindparam("customer_offer", type_=Uuid())
OFFER_ID = bindparam("offer", type_=Uuid())
CHANGING = ("activated_at", "redeemable_from", "redeemable_until", "redeemed_at", "flex_fields", "transaction_id")
"""The columns of a customer's offer that moves change, beside its state."""


def _moved(place: Place) -> Any:
    """The state stays where none is given: EXPIRED is never stored (inv-O5)."""
    own = customer_offers.c
    state = func.coalesce(place.bind("state", String()), own.state)
    return (
        customer_offers.update()
        .where(own.customer_id == place.bind("customer", Uuid()), own.id == place.bind("id", Uuid()))
        .values(version=own.version + 1, state=state, **{name: place.bind(name, own[name].type) for name in CHANGING})
    )


ISSUED, MOVED, KEPT = inserted(customer_offers), Change(_moved), inserted(customer_offer_changes)
EXCLUDED = inserted(offer_exclusions)


class Redemption(msgspec.Struct, frozen=True):
    """A purchase that a customer's offer is redeemed with: when it was made, and its external id."""

    customer_offer_id: EntityId
    at: dt.datetime
    transaction_id: str


class Candidate(msgspec.Struct, frozen=True):
    """An offer that may be issued, with what the customer has had of it."""

    available: AvailableOfferRow
    redeemable_days: int | None


class OfferWallet:
    """Issues, finds, moves and redeems. Whether the customer may be granted anything is checked before."""

    def __init__(self, database: Database) -> None:
        dialect, left = database.dialect, offers.c.inventory_remaining
        stock = offers.update().where(offers.c.id == OFFER_ID).returning(left)
        self._candidate = Prepared(_candidate(), _read_candidate, dialect)
        self._held = Prepared(_held(), CUSTOMER_OFFER.make, dialect)
        self._taken = Prepared(stock.where(left > 0).values(inventory_remaining=left - 1), _number, dialect)
        self._returned = Prepared(stock.values(inventory_remaining=left + 1), _number, dialect)

    def issue(
        self, unit: Unit, offer_id: EntityId, *path: str, id: EntityId | None = None
    ) -> Statements[CustomerOfferRow]:
        """Put the offer into the wallet under that id, or a new one; `path` is where the input names it. Raises Refusal."""
        unit.check_owned(Domain.OFFERS)
        # What was issued before in this transaction counts.
        yield from unit.flush()
        now = unit.write.now
        named = {"customer": unit.customer_id, "offer": offer_id, "now": now}
        found: list[Candidate] = yield Sent(self._candidate, named)
        if not found:
            raise Refusal(UserErrorCode.NOT_FOUND, "The program has no such offer.", *path)
        (candidate,) = found
        check_issuable(candidate.available, now, *path)
        offer = yield from self._in_stock(unit, candidate.available, *path)
        issue = Issue(unit.customer_id, id or new_id(), offer, candidate.redeemable_days, unit.write.actor, now)
        row = issue.row
        columns = {name: getattr(row, name) for name in CustomerOfferRow.__struct_fields__ if name in customer_offers.c}
        unit.change(ISSUED, columns | {"state": row.state.value, "version": 1})
        _keep(unit, None, row)
        _tell(unit, row, "issued")
        return row

    def held(self, unit: Unit, id: EntityId, now: dt.datetime, *path: str) -> Statements[CustomerOfferRow]:
        """What was issued, as it stands at a moment. Raises Refusal."""
        yield from unit.flush()
        named = {"customer": unit.customer_id, "customer_offer": id, "now": now}
        found: list[CustomerOfferRow] = yield Sent(self._held, named)
        if not found:
            raise Refusal(UserErrorCode.NOT_FOUND, "The customer has no such offer.", *path)
        return found[0]

    def move(self, unit: Unit, before: CustomerOfferRow, after: CustomerOfferRow, told: str | None = None) -> None:
        """Have the offer changed and its history kept; `told` is what the event stream calls it."""
        state = None if after.state is CustomerOfferState.EXPIRED else after.state.value
        columns = {name: getattr(after, name) for name in CHANGING} | {"state": state}
        unit.change(MOVED, columns | {"customer": unit.customer_id, "id": after.id})
        if after.is_excluded and not before.is_excluded:
            barred = {"customer_id": unit.customer_id, "offer_id": after.offer_id, "at": after.excluded_at}
            unit.change(EXCLUDED, barred)
        _keep(unit, before.state, after)
        if told is not None:
            _tell(unit, after, told)

    def redeem(self, unit: Unit, redemption: Redemption, *path: str) -> Statements[CustomerOfferRow]:
        """Redeem an offer with a purchase, if it could be redeemed when that was made. Raises Refusal."""
        unit.check_owned(Domain.OFFERS)
        row = yield from self.held(unit, redemption.customer_offer_id, redemption.at, *path)
        reason = hindrance(row, "offerRedeem", redemption.at)
        if reason is not None:
            raise Refusal(UserErrorCode.INVALID_TRANSITION, f"{reason} Leave it out of the purchase.", *path)
        used = redeemed(row, redemption.at, redemption.transaction_id)
        self.move(unit, row, used, "redeemed")
        return used

    def restock(self, unit: Unit, row: CustomerOfferRow) -> Statements[CustomerOfferRow]:
        """Return what was revoked to the inventory, where there is one."""
        if row.offer_inventory_remaining is None:
            return row
        unit.touch(lists=(Domain.OFFERS,))
        (left,) = yield Sent(self._returned, {"offer": row.offer_id})
        return msgspec.structs.replace(row, offer_inventory_remaining=left)

    def _in_stock(self, unit: Unit, available: AvailableOfferRow, *path: str) -> Statements[OfferRow]:
        """The offer with one less in its inventory; whoever comes second for the last one is refused. Raises Refusal."""
        offer = available.offer
        if offer.inventory_remaining is None:
            return offer
        unit.touch(lists=(Domain.OFFERS,))
        left = yield Sent(self._taken, {"offer": offer.id})
        after = msgspec.structs.replace(offer, inventory_remaining=left[0] if left else 0)
        if not left:
            check_issuable(msgspec.structs.replace(available, offer=after), unit.write.now, *path)
        return after


def _keep(unit: Unit, before: CustomerOfferState | None, after: CustomerOfferRow) -> None:
    """One more row of the offer's history."""
    write = unit.write
    unit.change(
        KEPT,
        {
            "customer_id": unit.customer_id,
            "id": new_id(),
            "customer_offer_id": after.id,
            "from_state": None if before is None else before.value,
            "to_state": after.state.value,
            "at": write.now,
            "actor_kind": write.actor.kind.value,
            "actor_id": write.actor.id,
            "reason_code": write.reason.code,
        },
    )


def _tell(unit: Unit, row: CustomerOfferRow, action: str) -> None:
    """An event; that of a redemption happened when the purchase was made."""
    facts = {"offer_name": row.offer_name, "action": action}
    unit.record(Happened(f"offer_{action}", facts, row.id, row.redeemed_at))


def _candidate() -> Select[Any]:
    barred = and_(offer_exclusions.c.customer_id == CUSTOMER, offer_exclusions.c.offer_id == offers.c.id)
    had = times_held(CUSTOMER, offers.c.id), offer_exclusions.c.at
    return (
        select(*OFFER.columns, *had, offers.c.redeemable_days)
        .select_from(offers.outerjoin(offer_exclusions, barred))
        .where(offers.c.id == OFFER_ID)
    )


def _read_candidate(*values: Any) -> Candidate:
    *offer, held, excluded_at, days = values
    return Candidate(AvailableOfferRow(OFFER.make(*offer), held, excluded_at), days)


def _held() -> Select[Any]:
    found: FromClause = customer_offers
    for other, condition in CUSTOMER_OFFER.joined:
        found = found.outerjoin(other, condition)
    own = customer_offers.c
    return (
        select(*CUSTOMER_OFFER.columns)
        .select_from(found)
        .where(own.customer_id == CUSTOMER, own.id == CUSTOMER_OFFER_ID)
    )


def _number(value: int) -> int:
    return value
