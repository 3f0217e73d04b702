"""The audit log: each customer's entries chained by hash behind those that are there."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from datasources.audit_chain import GENESIS, ChainValue, next_hash
from datasources.sql.tables.audit import audit_entries, audit_heads

from .book import chunks
from .entry import Entry, Made
from .folds import Folded

UNHASHED = ("customer_id", "hash")


async def fold_audit(connection: AsyncConnection, entries: Sequence[Entry]) -> Folded:
    """Chains the entries in the order of time."""
    folded = Folded()
    owners = sorted({entry.person.id for entry in entries})
    heads: dict[UUID, tuple[int, bytes]] = {}
    for some in chunks(owners):
        found = await connection.execute(
            select(audit_heads).where(audit_heads.c.customer_id.in_(some)).with_for_update()
        )
        heads |= {row["customer_id"]: (row["sequence"], bytes(row["hash"])) for row in found.mappings()}
    for entry in sorted(entries, key=lambda entry: (entry.at("at"), entry.line.number)):
        owner = entry.person.id
        sequence, previous = heads.get(owner, (0, GENESIS))
        correlation = entry.values.get("correlation_id", entry.values["id"])
        made = entry.made(audit_entries, sequence=sequence + 1, correlation_id=correlation)
        names = [column.name for column in audit_entries.columns if column.name not in UNHASHED]
        values: list[ChainValue] = [made.row.get(name) for name in names]  # type: ignore[misc]  # what columns hold
        hashed = next_hash(previous, (owner, *values))
        made.row["hash"] = hashed
        heads[owner] = (sequence + 1, hashed)
        folded.made.append((entry, made))
    folded.replaced[audit_heads] = owners
    for chained, (sequence, head) in heads.items():
        folded.projected.append(Made(audit_heads, {"customer_id": chained, "sequence": sequence, "hash": head}))
    return folded
