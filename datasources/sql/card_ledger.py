"""Stored value cards under the customer's lock: what is read of them, and how their changes are kept."""

import datetime as dt
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Select, String, Uuid, bindparam, func, select

from datasources.audit import AuditChange
from datasources.card_rules import check, state_refusal
from datasources.cards import CardActivity, CardRow
from datasources.ids import EntityId
from datasources.refusals import UserErrorCode
from datasources.sql.cards import CARD
from datasources.sql.changes import Change, Place, inserted
from datasources.sql.engine import Database, Prepared, Sent, Statements
from datasources.sql.tables.cards import card_history, card_numbers, cards
from datasources.sql.unit_of_work import Unit
from datasources.writing import Refusal

CUSTOMER, CARD_ID = bindparam("customer", type_=Uuid()), bindparam("card", type_=Uuid())
NUMBER_HASH = bindparam("number_hash", type_=String())
MOMENT = dt.timedelta(microseconds=1)


class Held(msgspec.Struct, frozen=True):
    """A card as it stands, and when its balance changed last."""

    row: CardRow
    sealed_number: bytes
    changed_at: dt.datetime | None


class Movement(msgspec.Struct, frozen=True):
    """One change of a card's balance; `counterpart` are the last four digits of a transfer's other card."""

    id: UUID
    activity: CardActivity
    amount_minor: int
    counterpart: str | None = None


class CardLedger:
    """Reads what the rules decide by, and claims numbers."""

    def __init__(self, database: Database) -> None:
        dialect = database.dialect
        self._database = database
        self._card = Prepared(_card(), _held, dialect)
        row = {"number_hash": NUMBER_HASH, "customer_id": CUSTOMER, "card_id": CARD_ID}
        claim = dialect.insert(card_numbers).values(row).on_conflict_do_nothing(index_elements=["number_hash"])
        self._claim = Prepared(claim.returning(card_numbers.c.card_id), _only, dialect)
        self._own = Prepared(_own(), _only, dialect)

    def card(self, unit: Unit, card_id: EntityId, *path: str) -> Statements[Held]:
        """The customer's card as the clock shows it. Raises Refusal."""
        found: list[Held] = yield Sent(
            self._card, {"customer": unit.customer_id, "card": card_id, "now": unit.write.now}
        )
        if not found:
            raise Refusal(UserErrorCode.NOT_FOUND, "The customer has no such card.", *path)
        (held,) = found
        number = "" if unit.key is None else unit.key.open(held.sealed_number, "cards.number")
        return msgspec.structs.replace(held, row=msgspec.structs.replace(held.row, card_number=number))

    def taken(self, unit: Unit, card_id: EntityId, *, grants: bool = False) -> Statements[Held]:
        """The card, where customer and card let the mutation be done that is written. Raises Refusal."""
        unit.check_standing(grants=grants)
        held = yield from self.card(unit, card_id)
        check(state_refusal(unit.write.operation, held.row))
        return held

    def claim(self, unit: Unit, number: str, card_id: UUID) -> Statements[None]:
        """Take the number for the card, for ever; who comes second waits for the first and is refused. Raises Refusal."""
        hashed = self._database.keyring.fingerprint("card_numbers", number)
        asked = {"number_hash": hashed, "customer": unit.customer_id, "card": card_id}
        if (yield Sent(self._claim, asked)):
            return
        if (yield Sent(self._own, asked)):
            raise Refusal(UserErrorCode.ALREADY_DONE, "The customer has this card already.", "cardNumber")
        message = "This number was registered before: a card belongs to one customer for ever."
        raise Refusal(UserErrorCode.IDENTIFIER_TAKEN, message, "cardNumber")


def enter(unit: Unit, held: Held, movement: Movement) -> CardRow:
    """Have the movement added to the history; the card with the balance that `keep` has yet to store."""
    write, row = unit.write, held.row
    balance = row.balance_minor + movement.amount_minor
    unit.change(
        ENTERED,
        {
            "customer_id": unit.customer_id,
            "id": movement.id,
            "card_id": row.id,
            # Later than the last one whoever asked first: the history is read in the order of time, and balances chain.
            "at": write.now if held.changed_at is None else max(write.now, held.changed_at + MOMENT),
            "activity": movement.activity.value,
            "amount_minor": movement.amount_minor,
            "balance_after_minor": balance,
            "currency": row.currency,
            "actor_kind": write.actor.kind.value,
            "actor_id": write.actor.id,
            "reason_code": write.reason.code,
            "counterpart_last_four": movement.counterpart,
            "correlation_id": write.correlation_id,
        },
    )
    return msgspec.structs.replace(row, balance_minor=balance)


def keep(unit: Unit, change: Change, row: CardRow) -> None:
    """Have the columns of the change stored as the row has them."""
    stored = {name: getattr(row, name) for name in ("customer_id", "id", "balance_minor", "nickname", "removed_at")}
    unit.change(change, stored | {"status": row.status.value})


def named(row: CardRow) -> str:
    """The card as the audit log speaks of it."""
    return f"Card ending {row.last_four}"


def became(row: CardRow, attribute: str, before: object, after: object) -> AuditChange:
    """What became of the card, as the audit log keeps it."""
    return AuditChange(f"cards.{row.id}.{attribute}", before, after)


def _columns(*names: str) -> Change:
    """These columns of a card, which gets one version further."""

    def build(place: Place) -> Any:
        new: dict[str, Any] = {name: place.bind(name, cards.c[name].type) for name in names}
        return (
            cards.update()
            .where(cards.c.customer_id == place.bind("customer_id", Uuid()), cards.c.id == place.bind("id", Uuid()))
            .values(new | {"version": cards.c.version + 1})
        )

    return Change(build)


ENTERED = inserted(card_history)
REGISTERED = inserted(cards)
BALANCE, STATUS, EXPIRY = _columns("balance_minor"), _columns("status"), _columns("status", "balance_minor")
NICKNAME, REMOVAL = _columns("nickname"), _columns("removed_at")


def _held(*values: Any) -> Held:
    *row, sealed_number, changed_at = values
    return Held(CARD.make(*row), sealed_number, changed_at)


def _only(value: Any) -> Any:
    """The one column that is read."""
    return value


def _card() -> Select[Any]:
    last = select(func.max(card_history.c.at)).where(card_history.c.card_id == cards.c.id).scalar_subquery()
    columns = (*CARD.columns, cards.c.number.label("sealed_number"), last.label("changed_at"))
    return select(*columns).where(cards.c.customer_id == CUSTOMER, cards.c.id == CARD_ID)


def _own() -> Select[Any]:
    """The customer's card of that number, where it is on the account still."""
    same = (cards.c.customer_id == card_numbers.c.customer_id) & (cards.c.id == card_numbers.c.card_id)
    return select(cards.c.id).where(
        card_numbers.c.number_hash == NUMBER_HASH, same, cards.c.customer_id == CUSTOMER, cards.c.removed_at.is_(None)
    )
