"""The ledger's laws (inv-L1 to inv-L5), recomputed from the stored rows alone."""

import datetime as dt
from collections import Counter, defaultdict
from itertools import groupby
from typing import Any

from datasources.sql.tables.points import point_accounts, point_allocations, point_days, point_entries, point_lots
from datasources.sql.tables.promo_codes import customer_promo_codes, promo_codes
from datasources.sql.tables.rewards import rewards
from datasources.sql.tables.transactions import transactions

from .conftest import END, Loaded

Row = dict[str, Any]
FAR = dt.datetime(9999, 1, 1, tzinfo=dt.UTC)


def by_account(rows: list[Row]) -> dict[tuple[object, str], list[Row]]:
    found: dict[tuple[object, str], list[Row]] = defaultdict(list)
    for row in rows:
        found[row["customer_id"], row["account_key"]].append(row)
    return found


def test_balances_chain_along_the_sequence_and_sum_up(loaded: Loaded) -> None:
    entries = by_account(loaded.rows(point_entries))
    for account in loaded.rows(point_accounts):
        chain = sorted(
            entries.get((account["customer_id"], account["account_key"]), []), key=lambda row: row["sequence"]
        )
        balance = 0
        for number, entry in enumerate(chain, 1):
            assert (entry["sequence"], entry["balance_before"]) == (number, balance)
            balance += entry["modification"]
            assert entry["balance_after"] == balance >= 0
        assert (account["balance"], account["sequence"]) == (balance, len(chain))


def test_lots_follow_from_entries_and_allocations(loaded: Loaded) -> None:
    kinds = {row["id"]: row["kind"] for row in loaded.rows(point_entries)}
    used: Counter[tuple[object, bool]] = Counter()
    debits: Counter[object] = Counter()
    for row in loaded.rows(point_allocations):
        used[row["lot_id"], kinds[row["debit_id"]] == "EXPIRE"] += row["points"]
        debits[row["debit_id"]] += row["points"]
    positive = {row["id"]: row["modification"] for row in loaded.rows(point_entries) if row["modification"] > 0}
    negative = {row["id"]: -row["modification"] for row in loaded.rows(point_entries) if row["modification"] < 0}
    lots = loaded.rows(point_lots)
    assert {row["entry_id"]: row["points"] for row in lots} == positive
    assert dict(debits) == negative
    for lot in lots:
        assert (lot["amount_spent"], lot["amount_expired"]) == (
            used[lot["entry_id"], False],
            used[lot["entry_id"], True],
        )
        assert lot["remaining"] == lot["points"] - lot["amount_spent"] - lot["amount_expired"] >= 0


def test_open_lots_add_up_to_the_balance_and_none_is_overdue(loaded: Loaded) -> None:
    lots = by_account(loaded.rows(point_lots))
    for account in loaded.rows(point_accounts):
        held = lots.get((account["customer_id"], account["account_key"]), [])
        assert account["balance"] == sum(lot["remaining"] for lot in held)
        assert account["lifetime_expired"] == sum(lot["amount_expired"] for lot in held)
    overdue = [lot for lot in loaded.rows(point_lots) if lot["remaining"] and (lot["expires_at"] or FAR) <= END]
    assert overdue == []


def test_spending_takes_the_lot_that_expires_first(loaded: Loaded) -> None:
    entries = {row["id"]: row for row in loaded.rows(point_entries)}
    allocations = defaultdict(dict)
    for row in loaded.rows(point_allocations):
        allocations[row["debit_id"]][row["lot_id"]] = row["points"]
    for (_, _), group in groupby(
        sorted(entries.values(), key=lambda row: (row["customer_id"], row["account_key"], row["sequence"])),
        key=lambda row: (row["customer_id"], row["account_key"]),
    ):
        remaining: dict[object, int] = {}
        for entry in group:
            if entry["modification"] > 0:
                remaining[entry["id"]] = entry["modification"]
                continue
            if entry["kind"] in ("SPEND", "ADJUST"):
                assert allocations[entry["id"]] == soonest(entries, remaining, -entry["modification"])
            for lot, points in allocations[entry["id"]].items():
                remaining[lot] -= points


def soonest(entries: dict[Any, Row], remaining: dict[Any, int], points: int) -> dict[object, int]:
    taken = {}
    for lot in sorted(remaining, key=lambda id_: (entries[id_]["expires_at"] or FAR, entries[id_]["occurred_at"], id_)):
        part = min(points, remaining[lot])
        points -= part
        if part:
            taken[lot] = part
    return taken


def test_purchases_earn_a_point_a_dollar_unless_barred(loaded: Loaded) -> None:
    for account in ("points", "tier_points"):
        earned = {
            row["transaction_id"]: (row["modification"], row["occurred_at"])
            for row in loaded.rows(point_entries)
            if row["kind"] == "EARN" and row["account_key"] == account and row["reference_type"] == "purchase"
        }
        expected = {
            row["external_id"]: (row["total_minor"] // 100, row["occurred_at"])
            for row in loaded.rows(transactions)
            if row["total_minor"] >= 100 and not row["non_accruing"]
        }
        assert earned == expected


def test_days_hold_the_sums_of_the_entries(loaded: Loaded) -> None:
    sums: dict[tuple[object, ...], list[int]] = defaultdict(lambda: [0, 0])
    for row in loaded.rows(point_entries):
        cell = sums[row["customer_id"], row["account_key"], row["occurred_at"].date(), row["kind"]]
        cell[0] += row["modification"]
        cell[1] += 1
    stored = {
        (row["customer_id"], row["account_key"], row["day"], row["kind"]): [row["points"], row["entries"]]
        for row in loaded.rows(point_days)
    }
    assert stored == dict(sums)


def test_the_ledger_has_every_kind_but_returns_and_transfers(loaded: Loaded) -> None:
    assert {row["kind"] for row in loaded.rows(point_entries)} == {
        "EARN",
        "SPEND",
        "EXPIRE",
        "ADJUST",
        "COMP",
        "REVERSAL",
    }
    reversed_ = {row["id"]: row["modification"] for row in loaded.rows(point_entries)}
    for row in loaded.rows(point_entries):
        if row["kind"] == "REVERSAL":
            assert row["modification"] == -reversed_[row["reverses"]] == -50


def test_rewards_cost_what_the_ledger_debited(loaded: Loaded) -> None:
    spent = {row["reference_id"]: -row["modification"] for row in loaded.rows(point_entries) if row["kind"] == "SPEND"}
    redeemed = {str(row["id"]): row["points_spent"] for row in loaded.rows(rewards) if row["redeemed_at"] is not None}
    assert redeemed == spent


def test_every_claimed_code_granted_its_points_when_it_was_claimed(loaded: Loaded) -> None:
    granted = {row["code"]: row["outcomes"][0].points for row in loaded.rows(promo_codes)}
    claimed = Counter(
        (row["customer_id"], row["code"], row["claimed_at"], granted[row["code"]])
        for row in loaded.rows(customer_promo_codes)
        if row["state"] == "CLAIMED"
    )
    entries = Counter(
        (row["customer_id"], row["reference_id"], row["occurred_at"], row["modification"])
        for row in loaded.rows(point_entries)
        if row["reference_type"] == "PROMO_CODE"
    )
    assert (entries, {code for _, code, _, _ in entries}) == (claimed, {"ONCE250", "SUMMER50"})
