"""Generated customers on PostgreSQL: 40 events, 30 ledger entries, 15 offers, 5 notes, 2 cards and a tier each.

The shape of `performance.md`'s bench on the project's own tables. Deterministic: the same number of customers has the
same ids, so a population that stands is used again.
"""

import datetime as dt
import random
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import asyncpg
import msgspec
from sqlalchemy import Table
from sqlalchemy.ext.asyncio import create_async_engine

from benchmarks.databases import address
from datasources.folding import sort_key
from datasources.ids import derived_id
from datasources.importing.demo_program import TIER_SYSTEM, demo_program
from datasources.program import Clock
from datasources.sql.schema import upgrade
from datasources.sql.sealing import MasterKey
from datasources.sql.tables import cards, events, metadata, notes, offers, points, profiles, program, tiers

NOW = dt.datetime(2026, 6, 1, tzinfo=dt.UTC)
MASTER = MasterKey(b"benchmark-master-key-of-32-bytes")
BATCH = 500

EVENTS, ENTRIES, OFFERS, NOTES, CARDS = 40, 30, 15, 5, 2
CATALOGUE = 50


def customer_id(index: int) -> UUID:
    """The id of the n-th customer."""
    return derived_id(NOW - dt.timedelta(minutes=index), "benchmark", str(index))


def offer_id(index: int) -> UUID:
    """The id of the n-th offer of the catalogue."""
    return derived_id(NOW, "offer", str(index))


class Rows:
    """Rows of several tables, in the order of their columns."""

    def __init__(self) -> None:
        self.of: dict[Table, list[dict[str, Any]]] = {}

    def add(self, table: Table, **values: Any) -> None:
        """One row; columns left out are null."""
        self.of.setdefault(table, []).append(values)

    async def copy(self, connection: asyncpg.Connection) -> None:
        """Send everything by COPY and start anew."""
        for table, rows in self.of.items():
            names = [column.name for column in table.c]
            records = [tuple(row.get(name) for name in names) for row in rows]
            await connection.copy_records_to_table(table.name, records=records, columns=names)
        self.of = {}


async def stands(url: str, customers: int, histories: dict[int, int] | None = None) -> bool:
    """True when the database holds just this population, of each kind as many rows: nothing was written since."""
    given = (histories or {}).values()
    expected = {
        profiles.customers: customers,
        events.events: (customers - len(given)) * EVENTS + sum(given),
        points.point_entries: (customers - len(given)) * ENTRIES + sum(given),
        offers.customer_offers: customers * OFFERS,
        notes.notes: customers * NOTES,
        cards.cards: customers * CARDS,
    }
    connection = await asyncpg.connect(**address(url))
    try:
        found = {table: await connection.fetchval(f"SELECT count(*) FROM {table.name}") for table in expected}
    except asyncpg.UndefinedTableError:
        return False
    finally:
        await connection.close()
    return found == expected


async def populate(url: str, customers: int, histories: dict[int, int] | None = None) -> None:
    """Fill an empty database; `histories` gives customers (by index) as many events and entries as it says."""
    engine = create_async_engine(url)
    async with engine.begin() as connection:
        await connection.run_sync(metadata.drop_all)
        await connection.exec_driver_sql("DROP TABLE IF EXISTS alembic_version")
    await engine.dispose()
    await upgrade("benchmark", url)
    connection = await asyncpg.connect(**address(url))
    rows = Rows()
    _program(rows)
    for index in range(customers):
        _customer(rows, index, (histories or {}).get(index))
        if index % BATCH == BATCH - 1:
            await rows.copy(connection)
    await rows.copy(connection)
    await connection.execute("ANALYZE")
    await connection.close()


async def identify(url: str, customers: int) -> None:
    """Have the external ids of the customers (system `crm`, value the index) in the index of identifiers."""
    connection = await asyncpg.connect(**address(url))
    rows = [(str(index), customer_id(index)) for index in range(customers)]
    statement = """INSERT INTO identifiers (kind, system, value, customer_id, is_replaced)
        VALUES ('EXTERNAL_ID', 'crm', $1, $2, false) ON CONFLICT DO NOTHING"""
    await connection.executemany(statement, rows)
    await connection.execute("ANALYZE identifiers")
    await connection.close()


def _program(rows: Rows) -> None:
    demo = demo_program(Clock(anchored_at=NOW, started_at=dt.datetime.now(dt.UTC)))
    # A long history adds up to more than the demo lets anyone hold.
    accounts = tuple(msgspec.structs.replace(account, max_balance=None) for account in demo.point_accounts)
    settings = msgspec.structs.replace(demo, point_accounts=accounts)
    rows.add(program.program, key="program", settings=msgspec.json.encode(settings).decode(), updated_at=NOW)
    rows.add(program.actors, kind="STAFF", actor_id="agent-1", name="Agent One")
    for index in range(CATALOGUE):
        rows.add(
            offers.offers, id=offer_id(index), key=f"offer-{index}", name=f"Offer {index}", name_key=f"offer {index}",
            type="PERCENT_OFF", title=f"{index} % off", description="A discount on anything in the store.",
            is_active=True, is_issuable=True, created_at=NOW,
        )  # fmt: skip


def _customer(rows: Rows, index: int, history: int | None) -> None:
    own, number = customer_id(index), random.Random(index)
    wrapped = MASTER.new_wrapped(own)
    key = MASTER.unwrap(own, wrapped)
    first, last = f"First{index % 997}", f"Last{index % 4999}"
    rows.add(
        profiles.customers, customer_id=own, support_id=f"BM-{index:07}", version=1, first_name=first, last_name=last,
        email=f"c{index}@example.com", phone=f"+1212{index:07}", date_of_birth=dt.date(1980, 1, 1), locale="en-US",
        spoken_languages="[]", addresses="[]", attributes="{}",
        external_ids=f'[{{"system":"crm","value":"{index}"}}]', loyalty_number=f"9{index:09}", status_key="active",
        membership="ACTIVE", processing="ACTIVE", is_test_persona=False, created_at=NOW - dt.timedelta(minutes=index),
        updated_at=NOW, enrolled_at=NOW - dt.timedelta(days=400), last_active_at=NOW, first_name_key=sort_key(first),
        last_name_key=sort_key(last), email_key=f"c{index}@example.com", phone_key=f"+1212{index:07}",
        active_key=NOW, wrapped_key=wrapped,
    )  # fmt: skip
    for at, id_ in _instants(own, "event", history or EVENTS):
        rows.add(
            events.events, customer_id=own, id=id_, type="points_earned", occurred_at=at, recorded_at=at, channel="API",
            source="bench", source_event_id=str(id_), search_text="",
            facts='{"points":10,"account_key":"points","account_label":"Points","source_label":"Purchase"}',
        )  # fmt: skip
    _ledger(rows, own, history or ENTRIES, number)
    for position, (at, id_) in enumerate(_instants(own, "offer", OFFERS)):
        rows.add(
            offers.customer_offers, customer_id=own, id=id_, offer_id=offer_id(position), state="ISSUED", issued_at=at,
            distributed_at=at, redeemable_until=NOW + dt.timedelta(days=3650), is_visible=True, flex_fields="[]", version=1,
        )  # fmt: skip
    for at, id_ in _instants(own, "note", NOTES):
        rows.add(
            notes.notes, customer_id=own, id=id_, text=key.seal("Called about a missing purchase.", "notes.text"),
            created_at=at, author_kind="STAFF", author_id="agent-1", version=1,
        )  # fmt: skip
    for at, id_ in _instants(own, "card", CARDS):
        rows.add(
            cards.cards, customer_id=own, id=id_, number=key.seal("6000000000001234", "cards.number"), last_four="1234",
            kind="PROMOTIONAL", status="REGISTERED", type="gift", currency="USD", balance_minor=2500, registered_at=at,
            version=1,
        )  # fmt: skip
    rows.add(
        tiers.customer_tiers, customer_id=own, system_key=TIER_SYSTEM, tier_key="gold",
        status="ACTIVE", entered_at=NOW - dt.timedelta(days=30),
    )  # fmt: skip
    for day in range(12):
        rows.add(
            tiers.tier_days, customer_id=own, system_key=TIER_SYSTEM,
            day=(NOW - dt.timedelta(days=30 * day)).date(), amount_minor=12_345,
        )  # fmt: skip


def _ledger(rows: Rows, own: UUID, entries: int, number: random.Random) -> None:
    """Entries that chain, each with its lot, and the account they add up to."""
    balance = 0
    for sequence, (at, id_) in enumerate(reversed(list(_instants(own, "entry", entries))), start=1):
        amount = number.randint(1, 200)
        rows.add(
            points.point_entries, customer_id=own, id=id_, account_key="points", sequence=sequence, kind="EARN",
            source_key="purchase", modification=amount, balance_before=balance, balance_after=balance + amount,
            reference_type="purchase", transaction_id=str(sequence), occurred_at=at, recorded_at=at,
            expires_at=NOW + dt.timedelta(days=700),
        )  # fmt: skip
        rows.add(
            points.point_lots, customer_id=own, entry_id=id_, account_key="points", earned_at=at,
            expires_at=NOW + dt.timedelta(days=700), points=amount, amount_spent=0, amount_expired=0, remaining=amount,
        )  # fmt: skip
        balance += amount
    rows.add(
        points.point_accounts, customer_id=own, account_key="points", balance=balance, pending=0, held=0,
        lifetime_earned=balance, lifetime_spent=0, lifetime_expired=0, sequence=entries,
    )  # fmt: skip


def _instants(own: UUID, kind: str, count: int) -> Iterator[tuple[dt.datetime, UUID]]:
    """Newest first, an hour apart, each with an id."""
    for index in range(count):
        at = NOW - dt.timedelta(hours=index + 1)
        yield at, derived_id(at, kind, str(own), str(index))
