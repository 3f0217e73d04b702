"""Money of stored value cards, within a transaction: adjusted by hand, moved between cards, written off."""

import msgspec

from datasources.audit import AuditChange
from datasources.card_rules import (
    AMOUNT,
    check,
    check_covered,
    check_currency,
    check_fits,
    check_pair,
    check_positive,
    check_receiving,
    transfer_refusal,
)
from datasources.cards import CardActivity, CardAdjustment, CardRow, CardShown, CardStatus, CardTransfer
from datasources.ids import EntityId
from datasources.points import AdjustDirection
from datasources.sql.approving import Adjusted, Allowances, request_approval
from datasources.sql.card_ledger import BALANCE, EXPIRY, CardLedger, Movement, became, enter, keep, named
from datasources.sql.engine import Database, Statements
from datasources.sql.unit_of_work import Unit
from datasources.values import Money


class CardBalances:
    """The works of the mutations that move money."""

    def __init__(self, database: Database) -> None:
        self._ledger = CardLedger(database)
        self._allowances = Allowances(database)

    def adjusted(self, unit: Unit, asked: CardAdjustment) -> Statements[CardShown]:
        """Add or deduct, or request a second person's approval where the caller may not go that far. Raises Refusal."""
        adds, amount = asked.direction is AdjustDirection.ADD, asked.amount
        check_positive(amount)
        held = yield from self._ledger.taken(unit, asked.card_id[1], grants=adds)
        check_currency(held.row, amount)
        (check_fits if adds else check_covered)(held.row, amount.amount_minor, *AMOUNT)
        limited = Adjusted("CARD_ADD" if adds else "CARD_DEDUCT", amount.amount_minor, amount.currency)
        if (yield from self._allowances.exceeded(unit, limited)):
            request_approval(unit, limited, asked)
            return CardShown(None)
        activity = CardActivity.ADJUST_ADD if adds else CardActivity.ADJUST_DEDUCT
        signed = amount.amount_minor if adds else -amount.amount_minor
        row = enter(unit, held, Movement(unit.ids["change"], activity, signed))
        keep(unit, BALANCE, row)
        unit.audit(f"{named(row)}: {'+' if adds else ''}{_told(row, signed)}", (_moved(held.row, row),))
        return CardShown(row)

    def transferred(self, unit: Unit, asked: CardTransfer, *, rescues_stolen: bool) -> Statements[CardShown]:
        """Move money from one card to the other, all of it where no amount is given. Raises Refusal."""
        check_pair(asked)
        unit.check_standing(grants=True)
        giving = yield from self._ledger.card(unit, asked.from_card_id[1])
        receiving = yield from self._ledger.card(unit, asked.to_card_id[1], "toCardId")
        check(transfer_refusal(giving.row, rescues_stolen=rescues_stolen))
        check_receiving(receiving.row, giving.row)
        amount = _amount(giving.row, asked.amount)
        check_fits(receiving.row, amount, "toCardId")
        out = Movement(unit.ids["outgoing"], CardActivity.TRANSFER_OUT, -amount, receiving.row.last_four)
        into = Movement(unit.ids["incoming"], CardActivity.TRANSFER_IN, amount, giving.row.last_four)
        given, received = enter(unit, giving, out), enter(unit, receiving, into)
        keep(unit, BALANCE, given)
        keep(unit, BALANCE, received)
        unit.audit(
            f"{named(given)}: {_told(given, amount)} moved to the one ending {received.last_four}",
            (_moved(giving.row, given), _moved(receiving.row, received)),
        )
        return CardShown(given, received)

    def expired(self, unit: Unit, card_id: EntityId) -> Statements[CardShown]:
        """Expire the card for good, and write off what is left on it by a row of its own (M12). Raises Refusal."""
        held = yield from self._ledger.taken(unit, card_id)
        before, left = held.row, held.row.balance_minor
        row = enter(unit, held, Movement(unit.ids["change"], CardActivity.EXPIRE, -left)) if left else before
        row = msgspec.structs.replace(row, status=CardStatus.EXPIRED)
        keep(unit, EXPIRY, row)
        status = became(row, "status", before.status.value, row.status.value)
        unit.audit(f"{named(row)} expired, {_told(row, left)} written off", (status, _moved(before, row)))
        return CardShown(row)


def _amount(giving: CardRow, asked: Money | None) -> int:
    """How much is to be moved. Raises Refusal."""
    if asked is None:
        return giving.balance_minor
    check_positive(asked)
    check_currency(giving, asked)
    check_covered(giving, asked.amount_minor, *AMOUNT)
    return asked.amount_minor


def _told(card: CardRow, amount_minor: int) -> str:
    """An amount of the card's money in words."""
    return f"{Money(amount_minor, card.currency).amount} {card.currency}"


def _moved(before: CardRow, after: CardRow) -> AuditChange:
    return became(after, "balance", before.balance_minor, after.balance_minor)
