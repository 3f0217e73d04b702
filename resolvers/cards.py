"""Stored value cards, what can be done with each, and loyalty cards."""

from collections.abc import Callable
from uuid import UUID

from datasources.card_rules import state_refusal, transfer_refusal
from datasources.cards import CardHistoryRow, CardRow, LoyaltyCardRow
from datasources.ids import CustomerId, EntityId
from datasources.paging import Page, PageRequest
from datasources.registry import Domain
from datasources.writing import Refusal
from permissions.model import AdjustmentOperation, Scope
from resolvers.actions import AvailableAction, Rule, Standing, of_owned, rule
from resolvers.context import Context
from resolvers.customer_lists import Asked, CustomerList

RESCUE_STOLEN = Scope("cards:stolenRescue")


@CustomerList
def cards(context: Context, page: PageRequest) -> Asked[CardRow]:
    """The customer's stored value cards, last registered first (M1)."""
    return context.sources.cards.cards, page


async def card(context: Context, customer: UUID, id: UUID) -> CardRow | None:
    """A stored value card by its id."""
    return await context.load(context.sources.cards.by_id, (CustomerId(customer), EntityId(id)), context.now)


async def history(card: CardRow, context: Context, page: PageRequest) -> Page[CardHistoryRow]:
    """Changes of the card's balance, newest first (M8)."""
    return await context.load(context.sources.cards.history, EntityId(card.id), page)


async def change(context: Context, customer: UUID, id: UUID) -> CardHistoryRow | None:
    """A change of a card's balance by its id."""
    return await context.load(context.sources.cards.changes, (CustomerId(customer), EntityId(id)))


@CustomerList
def loyalty_cards(context: Context, page: PageRequest) -> Asked[LoyaltyCardRow]:
    """The customer's loyalty cards, last issued first (M21)."""
    return context.sources.cards.loyalty_cards, page


async def loyalty_card(context: Context, customer: UUID, id: UUID) -> LoyaltyCardRow | None:
    """A loyalty card by its id."""
    return await context.load(context.sources.cards.loyalty_cards_by_id, (CustomerId(customer), EntityId(id)))


async def replacement(card: LoyaltyCardRow, context: Context) -> LoyaltyCardRow | None:
    """The loyalty card that took the place of this one."""
    return None if card.replaced_by_id is None else await loyalty_card(context, card.customer_id, card.replaced_by_id)


def _refusal(action: str) -> Callable[[CardRow, Context], str | None]:
    """Why the card's state stands in the way of the mutation."""
    return lambda card, _context: _told(state_refusal(action, card))


def _transfer_refusal(card: CardRow, context: Context) -> str | None:
    """The same for the card that gives."""
    return _told(transfer_refusal(card, rescues_stolen=context.holds(RESCUE_STOLEN)))


def _told(refusal: Refusal | None) -> str | None:
    return None if refusal is None else refusal.message


ADJUSTING = (AdjustmentOperation.CARD_ADD, AdjustmentOperation.CARD_DEDUCT)
MANAGED = (
    "cardExpire",
    "cardReportLost",
    "cardReportStolen",
    "cardReportFound",
    "cardConfirmStolen",
    "cardRemove",
    "cardNicknameSet",
)
RULES: tuple[Rule[CardRow], ...] = (
    # Deducting stays open for a blocked or restricted customer; a transfer adds money to another card.
    rule(
        "cardBalanceAdjust", "cards:adjust", Domain.CARDS, refused=_refusal("cardBalanceAdjust"), operations=ADJUSTING
    ),
    rule("cardBalanceTransfer", "cards:adjust", Domain.CARDS, Standing.TAKING_PART, refused=_transfer_refusal),
    *(rule(action, "cards:manage", Domain.CARDS, refused=_refusal(action)) for action in MANAGED),
)


async def actions(card: CardRow, context: Context) -> list[AvailableAction]:
    """What the caller can do with the card now (M10)."""
    return await of_owned(RULES, card, context)
