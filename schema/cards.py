"""Cards as clients see them."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

import strawberry

from datasources import cards as rows
from datasources.points import AdjustDirection
from datasources.program import CardKind
from datasources.registry import Domain
from permissions.masking import PiiKind
from resolvers import card_commands as commands
from resolvers import cards
from resolvers import command as command_of
from schema.actions import AvailableAction
from schema.audit import Approval, Audited
from schema.commands import Explained, Keyed, Payload, ReasonInput, Repeatable
from schema.connections import page_type
from schema.enums import enum
from schema.fields import argument, command, connection, leaf, lookup
from schema.values import Actor, Money, MoneyInput
from schema.views import Node, values, view

CARDS = Domain.CARDS
READ, ADJUST = "cards:read", "cards:adjust"

enum(
    rows.CardStatus,
    REGISTERED="In use.",
    LOST="Reported lost: what it holds can be transferred, or the card found.",
    REPORTED_STOLEN="Reported stolen, not confirmed yet.",
    STOLEN="Confirmed as stolen: never in use again.",
    EXPIRED="Expired by hand, or past its date: never in use again.",
)
enum(
    rows.CardActivity,
    LOAD="Money was paid in.",
    SPEND="Paid with.",
    ADJUST_ADD="Added by staff.",
    ADJUST_DEDUCT="Deducted by staff.",
    TRANSFER_IN="Came from another card.",
    TRANSFER_OUT="Went to another card.",
    EXPIRE="What was left was written off.",
    REFUND="Given back for a purchase paid with the card.",
)
enum(
    rows.LoyaltyCardStatus,
    ACTIVE="In use.",
    REPLACED="Another card took its place; its number still finds the customer.",
    REMOVED="Taken off the account.",
)


@view(rows.CardHistoryRow, guarded_by=READ, find=cards.change)
class CardHistoryEntry(Node):
    """One change of a card's balance."""

    at: dt.datetime
    """When it happened."""
    activity: rows.CardActivity
    """Why the balance changed."""
    amount: Money
    """Positive: money came. Negative: money went."""
    balance_after: Money
    """What the card held then."""
    actor: Actor | None
    """Who caused it."""
    reason_code: str | None
    """Key of the reason given."""
    counterpart_last_four: str | None
    """Last four digits of the other card of a transfer."""


CardHistoryConnection = page_type("CardHistory", CardHistoryEntry, "changes of a card's balance")


@view(rows.CardRow, requires=READ, find=cards.card)
class Card(Node):
    """Stored value card: promotional or private-label debit."""

    card_number: str = leaf(pii=PiiKind.IDENTIFIER, unmasked_by="cards:number")
    """The number that the card's processor knows it by; masked (•••• 1234) without `cards:number`."""
    last_four: str
    """Its last four digits."""
    kind: CardKind
    """What kind of card it is."""
    status: rows.CardStatus
    """Where it stands; EXPIRED from `expiresAt` on."""
    type: str
    """Type of the card's product in the program, which decides what it can be used for."""
    design: str | None
    """What is printed on it."""
    nickname: str | None
    """What the customer calls it."""
    expires_at: dt.datetime | None
    """When it expires."""
    balance: Money
    """What is left on it."""
    registered_at: dt.datetime
    """When it became the customer's."""
    removed_at: dt.datetime | None
    """When it was taken off the account."""
    history = connection(CardHistoryConnection, cards.history)
    """Every change of its balance, newest first."""
    available_actions = lookup(list[AvailableAction], cards.actions)
    """What you can do with the card now, and why not where not; a transfer is one from this card."""


@view(rows.LoyaltyCardRow, requires=READ, find=cards.loyalty_card)
class LoyaltyCard(Node):
    """A number that identifies the customer at a till; it holds no value."""

    number: str = leaf(pii=PiiKind.IDENTIFIER)
    """The number."""
    status: rows.LoyaltyCardStatus
    """Where the card stands."""
    issued_at: dt.datetime
    """When the customer got it."""
    replaced_at: dt.datetime | None
    """When another card took its place."""
    replaced_by = lookup("LoyaltyCard | None", cards.replacement)
    """The card that took its place."""


CardConnection = page_type("Card", Card, "stored value cards")
LoyaltyCardConnection = page_type("LoyaltyCard", LoyaltyCard, "loyalty cards")


class CardFields:
    """What a customer shows of cards."""

    loyalty_cards = connection(LoyaltyCardConnection, cards.loyalty_cards, requires=READ, domain=CARDS)
    """Numbers that identify the customer at a till; they hold no value. Last issued first."""
    # Last: here it hides the module of its name.
    cards = connection(
        CardConnection,
        cards.cards,
        argument("status", list[rows.CardStatus] | None, "Only cards that stand so now."),
        argument("include_removed", bool | None, "Also cards that were taken off the account.", default=False),
        filter=rows.CardFilter,
        requires=READ,
        domain=CARDS,
    )
    """Stored value cards, last registered first."""


@values(commands.CardActionInput)
class CardActionInput(Repeatable, Explained):
    """Something that is done to a card and needs no more than that."""

    card_id: strawberry.ID
    """To which."""


@values(commands.CardBalanceAdjustInput)
class CardBalanceAdjustInput(Keyed):
    """The amount is positive; `direction` says which way. The reason code is required."""

    card_id: strawberry.ID
    """Which card; it must be REGISTERED."""
    direction: AdjustDirection
    """Whether money comes in or goes out."""
    amount: MoneyInput
    """How much, more than zero, in the card's currency; no more than the card holds can go out."""
    reason: ReasonInput
    """Why; `code` is required."""


@values(commands.CardBalanceTransferInput)
class CardBalanceTransferInput(Keyed):
    """Whole balance when `amount` is left out. The reason code is required."""

    from_card_id: strawberry.ID
    """The card that gives: in use, lost or reported stolen; STOLEN with the scope cards:stolenRescue."""
    to_card_id: strawberry.ID
    """The card that takes: another one of the same customer, REGISTERED and in the same currency."""
    amount: MoneyInput | None
    """How much, more than zero; left out, all there is."""
    reason: ReasonInput
    """Why; `code` is required."""


@values(commands.CardRemoveInput)
class CardRemoveInput(Repeatable, Explained):
    """Which card to take off the account."""

    card_id: strawberry.ID
    """Which card."""
    acknowledge_balance: bool | None = False
    """True to remove a card that still holds money, which stays on it."""


@values(commands.CardRegisterInput)
class CardRegisterInput(Keyed, Explained):
    """A card number belongs to one customer for ever."""

    customer_id: strawberry.ID
    """Whose it becomes."""
    card_number: str
    """8 to 32 digits, with spaces and dashes or without; how it begins tells the card's product."""


@values(commands.CardNicknameInput)
class CardNicknameInput(Repeatable):
    """What the customer calls the card."""

    card_id: strawberry.ID
    """Which card."""
    nickname: str | None
    """At most 200 characters; null or left out, the card has none."""


@values(commands.LoyaltyCardAddInput)
class LoyaltyCardAddInput(Repeatable, Explained):
    """One more number that identifies the customer."""

    customer_id: strawberry.ID
    """Whose it becomes."""
    number: str
    """At most 200 characters, compared without spaces and dashes; no other customer has it."""


@values(commands.LoyaltyCardRemoveInput)
class LoyaltyCardRemoveInput(Repeatable, Explained):
    """Which loyalty card to take off the account."""

    loyalty_card_id: strawberry.ID
    """Which card; its number finds nobody from then on, and is free."""


@values(commands.LoyaltyCardReplaceInput)
class LoyaltyCardReplaceInput(Repeatable, Explained):
    """Which loyalty card another one takes the place of."""

    loyalty_card_id: strawberry.ID
    """The card that is replaced; its number finds the customer still."""
    new_number: str
    """The number of the card that takes its place, as `loyaltyCardAdd` takes it."""


@view(commands.CardPayload)
class CardPayload(Audited, Payload):
    """What came of a change of stored value cards."""

    card = lookup(Card | None, commands.written_card)
    """The card as it is now; of a transfer, the one that the money came from."""
    counterpart = lookup(Card | None, commands.written_counterpart)
    """The card that a transfer moved money to."""
    approval = lookup(Approval | None, command_of.approval)
    """The request that waits for a second person; null where none is needed."""


@view(commands.LoyaltyCardPayload)
class LoyaltyCardPayload(Audited, Payload):
    """What came of a change of loyalty cards."""

    loyalty_card = lookup(LoyaltyCard | None, commands.written_loyalty_card)
    """The card that was added, removed, or that took another's place."""


def _of_card(
    serve: Any, input: type, *, ids: Mapping[str, str] | None = None, requires: str = "cards:manage"
) -> Any:  # typed as the attribute it stands for
    return command(CardPayload, serve, input, ids=ids or {"card_id": "Card"}, requires=requires, written_by=CARDS)


def _of_loyalty_card(serve: Any, input: type, *, ids: Mapping[str, str]) -> Any:  # typed as the attribute it stands for
    return command(LoyaltyCardPayload, serve, input, ids=ids, requires="cards:manage", written_by=CARDS)


class CardMutations:
    """Changes of cards."""

    card_balance_adjust = _of_card(commands.adjust, CardBalanceAdjustInput, requires=ADJUST)
    """Add money to a card, or deduct it. Beyond your limit it waits for a second person."""
    card_balance_transfer = _of_card(
        commands.transfer,
        CardBalanceTransferInput,
        ids={"from_card_id": "Card", "to_card_id": "Card"},
        requires=ADJUST,
    )
    """Move money from one card to another of the same customer: from one that is lost or stolen, too."""
    card_expire = _of_card(commands.expire, CardActionInput)
    """Expire a card for good; what is left on it is written off."""
    card_report_lost = _of_card(commands.move, CardActionInput)
    """Report a card in use as lost."""
    card_report_stolen = _of_card(commands.move, CardActionInput)
    """Report a card as stolen, one that is in use or lost."""
    card_report_found = _of_card(commands.move, CardActionInput)
    """Put a card that was lost or reported stolen into use again."""
    card_confirm_stolen = _of_card(commands.move, CardActionInput)
    """Confirm that a card which was reported stolen is: it is never in use again."""
    card_remove = _of_card(commands.remove, CardRemoveInput)
    """Take a card off the account; it stays in the history, and its number the customer's."""
    loyalty_card_add = _of_loyalty_card(commands.add_loyalty_card, LoyaltyCardAddInput, ids={"customer_id": "Customer"})
    """Give the customer one more number to be found by."""
    card_register = _of_card(commands.register, CardRegisterInput, ids={"customer_id": "Customer"})
    """Make a card the customer's."""
    card_nickname_set = _of_card(commands.rename, CardNicknameInput)
    """Set what the customer calls a card."""
    loyalty_card_remove = _of_loyalty_card(
        commands.remove_loyalty_card, LoyaltyCardRemoveInput, ids={"loyalty_card_id": "LoyaltyCard"}
    )
    """Take a loyalty card off the account."""
    loyalty_card_replace = _of_loyalty_card(
        commands.replace_loyalty_card, LoyaltyCardReplaceInput, ids={"loyalty_card_id": "LoyaltyCard"}
    )
    """Put another loyalty card in the place of one, which finds the customer still; points stay as they are."""
