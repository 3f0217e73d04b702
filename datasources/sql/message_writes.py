"""Messages written in SQL."""

from typing import ClassVar

import msgspec
from sqlalchemy import String, Uuid, bindparam, select

from datasources.audit import AuditChange
from datasources.ids import EntityId
from datasources.messages import (
    DirectMessageRow,
    DirectMessageShown,
    DirectMessageToSend,
    MessageDelivery,
    MessageReading,
    MessageShown,
    check_reader,
    direction_of,
    marked_read,
)
from datasources.profiles import Channel
from datasources.recording import Happened
from datasources.refusals import UserErrorCode
from datasources.registry import Domain
from datasources.sql.changes import Change, inserted
from datasources.sql.engine import Database, Prepared, Sent, Statements
from datasources.sql.messages import MESSAGE
from datasources.sql.tables.messages import direct_messages, messages
from datasources.sql.unit_of_work import SqlWriter, Unit
from datasources.texts import trimmed
from datasources.writing import Refusal, Write, Written

TITLE = "Direct message"
"""How the event stream calls it: nothing of what it says."""

SENT = inserted(direct_messages)
READ = Change(
    lambda place: (
        messages.update()
        .where(*(messages.c[name] == place.bind(name, Uuid()) for name in ("customer_id", "id")))
        .values({name: place.bind(name, messages.c[name].type) for name in ("read_at", "deliveries")})
    )
)


class SqlMessageWrites(SqlWriter):
    """Serves `datasources.messages.MessageWriter`."""

    domain: ClassVar[Domain] = Domain.MESSAGES

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        whose = bindparam("customer", type_=Uuid())
        of_request = (
            select(direct_messages.c.id)
            .where(
                direct_messages.c.customer_id == whose,
                direct_messages.c.support_request_id == bindparam("request", type_=String()),
            )
            .limit(1)
        )
        message = select(*MESSAGE.columns).where(
            messages.c.customer_id == whose, messages.c.id == bindparam("message", type_=Uuid())
        )
        self._of_request = Prepared(of_request, EntityId, database.dialect)
        self._message = Prepared(message, MESSAGE.make, database.dialect)

    async def send(self, write: Write, asked: DirectMessageToSend) -> Written[DirectMessageShown]:
        """See MessageWriter."""
        return await self.carry_out(write, asked.customer_id, ("message",), lambda unit: self._sent(unit, asked))

    async def mark_read(self, write: Write, asked: MessageReading) -> Written[MessageShown]:
        """See MessageWriter."""
        return await self.carry_out(write, asked.message_id[0], (), lambda unit: self._read(unit, asked))

    def _sent(self, unit: Unit, asked: DirectMessageToSend) -> Statements[DirectMessageShown]:
        body, request = trimmed(asked.body, "body"), asked.support_request_id
        # Who restricted processing, or is blocked, gets an answer to what they asked, and nothing else (P11).
        unit.check_standing(grants=request is None)
        if request is not None and not (
            yield Sent(self._of_request, {"customer": asked.customer_id, "request": request})
        ):
            raise Refusal(UserErrorCode.NOT_FOUND, "The customer has no such support request.", "supportRequestId")
        message = _new(unit, body, request)
        stored = msgspec.structs.asdict(message) | {
            "direction": message.direction.value,
            "body": unit.seal(body, "direct_messages.body"),
        }
        unit.change(SENT, stored)
        direction = message.direction.value
        unit.audit("Direct message sent", (AuditChange(f"directMessages.{message.id}.direction", None, direction),))
        facts = {"message_title": TITLE, "channel": Channel.IN_APP.value, "direction": direction}
        unit.record(Happened("communication", facts, EntityId(message.id)))
        return DirectMessageShown(message)

    def _read(self, unit: Unit, asked: MessageReading) -> Statements[MessageShown]:
        check_reader(unit.write.actor)
        unit.check_standing(grants=False)
        (customer, message_id), now = asked.message_id, unit.write.now
        found = yield Sent(self._message, {"customer": customer, "message": message_id, "now": now})
        if not found:
            raise Refusal(UserErrorCode.NOT_FOUND, "There is no such message.", "messageId")
        before, after = found[0], marked_read(found[0], now)
        unit.change(READ, {"customer_id": customer, "id": message_id, "read_at": now, "deliveries": after.deliveries})
        path = f"messages.{message_id}.status"
        unit.audit("Message read", (AuditChange(path, before.status.value, after.status.value),))
        return MessageShown(after)


def _new(unit: Unit, body: str, request: str | None) -> DirectMessageRow:
    """The message as readers see it: in the app it arrives as it is sent."""
    actor, now = unit.write.actor, unit.write.now
    return DirectMessageRow(
        customer_id=unit.customer_id,
        id=unit.ids["message"],
        direction=direction_of(actor),
        author_kind=actor.kind.value,
        author_id=actor.id,
        body=body,
        sent_at=now,
        read_at=None,
        support_request_id=request,
        deliveries=(MessageDelivery(Channel.IN_APP, sent_at=now, delivered_at=now),),
    )
