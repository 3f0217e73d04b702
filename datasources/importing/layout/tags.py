"""Tags: a history that is written as it comes, and what a customer has by it."""

import datetime as dt
from collections.abc import Sequence
from uuid import UUID

import msgspec
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from datasources.sql.tables.tags import customer_tags, tag_changes
from datasources.tags import applied_to, definition_of

from .book import chunks
from .entry import Entry, Made
from .folds import Folded


class Tag(msgspec.Struct):
    """A tag that a customer has, with a value or without."""

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
        _apply(held.setdefault((entry.person.id, entry.values["key"]), {}), entry)
        folded.made.append((entry, entry.made(tag_changes, "key")))
    folded.replaced[customer_tags] = owners
    folded.projected += [
        Made(
            customer_tags,
            {"customer_id": makers[owner].person.id, "key": key, "value_key": value, **msgspec.structs.asdict(tag)},
        )
        for (owner, key), tags in held.items()
        for value, tag in tags.items()
    ]
    return folded


def _apply(tags: dict[str, Tag], entry: Entry) -> None:
    """A change of one key: `tags` is what the customer has of it by value; the empty one stands for none."""
    values, at = entry.values, entry.at("at")
    stated, several = values.get("value"), definition_of(entry.book.settings, values["key"]).is_multi_value
    if values["action"] in ("REMOVED", "COUNT_RESET"):
        for value in [value for value in tags if not several or stated in (None, value)]:
            if values["action"] == "REMOVED":
                del tags[value]
            else:
                tags[value].count = 0
        return
    place = applied_to(tuple(tags), stated, several=several)
    tag = Tag(0, values["origin"], at, at) if place is None else tags.pop(place)
    tag.last_applied_at = at
    tag.count += values["action"] == "ADDED" or place is None
    tags[stated or place or ""] = tag


async def _held(connection: AsyncConnection, owners: Sequence[UUID]) -> dict[tuple[UUID, str], dict[str, Tag]]:
    held: dict[tuple[UUID, str], dict[str, Tag]] = {}
    for some in chunks(owners):
        found = await connection.execute(
            select(customer_tags).where(customer_tags.c.customer_id.in_(some)).with_for_update()
        )
        for row in found.mappings():
            tag = Tag(row["count"], row["origin"], row["first_applied_at"], row["last_applied_at"])
            held.setdefault((row["customer_id"], row["key"]), {})[row["value_key"]] = tag
    return held
