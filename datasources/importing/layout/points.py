"""The points ledger: entries posted in the order of time behind those that are there, with their lots and sums."""

from collections.abc import Mapping, Sequence
from itertools import groupby
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from datasources.sql.tables.points import point_accounts, point_allocations, point_days, point_entries, point_lots

from .book import chunks
from .entry import Entry, Made
from .folds import Folded
from .known import import_key, imported
from .ledger import Account, Ledger, Lot, Posted
from .problems import BadValue


async def fold_points(connection: AsyncConnection, entries: Sequence[Entry]) -> Folded:
    """Posts the entries of each customer to what the database has of that customer's ledger."""
    folded = Folded()
    ordered = sorted(entries, key=lambda entry: (entry.person.id, entry.at("occurred_at"), entry.line.number))
    by_owner = {owner: list(found) for owner, found in groupby(ordered, key=lambda entry: entry.person.id)}
    for owners in chunks(by_owner):
        ledgers = await _ledgers(connection, owners)
        await _recall(connection, ledgers, [entry for owner in owners for entry in by_owner[owner]])
        for owner in owners:
            for entry in by_owner[owner]:
                _post(folded, ledgers[owner], entry)
            folded.projected += ledgers[owner].projections()
    folded.replaced = {table: list(by_owner) for table in (point_accounts, point_lots, point_days)}
    return folded


def _post(folded: Folded, ledger: Ledger, entry: Entry) -> None:
    try:
        folded.made += [(entry, made) for made in _posted(ledger, entry)]
    except BadValue as fault:
        folded.faults.append((entry, fault))


def _posted(ledger: Ledger, entry: Entry) -> list[Made]:
    values, at = entry.values, entry.at("occurred_at")
    account = ledger.account(values["account"])
    purchase = entry.book.purchase(entry.person.id, values["transaction"]) if "transaction" in values else None
    if entry.id is None:
        raise TypeError("an entry of the ledger has an id")
    expires_at = entry.at("expires_at") if "expires_at" in values else None
    lot = Lot(entry.id, at, expires_at, values["modification"])
    reverses = _reversed(ledger, entry)
    before = account.balance
    parts = account.post(values["kind"], lot, reverses=reverses, purchase=purchase)
    ledger.count(account, values["kind"], at.date(), values["modification"])
    if reverses is not None:
        reverses.is_reversed = True
    ledger.posted[values["id"]] = Posted(entry.id, account.key, values["kind"], values["modification"], parts)
    made = entry.made(
        point_entries,
        "reverses" if reverses else "id",
        sequence=account.sequence,
        balance_before=before,
        balance_after=account.balance,
        recorded_at=entry.at("recorded_at" if "recorded_at" in values else "occurred_at"),
        transaction_id=values.get("transaction"),
        purchase_id=purchase,
        reverses=reverses.id if reverses else None,
    )
    given = [entry.made(point_allocations, debit_id=entry.id, lot_id=part.id, points=points) for part, points in parts]
    return [made, *given]


def _reversed(ledger: Ledger, entry: Entry) -> Posted | None:
    values = entry.values
    if (values["kind"] == "REVERSAL") != ("reverses" in values):
        raise BadValue("goes with the kind REVERSAL", "reverses")
    if "reverses" not in values:
        return None
    found = ledger.posted.get(values["reverses"])
    if found is None or found.account != values["account"]:
        raise BadValue("is no earlier entry of the account", "reverses")
    if found.kind not in ("ADJUST", "COMP", "EARN", "SPEND") or found.is_reversed:
        raise BadValue("is an entry that can't be reversed, or was", "reverses")
    if found.modification != -values["modification"]:
        raise BadValue("must undo the entry that it reverses", "modification")
    return found


async def _ledgers(connection: AsyncConnection, owners: Sequence[UUID]) -> dict[UUID, Ledger]:
    ledgers = {owner: Ledger(owner) for owner in owners}
    for table in (point_accounts, point_lots, point_days):
        found = await connection.execute(select(table).where(table.c.customer_id.in_(owners)).with_for_update())
        for row in found.mappings():
            ledgers[row["customer_id"]].restore(table, row)
    earned = select(
        point_entries.c.customer_id, point_entries.c.account_key, point_entries.c.purchase_id, point_entries.c.id
    )
    earned = earned.where(point_entries.c.customer_id.in_(owners), point_entries.c.kind == "EARN")
    for owner, key, purchase, id_ in (
        await connection.execute(earned.where(point_entries.c.purchase_id.is_not(None)))
    ).all():
        account: Account = ledgers[owner].account(key)
        account.by_purchase[purchase] = account.lots[id_]
    return ledgers


async def _recall(connection: AsyncConnection, ledgers: Mapping[UUID, Ledger], entries: Sequence[Entry]) -> None:
    """Takes over the entries of earlier imports that are reversed now, with the lots that they took from."""
    reversing = {_reversed_key(entry): entry for entry in entries if "reverses" in entry.values}
    names = {known.id: reversing[key] for key, known in (await imported(connection, reversing)).items()}
    columns = (point_entries.c.id, point_entries.c.account_key, point_entries.c.kind, point_entries.c.modification)
    for some in chunks(id_ for id_ in names if id_ is not None):
        own = point_entries.c.customer_id.in_(ledgers)
        found = await connection.execute(select(*columns).where(own, point_entries.c.id.in_(some)))
        recalled = {row[0]: Posted(*row, parts=[]) for row in found.all()}
        for id_, posted in recalled.items():
            ledgers[names[id_].person.id].posted[names[id_].values["reverses"]] = posted
        own = point_allocations.c.customer_id.in_(ledgers)
        parts = await connection.execute(select(point_allocations).where(own, point_allocations.c.debit_id.in_(some)))
        for row in parts.mappings():
            posted = recalled[row["debit_id"]]
            lots = ledgers[row["customer_id"]].account(posted.account).lots
            posted.parts.append((lots[row["lot_id"]], row["points"]))


def _reversed_key(entry: Entry) -> str:
    return import_key(entry.book.master_key, "points", "entry", entry.owner, [entry.values["reverses"]])
