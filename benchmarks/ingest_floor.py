"""The floor of taking events in: the rows that a batch leaves, inserted by executemany over one connection.

    python -m benchmarks.ingest_floor URL CUSTOMERS ROUNDS

Prints the CPU milliseconds of this process per batch as JSON: of the rows that are ready, and of making them besides: ids,
documents, and attributes sealed with the keys of their customers.
"""

import asyncio
import datetime as dt
import json
import statistics
import sys
import time
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import orjson

from benchmarks.databases import address
from benchmarks.population import MASTER, NOW, customer_id
from datasources.ids import new_id

BATCH = 1_000
FACTS = {"location_id": "367", "location_name": "Store 367", "minutes": 12, "companions": 2}
REMARK = {"remark": "Asked for a shopping cart"}
FOUND_BY = "store visit visits and check-ins visit of store 367 12 minutes, 2 companions"
EVENT = """INSERT INTO events (customer_id, id, type, occurred_at, recorded_at, channel, source, source_event_id,
    reference_id, facts, attributes, search_text) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)"""
KEY = "INSERT INTO event_keys (source, source_event_id, customer_id, event_id) VALUES ($1, $2, $3, $4)"
ACTIVE = "UPDATE customers SET last_active_at = $2, active_key = $2 WHERE customer_id = $1 AND active_key < $2"

Made = tuple[list[tuple[Any, ...]], list[tuple[Any, ...]], list[tuple[Any, ...]]]


def made(whom: list[UUID], wrapped: dict[UUID, bytes], now: dt.datetime) -> Made:
    """The rows of a batch: events, their keys, and what moves the last activity of customers on."""
    events, keys = [], []
    for own in whom:
        id_, source_id = new_id(), uuid4().hex
        sealed = MASTER.unwrap(own, wrapped[own]).seal(orjson.dumps(REMARK).decode(), "events.attributes")
        facts = orjson.dumps(FACTS).decode()
        events.append((own, id_, "store_visit", now, now, "API", "bench", source_id, None, facts, sealed, FOUND_BY))
        keys.append(("bench", source_id, own, id_))
    return events, keys, [(own, now) for own in dict.fromkeys(whom)]


async def measured(url: str, customers: int, rounds: int) -> dict[str, float]:
    connection = await asyncpg.connect(**address(url))
    whom = [customer_id(number % customers) for number in range(BATCH)]
    found = await connection.fetch("SELECT customer_id, wrapped_key FROM customers WHERE customer_id = ANY($1)", whom)
    wrapped = {row["customer_id"]: row["wrapped_key"] for row in found}
    inserting, making = [], []
    for turn in range(rounds + 1):
        began = time.process_time()
        events, keys, active = made(whom, wrapped, NOW + dt.timedelta(days=turn))
        ready = time.process_time()
        async with connection.transaction():
            await connection.executemany(EVENT, events)
            await connection.executemany(KEY, keys)
            await connection.executemany(ACTIVE, active)
        ended = time.process_time()
        if turn:  # the first is to warm up
            inserting.append((ended - ready) * 1000)
            making.append((ended - began) * 1000)
    await connection.execute("DELETE FROM events WHERE source = 'bench' AND type = 'store_visit'")
    await connection.execute("DELETE FROM event_keys WHERE source = 'bench'")
    await connection.close()
    return {"insert_ms": statistics.median(inserting), "make_and_insert_ms": statistics.median(making)}


if __name__ == "__main__":
    print(json.dumps(asyncio.run(measured(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))))
