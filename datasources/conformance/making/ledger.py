"""A ledger of points that adds up: entries, what debits took from lots, and the accounts that follow."""

import datetime as dt
from collections.abc import Iterator

import msgspec

from datasources.conformance.making.values import NOW, id_of, struct_of
from datasources.ids import CustomerId
from datasources.points import PointAccountRow, PointAllocationRow, PointAuditRow, PointEntryKind

ACCOUNTS = ("points", "tier_points")
EARNED = 100
SPENT = 30
KINDS = (PointEntryKind.EARN, PointEntryKind.COMP, PointEntryKind.SPEND)

NOTHING_MORE = dict.fromkeys(("reverses_id", "reversed_by_id", "approval_id", "paid_off"))
"""What this ledger has no entries of."""

Row = PointAuditRow | PointAllocationRow | PointAccountRow


def ledger(customer: CustomerId, entries: int) -> Iterator[Row]:
    """Every third entry of an account spends of its first lot; the larger half is in the first account."""
    for account, count in zip(ACCOUNTS, (entries - entries // 2, entries // 2), strict=True):
        if count:
            yield from _account(customer, account, count)


def _account(customer: CustomerId, account: str, count: int) -> Iterator[Row]:
    made: list[PointAuditRow] = []
    for sequence in range(1, count + 1):
        made.append(_entry(customer, account, sequence, made[-1].balance_after if made else 0))
    debits = [entry for entry in made if entry.modification < 0]
    spent = -sum(entry.modification for entry in debits)
    made[0] = msgspec.structs.replace(made[0], amount_spent=spent, remaining=made[0].modification - spent)
    yield from made
    yield from (PointAllocationRow(customer, debit.id, made[0].id, SPENT) for debit in debits)
    yield _summed(made)


def _entry(customer: CustomerId, account: str, sequence: int, balance: int) -> PointAuditRow:
    kind = KINDS[(sequence - 1) % len(KINDS)]
    is_lot, is_earned = kind is not PointEntryKind.SPEND, kind is PointEntryKind.EARN
    change = EARNED + sequence if is_lot else -SPENT
    at = NOW - dt.timedelta(days=200 - 30 * (sequence // 2), microseconds=sequence)
    made: PointAuditRow = struct_of(
        PointAuditRow,
        sequence,
        customer_id=customer,
        id=id_of(f"{customer}{account}", sequence),
        account_key=account,
        sequence=sequence,
        transaction_id=f"receipt-{sequence}" if is_earned else None,
        purchase_id=id_of("purchase", sequence) if is_earned else None,
        source_key="purchase" if is_earned else "manual",
        modification=change,
        amount_spent=0 if is_lot else None,
        amount_expired=0 if is_lot else None,
        remaining=change if is_lot else None,
        kind=kind,
        occurred_at=at,
        recorded_at=at,
        expires_at=NOW + dt.timedelta(days=10 * (1 + sequence // 2)) if is_lot and sequence > 1 else None,
        balance_before=balance,
        balance_after=balance + change,
        **NOTHING_MORE,
    )
    return made


def _summed(entries: list[PointAuditRow]) -> PointAccountRow:
    """The account that the entries make."""
    lots = [entry for entry in entries if entry.expires_at is not None]
    next_at = min((lot.expires_at for lot in lots if lot.expires_at is not None), default=None)
    changes = [entry.modification for entry in entries]
    return PointAccountRow(
        customer_id=entries[0].customer_id,
        account_key=entries[0].account_key,
        balance=entries[-1].balance_after,
        pending=0,
        held=0,
        lifetime_earned=sum(change for change in changes if change > 0),
        lifetime_spent=-sum(change for change in changes if change < 0),
        lifetime_expired=0,
        overdue=0,
        next_expires_at=next_at,
        next_points=sum(lot.remaining or 0 for lot in lots if lot.expires_at == next_at) or None,
    )
