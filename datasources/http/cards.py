"""Cards that another system keeps, changed there."""

from collections.abc import Callable
from typing import Any

from datasources.audit import AuditChange, in_words
from datasources.card_rules import (
    check_currency,
    check_pair,
    check_positive,
    check_remaining,
    loyalty_number_of,
    number_of,
)
from datasources.cards import CardAdjustment, CardRow, CardShown, CardStatus, CardTransfer, LoyaltyCardRow
from datasources.http.ids import text_of
from datasources.http.writing import PLAIN, Doing, HttpWriter, Rows, nothing
from datasources.ids import CustomerId, OwnedId
from datasources.points import AdjustDirection
from datasources.refusals import UserErrorCode
from datasources.surroundings import Limited, Record, Standing
from datasources.values import Money
from datasources.writing import LONGEST_NAME, Refusal, Write, Written, check_length

TOLD = {
    "status": "status",
    "balance_minor": "balance",
    "nickname": "nickname",
    "expires_at": "expiresAt",
    "removed_at": "removedAt",
}
"""The attributes of a card that the audit log keeps, with what it calls them."""


class HttpCardWrites(HttpWriter):
    """Serves `datasources.cards.CardWriter`."""

    async def adjust(self, write: Write, asked: CardAdjustment) -> Written[CardShown]:
        """See CardWriter."""
        amount, adds = asked.amount, asked.direction is AdjustDirection.ADD
        check_positive(amount)
        limited = Limited("CARD_ADD" if adds else "CARD_DEDUCT", amount.amount_minor, amount.currency)
        return await self._changed(
            write,
            (asked.card_id,),
            {"direction": asked.direction, **_money(amount)},
            standing=Standing(adds, limited),
            check=lambda rows: check_currency(rows[0], amount),
        )

    async def transfer(self, write: Write, asked: CardTransfer, *, rescues_stolen: bool) -> Written[CardShown]:
        """See CardWriter."""
        check_pair(asked)
        if asked.amount is not None:
            check_positive(asked.amount)
        return await self._changed(
            write,
            (asked.from_card_id, asked.to_card_id),
            {"to_id": text_of(asked.to_card_id[1]), **_money(asked.amount)},
            standing=Standing(grants=True),
            check=lambda rows: _check_rescue(rows[0], rescues_stolen=rescues_stolen),
        )

    async def move(self, write: Write, card: OwnedId) -> Written[CardShown]:
        """See CardWriter."""
        return await self._changed(write, (card,))

    async def expire(self, write: Write, card: OwnedId) -> Written[CardShown]:
        """See CardWriter."""
        return await self._changed(write, (card,))

    async def remove(self, write: Write, card: OwnedId, *, acknowledges_balance: bool) -> Written[CardShown]:
        """See CardWriter."""
        return await self._changed(
            write, (card,), check=lambda rows: check_remaining(rows[0], acknowledged=acknowledges_balance)
        )

    async def rename(self, write: Write, card: OwnedId, nickname: str | None) -> Written[CardShown]:
        """See CardWriter."""
        check_length(nickname, LONGEST_NAME, "nickname")
        return await self._changed(write, (card,), {"nickname": nickname})

    async def register(self, write: Write, customer: CustomerId, number: str) -> Written[CardShown]:
        """See CardWriter."""
        doing = Doing(customer, (), {"number": number_of(number)}, show=_shown, tell=_teller(write))
        return await self.carry_out(write, doing)

    async def add_loyalty_card(self, write: Write, customer: CustomerId, number: str) -> Written[LoyaltyCardRow]:
        """See CardWriter."""
        values = {"number": loyalty_number_of(number, "number")}
        return await self._changed_loyalty(write, customer, (), values)

    async def replace_loyalty_card(self, write: Write, card: OwnedId, number: str) -> Written[LoyaltyCardRow]:
        """See CardWriter."""
        values = {"id": text_of(card[1]), "number": loyalty_number_of(number, "newNumber")}
        return await self._changed_loyalty(write, card[0], (card,), values)

    async def remove_loyalty_card(self, write: Write, card: OwnedId) -> Written[LoyaltyCardRow]:
        """See CardWriter."""
        return await self._changed_loyalty(write, card[0], (card,), {"id": text_of(card[1])})

    async def _changed(
        self,
        write: Write,
        about: tuple[OwnedId, ...],
        values: dict[str, Any] | None = None,
        *,
        standing: Standing = PLAIN,
        check: Callable[[Rows], None] = nothing,
    ) -> Written[CardShown]:
        """The cards changed, of which the first is the one that the mutation is about."""
        own = {"id": text_of(about[0][1]), **(values or {})}
        doing = Doing(about[0][0], about, own, show=_shown, tell=_teller(write), standing=standing, check=check)
        return await self.carry_out(write, doing)

    async def _changed_loyalty(
        self, write: Write, customer: CustomerId, about: tuple[OwnedId, ...], values: dict[str, Any]
    ) -> Written[LoyaltyCardRow]:
        def tell(before: Rows, after: Rows) -> Record:
            known = {row.id: row.status.value for row in before}
            return Record(
                in_words(write.operation),
                tuple(
                    AuditChange(f"loyaltyCards.{row.id}.status", known.get(row.id), row.status.value) for row in after
                ),
            )

        return await self.carry_out(write, Doing(customer, about, values, show=lambda rows: rows[0], tell=tell))


def _money(amount: Money | None) -> dict[str, Any]:
    """The values of an amount; without one there are none."""
    if amount is None:
        return {}
    return {"amount": amount.amount, "amount_minor": amount.amount_minor, "currency": amount.currency}


def _check_rescue(card: CardRow, *, rescues_stolen: bool) -> None:
    """Pass for a card that the caller may move money from. Raises Refusal."""
    if card.status is CardStatus.STOLEN and not rescues_stolen:
        raise Refusal(UserErrorCode.FORBIDDEN, "The card is STOLEN: you need the scope cards:stolenRescue.")


def _shown(rows: Rows) -> CardShown:
    return CardShown(*rows)


def _teller(write: Write) -> Callable[[Rows, Rows], Record]:
    """Says what became of cards, the one that the mutation is about first."""

    def tell(before: Rows, after: Rows) -> Record:
        known = {row.id: row for row in before}
        changes = tuple(change for row in after for change in _changes(known.get(row.id), row))
        return Record(f"{in_words(write.operation)}: card ending {after[0].last_four}", changes)

    return tell


def _changes(before: CardRow | None, after: CardRow) -> list[AuditChange]:
    """What became another; of a card that is new, its status."""
    names = TOLD if before is not None else ("status",)
    told = [(name, _plain(getattr(before, name, None)), _plain(getattr(after, name))) for name in names]
    return [AuditChange(f"cards.{after.id}.{TOLD[name]}", old, new) for name, old, new in told if old != new]


def _plain(value: Any) -> Any:
    """An attribute's value as the audit log keeps it."""
    return value.value if isinstance(value, CardStatus) else value
