"""The floor of writing: an adjustment of points by hand. Starlette and asyncpg, the statements that the gateway sends, the
same rows with sealed texts and chained hashes; no GraphQL, no token, no scopes, no limits, no rules.

    uvicorn benchmarks.write_floor:app        reads BENCHMARK_DATABASE
"""

import datetime as dt
import hashlib
from typing import Any
from uuid import UUID

import orjson
from starlette.requests import Request
from starlette.responses import Response

from benchmarks.floor import key, serving
from benchmarks.population import MASTER
from datasources.ids import new_id

CLAIM = """INSERT INTO idempotency_keys (caller, key, operation, fingerprint, made, claimed_at, expires_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (caller, key) DO UPDATE SET operation = excluded.operation,
    fingerprint = excluded.fingerprint, made = excluded.made, claimed_at = excluded.claimed_at,
    expires_at = excluded.expires_at WHERE idempotency_keys.expires_at <= $6 RETURNING key"""
LOCK = """SELECT c.membership, c.processing, c.version, c.wrapped_key, h.sequence, h.hash FROM (SELECT 1) one
    LEFT JOIN (SELECT * FROM customers WHERE customer_id = $1 FOR UPDATE) c ON true
    LEFT JOIN (SELECT * FROM audit_heads WHERE customer_id = $1 FOR UPDATE) h ON true"""
ACCOUNT = """SELECT a.balance, a.held, a.lifetime_earned, a.lifetime_spent, a.lifetime_expired, a.sequence,
    (SELECT coalesce(sum(l.remaining), 0)::bigint FROM point_lots l WHERE l.customer_id = a.customer_id
     AND l.account_key = a.account_key AND l.remaining > 0 AND l.expires_at <= $2) AS overdue
    FROM point_accounts a WHERE a.customer_id = $1 AND a.account_key = 'points'"""
LOTS = """SELECT entry_id, remaining FROM point_lots WHERE customer_id = $1 AND account_key = 'points' AND remaining > 0
    AND expires_at > $2 ORDER BY expires_at, earned_at, entry_id LIMIT 32"""


class Rows:
    """One data-modifying statement of several changes, and its parameters."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.values: list[Any] = []

    def insert(self, table: str, row: dict[str, Any], conflict: str = "") -> None:
        places = ", ".join(f"${len(self.values) + number}" for number in range(1, len(row) + 1))
        self.parts.append(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({places}) {conflict}")
        self.values += row.values()

    def spend(self, own: UUID, debit: UUID, lots: list[UUID], points: list[int]) -> None:
        at = len(self.values)
        given = f"unnest(${at + 3}::uuid[], ${at + 4}::bigint[]) AS k(lot_id, points)"
        self.parts += [
            f"INSERT INTO point_allocations (customer_id, debit_id, lot_id, points) "
            f"SELECT ${at + 1}::uuid, ${at + 2}::uuid, k.lot_id, k.points FROM {given}",
            f"UPDATE point_lots l SET amount_spent = l.amount_spent + k.points, remaining = l.remaining - k.points "
            f"FROM {given} WHERE l.customer_id = ${at + 1}::uuid AND l.entry_id = k.lot_id",
        ]
        self.values += [own, debit, lots, points]

    @property
    def sql(self) -> str:
        *first, last = self.parts
        return "WITH " + ", ".join(f"c{number} AS ({part})" for number, part in enumerate(first)) + " " + last


async def adjusted(connection: Any, asked: dict[str, Any]) -> dict[str, Any]:
    own, points, now = UUID(asked["id"]), int(asked["points"]), dt.datetime.now(dt.UTC)
    made, audit, event = new_id(), new_id(), new_id()
    fingerprint = hashlib.sha256(orjson.dumps(asked, option=orjson.OPT_SORT_KEYS)).hexdigest()
    ids = orjson.dumps({"entry": made, "audit": audit}).decode()
    claim = ("STAFF:bench", asked["key"], "pointsAdjust", fingerprint, ids, now, now + dt.timedelta(days=30))
    assert await connection.fetchval(CLAIM, *claim) is not None  # noqa: S101  # no key comes twice
    customer = await connection.fetchrow(LOCK, own)
    account = await connection.fetchrow(ACCOUNT, own, now)
    rows = Rows()
    entry = {
        "customer_id": own, "id": made, "account_key": "points", "sequence": account["sequence"] + 1, "kind": "ADJUST",
        "source_key": "manual", "modification": points, "balance_before": account["balance"],
        "balance_after": account["balance"] + points, "reference_type": "MANUAL_ADJUSTMENT", "reference_id": None,
        "transaction_id": None, "purchase_id": None, "description": "Adjusted by hand", "occurred_at": now,
        "recorded_at": now, "expires_at": now + dt.timedelta(days=730) if points > 0 else None, "actor_kind": "STAFF",
        "actor_id": "bench", "reason_code": "correction", "internal_note": None, "customer_visible_reason": None,
        "reverses": None, "uncovered": None, "correlation_id": str(made),
    }  # fmt: skip
    rows.insert("point_entries", entry)
    if points > 0:
        rows.insert("point_lots", {
            "customer_id": own, "entry_id": made, "account_key": "points", "earned_at": now,
            "expires_at": entry["expires_at"], "points": points, "amount_spent": 0, "amount_expired": 0,
            "remaining": points,
        })  # fmt: skip
    else:
        taken, left = {}, -points
        for lot in await connection.fetch(LOTS, own, now):
            taken[lot["entry_id"]] = min(left, lot["remaining"])
            left -= taken[lot["entry_id"]]
            if not left:
                break
        rows.spend(own, made, list(taken), list(taken.values()))
    told(rows, own, account, entry, {"now": now, "audit": audit, "event": event}, customer)
    await connection.execute(rows.sql, *rows.values)
    return {
        "userErrors": [], "replayed": False,
        "entry": {"id": key("PointAuditEntry", own, made), "modification": points, "balanceAfter": entry["balance_after"]},
    }  # fmt: skip


def told(rows: Rows, own: UUID, account: Any, entry: dict[str, Any], at: dict[str, Any], customer: Any) -> None:
    """The account, the day, the audit log and the event stream."""
    points, now = entry["modification"], at["now"]
    earned, spent = account["lifetime_earned"] + max(0, points), account["lifetime_spent"] - min(0, points)
    rows.insert("point_accounts", {
        "customer_id": own, "account_key": "points", "balance": entry["balance_after"], "pending": 0,
        "held": account["held"], "lifetime_earned": earned, "lifetime_spent": spent,
        "lifetime_expired": account["lifetime_expired"], "sequence": entry["sequence"],
    }, "ON CONFLICT (customer_id, account_key) DO UPDATE SET balance = excluded.balance, "
       "lifetime_earned = excluded.lifetime_earned, lifetime_spent = excluded.lifetime_spent, sequence = excluded.sequence")  # fmt: skip
    rows.insert("point_days", {
        "customer_id": own, "account_key": "points", "day": now.date(), "kind": "ADJUST", "points": points, "entries": 1,
    }, "ON CONFLICT (customer_id, account_key, day, kind) DO UPDATE SET points = point_days.points + excluded.points, "
       "entries = point_days.entries + excluded.entries")  # fmt: skip
    sealing = MASTER.unwrap(own, customer["wrapped_key"])
    changes = orjson.dumps([{"path": "balance", "before": entry["balance_before"], "after": entry["balance_after"]}])
    logged = {
        "customer_id": own, "id": at["audit"], "sequence": (customer["sequence"] or 0) + 1, "type": "pointsAdjust",
        "at": now, "actor_kind": "STAFF", "actor_id": "bench", "outcome": "SUCCEEDED",
        "summary": sealing.seal(f"{points:+d} points", "audit_entries.summary"),
        "changes": sealing.seal(changes.decode(), "audit_entries.changes"), "reason_code": "correction",
        "ticket_id": None, "correlation_id": entry["correlation_id"],
    }  # fmt: skip
    digest = hashlib.sha256(customer["hash"] or b"")
    for value in logged.values():
        digest.update(str(value).encode())
    rows.insert("audit_entries", logged | {"hash": digest.digest()})
    rows.insert("audit_heads", {"customer_id": own, "sequence": logged["sequence"], "hash": digest.digest()},
        "ON CONFLICT (customer_id) DO UPDATE SET sequence = excluded.sequence, hash = excluded.hash")  # fmt: skip
    facts = {"points": points, "account_key": "points", "account_label": "Points", "source_label": "Manual"}
    rows.insert("events", {
        "customer_id": own, "id": at["event"], "type": "points_adjusted", "occurred_at": now, "recorded_at": now,
        "channel": "GATEWAY", "source": "customer-graph", "source_event_id": str(at["event"]),
        "reference_id": entry["id"], "facts": orjson.dumps(facts).decode(), "attributes": None, "search_text": "points",
    })  # fmt: skip
    rows.insert("event_keys", {
        "source": "customer-graph", "source_event_id": str(at["event"]), "customer_id": own, "event_id": at["event"],
    })  # fmt: skip


async def answer(request: Request) -> Response:
    asked = orjson.loads(await request.body())
    async with request.app.state.pool.acquire() as connection, connection.transaction():
        data = await adjusted(connection, asked)
    return Response(orjson.dumps({"data": {"pointsAdjust": data}}), media_type="application/json")


app = serving(answer)
