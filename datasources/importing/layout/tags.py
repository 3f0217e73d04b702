"""Tags: a history that is written as it comes, and what a customer has by it."""

import datetime as dt
from collections.abc import Sequence
from uuid import UUID

import msgspec
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from datasources.sql.tables.tags import customer_tags, tag_changes

from .book import chunks
from .entry import Entry, Made
from .folds import Folded


class Tag(msgspec.Struct):
    """A tag that a customer has."""

    value: str | None
    count: int
    origin: str
    first_applied_at: dt.datetime
    last_applied_at: dt.datetime


async def fold_tags(connection: AsyncConnection, entries: Sequence[Entry]) -> Folded:
    """Applies the changes in the order of time to what the customers have."""
    folded = Folded()
    owners = sorted({entry.person.id for entry in entries})
    held = await _held(connection, owners)
    makers: dict[UUID, Entry] = {}
    for entry in sorted(entries, key=lambda entry: (entry.at("at"), entry.line.number)):
        makers[entry.person.id] = entry
        _apply(held, entry)
        folded.made.append((entry, entry.made(tag_changes, "key")))
    folded.replaced[customer_tags] = owners
    for (owner, key), tag in held.items():
        maker = makers[owner]
        folded.projected.append(
            Made(customer_tags, {"customer_id": maker.person.id, "key": key, **msgspec.structs.asdict(tag)})
        )
    return folded


def _apply(held: dict[tuple[UUID, str], Tag], entry: Entry) -> None:
    values, at = entry.values, entry.at("at")
    place = (entry.person.id, values["key"])
    if values["action"] == "REMOVED":
        held.pop(place, None)
        return
    tag = held.setdefault(place, Tag(None, 0, values["origin"], at, at))
    if values["action"] == "COUNT_RESET":
        tag.count = 0
        return
    tag.value = values.get("value", tag.value)
    tag.last_applied_at = at
    tag.count += values["action"] == "ADDED" or tag.count == 0


async def _held(connection: AsyncConnection, owners: Sequence[UUID]) -> dict[tuple[UUID, str], Tag]:
    held: dict[tuple[UUID, str], Tag] = {}
    for some in chunks(owners):
        found = await connection.execute(
            select(customer_tags).where(customer_tags.c.customer_id.in_(some)).with_for_update()
        )
        for row in found.mappings():
            tag = Tag(row["value"], row["count"], row["origin"], row["first_applied_at"], row["last_applied_at"])
            held[row["customer_id"], row["key"]] = tag
    return held
