"""The laws of cards, recomputed from the raw tables (inv-C2, inv-C3, inv-C6, inv-I1)."""

from typing import Any
from uuid import UUID

from sqlalchemy import select

from datasources.folding import card_key
from datasources.sql.tables.cards import card_history, card_numbers, cards, loyalty_cards
from datasources.sql.tables.profiles import customers, identifiers
from tests.harness import Gateway
from tests.writing.tables import found

TABLES = (cards, card_history, card_numbers, loyalty_cards, identifiers, customers)
COMES = ("LOAD", "ADJUST_ADD", "TRANSFER_IN", "REFUND")
TRANSFERS = ("TRANSFER_IN", "TRANSFER_OUT")
Row = Any  # a row of any table, by column


async def broken(gateway: Gateway, customer: UUID) -> list[str]:
    """The laws that the customer's rows break."""
    rows = await found(gateway, *(select(table).where(table.c.customer_id == customer) for table in TABLES))
    held, history, numbers, loyalty, index, (person,) = rows
    wrong: list[str] = []
    for card in held:
        wrong += _balance(card, [row for row in history if row["card_id"] == card["id"]])
    if {row["card_id"] for row in history} - {card["id"] for card in held}:
        wrong.append("C2: a change belongs to no card")
    if sum(row["amount_minor"] for row in history if row["activity"] in TRANSFERS):
        wrong.append("C3: a transfer does not conserve the sum")
    if sorted(row["card_id"] for row in numbers) != sorted(card["id"] for card in held):
        wrong.append("C6: cards and numbers differ")
    return wrong + _loyalty(loyalty, [row for row in index if row["kind"] == "LOYALTY_NUMBER"], person)


def _balance(card: Row, history: list[Row]) -> list[str]:
    """inv-C2: the sum of the amounts, never below zero, told by every row in the order of time."""
    wrong, balance = [], 0
    for row in sorted(history, key=lambda row: (row["at"], row["id"])):
        balance += row["amount_minor"]
        if row["balance_after_minor"] != balance:
            wrong.append("C2: a row does not tell the balance after it")
        if balance < 0:
            wrong.append("C2: the balance falls below zero")
        if (row["amount_minor"] > 0) is not (row["activity"] in COMES) or row["amount_minor"] == 0:
            wrong.append("C2: an amount goes the wrong way")
        if row["currency"] != card["currency"]:
            wrong.append("C3: a row is in another currency")
    if card["balance_minor"] != balance:
        wrong.append("C2: the balance is not the sum")
    if len({row["at"] for row in history}) != len(history):
        wrong.append("C2: two changes have one moment")
    if card["status"] == "EXPIRED" and balance:
        wrong.append("C5: an expired card was not written off")
    return wrong


def _loyalty(held: Any, index: list[Row], person: Row) -> list[str]:
    """Numbers in use and replaced ones find the customer, removed ones do not; they go by the last one in use."""
    wrong = []
    kept = {card_key(card["number"]): card["status"] == "REPLACED" for card in held if card["status"] != "REMOVED"}
    if {row["value"]: row["is_replaced"] for row in index} != kept:
        wrong.append("I1: cards and index differ")
    in_use = [card for card in held if card["status"] == "ACTIVE"]
    last = max(in_use, key=lambda card: (card["issued_at"], card["id"]), default=None)
    if person["loyalty_number"] != (last and last["number"]):
        wrong.append("the customer goes by another number")
    ids = {card["id"] for card in held}
    if any(
        (card["status"] == "REPLACED") is not (card["replaced_by_id"] in ids and card["replaced_at"] is not None)
        for card in held
    ):
        wrong.append("a replaced card and its successor differ")
    return wrong
