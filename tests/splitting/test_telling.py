"""What one database tells another comes once and in order, whoever delivers it, however often and with whatever in between."""

import asyncio
import datetime as dt
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import create_async_engine
from structlog.testing import capture_logs

from datasources.ids import CustomerId
from datasources.relaying import ROWS, Backlog, Relay, Taken, lags
from datasources.sql.courier import Courier
from datasources.sql.outbox import SqlOutbox
from datasources.sql.receiving import Receiver
from datasources.sql.split import topic_of
from datasources.sql.tables.profiles import customers
from datasources.sql.tables.writing import outbox, outbox_lanes
from datasources.sql.telling import Telling
from gateway.relays import couriers, running
from gateway.telemetry import Metrics
from tests.demo import Demo
from tests.harness import Gateway
from tests.splitting.programs import THREE, drained, parted
from tests.splitting.told import broken, posted_and_told
from tests.writing.asking import adjust, adjustment
from tests.writing.buying import buy, purchase
from tests.writing.doing import do
from tests.writing.states import put

MEMBERS = [f"CJ-0000{number}" for number in range(20, 26)]
EACH = 8
START = dt.datetime(2099, 1, 1, tzinfo=dt.UTC)


@pytest.fixture(scope="module")
async def gateway(demo: Demo) -> AsyncIterator[Gateway]:
    """Profiles, points and the audit log in three databases."""
    async with parted(demo, THREE) as opened:
        yield opened


class Clock:
    """A time that stands still until it is moved, behind all that was posted."""

    def __init__(self) -> None:
        self.at = START

    def __call__(self) -> dt.datetime:
        return self.at


class Way:
    """The way from one database to another, to be gone step by step."""

    def __init__(self, gateway: Gateway, origin: str = "loyalty", told: str = "trail") -> None:
        databases = gateway.runtime.databases
        self.origin, self.told = databases[origin], databases[told]
        self.outbox = SqlOutbox(self.origin, topic_of(self.told), most=100, keeps_lanes=True)
        self.courier, self.clock = Courier(self.origin, self.told, gateway.runtime._settings), Clock()
        self.relay = Relay(self.outbox, self.courier.deliver, ROWS, self.clock)

    async def taken(self) -> Taken:
        """The lane that has waited longest, taken for the lease."""
        taken = await self.outbox.take(self.clock.at, self.clock.at + ROWS.lease)
        assert taken is not None
        return taken


async def changed(way: Way, *statements: Any) -> None:
    """Change what waits."""
    engine = create_async_engine(way.origin.url)
    async with engine.begin() as connection:
        for statement in statements:
            await connection.execute(statement)
    await engine.dispose()


async def waiting(relays: Sequence[Relay]) -> int:
    """How many messages are on their way."""
    return sum([(await relay.outbox.backlog()).waiting for relay in relays])


async def test_of_many_writers_and_many_relays_each_customer_is_told_in_order_and_once(gateway: Gateway) -> None:
    relays = [
        relay for _ in range(3) for relay in couriers(gateway.runtime.databases.values(), gateway.runtime._settings)
    ]
    async with running(relays, lambda _source, _topic, _age: None):
        given = [adjustment(gateway, member, 3) for _ in range(EACH) for member in MEMBERS]
        payloads = await asyncio.gather(*(adjust(gateway, one) for one in given))
        async with asyncio.timeout(30):
            while await waiting(relays):  # noqa: ASYNC110  # a database has no event for it
                await asyncio.sleep(0.02)
    assert {(payload["auditEntry"]["type"], len(payload["userErrors"])) for payload in payloads} == {
        ("pointsAdjust", 0)
    }
    for member in MEMBERS:
        wanted, told, referred = await posted_and_told(gateway, member)
        assert (told, len(told), len(referred)) == (wanted, EACH, EACH)
    assert await broken(gateway) == []


async def test_what_is_told_twice_is_there_once(gateway: Gateway) -> None:
    way = Way(gateway)
    await adjust(gateway, adjustment(gateway, MEMBERS[0], 5))
    await adjust(gateway, adjustment(gateway, MEMBERS[0], -2))
    taken = await way.taken()
    assert [message.kind for message in taken.messages] == ["audit", "event"] * 2
    await way.courier.deliver(taken)
    await way.courier.deliver(taken)
    assert await way.outbox.take(way.clock.at, way.clock.at + ROWS.lease) is None, "it is taken until the lease is over"
    way.clock.at += ROWS.lease
    again = await way.taken()
    assert (again.messages, again.attempts) == (taken.messages, 2)
    await way.courier.deliver(again)
    await way.outbox.settle(again, way.clock.at)
    assert await way.outbox.backlog() == Backlog(0, None)
    wanted, told, referred = await posted_and_told(gateway, MEMBERS[0])
    assert (told, len(referred)) == (wanted, len(wanted))
    assert await broken(gateway) == []


async def test_entries_and_events_are_known_by_their_own_ids_too(gateway: Gateway) -> None:
    """As where the name of a source was changed, so that it is not known how far it was heard."""
    way = Way(gateway)
    await adjust(gateway, adjustment(gateway, MEMBERS[1], 5))
    taken = await way.taken()
    await way.courier.deliver(taken)
    customer = CustomerId(taken.lane)
    state = await Telling(way.origin, way.told).state(customer, taken)
    settings = await gateway.runtime._settings()
    assert await Receiver(way.told, "renamed").receive(customer, taken, state, settings) is True
    await way.outbox.settle(taken, way.clock.at)
    wanted, told, referred = await posted_and_told(gateway, MEMBERS[1])
    assert (told, len(referred)) == (wanted, len(wanted))
    assert await broken(gateway) == []


async def test_what_is_told_late_does_not_undo_what_is_newer(gateway: Gateway) -> None:
    way, member = Way(gateway, "members", "loyalty"), MEMBERS[2]
    action = {"customerId": gateway.customer_id(member), "reason": {"code": "suspected_fraud"}}
    await do(gateway, "customerBlock", action, "customer { id }")
    slow = await way.taken()
    state = await Telling(way.origin, way.told).state(CustomerId(slow.lane), slow)
    assert state.customer is not None and state.customer.guard.membership == "BLOCKED"
    await do(gateway, "customerUnblock", action | {"reason": {"code": "fraud_cleared"}}, "customer { id }")
    way.clock.at += ROWS.lease
    assert await way.relay.round() == 2
    settings = await gateway.runtime._settings()
    receiver = Receiver(way.told, way.origin.name)
    assert await receiver.receive(CustomerId(slow.lane), slow, state, settings) is True
    engine = create_async_engine(way.told.url)
    async with engine.connect() as connection:
        own = customers.c.customer_id == gateway.members[member]
        assert (await connection.execute(select(customers.c.membership).where(own))).scalar_one() == "ACTIVE"
    await engine.dispose()
    await drained(gateway)


async def test_what_cant_be_told_holds_up_its_customer_alone(gateway: Gateway) -> None:
    way, (stuck, other) = Way(gateway), MEMBERS[3:5]
    for points in (1, 2):
        await adjust(gateway, adjustment(gateway, stuck, points))
    lane = outbox.c.lane == gateway.members[stuck]
    engine = create_async_engine(way.origin.url)
    async with engine.connect() as connection:
        first = (await connection.execute(select(outbox).where(lane).order_by(outbox.c.sequence))).mappings().first()
    await engine.dispose()
    assert first is not None
    its = outbox.c.id == first["id"]
    await changed(way, update(outbox).where(its).values(payload={}))
    await adjust(gateway, adjustment(gateway, other, 3))
    with capture_logs() as logs:
        assert await way.relay.round() == 2, "of the other, an entry and an event"
    assert [(line["event"], line["error"]) for line in logs] == [
        ("outbox.failed", "ValidationError"),
        ("outbox.postponed", "ValidationError"),
    ]
    assert "payload" not in str(logs)
    assert await way.relay.round() == 0, "it is tried again a second later"
    await adjust(gateway, adjustment(gateway, stuck, 4))
    assert (await way.outbox.backlog()).waiting == 6
    assert await way.relay.round() == 0, "what is posted behind it waits too"
    await changed(way, update(outbox).where(its).values(payload=first["payload"]))
    way.clock.at += ROWS.first_wait
    assert await way.relay.round() == 6
    wanted, told, referred = await posted_and_told(gateway, stuck)
    assert (told, len(referred)) == (wanted, len(wanted))
    assert await broken(gateway) == []


async def test_what_a_newer_release_tells_waits_for_one(gateway: Gateway) -> None:
    way = Way(gateway)
    await drained(gateway)
    await adjust(gateway, adjustment(gateway, MEMBERS[5], 1))
    await changed(way, update(outbox).where(outbox.c.kind == "event").values(kind="later"))
    assert await way.relay.round() == 0
    assert (await way.outbox.backlog()).waiting == 2
    await changed(way, update(outbox).where(outbox.c.kind == "later").values(kind="event"))
    way.clock.at += ROWS.first_wait
    assert await way.relay.round() == 2


async def test_a_database_that_is_down_is_told_once_it_is_back(gateway: Gateway) -> None:
    way = Way(gateway)
    await drained(gateway)
    await way.told.close()
    payloads = [await adjust(gateway, adjustment(gateway, member, 6)) for member in MEMBERS[:3]]
    assert [len(payload["userErrors"]) for payload in payloads] == [0, 0, 0]
    assert {payload["auditEntry"]["summary"] for payload in payloads} == {"+6 points"}
    with capture_logs() as logs:
        assert await way.relay.round() == 0
    assert {(line["event"], line["error"], line["cause"]) for line in logs} == {
        ("outbox.postponed", "CarrierDown", "SourceUnavailable")
    }
    assert (await way.outbox.backlog()).waiting == 6
    await way.told.open()
    way.clock.at += ROWS.first_wait
    assert await way.relay.round() == 6
    for member in MEMBERS[:3]:
        wanted, told, _ = await posted_and_told(gateway, member)
        assert told == wanted
    assert await broken(gateway) == []


async def test_waits_double_up_to_half_a_minute_and_nothing_is_given_up(gateway: Gateway) -> None:
    way, waits = Way(gateway), []
    await drained(gateway)
    await adjust(gateway, adjustment(gateway, MEMBERS[5], 1))
    await way.told.close()
    for _ in range(20):
        await way.relay.round()
        engine = create_async_engine(way.origin.url)
        async with engine.connect() as connection:
            own = outbox_lanes.c.lane == gateway.members[MEMBERS[5]], outbox_lanes.c.topic == way.outbox.topic
            due = (await connection.execute(select(outbox_lanes.c.due_at).where(*own))).scalar_one()
        await engine.dispose()
        waits.append((due - way.clock.at).total_seconds())
        way.clock.at = due
    await way.told.open()
    assert waits == [1, 2, 4, 8, 16] + [30] * 15
    assert await way.relay.round() == 2


async def test_how_long_the_oldest_waits_is_told(gateway: Gateway) -> None:
    way, told, metrics = Way(gateway), [], Metrics()
    await drained(gateway)
    await lags([way.outbox], lambda *age: told.append(age), way.clock)
    await adjust(gateway, adjustment(gateway, MEMBERS[0], 1))
    await changed(way, update(outbox).values(created_at=START - dt.timedelta(seconds=61)))
    with capture_logs() as logs:
        await lags([way.outbox], metrics.lag, way.clock)
    assert told == [("loyalty", "source:trail", 0)]
    scraped = 'customer_graph_outbox_lag_seconds{source="loyalty",topic="source:trail"} 61.0'
    assert scraped in metrics.text().decode().splitlines()
    (line,) = logs
    assert (line["event"], line["source"], line["topic"], line["waiting"], line["age_s"]) == (
        "outbox.lags",
        "loyalty",
        "source:trail",
        2,
        61,
    )
    await drained(gateway)


async def test_no_outbox_holds_personal_data_in_clear(gateway: Gateway) -> None:
    await drained(gateway)
    member = MEMBERS[0]
    texts = {"first name": "Wilhelmina", "email": "wilhelmina@example.org"}
    given = {
        "customerId": gateway.customer_id(member),
        "profile": {"firstName": texts["first name"], "email": texts["email"]},
        "reason": {"code": "correction", "internalNote": "Asked by phone"},
    }
    assert (await do(gateway, "customerUpdate", given, "customer { id }"))["userErrors"] == []
    number = "7777123412341234"
    card = {"customerId": gateway.customer_id(member), "number": number}
    assert (await do(gateway, "loyaltyCardAdd", card, "loyaltyCard { id }"))["userErrors"] == []
    await adjust(gateway, adjustment(gateway, member, 1, reason={"code": "correction", "internalNote": "Was ill"}))
    await buy(gateway, purchase(gateway, member))
    waiting = ""
    for database in gateway.runtime.databases.values():
        engine = create_async_engine(database.url)
        async with engine.connect() as connection:
            waiting += str((await connection.execute(select(outbox))).mappings().all())
        await engine.dispose()
    clear = (texts["first name"], texts["email"], number, "Asked by phone", "Was ill", "Product tea", "+1 points")
    assert [text for text in clear if text in waiting] == []
    assert waiting.count("'kind': 'audit'") == 4
    await drained(gateway)
    await put(gateway, member, first_name=None)
