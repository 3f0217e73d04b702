"""Changes of what upstreams keep as the tests ask for them."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.engine import RowMapping

from datasources.http.ids import id_of
from datasources.sql.tables.audit import audit_entries
from datasources.sql.tables.events import events
from datasources.sql.tables.writing import idempotency_keys
from schema.ids import global_id
from tests.harness import Gateway
from tests.writing.doing import AUDITED, do
from tests.writing.tables import found

CARD = "card { id status nickname removedAt balance { amountMinor } } counterpart { id balance { amountMinor } }"


def card_id(gateway: Gateway, support_id: str, text: str) -> str:
    """The global id of a customer's card that the processor calls so."""
    return global_id("Card", gateway.members[support_id], id_of(text))


def adjustment(gateway: Gateway, support_id: str, card: str, minor: int, **more: Any) -> dict[str, Any]:
    """The input of an adjustment: positive adds, negative deducts."""
    return {
        "cardId": card_id(gateway, support_id, card),
        "direction": "ADD" if minor > 0 else "DEDUCT",
        "amount": {"amountMinor": abs(minor), "currency": "USD"},
        "reason": {"code": "card_balance_correction"},
        **more,
    }


async def change(gateway: Gateway, mutation: str, given: dict[str, Any], caller: str = "admin") -> dict[str, Any]:
    """The payload of a change of cards that had no error."""
    return await do(gateway, mutation, given, f"{CARD} {AUDITED}", caller)


async def recorded(gateway: Gateway, customer: UUID) -> Mapping[str, Sequence[RowMapping]]:
    """The audit log of a customer, their events, and all keys."""
    entries, happened, keys = await found(
        gateway,
        select(audit_entries.c.type, audit_entries.c.outcome)
        .where(audit_entries.c.customer_id == customer)
        .order_by(audit_entries.c.sequence),
        select(events.c.type, events.c.facts).where(events.c.customer_id == customer, events.c.channel == "GATEWAY"),
        select(idempotency_keys.c.key),
    )
    return {"audit": entries, "events": happened, "keys": keys}
