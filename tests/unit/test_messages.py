"""The status of a message is derived from the clock, and the filter and the total agree with it."""

import datetime as dt

from sqlalchemy import update

from datasources.ids import EntityId
from datasources.messages import MessageFilter, MessageStatus
from datasources.paging import PageRequest
from datasources.sql.messages import SqlMessages
from datasources.sql.tables.messages import messages
from tests.demo import Demo
from tests.unit.writable import changed, customer_of

END = dt.datetime(2026, 2, 1, tzinfo=dt.UTC)
MOMENT = dt.timedelta(microseconds=1)


async def test_a_message_is_expired_from_its_end_on_even_if_it_was_read(demo: Demo) -> None:
    customer = await customer_of(demo, "CJ-000015")
    everything = update(messages).where(messages.c.customer_id == customer).values(ends_at=END, read_at=END - MOMENT)
    async with changed(demo, everything) as database:
        reader = SqlMessages(database)
        told = [
            (page.total, [row.status for row in page.rows], {row.read_at for row in page.rows})
            for now in (END - MOMENT, END)
            for wanted in (MessageStatus.READ, MessageStatus.EXPIRED)
            for page in await reader.inbox(
                [customer], PageRequest(now=now, first=5, filter=MessageFilter((wanted,)), want_total=True)
            )
        ]
        (page,) = await reader.inbox([customer], PageRequest(now=END, first=1))
        found = await reader.messages([(customer, EntityId(page.rows[0].id))], END - MOMENT)
    assert told == [
        (3, [MessageStatus.READ] * 3, {END - MOMENT}),
        (0, [], set()),
        (0, [], set()),
        (3, [MessageStatus.EXPIRED] * 3, {END - MOMENT}),
    ]
    assert [row.status for row in found if row] == [MessageStatus.READ]


async def test_a_message_without_an_end_never_expires(demo: Demo) -> None:
    customer = await customer_of(demo, "CJ-000015")
    endless = update(messages).where(messages.c.customer_id == customer).values(ends_at=None, read_at=None)
    async with changed(demo, endless) as database:
        far = PageRequest(now=dt.datetime(2999, 1, 1, tzinfo=dt.UTC), first=5)
        (page,) = await SqlMessages(database).inbox([customer], far)
    assert [row.status for row in page.rows] == [MessageStatus.NEW] * 3
