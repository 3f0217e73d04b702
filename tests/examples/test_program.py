"""The program of gateway.example.toml, whose domains live in three sources, is started and asked from end to end."""

import base64
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx2
import msgspec
import pytest
from customer_graph_duckdb.testing import write

from datasources.conformance.expected import of_type
from datasources.conformance.making import CUSTOMERS, rows_of
from datasources.registry import Domain
from datasources.rewards import RewardRow
from datasources.transactions import TransactionItemRow, TransactionRow
from gateway.development import DevelopmentKey
from tests.cli.conftest import serving
from tests.demo import MASTER_KEY, SqliteDemo
from tests.harness import SIGNING_KEY

EXAMPLE = Path(__file__).parents[2] / "gateway.example.toml"
ASKED = """
{
  customer(by: { supportId: "CJ-000001" }) {
    supportId
    totalPoints
    transactions(first: 2) { totalCount nodes { externalId items { sku } } }
    rewards(first: 1, status: [SHIPPED]) { totalCount nodes { status } }
    tickets { totalCount nodes { externalId } }
    devices { totalCount }
    sourceStatuses { domain source state }
  }
}
"""


@pytest.fixture
def config(sqlite_demo: SqliteDemo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The example beside its secrets and the warehouse's files; only where the databases are is said otherwise."""
    (tmp_path / "master.key").write_text(base64.b64encode(MASTER_KEY).decode())
    (tmp_path / "cursors.key").write_text("s" * 40)
    (tmp_path / "signing.pem").write_text(SIGNING_KEY)
    (tmp_path / "cache.key").write_text("c" * 40)
    monkeypatch.setenv("CUSTOMER_GRAPH_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("CUSTOMER_GRAPH_SERVER__PORT", "0")
    loyalty, helpdesk = sqlite_demo.copy(), sqlite_demo.copy()
    monkeypatch.setenv("CUSTOMER_GRAPH_SOURCES__LOYALTY__URL", loyalty)
    monkeypatch.setenv("CUSTOMER_GRAPH_SOURCES__HELPDESK__URL", helpdesk)
    fetched(loyalty, "DELETE FROM tickets")
    fetched(helpdesk, "DELETE FROM point_accounts")
    shutil.copy(EXAMPLE, tmp_path / "gateway.toml")
    return tmp_path / "gateway.toml"


def fetched(url: str, statement: str) -> list[tuple[Any, ...]]:
    """The rows of a statement, which is kept."""
    with closing(sqlite3.connect(url.removeprefix("sqlite+aiosqlite:///"))) as database, database:
        return database.execute(statement).fetchall()


def exported(customer: UUID) -> list[TransactionRow | TransactionItemRow | RewardRow]:
    """What the kit makes for its first customer, as this one's."""
    rows = [*rows_of(Domain.TRANSACTIONS), *rows_of(Domain.REWARDS)]
    return [msgspec.structs.replace(row, customer_id=customer) for row in rows if row.customer_id == CUSTOMERS[0]]


def asked(config: Path) -> dict[str, Any]:
    """The answer of the gateway that the config is served by."""
    with serving("serve", "--config", str(config), "--dev") as served:
        token = DevelopmentKey(config.parent / "state").mint("admin")
        headers = {"authorization": f"Bearer {token}"}
        answer: dict[str, Any] = httpx2.post(served.url, json={"query": ASKED}, headers=headers, timeout=60).json()
        return answer


def test_one_request_is_answered_from_three_sources(config: Path, sqlite_demo: SqliteDemo) -> None:
    found = fetched(sqlite_demo.url, "SELECT customer_id FROM customers WHERE support_id = 'CJ-000001'")
    rows = exported(UUID(found[0][0]))
    (config.parent / "exports").mkdir()
    write(config.parent / "exports", rows)
    newest = sorted(of_type(TransactionRow, rows), key=lambda row: (row.occurred_at, row.id), reverse=True)[:2]
    items = {
        row.id: [one.sku for one in of_type(TransactionItemRow, rows) if one.transaction_id == row.id] for row in newest
    }

    answer = asked(config)

    statuses = answer["data"]["customer"].pop("sourceStatuses")
    assert answer == {
        "data": {
            "customer": {
                "supportId": "CJ-000001",
                "totalPoints": 583,
                "transactions": {
                    "totalCount": 11,
                    "nodes": [
                        {"externalId": row.external_id, "items": [{"sku": sku} for sku in items[row.id]]}
                        for row in newest
                    ],
                },
                "rewards": {"totalCount": 2, "nodes": [{"status": "SHIPPED"}]},
                "tickets": {"totalCount": 1, "nodes": [{"externalId": "100"}]},
                "devices": None,
            }
        }
    }
    assert {status["domain"]: (status["source"], status["state"]) for status in statuses} == {
        domain.value: ("loyalty", "OK") for domain in Domain
    } | {
        "TICKETS": ("helpdesk", "OK"),
        "TRANSACTIONS": ("warehouse", "OK"),
        "REWARDS": ("warehouse", "OK"),
        "DEVICES": (None, "NOT_CONFIGURED"),
    }
