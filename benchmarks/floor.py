"""The floor: the same answers without GraphQL. Starlette, asyncpg and orjson, one statement a collection, one connection
a request, no token, no scopes, no limits. What the gateway's CPU per request is compared with.

    uvicorn benchmarks.floor:app        reads BENCHMARK_DATABASE
"""

import base64
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import asyncpg
import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from benchmarks.databases import address
from benchmarks.population import MASTER

EVERY = (
    "SELECT k.ord, p.* FROM unnest($1::uuid[]) WITH ORDINALITY AS k(id, ord) CROSS JOIN LATERAL ({}) p ORDER BY k.ord"
)
CUSTOMER = """SELECT customer_id, support_id, version, first_name, last_name, email, phone, status_key, is_test_persona,
    created_at, updated_at, enrolled_at, last_active_at, wrapped_key FROM customers WHERE customer_id = $1"""
CUSTOMERS = """SELECT customer_id, support_id, version, first_name, last_name, email, phone, status_key, is_test_persona,
    created_at, updated_at, enrolled_at, last_active_at, wrapped_key, last_name_key, first_name_key
    FROM customers WHERE last_name_key >= $1 ORDER BY last_name_key, first_name_key, customer_id LIMIT $2"""
TIERS = EVERY.format(
    """SELECT t.system_key, t.tier_key, t.status, t.entered_at, t.expires_at,
    (SELECT coalesce(sum(d.amount_minor), 0)::bigint FROM tier_days d WHERE d.customer_id = t.customer_id
     AND d.system_key = t.system_key AND d.day > now()::date - 365) AS progress
    FROM customer_tiers t WHERE t.customer_id = k.id ORDER BY t.system_key LIMIT 21"""
)
EVENTS = EVERY.format(
    """SELECT e.id, e.type, e.occurred_at, e.recorded_at, e.channel, e.facts FROM events e
    WHERE e.customer_id = k.id ORDER BY e.occurred_at DESC, e.id DESC LIMIT $2"""
)
ENTRIES = EVERY.format(
    """SELECT e.id, e.sequence, e.modification, e.kind, e.balance_after, e.occurred_at, l.remaining, r.id AS reversed_by
    FROM point_entries e LEFT JOIN point_lots l ON l.customer_id = e.customer_id AND l.entry_id = e.id
    LEFT JOIN point_entries r ON r.customer_id = e.customer_id AND r.reverses = e.id
    WHERE e.customer_id = k.id ORDER BY e.occurred_at DESC, e.id DESC LIMIT $2"""
)
OFFERS = EVERY.format(
    """SELECT o.id, o.state, o.issued_at, o.redeemable_until, o.is_visible, f.name, f.title, f.description
    FROM customer_offers o JOIN offers f ON f.id = o.offer_id
    WHERE o.customer_id = k.id ORDER BY o.issued_at DESC, o.id DESC LIMIT $2"""
)
CARDS = EVERY.format(
    """SELECT c.id, c.last_four, c.kind, c.status, c.type, c.nickname, c.balance_minor, c.currency, c.registered_at
    FROM cards c WHERE c.customer_id = k.id AND c.removed_at IS NULL ORDER BY c.registered_at DESC, c.id DESC LIMIT $2"""
)
NOTES = EVERY.format(
    """SELECT n.id, n.text, n.reason_key, n.created_at, n.author_kind, n.author_id, n.edited_at, n.version
    FROM notes n WHERE n.customer_id = k.id AND n.deleted_at IS NULL ORDER BY n.created_at DESC, n.id DESC LIMIT $2"""
)


def key(kind: str, *parts: UUID) -> str:
    return f"{kind}:{base64.urlsafe_b64encode(b''.join(part.bytes for part in parts)).rstrip(b'=').decode()}"


def header(row: Any) -> dict[str, Any]:
    return {
        "id": key("Customer", row["customer_id"]), "uuid": str(row["customer_id"]), "supportId": row["support_id"],
        "version": row["version"], "displayName": f"{row['first_name']} {row['last_name']}",
        "isTestPersona": row["is_test_persona"], "createdAt": row["created_at"], "updatedAt": row["updated_at"],
        "enrolledAt": row["enrolled_at"], "lastActiveAt": row["last_active_at"],
    }  # fmt: skip


def page(edges: list[dict[str, Any]], size: int) -> dict[str, Any]:
    last = edges[size - 1 : size] or edges[-1:]
    return {
        "edges": edges[:size],
        "pageInfo": {"hasNextPage": len(edges) > size, "endCursor": last[0]["node"].get("id") if last else None},
    }


def event(own: UUID, row: Any) -> dict[str, Any]:
    facts = orjson.loads(row["facts"])
    title = f"{facts['points']} points earned"
    return {"node": {
        "id": key("Event", own, row["id"]), "type": row["type"], "typeLabel": "Points earned", "title": title,
        "summary": f"{title} in {facts['account_label']}", "occurredAt": row["occurred_at"],
        "recordedAt": row["recorded_at"], "channel": row["channel"],
    }}  # fmt: skip


def entry(own: UUID, row: Any) -> dict[str, Any]:
    return {"node": {
        "id": key("PointAuditEntry", own, row["id"]), "sequence": row["sequence"], "modification": row["modification"],
        "kind": row["kind"], "status": "REVERSED" if row["reversed_by"] else "POSTED", "remaining": row["remaining"],
        "balanceAfter": row["balance_after"], "occurredAt": row["occurred_at"],
    }}  # fmt: skip


def offer(own: UUID, row: Any) -> dict[str, Any]:
    return {"node": {
        "id": key("CustomerOffer", own, row["id"]), "state": row["state"], "displayTitle": row["title"],
        "preview": (row["description"] or "")[:140], "issuedAt": row["issued_at"],
        "redeemableUntil": row["redeemable_until"], "isVisibleToCustomer": row["is_visible"],
        "offer": {"name": row["name"]},
    }}  # fmt: skip


def card(own: UUID, row: Any) -> dict[str, Any]:
    return {"node": {
        "id": key("Card", own, row["id"]), "lastFour": row["last_four"], "kind": row["kind"], "status": row["status"],
        "type": row["type"], "nickname": row["nickname"], "registeredAt": row["registered_at"],
        "balance": {"amountMinor": row["balance_minor"], "currency": row["currency"]},
    }}  # fmt: skip


def tier(_own: UUID, row: Any) -> dict[str, Any]:
    return {"node": {
        "status": row["status"], "enteredAt": row["entered_at"], "expiresAt": row["expires_at"],
        "progress": str(row["progress"] / 100), "tier": {"key": row["tier_key"], "name": row["tier_key"].title()},
    }}  # fmt: skip


async def of_each(connection: Any, sql: str, owners: list[UUID], size: int | None, shown: Any) -> list[list[Any]]:
    arguments = (owners,) if size is None else (owners, size + 1)
    found: list[list[Any]] = [[] for _ in owners]
    for row in await connection.fetch(sql, *arguments):
        found[row["ord"] - 1].append(shown(owners[row["ord"] - 1], row))
    return found


async def q1(connection: Any, own: UUID) -> dict[str, Any]:
    customer = header(await connection.fetchrow(CUSTOMER, own))
    (tiers,) = await of_each(connection, TIERS, [own], None, tier)
    return {"customer": customer | {"tiers": {"edges": tiers[:20]}}}


async def q2(connection: Any, own: UUID) -> dict[str, Any]:
    row = await connection.fetchrow(CUSTOMER, own)
    customer = header(row)
    opener = MASTER.unwrap(own, row["wrapped_key"])

    def note(_own: UUID, row: Any) -> dict[str, Any]:
        return {"node": {
            "id": key("Note", _own, row["id"]), "text": opener.open(row["text"], "notes.text"),
            "createdAt": row["created_at"], "author": {"kind": row["author_kind"], "name": row["author_id"]},
            "isEdited": row["edited_at"] is not None, "version": row["version"],
        }}  # fmt: skip

    for name, sql, size, shown in (
        ("events", EVENTS, 20, event), ("pointAudit", ENTRIES, 20, entry), ("tiers", TIERS, None, tier),
        ("offers", OFFERS, 20, offer), ("cards", CARDS, 20, card), ("notes", NOTES, 10, note),
    ):  # fmt: skip
        (rows,) = await of_each(connection, sql, [own], size, shown)
        customer[name] = page(rows, size or 20)
    return {"customer": customer}


async def q3(connection: Any, start: str) -> dict[str, Any]:
    rows = await connection.fetch(CUSTOMERS, start, 51)
    owners = [row["customer_id"] for row in rows[:50]]
    events = await of_each(connection, EVENTS, owners, 5, event)
    tiers = await of_each(connection, TIERS, owners, None, tier)
    cards = await of_each(connection, CARDS, owners, 20, card)
    customers = [
        header(row) | {"events": page(own, 5), "tiers": page(tier, 20), "cards": page(held, 20)}
        for row, own, tier, held in zip(rows, events, tiers, cards, strict=False)
    ]
    return {"customers": {"edges": [{"node": customer} for customer in customers]}}


async def answer(request: Request) -> Response:
    asked = orjson.loads(await request.body())
    async with request.app.state.pool.acquire() as connection:
        if asked["query"] == "Q3":
            data = await q3(connection, asked["start"])
        else:
            data = await (q1 if asked["query"] == "Q1" else q2)(connection, UUID(asked["id"]))
    return Response(orjson.dumps({"data": data}, option=orjson.OPT_UTC_Z), media_type="application/json")


def serving(answer: Callable[[Request], Awaitable[Response]]) -> Starlette:
    """An endpoint that answers over a pool of ten connections, `app.state.pool`, to the database of the environment."""

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        found = address(os.environ["BENCHMARK_DATABASE"])
        async with asyncpg.create_pool(**found, min_size=10, max_size=10, server_settings={"jit": "off"}) as pool:
            app.state.pool = pool
            yield

    return Starlette(routes=[Route("/floor", answer, methods=["POST"])], lifespan=lifespan)


app = serving(answer)
