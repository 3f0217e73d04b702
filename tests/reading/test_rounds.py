"""What a request asks of PostgreSQL in one turn of the loop goes there as one statement."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest

from datasources.errors import SourceRefused
from datasources.rounds import Together
from datasources.sql.engine import Database
from datasources.sql.postgres import joined
from datasources.sql.rounds import SqlRound
from datasources.sql.sealing import MasterKey
from tests.demo import Demo, PostgresDemo
from tests.harness import Caller, Gateway, opened
from tests.queries.golden import read

pytestmark = pytest.mark.anyio

OPERATIONS = Path(__file__).parent.parent / "queries" / "operations"
MASTER = MasterKey(b"k" * 32)
TRIPS = {
    "sqlite": {"header": 2, "profile_page": 7, "dashboard_list": 4},
    "postgresql": {"header": 1, "profile_page": 1, "dashboard_list": 4},
}
"""How often a database is asked. What hangs on a customer whose id is known is asked for with the customer's own row."""
RUNNING = "SELECT 1 FROM pg_stat_activity WHERE state = 'active' AND query = 'SELECT pg_sleep(30)'"
EACH = "SELECT $1::int AS number, $2::text AS text, NULL::text AS none, $1::int * 2 AS twice"
ROW = """SELECT id, at, raw FROM (VALUES ($1::uuid, $2::timestamptz, $3::bytea), ($1, NULL, ''))
    AS found (id, at, raw) ORDER BY at NULLS LAST"""


@pytest.fixture
async def postgres(postgres_url: str) -> AsyncIterator[Database]:
    database = Database("main", postgres_url, MASTER)
    await database.open()
    yield database
    await database.close()


@pytest.fixture
async def gateway(demo: Demo) -> AsyncIterator[Gateway]:
    async with opened(demo.url) as gateway:
        yield gateway


def test_the_parameters_of_each_come_one_after_another() -> None:
    assert joined(("SELECT $2, $1", "SELECT 1", "SELECT $1")) == (
        "SELECT ARRAY(SELECT one FROM (SELECT $2, $1) AS one), ARRAY(SELECT one FROM (SELECT 1) AS one), "
        "ARRAY(SELECT one FROM (SELECT $3) AS one)"
    )


async def test_each_statement_gets_its_own_rows_in_their_order_and_types(postgres: Database) -> None:
    own, at = UUID(int=7), datetime(2026, 1, 2, tzinfo=UTC)
    statements = [(EACH, [1, "a"]), ("SELECT 1 WHERE $1", [False]), (ROW, [own, at, b"\x00\xff"])]
    found = await postgres.dialect.fetch_all(statements)
    assert [[tuple(row) for row in rows] for rows in found] == [
        [(1, "a", None, 2)],
        [],
        [(own, at, b"\x00\xff"), (own, None, b"")],
    ]
    assert postgres.dialect.trips == 1


async def test_a_long_statement_is_prepared_once(postgres_url: str) -> None:
    database = Database("main", postgres_url, MASTER, pool_size=1)
    await database.open()
    many = [(f"SELECT '{'x' * 1_000}' AS text WHERE $1::int > 0", [1])] * 40
    for _ in range(3):
        assert [len(rows) for rows in await database.dialect.fetch_all(many)] == [1] * 40
    prepared = "SELECT sum(generic_plans + custom_plans) FROM pg_prepared_statements WHERE length(statement) > 40000"
    ((times,),) = await database.dialect.fetch(prepared, [])
    await database.close()
    assert times == 3


async def test_of_statements_that_are_refused_together_only_the_one_at_fault_fails(postgres: Database) -> None:
    round_ = SqlRound(postgres.dialect)
    asked = [round_.rows(EACH, [1, "a"]), round_.rows("SELECT nothing", []), round_.rows(EACH, [2, "b"])]
    first, refused, last = await asyncio.gather(*asked, return_exceptions=True)
    assert [tuple(row) for row in (*first, *last)] == [(1, "a", None, 2), (2, "b", None, 4)]  # type: ignore[misc]  # rows
    assert isinstance(refused, SourceRefused)
    assert postgres.dialect.trips == 4


async def test_what_is_not_answered_when_the_request_ends_is_let_go_of(postgres: Database) -> None:
    with Together():
        round_ = SqlRound(postgres.dialect)
        sent = round_.rows("SELECT pg_sleep(30)", [])
        await asyncio.sleep(0.1)
        unsent = round_.rows("SELECT 1", [])
        round_.close()
    assert unsent.cancelled()
    async with asyncio.timeout(1):
        with pytest.raises(asyncio.CancelledError):
            await sent
        while await postgres.dialect.fetch(RUNNING, []):  # noqa: ASYNC110  # the server tells nobody
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("name", ["header", "profile_page", "dashboard_list"])
async def test_how_often_a_database_is_asked(gateway: Gateway, name: str) -> None:
    dialect = gateway.runtime.databases["main"].dialect
    await gateway.runtime.program()
    golden, before = read(OPERATIONS / f"{name}.graphql"), dialect.trips
    await golden.run(gateway)
    assert dialect.trips - before == TRIPS[dialect.name][name]


PAGE = """query ($id: ID!) { customer(by: {uuid: $id}) {
    displayName tiers { nodes { tier { key } } } notes { totalCount } favoriteLocation { name } } }"""


async def asked(gateway: Gateway, caller: Caller, id: UUID) -> tuple[object, dict[str, int], int]:
    """The data, the calls, and how often the database was asked."""
    dialect = gateway.runtime.databases["main"].dialect
    before = dialect.trips
    answer = await gateway.run(PAGE, {"id": str(id)}, caller)
    assert answer.told == []
    return answer.data, answer.calls, dialect.trips - before


async def test_nobody_there_is_nobody_whatever_was_asked_ahead(on_postgres: PostgresDemo) -> None:
    async with opened(on_postgres.url) as gateway:
        await gateway.runtime.program()
        data, calls, trips = await asked(gateway, Caller("admin"), UUID(int=1))
    assert data == {"customer": None}
    assert calls == {"profiles.customers": 1, "tiers.tiers": 1, "notes.of_customers": 1}
    assert trips == 1


async def test_of_customers_whose_reach_the_row_tells_nothing_is_asked_ahead(on_postgres: PostgresDemo) -> None:
    async with opened(on_postgres.url) as gateway:
        await gateway.runtime.program()
        own = gateway.members["CJ-000015"]
        caller = Caller("care_agent", stores=("no such store",))
        data, calls, trips = await asked(gateway, caller, own)
    assert (data, calls, trips) == ({"customer": None}, {"profiles.customers": 1}, 1)
