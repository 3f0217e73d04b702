"""Cards in SQL."""

import datetime as dt
from collections.abc import Sequence
from typing import ClassVar

from sqlalchemy import and_, case

from datasources.cards import CardHistoryRow, CardRow, CardStatus, LoyaltyCardRow
from datasources.ids import CustomerId, EntityId, OwnedId
from datasources.paging import Page, PageRequest
from datasources.registry import Domain
from datasources.sql.filters import among, equal
from datasources.sql.reader import SqlReader
from datasources.sql.statements import NOW, Keyed, Paged, Rows
from datasources.sql.tables.cards import card_history, cards, loyalty_cards

# The table of transitions lets no stolen card expire (inv-C1): it stays STOLEN past its date.
OVER = and_(cards.c.expires_at <= NOW, cards.c.status != CardStatus.STOLEN.value)
STATUS = case((OVER, CardStatus.EXPIRED.value), else_=cards.c.status)

CARD = Rows(CardRow, cards, columns={"card_number": cards.c.number, "status": STATUS})
CARDS = Paged(
    CARD,
    order=("registered_at", "id"),
    filters={"status": among(STATUS), "is_kept": equal(cards.c.removed_at.is_(None))},
)
BY_ID = Keyed(CARD)

CHANGE = Rows(CardHistoryRow, card_history)
HISTORY = Paged(CHANGE, order=("at", "id"), owner="card_id")
CHANGES = Keyed(CHANGE)

LOYALTY_CARD = Rows(LoyaltyCardRow, loyalty_cards)
LOYALTY_CARDS = Paged(LOYALTY_CARD, order=("issued_at", "id"))
LOYALTY_CARDS_BY_ID = Keyed(LOYALTY_CARD)


class SqlCards(SqlReader):
    """Serves `datasources.cards.CardReader`."""

    domain: ClassVar[Domain] = Domain.CARDS

    async def cards(self, customers: Sequence[CustomerId], page: PageRequest) -> Sequence[Page[CardRow]]:
        """See CardReader."""
        return await CARDS.of_each(self._database, customers, page)

    async def by_id(self, keys: Sequence[OwnedId], now: dt.datetime) -> Sequence[CardRow | None]:
        """See CardReader."""
        return await BY_ID.one_each(self._database, keys, now=now)

    async def history(self, cards: Sequence[EntityId], page: PageRequest) -> Sequence[Page[CardHistoryRow]]:
        """See CardReader."""
        return await HISTORY.of_each(self._database, cards, page)

    async def changes(self, keys: Sequence[OwnedId]) -> Sequence[CardHistoryRow | None]:
        """See CardReader."""
        return await CHANGES.one_each(self._database, keys)

    async def loyalty_cards(self, customers: Sequence[CustomerId], page: PageRequest) -> Sequence[Page[LoyaltyCardRow]]:
        """See CardReader."""
        return await LOYALTY_CARDS.of_each(self._database, customers, page)

    async def loyalty_cards_by_id(self, keys: Sequence[OwnedId]) -> Sequence[LoyaltyCardRow | None]:
        """See CardReader."""
        return await LOYALTY_CARDS_BY_ID.one_each(self._database, keys)
