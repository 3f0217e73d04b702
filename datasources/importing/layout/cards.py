"""Stored value cards with their balances, which chain over the movements, and loyalty cards."""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from datasources.card_rules import product_of
from datasources.fingerprints import fingerprint
from datasources.folding import card_key
from datasources.program import CardProduct
from datasources.sql.tables.cards import card_history, card_numbers, cards, loyalty_cards
from datasources.sql.tables.profiles import identifiers

from .book import chunks
from .entry import Entry, Made
from .folds import Folded
from .problems import BadValue


class Card(msgspec.Struct):
    """A card whose balance moves; `made` is its row where it is new."""

    id: UUID
    owner: UUID
    currency: str
    balance: int
    made: Made | None = None


async def fold_cards(connection: AsyncConnection, entries: Sequence[Entry]) -> Folded:
    """Registers cards, then moves balances in the order of time."""
    folded = Folded()
    hashes = {_hash(entry, "card") for entry in entries if entry.shape.record == "movement"}
    known = await _known(connection, sorted(hashes))
    for entry in sorted(entries, key=_order):
        try:
            made = _register(known, entry) if entry.shape.record == "card" else [_move(known, entry)]
            folded.made += [(entry, row) for row in made]
        except BadValue as fault:
            folded.faults.append((entry, fault))
    for card in known.values():
        if card.made is None:
            place = (cards.c.customer_id == card.owner, cards.c.id == card.id)
            folded.updates.append(update(cards).where(*place).values(balance_minor=card.balance))
        else:
            card.made.row["balance_minor"] = card.balance
    return folded


def _order(entry: Entry) -> tuple[Any, ...]:
    is_movement = entry.shape.record == "movement"
    return is_movement, entry.at("at" if is_movement else "registered_at"), entry.line.number


def _hash(entry: Entry, name: str) -> str:
    return fingerprint(entry.book.master_key, "card_numbers", card_key(entry.values[name]))


def _register(known: dict[str, Card], entry: Entry) -> Iterable[Made]:
    number = card_key(entry.values["number"])
    product = _product(entry, number)
    if entry.id is None or not 8 <= len(number) <= 32:
        raise BadValue("must have 8 to 32 digits", "number")
    made = entry.made(
        cards,
        number=entry.seal(number, "cards.number"),
        last_four=number[-4:],
        kind=product.kind.value,
        type=product.type,
        design=product.design,
        currency=product.currency,
        version=1,
    )
    hashed = _hash(entry, "number")
    known[hashed] = Card(entry.id, entry.person.id, product.currency, 0, made)
    return [made, entry.made(card_numbers, "number", number_hash=hashed, card_id=entry.id)]


def _product(entry: Entry, number: str) -> CardProduct:
    product = product_of(entry.book.settings.card_products, number)
    if product is None:
        raise BadValue("begins like no card product of the program", "number")
    return product


def _move(known: dict[str, Card], entry: Entry) -> Made:
    card = known.get(_hash(entry, "card"))
    if card is None or card.owner != entry.person.id:
        raise BadValue("is no known card of the customer", "card")
    if card.balance + entry.values["amount_minor"] < 0:
        raise BadValue("takes more than the card holds by then", "amount_minor")
    card.balance += entry.values["amount_minor"]
    return entry.made(card_history, card_id=card.id, balance_after_minor=card.balance, currency=card.currency)


async def _known(connection: AsyncConnection, hashes: Sequence[str]) -> dict[str, Card]:
    known: dict[str, Card] = {}
    columns = (card_numbers.c.number_hash, cards.c.id, cards.c.customer_id, cards.c.currency, cards.c.balance_minor)
    same = (cards.c.customer_id == card_numbers.c.customer_id) & (cards.c.id == card_numbers.c.card_id)
    for some in chunks(hashes):
        found = select(*columns).join(cards, same).where(card_numbers.c.number_hash.in_(some))
        for hashed, id_, owner, currency, balance in (await connection.execute(found.with_for_update(of=cards))).all():
            known[hashed] = Card(id_, owner, currency, balance)
    return known


async def fold_loyalty_cards(connection: AsyncConnection, entries: Sequence[Entry]) -> Folded:
    """Writes loyalty cards; the numbers of replaced ones find their customer still."""
    folded = Folded()
    ids = {(entry.person.id, entry.values["number"]): entry.id for entry in entries}
    for entry in entries:
        values = entry.values
        successor = ids.get((entry.person.id, values["replaced_by"])) if "replaced_by" in values else None
        if "replaced_by" in values and successor is None:
            folded.faults.append((entry, BadValue("is no loyalty card of the customer in these files", "replaced_by")))
            continue
        folded.made.append((entry, entry.made(loyalty_cards, replaced_by_id=successor)))
        if values["status"] == "REPLACED":
            row = {"kind": "LOYALTY_NUMBER", "system": "", "value": card_key(values["number"]), "is_replaced": True}
            folded.made.append((entry, entry.made(identifiers, "number", **row)))
    return folded
