"""What can be done with a card as it stands: statuses, money, numbers (requirements section 2, inv-C1 to inv-C6)."""

import re
from collections.abc import Iterable, Mapping
from typing import TypeVar

from datasources.cards import (
    LOYALTY_TRANSITIONS,
    TRANSITIONS,
    CardRow,
    CardStatus,
    CardTransfer,
    LoyaltyCardRow,
    LoyaltyCardStatus,
)
from datasources.folding import card_key
from datasources.program import CardProduct
from datasources.refusals import UserErrorCode
from datasources.values import Money
from datasources.writing import LONGEST_NAME, Refusal, check_length

Status = TypeVar("Status", CardStatus, LoyaltyCardStatus)

LARGEST = 2**63 - 1
NUMBER = re.compile("[0-9]{8,32}")
"""A card number without spaces and dashes."""

AMOUNT = ("amount", "amountMinor")
"""Where inputs tell how much."""


def state_refusal(action: str, card: CardRow) -> Refusal | None:
    """Why the card's state stands in the way of the mutation: gone from the account, or a status it does not take."""
    if card.removed_at is not None:
        code = UserErrorCode.ALREADY_DONE if action == "cardRemove" else UserErrorCode.INVALID_TRANSITION
        return Refusal(code, "The card was removed from the account.")
    return _status_refusal(TRANSITIONS[action], card.status)


def loyalty_refusal(action: str, card: LoyaltyCardRow) -> Refusal | None:
    """The same for a loyalty card."""
    return _status_refusal(LOYALTY_TRANSITIONS[action], card.status)


def _status_refusal(table: Mapping[Status, Status], status: Status) -> Refusal | None:
    """Why a card of this status is not taken: it is where the mutation leads already, or nothing leads there."""
    if status in table:
        return None
    if status in table.values():
        return Refusal(UserErrorCode.ALREADY_DONE, f"The card is {status.value} already.")
    return Refusal(UserErrorCode.INVALID_TRANSITION, f"Not possible with a card that is {status.value}.")


def transfer_refusal(card: CardRow, *, rescues_stolen: bool) -> Refusal | None:
    """The same for the card that money is to be moved from: it must have some, and a stolen one asks for a scope."""
    found = state_refusal("cardBalanceTransfer", card)
    if found is None and card.status is CardStatus.STOLEN and not rescues_stolen:
        return Refusal(UserErrorCode.FORBIDDEN, "The card is STOLEN: you need the scope cards:stolenRescue.")
    if found is None and card.balance_minor <= 0:
        return Refusal(UserErrorCode.INSUFFICIENT_BALANCE, "The card has no balance.")
    return found


def check(refusal: Refusal | None) -> None:
    """Pass where nothing stands in the way. Raises Refusal."""
    if refusal is not None:
        raise refusal


def check_pair(asked: CardTransfer) -> None:
    """Pass for two cards of one customer (inv-C3). Raises Refusal."""
    if asked.from_card_id == asked.to_card_id:
        raise Refusal(UserErrorCode.INVALID, "Money moves between two cards: name another one.", "toCardId")
    if asked.from_card_id[0] != asked.to_card_id[0]:
        raise Refusal(UserErrorCode.INVALID, "Money moves between cards of the same customer only.", "toCardId")


def check_receiving(card: CardRow, giving: CardRow) -> None:
    """Pass for a card that the other one's money can be moved to (inv-C3). Raises Refusal."""
    if card.removed_at is not None or card.status is not CardStatus.REGISTERED:
        status = "removed" if card.removed_at is not None else card.status.value
        message = f"Money can only be moved to a card in use; this one is {status}."
        raise Refusal(UserErrorCode.INVALID_TRANSITION, message, "toCardId")
    if card.currency != giving.currency:
        message = f"The cards hold {giving.currency} and {card.currency}: there is no exchange."
        raise Refusal(UserErrorCode.CURRENCY_MISMATCH, message, "toCardId")


def check_positive(amount: Money) -> None:
    """Pass for an amount of more than nothing. Raises Refusal."""
    if amount.amount_minor <= 0:
        raise Refusal(UserErrorCode.INVALID, "An amount is more than zero.", *AMOUNT)


def check_currency(card: CardRow, amount: Money) -> None:
    """Pass for an amount in the card's currency. Raises Refusal."""
    if amount.currency != card.currency:
        message = f"The card holds {card.currency}."
        raise Refusal(UserErrorCode.CURRENCY_MISMATCH, message, "amount", "currency")


def check_covered(card: CardRow, amount_minor: int, *path: str) -> None:
    """Pass where the card holds that much; never less than asked is taken (inv-C4). Raises Refusal."""
    if amount_minor > card.balance_minor:
        message = f"The card holds only {card.balance.amount} {card.currency}."
        raise Refusal(UserErrorCode.INSUFFICIENT_BALANCE, message, *path)


def check_fits(card: CardRow, amount_minor: int, *path: str) -> None:
    """Pass where the balance stays a number of 64 bits. Raises Refusal."""
    if card.balance_minor + amount_minor > LARGEST:
        raise Refusal(UserErrorCode.LIMIT_EXCEEDED, "The card can't hold that much.", *path)


def number_of(text: str) -> str:
    """The digits of a card number. Raises Refusal."""
    number = card_key(text)
    if not NUMBER.fullmatch(number):
        message = "A card number has 8 to 32 digits; spaces and dashes may stand between them."
        raise Refusal(UserErrorCode.INVALID, message, "cardNumber")
    return number


def loyalty_number_of(text: str, path: str) -> str:
    """A loyalty number as it is compared (B6). Raises Refusal."""
    number = card_key(text.strip())
    check_length(number, LONGEST_NAME, path)
    return number


def product_of(products: Iterable[CardProduct], number: str) -> CardProduct | None:
    """The product with the longest prefix of the number, None where no prefix fits."""
    fitting = [product for product in products if number.startswith(product.prefix)]
    return max(fitting, key=lambda product: len(product.prefix), default=None)


def check_remaining(card: CardRow, *, acknowledged: bool) -> None:
    """Pass for a card that is empty, or whose money the caller knows of (M17). Raises Refusal."""
    if card.balance_minor and not acknowledged:
        message = f"The card holds {card.balance.amount} {card.currency}: move it first, or acknowledge that it stays."
        raise Refusal(UserErrorCode.BALANCE_REMAINS, message, "acknowledgeBalance")
