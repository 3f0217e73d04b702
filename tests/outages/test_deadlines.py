"""When a request's time is up, what is ready is kept and what runs is stopped, at the database too."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from datasources.registry import Domain
from tests.demo import PostgresDemo, SqliteDemo
from tests.outages.asking import Answer, Client, serving
from tests.outages.faulty import Faults, install

ONE = '{ customer(by: {supportId: "CJ-000015"}) { id supportId totalPoints notes(first: 2) { totalCount } } }'
MANY = "{ customers(first: 25) { nodes { supportId notes(first: 1) { totalCount } totalPoints } } }"
NESTED = """{ customer(by: {supportId: "CJ-000015"}) {
    supportId transactions(first: 2) { edges { node { id location { id } } } } } }"""
FIRM = """{ customer(by: {supportId: "CJ-000015"}) { supportId sourceStatuses { domain state }
    notes(first: 1) { totalCount } } }"""
ADD = """mutation Add($input: NoteAddInput!) {
    noteAdd(input: $input) { userErrors { code } replayed note { text } } }"""
BOTH = """mutation Both($one: NoteAddInput!, $two: NoteAddInput!) {
    one: noteAdd(input: $one) { replayed } two: noteAdd(input: $two) { replayed } }"""
LATE = {"code": "SOURCE_TIMEOUT", "source": "desk", "retryable": True}
GRACE_S = 1.0
"""For a machine that is busy."""


@pytest.fixture
def faults() -> Faults:
    return install()


@pytest.fixture
async def client(faults: Faults, sqlite_demo: SqliteDemo, tmp_path: Path) -> AsyncIterator[Client]:
    async with serving(sqlite_demo.url, tmp_path, {"timeout_ms": 20_000}) as opened:
        yield opened


@contextmanager
def takes(seconds: float) -> Iterator[None]:
    """What is within takes so long, and not much longer."""
    began = time.monotonic()
    yield
    assert seconds <= time.monotonic() - began < seconds + GRACE_S


async def test_what_is_ready_is_kept_and_the_call_is_cancelled(client: Client, faults: Faults) -> None:
    sound = await client.ask(ONE)
    faults.of[Domain.NOTES] = faults.hang
    with takes(1):
        answer = await client.ask(ONE, within_ms=1_000)
    assert (answer.status, answer.data["customer"]) == (200, sound.data["customer"] | {"notes": None})
    (error,) = answer.errors
    assert (error["path"], error["extensions"]) == (["customer", "notes"], LATE)
    assert error["message"] == (
        "reading within the request's time: the source desk did not answer in time, try again later."
    )
    assert answer.extensions["sources"] == [{"domain": "NOTES", **LATE}]
    assert faults.ended == 1


async def test_each_of_a_list_tells_what_it_waited_for(client: Client, faults: Faults) -> None:
    sound = await client.ask(MANY)
    faults.of[Domain.NOTES] = faults.hang
    answer = await client.ask(MANY, within_ms=1_000)
    assert answer.data["customers"]["nodes"] == [node | {"notes": None} for node in sound.data["customers"]["nodes"]]
    assert answer.told == [f"SOURCE_TIMEOUT desk customers.nodes.{index}.notes" for index in range(25)]
    assert faults.ended == 1


async def test_what_hangs_below_leaves_what_is_above(client: Client, faults: Faults) -> None:
    sound = (await client.ask(NESTED)).data["customer"]
    first, second = sound["transactions"]["edges"]
    assert first["node"]["location"] is not None
    faults.of[Domain.LOCATIONS] = faults.hang
    answer = await client.ask(NESTED, within_ms=1_000)
    assert answer.told == [f"SOURCE_TIMEOUT desk customer.transactions.edges.{index}.node.location" for index in (0, 1)]
    edges = [{"node": edge["node"] | {"location": None}} for edge in (first, second)]
    assert answer.data["customer"] == sound | {"transactions": {"edges": edges}}


async def test_statuses_are_told_although_a_source_hangs(client: Client, faults: Faults) -> None:
    faults.of[Domain.NOTES] = faults.hang
    answer = await client.ask(FIRM, within_ms=1_000)
    assert answer.told == ["SOURCE_TIMEOUT desk customer.notes"]
    states = {row["domain"]: row["state"] for row in answer.data["customer"]["sourceStatuses"]}
    assert {domain: state for domain, state in states.items() if state != "OK"} == {"NOTES": "DEGRADED"}


async def test_a_source_that_ignores_that_it_is_cancelled_is_given_up(client: Client, faults: Faults) -> None:
    let_go = asyncio.Event()

    async def stubborn(_ask: object) -> Any:
        while not let_go.is_set():
            try:
                await let_go.wait()
            except asyncio.CancelledError:
                continue
        return []

    faults.of[Domain.NOTES] = stubborn
    with takes(1.1):
        answer = await client.ask(ONE, within_ms=1_000)
    assert answer.told == ["SOURCE_TIMEOUT - customer.notes"]
    assert answer.data["customer"]["supportId"] == "CJ-000015"
    let_go.set()


async def test_a_request_that_is_answered_in_time_is_none_the_worse(client: Client) -> None:
    answer = await client.ask(ONE, within_ms=60_000)
    assert (answer.errors, answer.extensions) == ([], {})


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[Any]:
    """A connection of one's own to a database of the tests."""
    connection = await asyncpg.connect(url.replace("+asyncpg", ""))
    try:
        yield connection
    finally:
        await connection.close()


async def waiting(connection: Any) -> int:
    """How many statements of the gateway wait for a lock."""
    found: int = await connection.fetchval(
        "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'customer-graph' AND wait_event_type = 'Lock' "
        "AND datname = current_database()"
    )
    return found


async def none_waits(connection: Any) -> None:
    """Return when no statement of the gateway runs any more."""
    async with asyncio.timeout(2):
        while await waiting(connection):  # noqa: ASYNC110  # only asking tells
            await asyncio.sleep(0.02)


async def test_the_database_stops_what_nobody_waits_for(
    faults: Faults, on_postgres: PostgresDemo, tmp_path: Path
) -> None:
    url = on_postgres.copy()
    async with serving(url, tmp_path) as client, connected(url) as own:
        sound = await client.ask(ONE)
        async with own.transaction():
            await own.execute("LOCK TABLE notes IN ACCESS EXCLUSIVE MODE")
            with takes(1):
                answer = await client.ask(ONE, within_ms=1_000)
            assert answer.data["customer"] == sound.data["customer"] | {"notes": None}
            assert answer.told == ["SOURCE_TIMEOUT desk customer.notes"]
            await none_waits(own)
        assert (await client.ask(ONE)).data == sound.data


async def test_a_call_that_takes_longer_than_its_source_may_is_stopped_at_the_database(
    faults: Faults, on_postgres: PostgresDemo, tmp_path: Path
) -> None:
    url = on_postgres.copy()
    async with serving(url, tmp_path, {"timeout_ms": 1_000}) as client, connected(url) as own:
        await client.ask(ONE)
        async with own.transaction():
            await own.execute("LOCK TABLE notes IN ACCESS EXCLUSIVE MODE")
            with takes(1):
                answer = await client.ask(ONE)
            assert answer.told == ["SOURCE_TIMEOUT desk customer.notes"]
            await none_waits(own)
        assert (await client.ask(ONE)).errors == []


def note(customer: str, key: str) -> dict[str, Any]:
    return {"customerId": customer, "text": "Asked for the opening hours", "idempotencyKey": key}


async def test_a_write_ends_as_it_would_have_and_its_key_tells(
    faults: Faults, on_postgres: PostgresDemo, tmp_path: Path
) -> None:
    url = on_postgres.copy()
    async with serving(url, tmp_path) as client, connected(url) as own:
        customer = (await client.ask(ONE)).data["customer"]["id"]
        async with own.transaction():
            await own.execute("SELECT FROM customers WHERE support_id = 'CJ-000015' FOR UPDATE")
            given = {"one": note(customer, "k1"), "two": note(customer, "k2")}
            with takes(0.5):
                answer = await client.ask(BOTH, within_ms=500, variables=given)
            assert (answer.status, answer.data) == (200, {"one": None, "two": None})
            assert answer.told == ["SOURCE_TIMEOUT desk one", "SOURCE_TIMEOUT desk two"]
            assert [error["message"] for error in answer.errors] == [
                "writing: the source desk did not say in time whether it was done, "
                "ask again with the same idempotency key.",
                "reading within the request's time: the source desk did not answer in time, try again later.",
            ]
            assert await waiting(own) == 1
        await none_waits(own)
        for key, replayed in (("k1", True), ("k2", False)):
            again = await client.ask(ADD, variables={"input": note(customer, key)})
            assert again.data["noteAdd"] == {
                "userErrors": [],
                "replayed": replayed,
                "note": {"text": "Asked for the opening hours"},
            }
        assert await own.fetchval("SELECT count(*) FROM idempotency_keys WHERE key IN ('k1', 'k2')") == 2


async def test_many_that_run_out_of_time_leave_nothing_behind(client: Client, faults: Faults) -> None:
    faults.of[Domain.NOTES] = faults.hang
    await client.ask(ONE, within_ms=100)
    before = len(asyncio.all_tasks())
    answers: list[Answer] = await asyncio.gather(*(client.ask(ONE, within_ms=1_000) for _ in range(20)))
    assert {tuple(answer.told) for answer in answers} == {("SOURCE_TIMEOUT desk customer.notes",)}
    assert (len(asyncio.all_tasks()), faults.ended) == (before, 21)
