"""Changes of cards: what is asked for, and what came of it."""

from typing import Any

import msgspec

from datasources.cards import CardAdjustment, CardRow, CardShown, CardTransfer, LoyaltyCardRow
from datasources.ids import CustomerId, OwnedId
from datasources.points import AdjustDirection
from datasources.values import Money
from datasources.writing import Reason
from resolvers.cards import RESCUE_STOLEN, card, change, loyalty_card
from resolvers.command import Command, Payload, carried_out
from resolvers.context import Context


class CardActionInput(msgspec.Struct, frozen=True):
    """What is done to a card as it is asked for."""

    card_id: OwnedId
    idempotency_key: str | None = None
    dry_run: bool | None = False
    reason: Reason | None = None


class CardBalanceAdjustInput(msgspec.Struct, frozen=True):
    """An adjustment as it is asked for."""

    card_id: OwnedId
    idempotency_key: str
    direction: AdjustDirection
    amount: Money
    reason: Reason
    dry_run: bool | None = False


class CardBalanceTransferInput(msgspec.Struct, frozen=True):
    """A transfer as it is asked for."""

    from_card_id: OwnedId
    to_card_id: OwnedId
    idempotency_key: str
    reason: Reason
    amount: Money | None = None
    dry_run: bool | None = False


class CardRemoveInput(msgspec.Struct, frozen=True):
    """A removal as it is asked for."""

    card_id: OwnedId
    idempotency_key: str | None = None
    dry_run: bool | None = False
    acknowledge_balance: bool | None = False
    reason: Reason | None = None


class CardRegisterInput(msgspec.Struct, frozen=True):
    """A registration as it is asked for."""

    customer_id: CustomerId
    card_number: str
    idempotency_key: str
    dry_run: bool | None = False
    reason: Reason | None = None


class CardNicknameInput(msgspec.Struct, frozen=True):
    """A nickname as it is asked for; None clears it."""

    card_id: OwnedId
    nickname: str | None = None
    idempotency_key: str | None = None
    dry_run: bool | None = False


class CardPayload(Payload[CardShown], frozen=True):
    """What came of a write of cards; one that is registered has no id before."""

    card_id: OwnedId | None = None
    counterpart_id: OwnedId | None = None


async def adjust(command: Command[CardBalanceAdjustInput]) -> CardPayload:
    """Add money to a card, or deduct it (M11)."""
    asked = command.asked
    adjustment = CardAdjustment(asked.card_id, asked.direction, asked.amount)
    written = await carried_out(command, command.context.sources.writers.cards.adjust, adjustment)
    return CardPayload(*written, card_id=asked.card_id)


async def transfer(command: Command[CardBalanceTransferInput]) -> CardPayload:
    """Move money from a card to another of the same customer (M13)."""
    asked, context = command.asked, command.context
    written = await carried_out(
        command,
        context.sources.writers.cards.transfer,
        CardTransfer(asked.from_card_id, asked.to_card_id, asked.amount),
        rescues_stolen=context.holds(RESCUE_STOLEN),
    )
    return CardPayload(*written, card_id=asked.from_card_id, counterpart_id=asked.to_card_id)


async def move(command: Command[CardActionInput]) -> CardPayload:
    """Bring a card into another status: lost, stolen or found (M14 to M16)."""
    asked = command.asked
    written = await carried_out(command, command.context.sources.writers.cards.move, asked.card_id)
    return CardPayload(*written, card_id=asked.card_id)


async def expire(command: Command[CardActionInput]) -> CardPayload:
    """Expire a card for good (M12)."""
    asked = command.asked
    written = await carried_out(command, command.context.sources.writers.cards.expire, asked.card_id)
    return CardPayload(*written, card_id=asked.card_id)


async def remove(command: Command[CardRemoveInput]) -> CardPayload:
    """Take a card off the account (M17)."""
    asked = command.asked
    written = await carried_out(
        command,
        command.context.sources.writers.cards.remove,
        asked.card_id,
        acknowledges_balance=asked.acknowledge_balance is True,
    )
    return CardPayload(*written, card_id=asked.card_id)


async def rename(command: Command[CardNicknameInput]) -> CardPayload:
    """Set what the customer calls a card (M6)."""
    asked = command.asked
    written = await carried_out(command, command.context.sources.writers.cards.rename, asked.card_id, asked.nickname)
    return CardPayload(*written, card_id=asked.card_id)


async def register(command: Command[CardRegisterInput]) -> CardPayload:
    """Make a card the customer's (inv-C6)."""
    asked = command.asked
    register = command.context.sources.writers.cards.register
    return CardPayload(*await carried_out(command, register, asked.customer_id, asked.card_number))


async def written_card(payload: CardPayload, context: Context) -> CardRow | None:
    """The card that the mutation is about, as it came out, or as it is now where an answer is repeated.

    None while an adjustment waits for approval.
    """
    if payload.written.shown is not None:
        return payload.written.shown.card
    key = payload.card_id or _made(payload)
    if key is None or not await _is_done(payload, context):
        return None
    return await card(context, *key)


async def written_counterpart(payload: CardPayload, context: Context) -> CardRow | None:
    """The card that a transfer moved money to."""
    if payload.written.shown is not None:
        return payload.written.shown.counterpart
    if payload.counterpart_id is None or not await _is_done(payload, context):
        return None
    return await card(context, *payload.counterpart_id)


async def _is_done(payload: CardPayload, context: Context) -> bool:
    """True unless it was refused, or waits for approval: the row of the history that was promised is there then."""
    if not payload.written.ids:
        return False
    made = payload.stored("change") if payload.stored("approval") is not None else None
    if made is None or payload.customer_id is None:
        return made is None
    return await change(context, payload.customer_id, made) is not None


def _made(payload: Payload[Any]) -> OwnedId | None:
    """The key of the card that was made."""
    made = payload.stored("card")
    return None if made is None or payload.customer_id is None else (payload.customer_id, made)


class LoyaltyCardAddInput(msgspec.Struct, frozen=True):
    """A number to be added as it is asked for."""

    customer_id: CustomerId
    number: str
    idempotency_key: str | None = None
    dry_run: bool | None = False
    reason: Reason | None = None


class LoyaltyCardRemoveInput(msgspec.Struct, frozen=True):
    """A loyalty card to be removed as it is asked for."""

    loyalty_card_id: OwnedId
    idempotency_key: str | None = None
    dry_run: bool | None = False
    reason: Reason | None = None


class LoyaltyCardReplaceInput(msgspec.Struct, frozen=True):
    """A loyalty card to be replaced as it is asked for."""

    loyalty_card_id: OwnedId
    new_number: str
    idempotency_key: str | None = None
    dry_run: bool | None = False
    reason: Reason | None = None


class LoyaltyCardPayload(Payload[LoyaltyCardRow], frozen=True):
    """What came of a write of loyalty cards; one that is made has no id before."""

    card_id: OwnedId | None = None


async def add_loyalty_card(command: Command[LoyaltyCardAddInput]) -> LoyaltyCardPayload:
    """Give the customer one more loyalty number (M21)."""
    asked, cards = command.asked, command.context.sources.writers.cards
    return LoyaltyCardPayload(*await carried_out(command, cards.add_loyalty_card, asked.customer_id, asked.number))


async def replace_loyalty_card(command: Command[LoyaltyCardReplaceInput]) -> LoyaltyCardPayload:
    """Put another loyalty card in the place of one (M21)."""
    asked, cards = command.asked, command.context.sources.writers.cards
    written = await carried_out(command, cards.replace_loyalty_card, asked.loyalty_card_id, asked.new_number)
    return LoyaltyCardPayload(*written)


async def remove_loyalty_card(command: Command[LoyaltyCardRemoveInput]) -> LoyaltyCardPayload:
    """Take a loyalty card off the account."""
    asked, cards = command.asked, command.context.sources.writers.cards
    written = await carried_out(command, cards.remove_loyalty_card, asked.loyalty_card_id)
    return LoyaltyCardPayload(*written, card_id=asked.loyalty_card_id)


async def written_loyalty_card(payload: LoyaltyCardPayload, context: Context) -> LoyaltyCardRow | None:
    """The card that was added, that took another's place, or that was removed."""
    if payload.written.shown is not None:
        return payload.written.shown
    key = payload.card_id or _made(payload)
    return None if key is None or not payload.written.ids else await loyalty_card(context, *key)
