"""What is put into the outbox with the changes that cause it, in statements that all of it shares.

Whoever puts something into a lane holds what keeps others out of it until the transaction ends (the lock of the lane's
customer), so the numbers in a lane rise in the order of the commits: a higher one is never seen before a lower one.
"""

import datetime as dt
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    FromClause,
    String,
    Text,
    Uuid,
    and_,
    case,
    cast,
    func,
    literal_column,
    select,
)
from sqlalchemy.types import TypeEngine

from datasources.ids import new_id
from datasources.sql.changes import Asked, Change, Place
from datasources.sql.tables.writing import outbox, outbox_lanes
from datasources.sql.types import Document, Instant, to_micros


class Message(msgspec.Struct, frozen=True):
    """Something to be delivered. The payload, any JSON, holds no personal data in clear and no secret."""

    topic: str
    lane: UUID
    customer_id: UUID
    kind: str
    payload: Mapping[str, Any]
    id: UUID = msgspec.field(default_factory=new_id)


def posted(messages: Sequence[Message], due_at: dt.datetime) -> list[Asked]:
    """The changes that put the messages into their lanes, in the order given."""
    now, count, places = dt.datetime.now(dt.UTC), Counter[tuple[str, UUID]](), []
    for message in messages:
        count[message.topic, message.lane] += 1
        places.append(count[message.topic, message.lane])
    columns: dict[str, list[Any]] = {
        "topic": [message.topic for message in messages],
        "lane": [message.lane for message in messages],
        "place": places,
        "id": [message.id for message in messages],
        "customer_id": [message.customer_id for message in messages],
        "kind": [message.kind for message in messages],
        "payload": [message.payload for message in messages],
    }
    # In one order for all, so that no two wait for each other's lanes.
    lanes = sorted(count, key=lambda lane: (lane[1], lane[0]))
    own: dict[str, list[Any]] = {
        "topic": [topic for topic, _ in lanes],
        "lane": [lane for _, lane in lanes],
        "place": [count[lane] for lane in lanes],
    }
    clock = {"clock": to_micros(now)}
    return [Asked(POSTED, clock | {"created_at": now}, columns), Asked(LENGTHENED, clock | {"due_at": due_at}, own)]


LANE: dict[str, TypeEngine[Any]] = {"topic": String(), "lane": Uuid(), "place": BigInteger()}
COLUMNS: dict[str, TypeEngine[Any]] = LANE | {
    "id": Uuid(),
    "customer_id": Uuid(),
    "kind": String(),
    "payload": Text(),
}


def _numbered(place: Place, rows: FromClause) -> tuple[FromClause, ColumnElement[int]]:
    """The rows with their lanes, and the number of each: behind the last of its lane, and never before the clock, so that a
    database restored from a backup gives none that it gave before."""
    lane, clock = outbox_lanes.c, place.bind("clock", BigInteger())
    own = and_(lane.topic == rows.c.topic, lane.lane == rows.c.lane)
    last = case((lane.sequence > clock, lane.sequence), else_=clock)
    return rows.outerjoin(outbox_lanes, own), last + rows.c.place


def _posted(place: Place) -> Any:
    rows = place.keys(**COLUMNS)
    found, number = _numbered(place, rows)
    values: dict[str, ColumnElement[Any]] = {name: rows.c[name] for name in COLUMNS if name not in ("place", "payload")}
    values |= {"sequence": number, "payload": cast(rows.c.payload, Document())}
    values |= {"created_at": place.bind("created_at", Instant())}
    return outbox.insert().from_select(list(values), select(*values.values()).select_from(found))


def _lengthened(place: Place) -> Any:
    """A lane that waits already stays due when it was: its first message is not a new one."""
    rows = place.keys(**LANE)
    found, number = _numbered(place, rows)
    values = {"topic": rows.c.topic, "lane": rows.c.lane, "sequence": number}
    values |= {"due_at": place.bind("due_at", Instant()), "attempts": literal_column("0", BigInteger())}
    # SQLite takes an ON behind a join for the join's own unless a WHERE lies between.
    sent = select(*values.values()).select_from(found).where(rows.c.place > 0)
    row = place.dialect.insert(outbox_lanes).from_select(list(values), sent)
    new = row.excluded
    return row.on_conflict_do_update(
        index_elements=["topic", "lane"],
        set_={"sequence": new.sequence, "due_at": func.coalesce(outbox_lanes.c.due_at, new.due_at)},
    )


POSTED, LENGTHENED = Change(_posted), Change(_lengthened)
