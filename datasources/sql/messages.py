"""Messages in SQL."""

import datetime as dt
from collections.abc import Sequence
from typing import ClassVar

from sqlalchemy import String, case, literal

from datasources.ids import CustomerId, OwnedId
from datasources.messages import DirectMessageRow, MessageRow, MessageStatus
from datasources.paging import Page, PageRequest
from datasources.registry import Domain
from datasources.sql.filters import among
from datasources.sql.reader import SqlReader
from datasources.sql.statements import NOW, Keyed, Paged, Rows
from datasources.sql.tables.messages import direct_messages, messages

STATUS = case(
    (messages.c.ends_at <= NOW, literal(MessageStatus.EXPIRED.value, String())),
    (messages.c.read_at.is_not(None), literal(MessageStatus.READ.value, String())),
    else_=literal(MessageStatus.NEW.value, String()),
)
"""Derived from the clock: past its end a message is expired, read or not (P5)."""

MESSAGE = Rows(MessageRow, messages, columns={"display_title": messages.c.title, "status": STATUS})
INBOX = Paged(MESSAGE, order=("distributed_at", "id"), filters={"status": among(STATUS)})
MESSAGES = Keyed(MESSAGE)

DIRECT_MESSAGE = Rows(DirectMessageRow, direct_messages)
CONVERSATION = Paged(DIRECT_MESSAGE, order=("sent_at", "id"))
DIRECT_MESSAGES = Keyed(DIRECT_MESSAGE)


class SqlMessages(SqlReader):
    """Serves `datasources.messages.MessageReader`."""

    domain: ClassVar[Domain] = Domain.MESSAGES

    async def inbox(self, customers: Sequence[CustomerId], page: PageRequest) -> Sequence[Page[MessageRow]]:
        """See MessageReader."""
        return await INBOX.of_each(self._database, customers, page)

    async def messages(self, keys: Sequence[OwnedId], now: dt.datetime) -> Sequence[MessageRow | None]:
        """See MessageReader."""
        return await MESSAGES.one_each(self._database, keys, now=now)

    async def conversation(
        self, customers: Sequence[CustomerId], page: PageRequest
    ) -> Sequence[Page[DirectMessageRow]]:
        """See MessageReader."""
        return await CONVERSATION.of_each(self._database, customers, page)

    async def direct_messages(self, keys: Sequence[OwnedId]) -> Sequence[DirectMessageRow | None]:
        """See MessageReader."""
        return await DIRECT_MESSAGES.one_each(self._database, keys)
