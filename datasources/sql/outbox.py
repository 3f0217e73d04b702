"""The outbox: written with the change that causes a delivery, taken by whoever delivers."""

import datetime as dt
from collections.abc import Mapping
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import String, Uuid, bindparam, select

from datasources.relaying import Posted
from datasources.sql.changes import inserted
from datasources.sql.engine import Database, Prepared, Sent, Statements
from datasources.sql.tables.writing import outbox
from datasources.sql.types import Instant
from datasources.sql.unit_of_work import Unit

Row = TypeVar("Row")

POSTED = inserted(outbox)


def post(unit: Unit, id: UUID, topic: str, payload: Mapping[str, str]) -> None:
    """Have this delivered once the unit's transaction is committed. The payload holds no personal data and no secret."""
    unit.change(
        POSTED,
        {
            "id": id,
            "topic": topic,
            "customer_id": unit.customer_id,
            "payload": payload,
            "created_at": unit.write.now,
            "due_at": unit.write.now,
            "attempts": 0,
        },
    )


class SqlOutbox:
    """Serves `datasources.relaying.Outbox` for one topic."""

    def __init__(self, database: Database, topic: str) -> None:
        self._database, self._topic = database, topic
        self.posted = database.posted
        dialect, waiting = database.dialect, outbox.alias("waiting")
        until, id_ = bindparam("until", type_=Instant()), bindparam("whose", type_=Uuid())
        longest = (
            select(waiting.c.id)
            .where(
                waiting.c.topic == bindparam("topic", type_=String()),
                waiting.c.delivered_at.is_(None),
                waiting.c.due_at <= bindparam("now", type_=Instant()),
            )
            .order_by(waiting.c.due_at, waiting.c.id)
            .limit(1)
            .with_for_update(skip_locked=True)
        )
        taken = outbox.update().where(outbox.c.id == longest.scalar_subquery())
        told = outbox.c.id, outbox.c.customer_id, outbox.c.payload
        counted = taken.values(due_at=until, attempts=outbox.c.attempts + 1).returning(*told, outbox.c.attempts)
        self._take = Prepared(counted, Posted, dialect)
        own = outbox.update().where(outbox.c.id == id_)
        self._delivered = Prepared(own.values(delivered_at=until), _nothing, dialect)
        self._postpone = Prepared(own.values(due_at=until), _nothing, dialect)
        self._drop = Prepared(outbox.delete().where(outbox.c.id == id_), _nothing, dialect)

    async def take(self, now: dt.datetime, until: dt.datetime) -> Posted | None:
        """See Outbox."""
        found = await self._sent(self._take, {"topic": self._topic, "now": now, "until": until})
        return next(iter(found), None)

    async def delivered(self, id: UUID, at: dt.datetime) -> None:
        """See Outbox."""
        await self._sent(self._delivered, {"whose": id, "until": at})

    async def postpone(self, id: UUID, until: dt.datetime) -> None:
        """See Outbox."""
        await self._sent(self._postpone, {"whose": id, "until": until})

    async def drop(self, id: UUID) -> None:
        """See Outbox."""
        await self._sent(self._drop, {"whose": id})

    async def _sent(self, prepared: Prepared[Row], parameters: Mapping[str, Any]) -> list[Row]:
        """The rows of one statement in a transaction of its own."""

        def work() -> Statements[list[Row]]:
            return (yield Sent(prepared, parameters))

        return await self._database.transact(work)


def _nothing(*_values: object) -> None:
    """These statements tell nothing."""
