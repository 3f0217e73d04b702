"""The outbox as whoever delivers sees it: lanes that are taken with a lease, and settled once what waited is delivered."""

import datetime as dt
from collections.abc import Mapping
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import BigInteger, Select, String, Uuid, bindparam, case, delete, func, literal, select, update
from sqlalchemy.types import TypeEngine

from datasources.relaying import Backlog, Posted, Taken
from datasources.sql.engine import Database, Prepared, Sent, Statements
from datasources.sql.tables.writing import outbox, outbox_lanes
from datasources.sql.types import Instant

LANE = outbox_lanes.c


class Head(msgspec.Struct, frozen=True):
    """A lane that was taken."""

    lane: UUID
    sequence: int
    attempts: int


class SqlOutbox:
    """Serves `datasources.relaying.Outbox` for one topic.

    `most` messages of a lane are taken at once. Lanes that are no customer's own hold one message ever: with `keeps_lanes`
    False they go with it.
    """

    def __init__(self, database: Database, topic: str, *, most: int = 1, keeps_lanes: bool = False) -> None:
        self._database, self.topic, self._most, self._keeps_lanes = database, topic, most, keeps_lanes
        self.source = database.name
        self.posted = database.bell.listener()
        dialect = database.dialect
        self._due = Prepared(select(LANE.lane).where(*_due()).limit(1), lambda lane: lane, dialect)
        self._take = Prepared(_taken(), Head, dialect)
        self._waiting = Prepared(_waiting(), Posted, dialect)
        own = (LANE.topic == _bind("topic", String()), LANE.lane == _bind("own", Uuid()))
        done = (*own, LANE.sequence <= _bind("until", BigInteger()))
        self._rest = Prepared(update(outbox_lanes).where(*own).values(**_rest()), _nothing, dialect)
        self._end = Prepared(delete(outbox_lanes).where(*done), _nothing, dialect)
        self._later = Prepared(
            update(outbox_lanes).where(*own).values(due_at=_bind("due_at", Instant())), _nothing, dialect
        )
        self._delete = Prepared(_deleted(), _nothing, dialect)
        self._backlog = Prepared(_backlog(), Backlog, dialect)

    async def take(self, now: dt.datetime, until: dt.datetime) -> Taken | None:
        """See Outbox."""
        # Looked for first without a lock, as nothing waits nearly always.
        if not await self._database.fetch(self._due, {"topic": self.topic, "now": now}):
            return None

        def work() -> Statements[Taken | None]:
            heads: list[Head] = yield Sent(self._take, {"topic": self.topic, "now": now, "due_at": until})
            if not heads:
                return None
            (head,) = heads
            named = {"topic": self.topic, "own": head.lane, "limit": self._most}
            messages: list[Posted] = yield Sent(self._waiting, named)
            return Taken(head.lane, head.sequence, head.attempts, tuple(messages))

        return await self._database.transact(work)

    async def settle(self, taken: Taken, now: dt.datetime) -> None:
        """See Outbox."""
        named = {"topic": self.topic, "own": taken.lane, "until": taken.until, "now": now}
        ended = self._rest if self._keeps_lanes else self._end

        def work() -> Statements[None]:
            yield Sent(self._delete, named)
            yield Sent(ended, named)

        await self._database.transact(work)

    async def postpone(self, taken: Taken, until: dt.datetime) -> None:
        """See Outbox."""

        def work() -> Statements[None]:
            yield Sent(self._later, {"topic": self.topic, "own": taken.lane, "due_at": until})

        await self._database.transact(work)

    async def backlog(self) -> Backlog:
        """See Outbox."""
        ((found,),) = await self._database.fetch(self._backlog, {"topic": self.topic})
        backlog: Backlog = found
        return backlog


async def backlogs(database: Database) -> dict[str, Backlog]:
    """What waits in the outbox of a database, by topic. Raises SourceUnavailable, SourceTimedOut, SourceRefused."""
    counted = select(outbox.c.topic, func.count(), func.min(outbox.c.created_at)).group_by(outbox.c.topic)
    prepared = Prepared(counted.order_by(outbox.c.topic), lambda topic, *own: (topic, Backlog(*own)), database.dialect)
    return {topic: backlog for ((topic, backlog),) in await database.fetch(prepared, {})}


def _bind(name: str, type_: TypeEngine[Any]) -> Any:
    return bindparam(name, type_=type_)


def _due() -> tuple[Any, Any]:
    return LANE.topic == _bind("topic", String()), LANE.due_at <= _bind("now", Instant())


def _taken() -> Any:
    """The lane that has been due longest and that nobody else is taking."""
    longest = select(LANE.lane).where(*_due()).order_by(LANE.due_at, LANE.lane).limit(1)
    own = longest.with_for_update(skip_locked=True).scalar_subquery()
    return (
        update(outbox_lanes)
        .where(LANE.topic == _bind("topic", String()), LANE.lane == own)
        .values(due_at=_bind("due_at", Instant()), attempts=LANE.attempts + 1)
        .returning(LANE.lane, LANE.sequence, LANE.attempts)
    )


def _of_lane() -> tuple[Any, Any]:
    return outbox.c.topic == _bind("topic", String()), outbox.c.lane == _bind("own", Uuid())


def _waiting() -> Select[Any]:
    columns = (outbox.c[name] for name in Posted.__struct_fields__)
    return select(*columns).where(*_of_lane()).order_by(outbox.c.sequence).limit(_bind("limit", BigInteger()))


def _deleted() -> Any:
    return delete(outbox).where(*_of_lane(), outbox.c.sequence <= _bind("until", BigInteger()))


def _rest() -> Mapping[str, Any]:
    """Due again where more was put into the lane meanwhile, which its own row tells: what was put in is not seen yet by a
    statement that had to wait for the row."""
    more = case((LANE.sequence > _bind("until", BigInteger()), _bind("now", Instant())), else_=None)
    return {"due_at": more, "attempts": literal(0, BigInteger())}


def _backlog() -> Any:
    return select(func.count(), func.min(outbox.c.created_at)).where(outbox.c.topic == _bind("topic", String()))


def _nothing(*_values: object) -> None:
    """These statements tell nothing."""
