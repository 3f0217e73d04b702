"""Loyalty cards, within a transaction: numbers that a customer is found by, kept in the profiles' index of identifiers."""

from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Select, String, Uuid, bindparam, select

from datasources.audit import AuditChange
from datasources.card_rules import check, loyalty_number_of, loyalty_refusal
from datasources.cards import LoyaltyCardRow, LoyaltyCardStatus
from datasources.folding import card_key
from datasources.ids import EntityId
from datasources.profile_values import Identifier
from datasources.profiles import LookupKind
from datasources.refusals import UserErrorCode
from datasources.sql.cards import LOYALTY_CARD
from datasources.sql.changes import Change, Place, inserted
from datasources.sql.engine import Database, Prepared, Sent, Statements
from datasources.sql.news import News
from datasources.sql.quarantine import Quarantine
from datasources.sql.tables.cards import loyalty_cards
from datasources.sql.tables.profiles import customers, identifiers
from datasources.sql.unit_of_work import Unit
from datasources.writing import Refusal

CUSTOMER, CARD_ID = bindparam("customer", type_=Uuid()), bindparam("card", type_=Uuid())
NUMBER = bindparam("number", type_=String())
KIND = LookupKind.LOYALTY_NUMBER.value
ACTIVE, REPLACED, REMOVED = LoyaltyCardStatus


class LoyaltyCards:
    """The works of the mutations of loyalty cards."""

    def __init__(self, database: Database) -> None:
        dialect = database.dialect
        self._card = Prepared(_card(), LOYALTY_CARD.make, dialect)
        row = {"kind": KIND, "system": "", "value": NUMBER, "customer_id": CUSTOMER, "is_replaced": False}
        claim = dialect.insert(identifiers).values(row).on_conflict_do_nothing()
        self._claim = Prepared(claim.returning(dialect.gate(alone=False)), lambda gate: gate, dialect)
        self._quarantine = Quarantine(database)
        self._holder = Prepared(_holder(), lambda *values: values, dialect)

    def added(self, unit: Unit, text: str) -> Statements[LoyaltyCardRow]:
        """Give the customer one more number. Raises Refusal."""
        number = loyalty_number_of(text, "number")
        unit.check_standing(grants=False)
        row = yield from self._issued(unit, number, "number")
        unit.audit("Loyalty card added", (_became(row, None),))
        return row

    def replaced(self, unit: Unit, card_id: EntityId, text: str) -> Statements[LoyaltyCardRow]:
        """Put another number in the place of one; both find the customer from now on. Raises Refusal."""
        number = loyalty_number_of(text, "newNumber")
        old = yield from self._taken(unit, card_id)
        row = yield from self._issued(unit, number, "newNumber")
        gone = msgspec.structs.replace(old, status=REPLACED, replaced_at=unit.write.now, replaced_by_id=row.id)
        _keep(unit, gone)
        unit.change(OUTDATED, _identified(unit, old))
        unit.audit("Loyalty card replaced", (_became(gone, old), _became(row, None)))
        return row

    def removed(self, unit: Unit, card_id: EntityId) -> Statements[LoyaltyCardRow]:
        """Take the number off the account; whoever registers it next has it. Raises Refusal."""
        old = yield from self._taken(unit, card_id)
        row = msgspec.structs.replace(old, status=REMOVED)
        _keep(unit, row)
        unit.change(FREED, _identified(unit, old))
        unit.change(SHOWN_BEFORE, {"customer": unit.customer_id, "card": old.id, "number": old.number})
        _spread(unit)
        unit.audit("Loyalty card removed", (_became(row, old),))
        return row

    def _taken(self, unit: Unit, card_id: EntityId) -> Statements[LoyaltyCardRow]:
        """The card, where customer and card let the mutation be done that is written. Raises Refusal."""
        unit.check_standing(grants=False)
        found: list[LoyaltyCardRow] = yield Sent(self._card, {"customer": unit.customer_id, "card": card_id})
        if not found:
            raise Refusal(UserErrorCode.NOT_FOUND, "The customer has no such loyalty card.")
        (card,) = found
        check(loyalty_refusal(unit.write.operation, card))
        return card

    def _issued(self, unit: Unit, number: str, path: str) -> Statements[LoyaltyCardRow]:
        """A new card, whose number is claimed: of several who want it at once one has it. Raises Refusal."""
        asked = {"customer": unit.customer_id, "number": number}
        if not (yield Sent(self._claim, asked)):
            ((holder, is_replaced),) = yield Sent(self._holder, asked)
            raise _taken_by(unit, holder, is_replaced, path)
        yield from self._quarantine.release(unit, (Identifier(KIND, "", number),))
        row = LoyaltyCardRow(unit.customer_id, unit.ids["card"], number, ACTIVE, unit.write.now, None, None)
        unit.change(ISSUED, msgspec.structs.asdict(row) | {"status": row.status.value})
        unit.change(SHOWN, asked)
        _spread(unit)
        return row


def _taken_by(unit: Unit, holder: UUID, is_replaced: bool, path: str) -> Refusal:
    """Why the number is not to be had."""
    if holder != unit.customer_id:
        return Refusal(UserErrorCode.IDENTIFIER_TAKEN, "Another customer has this number.", path)
    if is_replaced:
        message = "This is the number of a card that was replaced: it finds the customer still."
        return Refusal(UserErrorCode.INVALID_TRANSITION, message, path)
    return Refusal(UserErrorCode.ALREADY_DONE, "The customer has this number already.", path)


def _spread(unit: Unit) -> None:
    """Have all who find customers by their numbers told."""
    unit.feed(News.LOYALTY)
    unit.tell_followers()


def _keep(unit: Unit, row: LoyaltyCardRow) -> None:
    unit.change(KEPT, msgspec.structs.asdict(row) | {"status": row.status.value})


def _identified(unit: Unit, card: LoyaltyCardRow) -> dict[str, Any]:
    """The card's place in the index."""
    return {"customer": unit.customer_id, "number": card_key(card.number)}


def _became(row: LoyaltyCardRow, before: LoyaltyCardRow | None) -> AuditChange:
    """What became of a card, as the audit log keeps it."""
    return AuditChange(f"loyaltyCards.{row.id}.status", before and before.status.value, row.status.value)


def _kept(place: Place) -> Any:
    columns = loyalty_cards.c
    new = {name: place.bind(name, columns[name].type) for name in ("status", "replaced_at", "replaced_by_id")}
    mine = columns.customer_id == place.bind("customer_id", Uuid()), columns.id == place.bind("id", Uuid())
    return loyalty_cards.update().where(*mine).values(new)


def _place(place: Place) -> Any:
    """The row of the index that a number of the customer has."""
    columns = identifiers.c
    value, customer = place.bind("number", columns.value.type), place.bind("customer", Uuid())
    return (
        (columns.kind == KIND) & (columns.system == "") & (columns.value == value) & (columns.customer_id == customer)
    )


def _shown_before(place: Place) -> Any:
    """The customer goes by the card in use that was issued last, where they went by the one that is removed."""
    others = loyalty_cards.c
    customer = place.bind("customer", Uuid())
    latest = (
        select(others.number)
        .where(others.customer_id == customer, others.status == ACTIVE.value, others.id != place.bind("card", Uuid()))
        .order_by(others.issued_at.desc(), others.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    went_by = customers.c.loyalty_number == place.bind("number", String())
    return customers.update().where(customers.c.customer_id == customer, went_by).values(loyalty_number=latest)


ISSUED, KEPT = inserted(loyalty_cards), Change(_kept)
OUTDATED = Change(lambda place: identifiers.update().where(_place(place)).values(is_replaced=True))
FREED = Change(lambda place: identifiers.delete().where(_place(place)))
SHOWN = Change(
    lambda place: (
        customers.update()
        .where(customers.c.customer_id == place.bind("customer", Uuid()))
        .values(loyalty_number=place.bind("number", String()))
    )
)
SHOWN_BEFORE = Change(_shown_before)


def _card() -> Select[Any]:
    return select(*LOYALTY_CARD.columns).where(loyalty_cards.c.customer_id == CUSTOMER, loyalty_cards.c.id == CARD_ID)


def _holder() -> Select[Any]:
    columns = identifiers.c
    return select(columns.customer_id, columns.is_replaced).where(
        columns.kind == KIND, columns.system == "", columns.value == NUMBER
    )
