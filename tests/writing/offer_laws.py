"""The laws of offers, recomputed from the raw tables (requirements section 2, inv-O1 to inv-O5)."""

from collections import Counter, defaultdict
from itertools import pairwise
from typing import Any
from uuid import UUID

from sqlalchemy import or_, select

from datasources.sql.tables.offers import customer_offer_changes, customer_offers, offer_exclusions, offers
from tests.harness import Gateway
from tests.writing import laws
from tests.writing.tables import found

Row = Any  # a row of any table, by column
EXPIRING = ("ISSUED", "ACTIVATED")
"""The states that the clock can end."""
STEPS = {
    (None, "ISSUED"),
    ("ISSUED", "ACTIVATED"),
    *((state, end) for state in EXPIRING for end in ("REDEEMED", "REVOKED", "REMOVED")),
    ("REDEEMED", "ISSUED"),
    ("EXPIRED", "ISSUED"),
    # The dates or the flex fields were changed.
    *((state, state) for state in (*EXPIRING, "EXPIRED", "REDEEMED")),
}


async def broken(gateway: Gateway, customer: UUID) -> list[str]:
    """The laws that the customer's rows, and the inventories, break."""
    own = [select(table).where(table.c.customer_id == customer) for table in (customer_offers, offer_exclusions)]
    counted = select(offers.c.id).where(offers.c.inventory_initial.is_not(None))
    issued_of = select(customer_offers.c.id, customer_offers.c.offer_id).where(customer_offers.c.offer_id.in_(counted))
    changed = select(customer_offer_changes).where(
        or_(
            customer_offer_changes.c.customer_id == customer,
            customer_offer_changes.c.customer_offer_id.in_(issued_of.with_only_columns(customer_offers.c.id)),
        )
    )
    held, barred, issued, changes, stock = await found(gateway, *own, issued_of, changed, select(offers))
    histories: dict[UUID, list[Row]] = defaultdict(list)
    for change in sorted(changes, key=lambda row: (row["at"], row["id"])):
        histories[change["customer_offer_id"]].append(change)
    wrong = [law for row in held for law in _one(row, histories[row["id"]])]
    wrong += _inventories(stock, issued, histories) + _limits(stock, held)
    if len({row["offer_id"] for row in barred}) != len(barred):
        wrong.append("O2: barred twice")
    return wrong + await laws.broken(gateway, customer)


def _one(row: Row, history: list[Row]) -> list[str]:
    """inv-O1, O3, O4 and O5 for one offer."""
    wrong = []
    state, last = row["state"], history[-1]["to_state"]
    if any((change["from_state"], change["to_state"]) not in STEPS for change in history):
        wrong.append("O1: a step is none of the state machine's")
    if any(not _follows(one["to_state"], after["from_state"]) for one, after in pairwise(history)):
        wrong.append("O1: the history does not chain")
    if history[0]["from_state"] is not None or not _follows(last, state):
        wrong.append("O1: the state is not where the history leads")
    if state == "EXPIRED":
        wrong.append("O5: EXPIRED is stored")
    if (state == "REDEEMED") is not (row["redeemed_at"] is not None):
        wrong.append("O3: redeemed and redeemed_at differ")
    if row["transaction_id"] is not None and state != "REDEEMED":
        wrong.append("O3: a purchase that nothing was redeemed with")
    if state in EXPIRING and (state == "ACTIVATED") is not (row["activated_at"] is not None):
        wrong.append("O3: activated and activated_at differ")
    since, until = row["redeemable_from"], row["redeemable_until"]
    if since is not None and until is not None and since > until:
        wrong.append("O4: the window ends before it begins")
    if row["version"] != len(history):
        wrong.append("O1: versions and history differ")
    return wrong


def _follows(reached: str, left: str) -> bool:
    """True for a state that is the one reached, or what the clock makes of it, or what it is but for the clock."""
    return left == reached or (reached in EXPIRING and left == "EXPIRED") or (reached == "EXPIRED" and left in EXPIRING)


def _inventories(stock: Any, issued: Any, histories: dict[UUID, list[Row]]) -> list[str]:
    """inv-O2: what is left is what there was, less what was issued, and what was returned."""
    out: Counter[UUID] = Counter()
    for row in issued:
        history = histories[row["id"]]
        returned = sum(1 for change in history if change["to_state"] == "REVOKED")
        out[row["offer_id"]] += sum(1 for change in history if change["from_state"] is None) - returned
    finite = [offer for offer in stock if offer["inventory_initial"] is not None]
    wrong = [
        f"O2: the inventory of {offer['key']} is not what its history leaves"
        for offer in finite
        if offer["inventory_remaining"] != offer["inventory_initial"] - out[offer["id"]]
    ]
    return wrong + ["O2: an inventory is negative" for offer in finite if offer["inventory_remaining"] < 0]


def _limits(stock: Any, held: Any) -> list[str]:
    had = Counter(row["offer_id"] for row in held if row["state"] != "REVOKED")
    limits = {offer["id"]: offer["per_customer_limit"] for offer in stock if offer["per_customer_limit"] is not None}
    return ["O2: more than the limit" for offer, limit in limits.items() if had[offer] > limit]
