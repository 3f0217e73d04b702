"""Cards as clients see them."""

import datetime as dt

from datasources import cards as rows
from datasources.program import CardKind
from datasources.registry import Domain
from permissions.masking import PiiKind
from resolvers import cards
from schema.actions import AvailableAction
from schema.connections import page_type
from schema.enums import enum
from schema.fields import argument, connection, leaf, lookup
from schema.values import Actor, Money
from schema.views import Node, view

CARDS = Domain.CARDS
READ = "cards:read"

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
