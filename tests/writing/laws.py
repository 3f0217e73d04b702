"""The ledger's laws and the audit chain's, recomputed from the raw tables (requirements section 2)."""

from collections import defaultdict
from itertools import pairwise
from typing import Any
from uuid import UUID

from sqlalchemy import select

from datasources.audit_chain import CHAINED, GENESIS, next_hash
from datasources.sql.tables.audit import audit_entries, audit_heads
from datasources.sql.tables.points import point_accounts, point_allocations, point_days, point_entries, point_lots
from tests.harness import Gateway
from tests.writing.tables import found

TABLES = (point_accounts, point_entries, point_lots, point_allocations, point_days, audit_entries, audit_heads)
Row = Any  # a row of any table, by column


async def broken(gateway: Gateway, customer: UUID) -> list[str]:
    """The laws that the customer's rows break."""
    rows = await found(gateway, *(select(table).where(table.c.customer_id == customer) for table in TABLES))
    accounts, entries, lots, allocations, days, audited, heads = rows
    wrong: list[str] = []
    for account in accounts:
        own = sorted(_of(entries, account), key=lambda entry: int(entry["sequence"]))
        wrong += _balances(account, own)
        wrong += _lots(account, own, _of(lots, account), allocations)
        wrong += _days(own, _of(days, account))
    return wrong + _chain(audited, heads)


def _of(rows: Any, account: Row) -> list[Row]:
    return [row for row in rows if row["account_key"] == account["account_key"]]


def _balances(account: Row, entries: list[Row]) -> list[str]:
    """inv-L1, and the sequence without a gap."""
    wrong = []
    if account["balance"] != sum(entry["modification"] for entry in entries):
        wrong.append("L1: the balance is not the sum")
    if any(entry["balance_after"] != entry["balance_before"] + entry["modification"] for entry in entries):
        wrong.append("L1: after is not before and modification")
    if any(one["balance_after"] != next_["balance_before"] for one, next_ in pairwise(entries)):
        wrong.append("L1: balances do not chain")
    if [entry["sequence"] for entry in entries] != list(range(1, account["sequence"] + 1)):
        wrong.append("L1: the sequence has gaps")
    if entries and entries[0]["balance_before"] != 0:
        wrong.append("L1: the first balance is not 0")
    return wrong + _lifetimes(account, entries)


def _lifetimes(account: Row, entries: list[Row]) -> list[str]:
    """What was earned and spent in all, less what was reversed (settled.md, "Points")."""
    by_id = {entry["id"]: entry for entry in entries}
    earned = spent = expired = 0
    for entry in entries:
        origin = by_id[entry["reverses"]] if entry["reverses"] else entry
        takes_back = entry["kind"] == "RETURN"
        if entry["kind"] == "EXPIRE":
            expired -= entry["modification"]
        elif (origin["modification"] > 0) is not takes_back:
            earned += entry["modification"]
        else:
            spent -= entry["modification"]
    held = [account[f"lifetime_{name}"] for name in ("earned", "spent", "expired")]
    return [] if held == [earned, spent, expired] else [f"lifetimes are {held}, not {[earned, spent, expired]}"]


def _lots(account: Row, entries: list[Row], lots: list[Row], allocations: Any) -> list[str]:
    """inv-L2 to inv-L5: every addition has its lot, every debit its allocations, and lots are what these leave.

    What no lot covered of a debit is a deficit, until later lots pay for it.
    """
    wrong = []
    by_id = {entry["id"]: entry for entry in entries}
    parts: dict[UUID, list[Row]] = defaultdict(list)
    used: dict[UUID, int] = defaultdict(int)
    for part in allocations:
        if part["debit_id"] in by_id:
            parts[part["debit_id"]].append(part)
            sign = 1 if by_id[part["debit_id"]]["modification"] < 0 else -1
            used[part["lot_id"]] += sign * part["points"]
    if {lot["entry_id"] for lot in lots} != {entry["id"] for entry in entries if entry["modification"] > 0}:
        wrong.append("L2: additions and lots differ")
    for lot in lots:
        handed_over = sum(part["points"] for part in parts[lot["entry_id"]])
        if lot["amount_spent"] + lot["amount_expired"] != used[lot["entry_id"]] + handed_over:
            wrong.append("L3: a lot is not what its allocations leave")
        if lot["remaining"] != lot["points"] - lot["amount_spent"] - lot["amount_expired"]:
            wrong.append("L2: remaining is not the difference")
        if min(lot["remaining"], lot["amount_spent"], lot["amount_expired"]) < 0:
            wrong.append("L2: a part of a lot is negative")
    wrong += _covered(account, entries, lots, parts)
    reversed_ids = [entry["reverses"] for entry in entries if entry["reverses"]]
    if len(reversed_ids) != len(set(reversed_ids)):
        wrong.append("L4: an entry is reversed twice")
    return wrong


def _covered(account: Row, entries: list[Row], lots: list[Row], parts: dict[UUID, list[Row]]) -> list[str]:
    """inv-L3: what each debit takes from lots that were there, and what later ones pay of the rest."""
    wrong, owed = [], 0
    numbers = {entry["id"]: entry["sequence"] for entry in entries}
    paid: dict[UUID, int] = defaultdict(int)
    for entry in entries:
        if entry["modification"] > 0:
            continue
        later = [part for part in parts[entry["id"]] if numbers[part["lot_id"]] > entry["sequence"]]
        taken = sum(part["points"] for part in parts[entry["id"]])
        for part in later:
            paid[part["lot_id"]] += part["points"]
        uncovered = -entry["modification"] - taken + sum(part["points"] for part in later)
        if uncovered != (entry["uncovered"] or 0):
            wrong.append("L3: a debit is not covered")
        owed -= entry["modification"] + taken
    if any((entry["paid_off"] or 0) != paid[entry["id"]] for entry in entries):
        wrong.append("L3: what additions paid differs")
    held = sum(lot["remaining"] for lot in lots)
    if held - owed != account["balance"] or owed < 0:
        wrong.append("L3: lots less the deficit are not the balance")
    return wrong


def _days(entries: list[Row], days: list[Row]) -> list[str]:
    sums: dict[tuple[Any, str], list[int]] = defaultdict(lambda: [0, 0])
    for entry in entries:
        at = sums[entry["occurred_at"].date(), entry["kind"]]
        at[0] += entry["modification"]
        at[1] += 1
    held = {(day["day"], day["kind"]): [day["points"], day["entries"]] for day in days}
    return [] if held == sums else ["the sums by day differ"]


def _chain(entries: Any, heads: Any) -> list[str]:
    """Each entry's hash follows from the one before, and the head is the last."""
    previous, number = GENESIS, 0
    for entry in sorted(entries, key=lambda row: int(row["sequence"])):
        previous, number = next_hash(previous, [entry[name] for name in CHAINED]), number + 1
        if (entry["hash"], entry["sequence"]) != (previous, number):
            return [f"the audit chain breaks at {number}"]
    return [] if [(head["sequence"], head["hash"]) for head in heads] == [(number, previous)] else ["the head differs"]
