"""Cards written in SQL: each mutation in its transaction. Money is `CardBalances`', loyalty cards are `LoyaltyCards`'."""

from collections.abc import Mapping
from typing import ClassVar

import msgspec

from datasources.card_rules import check_remaining, number_of, product_of
from datasources.cards import (
    TRANSITIONS,
    CardAdjustment,
    CardRow,
    CardShown,
    CardStatus,
    CardTransfer,
    LoyaltyCardRow,
)
from datasources.ids import CustomerId, EntityId, OwnedId
from datasources.ledger import months_later
from datasources.program import CardProduct
from datasources.refusals import UserErrorCode
from datasources.registry import Domain
from datasources.sql.approving import asked_again
from datasources.sql.card_balances import CardBalances
from datasources.sql.card_ledger import NICKNAME, REGISTERED, REMOVAL, STATUS, CardLedger, became, keep, named
from datasources.sql.engine import Database, Statements
from datasources.sql.loyalty_cards import LoyaltyCards
from datasources.sql.unit_of_work import Execution, SqlWriter, Unit
from datasources.writing import LONGEST_NAME, Refusal, Write, Written, check_length


class SqlCardWrites(SqlWriter):
    """Serves `datasources.cards.CardWriter`."""

    domain: ClassVar[Domain] = Domain.CARDS

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self._ledger = CardLedger(database)
        self._balances = CardBalances(database)
        self._loyalty = LoyaltyCards(database)

    def executions(self) -> Mapping[str, Execution]:
        """See SqlWriter."""
        return {
            "cardBalanceAdjust": lambda unit, request: self._balances.adjusted(
                unit, asked_again(request, CardAdjustment)
            )
        }

    async def adjust(self, write: Write, asked: CardAdjustment) -> Written[CardShown]:
        """See CardWriter."""
        return await self.carry_out(
            write, asked.card_id[0], ("change",), lambda unit: self._balances.adjusted(unit, asked)
        )

    async def transfer(self, write: Write, asked: CardTransfer, *, rescues_stolen: bool) -> Written[CardShown]:
        """See CardWriter."""
        return await self.carry_out(
            write,
            asked.from_card_id[0],
            ("outgoing", "incoming"),
            lambda unit: self._balances.transferred(unit, asked, rescues_stolen=rescues_stolen),
        )

    async def expire(self, write: Write, card: OwnedId) -> Written[CardShown]:
        """See CardWriter."""
        return await self.carry_out(write, card[0], ("change",), lambda unit: self._balances.expired(unit, card[1]))

    async def move(self, write: Write, card: OwnedId) -> Written[CardShown]:
        """See CardWriter."""
        return await self.carry_out(write, card[0], (), lambda unit: self._moved(unit, card[1]))

    async def remove(self, write: Write, card: OwnedId, *, acknowledges_balance: bool) -> Written[CardShown]:
        """See CardWriter."""
        return await self.carry_out(write, card[0], (), lambda unit: self._removed(unit, card[1], acknowledges_balance))

    async def rename(self, write: Write, card: OwnedId, nickname: str | None) -> Written[CardShown]:
        """See CardWriter."""
        return await self.carry_out(write, card[0], (), lambda unit: self._renamed(unit, card[1], nickname))

    async def register(self, write: Write, customer: CustomerId, number: str) -> Written[CardShown]:
        """See CardWriter."""
        return await self.carry_out(write, customer, ("card",), lambda unit: self._registered(unit, number))

    async def add_loyalty_card(self, write: Write, customer: CustomerId, number: str) -> Written[LoyaltyCardRow]:
        """See CardWriter."""
        return await self.carry_out(write, customer, ("card",), lambda unit: self._loyalty.added(unit, number))

    async def replace_loyalty_card(self, write: Write, card: OwnedId, number: str) -> Written[LoyaltyCardRow]:
        """See CardWriter."""
        return await self.carry_out(
            write, card[0], ("card",), lambda unit: self._loyalty.replaced(unit, card[1], number)
        )

    async def remove_loyalty_card(self, write: Write, card: OwnedId) -> Written[LoyaltyCardRow]:
        """See CardWriter."""
        return await self.carry_out(write, card[0], (), lambda unit: self._loyalty.removed(unit, card[1]))

    def _moved(self, unit: Unit, card_id: EntityId) -> Statements[CardShown]:
        held = yield from self._ledger.taken(unit, card_id)
        before = held.row.status
        row = msgspec.structs.replace(held.row, status=TRANSITIONS[unit.write.operation][before])
        keep(unit, STATUS, row)
        unit.audit(f"{named(row)}: {row.status.value}", (became(row, "status", before.value, row.status.value),))
        return CardShown(row)

    def _removed(self, unit: Unit, card_id: EntityId, acknowledges_balance: bool) -> Statements[CardShown]:
        held = yield from self._ledger.taken(unit, card_id)
        check_remaining(held.row, acknowledged=acknowledges_balance)
        row = msgspec.structs.replace(held.row, removed_at=unit.write.now)
        keep(unit, REMOVAL, row)
        unit.audit(f"{named(row)} removed", (became(row, "removedAt", None, unit.write.now),))
        return CardShown(row)

    def _renamed(self, unit: Unit, card_id: EntityId, nickname: str | None) -> Statements[CardShown]:
        check_length(nickname, LONGEST_NAME, "nickname")
        held = yield from self._ledger.taken(unit, card_id)
        before = held.row.nickname
        if before == nickname:
            raise Refusal(UserErrorCode.ALREADY_DONE, "The card has this nickname already.", "nickname")
        row = msgspec.structs.replace(held.row, nickname=nickname)
        keep(unit, NICKNAME, row)
        unit.audit(f"{named(row)} renamed", (became(row, "nickname", before, nickname),))
        return CardShown(row)

    def _registered(self, unit: Unit, text: str) -> Statements[CardShown]:
        number = number_of(text)
        product = product_of(unit.write.program.card_products, number)
        if product is None:
            raise Refusal(UserErrorCode.INVALID, "The program has no cards of such numbers.", "cardNumber")
        unit.check_standing(grants=False)
        row = _new(unit, number, product)
        yield from self._ledger.claim(unit, number, row.id)
        stored = msgspec.structs.asdict(row) | {"kind": row.kind.value, "status": row.status.value, "version": 1}
        unit.change(REGISTERED, stored | {"number": unit.seal(number, "cards.number")})
        unit.audit(f"{named(row)} registered", (became(row, "status", None, row.status.value),))
        return CardShown(row)


def _new(unit: Unit, number: str, product: CardProduct) -> CardRow:
    """A card as it begins: empty, since this source keeps all that was ever paid into it."""
    now, months = unit.write.now, product.expires_after_months
    return CardRow(
        customer_id=unit.customer_id,
        id=unit.ids["card"],
        card_number=number,
        last_four=number[-4:],
        kind=product.kind,
        status=CardStatus.REGISTERED,
        type=product.type,
        design=product.design,
        nickname=None,
        currency=product.currency,
        balance_minor=0,
        expires_at=None if months is None else months_later(now, months),
        registered_at=now,
        removed_at=None,
    )
