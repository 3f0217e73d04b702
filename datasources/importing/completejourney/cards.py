"""Made-up stored value cards with their history, and loyalty cards."""

import datetime as dt
import random

import msgspec

from datasources.card_rules import product_of
from datasources.fingerprints import fingerprint
from datasources.ids import EntityId
from datasources.importing.demo_program import CARD_PRODUCTS
from datasources.sql.tables.cards import card_history, card_numbers, cards, loyalty_cards

from .household import Household
from .people import agent, has_replaced_card, loyalty_number
from .timeline import months_later

CURRENCY = "USD"
STATUSES = {3: "LOST", 6: "REPORTED_STOLEN", 8: "STOLEN", 10: "EXPIRED"}
"""The status of a household's second card by its number modulo eleven; REGISTERED for the others."""


class Move(msgspec.Struct, frozen=True):
    """A change of a card's balance by `amount` cents."""

    at: dt.datetime
    activity: str
    amount: int
    actor: tuple[str, str]
    reason_code: str | None = None


def write(household: Household, master_key: bytes) -> None:
    """One card for everyone, a second one for two of three households; the loyalty card and the one it replaced."""
    chance = household.seeded("cards")
    _write_card(household, chance, 1, status="REGISTERED", master_key=master_key)
    if household.number % 3:
        status = STATUSES.get(household.number % 11, "REGISTERED")
        _write_card(household, chance, 2, status=status, master_key=master_key)
    _write_loyalty_cards(household)


def card_number(household: int, card: int) -> str:
    """Sixteen digits that no other card has; every first digit occurs."""
    return f"{(household + card) % 10}{card}{household:014d}"


def _write_card(household: Household, chance: random.Random, card: int, *, status: str, master_key: bytes) -> None:
    number = card_number(household.number, card)
    product = product_of(CARD_PRODUCTS, number)
    assert product is not None  # noqa: S101  # every first digit has one
    registered_at = household.timeline.start + dt.timedelta(days=chance.randint(1, 90), hours=15)
    moves = _moves(household, chance, registered_at, status)
    card_id = household.id(registered_at, "card", card)
    months = product.expires_after_months
    expires_at = None if months is None else months_later(registered_at, months)
    household.own(
        cards,
        id=card_id,
        number=household.seal(number, "cards.number"),
        last_four=number[-4:],
        kind=product.kind.value,
        status=status,
        type=product.type,
        design=product.design,
        nickname="Groceries" if card == 1 and household.number % 2 else None,
        currency=CURRENCY,
        balance_minor=sum(move.amount for move in moves),
        expires_at=moves[-1].at if status == "EXPIRED" else expires_at,
        registered_at=registered_at,
        removed_at=household.timeline.before_end(days=5) if card == 2 and household.number % 33 == 8 else None,
        version=1,
    )
    hashed = fingerprint(master_key, "card_numbers", number)
    household.own(card_numbers, number_hash=hashed, card_id=card_id)
    _write_history(household, card_id, moves)


def _moves(household: Household, chance: random.Random, since: dt.datetime, status: str) -> list[Move]:
    member = ("MEMBER", str(household.customer_id))
    load = chance.randrange(2_000, 10_000, 500)
    spend = chance.randint(100, load // 2)
    moves = [
        Move(since, "LOAD", load, member),
        Move(since + dt.timedelta(days=chance.randint(5, 60)), "SPEND", -spend, member),
    ]
    staff = ("STAFF", agent(household.number))
    if household.number % 4 == 1:
        at = since + dt.timedelta(days=70)
        moves.append(Move(at, "ADJUST_ADD", 250, staff, "card_balance_correction"))
    if status == "EXPIRED":
        left = sum(move.amount for move in moves)
        moves.append(Move(since + dt.timedelta(days=200), "EXPIRE", -left, staff, "customer_request"))
    return moves


def _write_history(household: Household, card_id: EntityId, moves: list[Move]) -> None:
    balance = 0
    for number, move in enumerate(moves):
        balance += move.amount
        household.own(
            card_history,
            id=household.id(move.at, "card history", card_id, number),
            card_id=card_id,
            at=move.at,
            activity=move.activity,
            amount_minor=move.amount,
            balance_after_minor=balance,
            currency=CURRENCY,
            actor_kind=move.actor[0],
            actor_id=move.actor[1],
            reason_code=move.reason_code,
        )


def _write_loyalty_cards(household: Household) -> None:
    replaced = has_replaced_card(household.number)
    issued_at = household.timeline.start + dt.timedelta(days=100) if replaced else household.enrolled_at
    current = household.id(issued_at, "loyalty card", "current")
    household.own(
        loyalty_cards, id=current, number=loyalty_number(household.number), status="ACTIVE", issued_at=issued_at
    )
    if replaced:
        household.own(
            loyalty_cards,
            id=household.id(household.enrolled_at, "loyalty card", "first"),
            number=loyalty_number(household.number, replaced=True),
            status="REPLACED",
            issued_at=household.enrolled_at,
            replaced_at=issued_at,
            replaced_by_id=current,
        )
