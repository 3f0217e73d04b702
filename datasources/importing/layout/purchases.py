"""Purchases with their items, and the ties to the places where they were made."""

import datetime as dt
from collections.abc import Iterable, Sequence
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from datasources.sql.tables.profiles import customer_places
from datasources.sql.tables.transactions import transaction_items, transactions

from .book import chunks
from .entry import Entry, Made
from .folds import Folded
from .problems import BadValue

PURCHASED = "PURCHASED"
Seen = dict[tuple[UUID, UUID], tuple[str | None, dt.datetime]]
"""By customer and location: the store id, and when the customer was last seen there."""


async def fold_purchases(connection: AsyncConnection, entries: Sequence[Entry]) -> Folded:
    """Purchases, and for each store when the customer was last seen there."""
    folded = Folded()
    seen: Seen = {}
    for entry in entries:
        try:
            folded.made += [(entry, made) for made in _purchase(entry)]
        except BadValue as fault:
            folded.faults.append((entry, fault))
            continue
        if "location" in entry.values:
            store = entry.values["location"]
            _see(seen, (entry.person.id, entry.book.thing("location", store).id), store, entry.at("occurred_at"))
    await _meet_known(connection, seen, folded)
    for (owner, location), (store, at) in seen.items():
        row = {"customer_id": owner, "location_id": location, "store_id": store, "last_seen_at": at}
        folded.projected.append(Made(customer_places, {"relation": PURCHASED, **row}))
    return folded


def _see(seen: Seen, place: tuple[UUID, UUID], store: str | None, at: dt.datetime) -> None:
    if place not in seen or seen[place][1] < at:
        seen[place] = (store, at)


async def _meet_known(connection: AsyncConnection, seen: Seen, folded: Folded) -> None:
    """Takes over the places that the database has of these customers, to be written anew with the others."""
    owners = sorted({owner for owner, _ in seen})
    own = customer_places.c.relation == PURCHASED
    for some in chunks(owners):
        bought = (own, customer_places.c.customer_id.in_(some))
        for row in (await connection.execute(select(customer_places).where(*bought))).mappings():
            _see(seen, (row["customer_id"], row["location_id"]), row["store_id"], row["last_seen_at"])
        folded.updates.append(delete(customer_places).where(*bought))


def _purchase(entry: Entry) -> Iterable[Made]:
    """A purchase: what it came to follows from subtotal, discounts and tax."""
    values = entry.values
    discount = sum(part["amount_minor"] for part in values["discounts"])
    if discount > values["subtotal_minor"]:
        raise BadValue("are more than the subtotal", "discounts")
    at, currency = entry.at("occurred_at"), {"currency": values["currency"]}
    if entry.id is not None:
        entry.book.add_purchase(entry.person.id, values["external_id"], entry.id)
    yield entry.made(
        transactions,
        "external_id",
        discount_minor=discount,
        total_minor=values["subtotal_minor"] - discount + values["tax_minor"],
        payments=[part | currency for part in values["payments"]],
        discounts=[part | currency for part in values["discounts"]],
        occurred_at=at,
    )
    for number, item in enumerate(values["items"], 1):
        if item["returned_quantity"] > item["quantity"]:
            raise BadValue("is more than quantity", "items", number - 1, "returned_quantity")
        yield entry.made(transaction_items, transaction_id=entry.id, line=number, **item)
