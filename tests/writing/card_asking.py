"""Mutations of cards as the tests ask for them, and cards in every state."""

from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import update
from sqlalchemy.ext.asyncio import create_async_engine

from datasources.sql.tables.cards import cards
from schema.ids import parse_id
from tests.harness import Caller, Gateway
from tests.writing.doing import REFUSED, do

CARD = """
  id cardNumber lastFour kind status type design nickname expiresAt registeredAt removedAt
  balance { amountMinor currency }
  availableActions { action enabled disabledReason }
"""
SELECTIONS = {
    "card": f"""
      card {{ {CARD} }} counterpart {{ {CARD} }}
      approval {{ id state operation amount currency requestedBy {{ id }} customer {{ supportId }} reasonCode }}
      auditEntry {{ type outcome summary reasonCode correlationId changes {{ path before after }} }}
    """,
    "loyalty": """
      loyaltyCard { id number status issuedAt replacedAt replacedBy { id number status } }
      auditEntry { type outcome summary changes { path before after } }
    """,
}
KEPT = {"idempotency_keys": 1, **REFUSED}
"""What every change stores besides its own: the key, and the audit entry."""
ANY_PRODUCT = "7"
"""Numbers that begin so are of reloadable cards, which do not expire."""


async def ask(gateway: Gateway, mutation: str, given: dict[str, Any], caller: Caller | str = "admin") -> dict[str, Any]:
    """The payload of a mutation of cards that had no error, under a key of its own unless one is given."""
    return await do(
        gateway, mutation, given, SELECTIONS["loyalty" if mutation.startswith("loyalty") else "card"], caller
    )


def new_number(prefix: str = ANY_PRODUCT) -> str:
    """Sixteen digits that no card has."""
    return f"{prefix}{uuid4().int:039d}"[:16]


def adjustment(card_id: str, amount: int, **more: Any) -> dict[str, Any]:
    """The input of an adjustment: positive adds, negative deducts."""
    return {
        "cardId": card_id,
        "direction": "ADD" if amount > 0 else "DEDUCT",
        "amount": {"amountMinor": abs(amount), "currency": "USD"},
        "reason": {"code": "card_balance_correction"},
        **more,
    }


def transfer(giving: str, receiving: str, amount: int | None = None, **more: Any) -> dict[str, Any]:
    """The input of a transfer."""
    asked = {} if amount is None else {"amount": {"amountMinor": amount, "currency": "USD"}}
    return {"fromCardId": giving, "toCardId": receiving, "reason": {"code": "card_balance_moved"}, **asked, **more}


TO_REACH = {
    "REGISTERED": (),
    "LOST": ("cardReportLost",),
    "REPORTED_STOLEN": ("cardReportStolen",),
    "STOLEN": ("cardReportStolen", "cardConfirmStolen"),
    "EXPIRED": ("cardExpire",),
    "REMOVED": ("cardRemove",),
    "OVER": (),
    "STOLEN_OVER": ("cardReportStolen", "cardConfirmStolen"),
}
"""The mutations that bring a card into a state; those that are OVER are past their date, which no mutation does."""


async def card_in(gateway: Gateway, member: str, state: str = "REGISTERED", balance: int = 500) -> str:
    """The id of a new card of the member in that state; one that is EXPIRED holds nothing."""
    registration = {"customerId": gateway.customer_id(member), "cardNumber": new_number()}
    card_id: str = (await ask(gateway, "cardRegister", registration))["card"]["id"]
    if balance:
        assert (await ask(gateway, "cardBalanceAdjust", adjustment(card_id, balance)))["userErrors"] == []
    for mutation in TO_REACH[state]:
        given = {"cardId": card_id} | ({"acknowledgeBalance": True} if mutation == "cardRemove" else {})
        assert (await ask(gateway, mutation, given))["userErrors"] == []
    if state.endswith("OVER"):
        await put(gateway, card_id, expires_at=gateway.now)
    return card_id


async def put(gateway: Gateway, card_id: str, **columns: Any) -> None:
    """Set columns of a card, whatever led to it."""
    customer, own = key_of(card_id)
    engine = create_async_engine(gateway.url_of(cards))
    async with engine.begin() as connection:
        mine = (cards.c.customer_id == customer, cards.c.id == own)
        await connection.execute(update(cards).where(*mine).values(**columns))
    await engine.dispose()


def key_of(id: str, type_name: str = "Card") -> tuple[UUID, UUID]:
    """The customer's id and the card's own, of its global id."""
    customer, own = parse_id(id, "id", type_name)[1]
    return customer, own
