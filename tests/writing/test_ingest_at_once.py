"""Batches of events as they come in numbers: what a thousand cost, and what many at once do."""

import asyncio
from collections import Counter
from uuid import UUID

import pytest
from sqlalchemy import select

from datasources.sql.tables.audit import audit_entries
from datasources.sql.tables.events import event_keys, events, unmatched_events
from tests.harness import Gateway
from tests.writing.buying import buy, purchase
from tests.writing.ingesting import PLAIN, of, outcomes, sent, stranger, taken, visit
from tests.writing.tables import around, contents, everything, found, grown

MEMBER, OTHER, RESTRICTED, BLOCKED = "CJ-000015", "CJ-000021", "CJ-000007", "CJ-000009"
BATCH = {"audit_entries": 1, "audit_heads": 0}
WORKERS = 8


@pytest.fixture(autouse=True)
async def _audited(gateway: Gateway) -> None:
    """The program's chain has begun, so that a head more is none of a batch."""
    await sent(gateway, visit(gateway, of(gateway, MEMBER), type="unknown"))


async def test_a_thousand_events_are_as_many_statements_as_one(gateway: Gateway) -> None:
    members = sorted(gateway.members)
    statements = []
    for size in (1, 1_000):
        batch = [visit(gateway, of(gateway, members[index % len(members)])) for index in range(size)]
        answer = await gateway.run(PLAIN, {"input": {"events": batch}})
        assert outcomes(taken(answer)["results"]) == ["STORED"] * size
        statements.append(answer.statements)
    backend = gateway.runtime.databases["main"].dialect.name
    # Stores, head of the chain, keys, customers; then all changes, which are one statement on PostgreSQL.
    assert statements == ([5, 5] if backend == "postgresql" else [9, 9])


async def test_a_thousand_events_of_nobody_are_as_many_statements_as_one(gateway: Gateway) -> None:
    statements = []
    for size in (1, 1_000):
        batch = [visit(gateway, stranger()) for _ in range(size)]
        answer = await gateway.run(PLAIN, {"input": {"events": batch}})
        assert outcomes(taken(answer)["results"]) == ["UNMATCHED"] * size
        statements.append(answer.statements)
    backend = gateway.runtime.databases["main"].dialect.name
    assert statements == ([8, 8] if backend == "postgresql" else [10, 10])


async def test_the_same_batch_again_stores_nothing(gateway: Gateway) -> None:
    batch = [visit(gateway, of(gateway, MEMBER)) for _ in range(20)] + [visit(gateway, stranger()) for _ in range(5)]
    first = await sent(gateway, *batch)
    assert Counter(outcomes(first)) == {"STORED": 20, "UNMATCHED": 5}
    before = await around(gateway, gateway.members[MEMBER])
    again = await sent(gateway, *batch)
    assert outcomes(again) == ["DUPLICATE"] * 25
    assert [one["event"] for one in again] == [one["event"] for one in first]
    assert grown(before, await around(gateway, gateway.members[MEMBER])) == BATCH


async def test_the_same_batch_many_times_at_once_is_stored_once(gateway: Gateway) -> None:
    members = sorted(gateway.members)[:20]
    batch = [visit(gateway, of(gateway, member)) for member in members] + [visit(gateway, stranger()) for _ in range(5)]
    orders = [batch if number % 2 else batch[::-1] for number in range(WORKERS)]
    before = await everything(gateway)
    answers = await asyncio.gather(*(sent(gateway, *order) for order in orders))
    told = Counter(outcome for answer in answers for outcome in outcomes(answer))
    assert told == {"STORED": 20, "UNMATCHED": 5, "DUPLICATE": 25 * (WORKERS - 1)}
    after = grown(before, await everything(gateway))
    assert (after["events"], after["event_keys"], after["unmatched_events"]) == (20, 20, 5)
    assert after["audit_entries"] == WORKERS
    keys, rows, waiting = await found(
        gateway,
        select(event_keys.c.event_id, event_keys.c.customer_id),
        select(events.c.id, events.c.customer_id),
        select(unmatched_events.c.id),
    )
    stored = {(row["id"], row["customer_id"]) for row in rows}
    assert {(row["event_id"], row["customer_id"]) for row in keys} == stored
    assert not {row["id"] for row in waiting} & {id_ for id_, _ in stored}


async def test_batches_and_other_writes_at_once_hold_nobody_up(gateway: Gateway) -> None:
    members = sorted(gateway.members)[:20]

    async def visits(number: int) -> list[str]:
        order = members if number % 2 else members[::-1]
        return outcomes(await sent(gateway, *(visit(gateway, of(gateway, member)) for member in order)))

    async def purchases(number: int) -> list[str]:
        done = await buy(gateway, purchase(gateway, members[number]))
        return [error["code"] for error in done["userErrors"]]

    told = await asyncio.gather(*map(visits, range(WORKERS)), *map(purchases, range(WORKERS)))
    assert told == [["STORED"] * 20] * WORKERS + [[]] * WORKERS


async def test_a_batch_of_one_customer_touches_nobody_else(gateway: Gateway) -> None:
    before = await contents(gateway, gateway.members[OTHER])
    await sent(gateway, visit(gateway, of(gateway, MEMBER)))
    assert await contents(gateway, gateway.members[OTHER]) == before


async def test_the_audit_chain_of_the_program_goes_on(gateway: Gateway) -> None:
    own = select(audit_entries.c.sequence).where(audit_entries.c.customer_id == UUID(int=0))
    (rows,) = await found(gateway, own.order_by(audit_entries.c.sequence))
    assert [row["sequence"] for row in rows] == list(range(1, len(rows) + 1))
