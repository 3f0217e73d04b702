"""Everything told anew to the other databases of a split program: to one that was added, or restored from a backup."""

import datetime as dt
from collections.abc import AsyncIterator
from uuid import UUID

from sqlalchemy import BigInteger, Uuid, bindparam, select

from datasources.ids import CustomerId, new_id
from datasources.registry import Domain
from datasources.sql.courier import NO_PROGRAM
from datasources.sql.engine import Database, Prepared, Sent, Statements
from datasources.sql.locking import NOBODY
from datasources.sql.news import News
from datasources.sql.tables.profiles import customers
from datasources.sql.unit_of_work import Unit
from datasources.values import ActorKind, ActorRef
from datasources.writing import Write

OPERATION, ACTOR = "retell", ActorRef(ActorKind.SYSTEM, "retelling")
PAGE = 500
"""How many customers are locked at once."""
FED = {Domain.CARDS: News.LOYALTY, Domain.TAGS: News.TAGS, Domain.SEGMENTS: News.SEGMENTS}
"""What the profiles keep a copy of, by the domain that it is of."""


async def retold(database: Database) -> AsyncIterator[int]:
    """Put into the outbox that each customer changed, for every database that hears of it from this one: yields how many
    customers were done so far, nothing where nobody hears of any.

    Raises SourceUnavailable, SourceTimedOut.
    """
    if not database.split.followers and not _fed(database):
        return
    own = customers.c.customer_id
    after = own > bindparam("after", type_=Uuid())
    page = select(own).where(after).order_by(own).limit(bindparam("limit", type_=BigInteger())).with_for_update()
    prepared = Prepared(page, CustomerId, database.dialect)
    done, last = 0, UUID(int=0)
    while True:
        found = await database.transact(lambda: _told(database, prepared, last))  # noqa: B023  # called at once
        if not found:
            break
        done, last = done + len(found), found[-1]
        yield done
    database.bell.ring()


def _fed(database: Database) -> list[News]:
    """What the profiles' database has from this one."""
    if database.split.profiles is None:
        return []
    return [news for domain, news in FED.items() if domain not in database.split.elsewhere]


def _told(database: Database, page: Prepared[CustomerId], after: UUID) -> Statements[list[CustomerId]]:
    """Of a page of customers. Their rows are locked, so that what is told of them stays in order."""
    found: list[CustomerId] = yield Sent(page, {"after": after, "limit": PAGE})
    write = Write(OPERATION, ACTOR, "", NO_PROGRAM, dt.datetime.now(dt.UTC), str(new_id()))
    unit = Unit(database, write, {}, NOBODY)
    for customer in found:
        for follower in database.split.followers:
            unit.send(follower, News.CUSTOMER, about=customer)
        for news in _fed(database):
            unit.feed(news, about=customer)
    yield from unit.flush()
    return found
