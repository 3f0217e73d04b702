"""Returns as tills meet them: what comes back, what of the points goes with it, and that it goes once."""

import asyncio
import datetime as dt
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import create_async_engine

from datasources.sql.tables.points import point_entries, point_lots
from datasources.sql.tables.tiers import tier_days
from schema.ids import global_id, parse_id
from tests.harness import Gateway
from tests.writing.asking import adjust, adjustment, refused, reversal, reverse
from tests.writing.buying import bring_back, buy, item, money, moved, purchase, returning
from tests.writing.laws import broken
from tests.writing.states import put
from tests.writing.tables import around, contents, found, grown

MEMBER, POOR, RICH, BLOCKED = "CJ-000015", "CJ-000023", "CJ-000024", "CJ-000009"
REFUSED = {"audit_entries": 1, "audit_heads": 0}
BASKET = (item("tea", 3, 1_050), item("pot", 1, 4_999))
WORKERS = 16


@pytest.fixture(scope="module", autouse=True)
async def at_the_top(gateway: Gateway) -> None:
    """No purchase of theirs brings points by lifting a tier."""
    await buy(gateway, purchase(gateway, POOR, item("ring", 1, 900_000)))


async def bought(gateway: Gateway, support_id: str = MEMBER, **more: Any) -> str:
    """The id of a purchase of 81.49 less what is told off."""
    payload = await buy(gateway, purchase(gateway, support_id, *BASKET, **more))
    assert payload["userErrors"] == []
    made: str = payload["transaction"]["id"]
    return made


async def empty(gateway: Gateway, support_id: str, account: str = "points") -> None:
    """Take all that the member has in an account."""
    rows = await contents(gateway, gateway.members[support_id])
    held = next(row["balance"] for row in rows["point_accounts"] if row["account_key"] == account)
    if held:
        await adjust(gateway, adjustment(gateway, support_id, -held, accountKey=account))


def returned(payload: dict[str, Any]) -> list[int]:
    """How many of each line came back."""
    return [line["returnedQuantity"] for line in payload["transaction"]["items"]]


async def test_a_whole_return_takes_back_what_was_earned_and_gives_back_what_was_spent(gateway: Gateway) -> None:
    start = await contents(gateway, gateway.members[MEMBER])
    spent = [{"accountKey": "points", "points": 40}]
    made = await bought(gateway, pointsSpent=spent, discounts=[{"label": "Summer", "amount": money(500)}])
    before = await contents(gateway, gateway.members[MEMBER])
    reason = {"code": "customer_request", "customerVisibleReason": "Brought back"}
    payload = await bring_back(gateway, returning(made, reason=reason))
    assert (payload["userErrors"], payload["replayed"], payload["dryRun"]) == ([], False, False)
    assert (payload["transaction"]["state"], returned(payload)) == ("RETURNED", [3, 1])
    assert moved(payload) == [("points", "RETURN", 40), ("points", "RETURN", -76), ("tier_points", "RETURN", -76)]
    back, taken, _ = payload["pointEntries"]
    assert (back["amountSpent"], back["remaining"], back["expiresAt"]) == (40, 0, None)
    assert (taken["amountSpent"], taken["remaining"]) == (None, None)
    assert sum(part["points"] for part in back["allocations"]) == 40
    told = {(entry["referenceType"], entry["description"]) for entry in payload["pointEntries"]}
    assert told == {("return", "Purchase returned")}
    assert {entry["pointSource"]["key"] for entry in payload["pointEntries"]} == {"return"}
    audit = payload["auditEntry"]
    assert (audit["type"], audit["summary"]) == ("transactionReturn", "Purchase returned")
    assert [(change["before"], change["after"]) for change in audit["changes"]] == [
        ("COMPLETED", "RETURNED"),
        (None, 40),
        (None, -76),
        (None, -76),
    ]
    after = await contents(gateway, gateway.members[MEMBER])
    assert grown(before, after) == {
        "transactions": 0,
        "transaction_items": 0,
        "point_entries": 3,
        "point_lots": 1,
        "point_allocations": len(back["allocations"]) + 2,
        "point_accounts": 0,
        "point_days": 2,
        "tier_days": 0,
        "events": 2,
        "event_keys": 2,
        "idempotency_keys": 1,
        **REFUSED,
    }
    lots = {row["entry_id"]: row for row in after["point_lots"]}
    assert all(lots[row["entry_id"]] == row for row in start["point_lots"])
    totals = ("balance", "lifetime_earned", "lifetime_spent", "lifetime_expired")
    assert [[row[name] for name in totals] for row in after["point_accounts"]] == [
        [row[name] for name in totals] for row in start["point_accounts"]
    ]
    assert await broken(gateway, gateway.members[MEMBER]) == []


async def test_parts_come_back_at_their_share_and_add_up_to_the_whole(gateway: Gateway) -> None:
    who = gateway.members[MEMBER]
    spent = [{"accountKey": "points", "points": 40}]
    made = await bought(gateway, pointsSpent=spent, discounts=[{"label": "Summer", "amount": money(500)}])
    first = await bring_back(gateway, returning(made, ("tea", 2)))
    assert (first["transaction"]["state"], returned(first)) == ("PARTIALLY_RETURNED", [2, 0])
    assert moved(first) == [("points", "RETURN", 10), ("points", "RETURN", -20), ("tier_points", "RETURN", -20)]
    second = await bring_back(gateway, returning(made, ("pot", 1)))
    assert moved(second) == [("points", "RETURN", 25), ("points", "RETURN", -47), ("tier_points", "RETURN", -47)]
    last = await bring_back(gateway, returning(made))
    assert (last["transaction"]["state"], returned(last)) == ("RETURNED", [3, 1])
    assert moved(last) == [("points", "RETURN", 5), ("points", "RETURN", -9), ("tier_points", "RETURN", -9)]
    entries = (await contents(gateway, who))["point_entries"]
    assert all(row["reverses"] is None for row in entries if row["kind"] == "RETURN")
    assert await broken(gateway, who) == []


async def test_what_counted_toward_tiers_counts_no_more(gateway: Gateway) -> None:
    who = gateway.members[MEMBER]
    query = select(tier_days).where(tier_days.c.customer_id == who).order_by(tier_days.c.day)
    (before,) = await found(gateway, query)
    made = await bought(gateway, occurredAt="2026-01-20T12:00:00Z")
    await bring_back(gateway, returning(made, ("tea", 1)))
    (between,) = await found(gateway, query)
    assert sum(row["amount_minor"] for row in between) - sum(row["amount_minor"] for row in before) == 7_099
    await bring_back(gateway, returning(made))
    (after,) = await found(gateway, query)
    assert [(row["day"], row["amount_minor"]) for row in after if row["amount_minor"]] == [
        (row["day"], row["amount_minor"]) for row in before if row["amount_minor"]
    ]


async def test_the_same_key_has_one_effect_and_shows_the_entries_of_its_own_return(gateway: Gateway) -> None:
    made = await bought(gateway)
    given = returning(made, ("tea", 1))
    first = await bring_back(gateway, given)
    await bring_back(gateway, returning(made))
    again = await bring_back(gateway, given)
    assert (again["replayed"], again["pointEntries"]) == (True, first["pointEntries"])
    assert again["transaction"]["state"] == "RETURNED"
    other = await bring_back(gateway, given | {"items": [{"sku": "tea", "quantity": 2}]})
    assert refused(other) == [("IDEMPOTENCY_KEY_REUSED", "idempotencyKey")]


async def test_a_purchase_is_called_off_whole(gateway: Gateway) -> None:
    made = await bought(gateway)
    part = await bring_back(gateway, returning(made, ("tea", 1), cancelled=True))
    assert refused(part) == [("INVALID", "items")]
    payload = await bring_back(gateway, returning(made, cancelled=True))
    assert (payload["transaction"]["state"], returned(payload)) == ("CANCELLED", [3, 1])
    assert moved(payload) == [("points", "RETURN", -81), ("tier_points", "RETURN", -81)]
    assert payload["pointEntries"][0]["description"] == "Purchase cancelled"


async def test_what_is_left_of_a_purchase_can_be_called_off(gateway: Gateway) -> None:
    made = await bought(gateway)
    await bring_back(gateway, returning(made, ("pot", 1)))
    payload = await bring_back(gateway, returning(made, cancelled=True))
    assert (payload["transaction"]["state"], moved(payload)[0]) == ("CANCELLED", ("points", "RETURN", -31))


@pytest.mark.parametrize(
    ("first", "second", "code"),
    [
        (False, False, "ALREADY_DONE"),
        (True, True, "ALREADY_DONE"),
        (False, True, "INVALID_TRANSITION"),
        (True, False, "INVALID_TRANSITION"),
    ],
)
async def test_nothing_comes_back_twice(gateway: Gateway, first: bool, second: bool, code: str) -> None:
    made = await bought(gateway)
    await bring_back(gateway, returning(made, cancelled=first))
    before = await around(gateway, gateway.members[MEMBER])
    payload = await bring_back(gateway, returning(made, cancelled=second))
    assert (refused(payload), payload["transaction"], payload["pointEntries"]) == (
        [(code, "transactionId")],
        None,
        None,
    )
    assert grown(before, await around(gateway, gateway.members[MEMBER])) == REFUSED


@pytest.mark.parametrize(
    ("change", "code", "path"),
    [
        ({"items": [{"sku": "cup", "quantity": 1}]}, "NOT_FOUND", "items.0.sku"),
        ({"items": [{"sku": "tea", "quantity": 4}]}, "INVALID", "items.0.quantity"),
        ({"items": [{"sku": "tea", "quantity": 0}]}, "INVALID", "items.0.quantity"),
        ({"items": []}, "INVALID", "items"),
        ({"occurredAt": "2025-01-01T00:00:00Z"}, "INVALID", "occurredAt"),
        ({"reason": {"code": "whim"}}, "INVALID", "reason.code"),
    ],
)
async def test_what_can_not_come_back_leaves_everything(
    gateway: Gateway, change: dict[str, Any], code: str, path: str
) -> None:
    made = await bought(gateway)
    before = await around(gateway, gateway.members[MEMBER])
    assert refused(await bring_back(gateway, returning(made, **change))) == [(code, path)]
    assert grown(before, await around(gateway, gateway.members[MEMBER])) == REFUSED


async def test_another_customers_purchase_is_not_found(gateway: Gateway) -> None:
    _, (_, purchase_id) = parse_id(await bought(gateway), "id")
    given = returning(global_id("Transaction", gateway.members[POOR], purchase_id))
    assert refused(await bring_back(gateway, given)) == [("NOT_FOUND", "transactionId")]


async def test_an_imported_purchase_comes_back_as_any_other(gateway: Gateway) -> None:
    who = gateway.members[RICH]
    rows = await contents(gateway, who)
    earned = {row["purchase_id"]: row["modification"] for row in rows["point_entries"] if row["kind"] == "EARN"}
    imported = max(rows["transactions"], key=lambda row: row["total_minor"])
    payload = await bring_back(gateway, returning(global_id("Transaction", who, imported["id"])))
    assert sum(points for account, _, points in moved(payload) if account == "points") == -earned[imported["id"]]
    assert await broken(gateway, who) == []


async def test_earned_points_that_are_spent_are_taken_from_other_lots(gateway: Gateway) -> None:
    await empty(gateway, POOR)
    made = await bought(gateway, POOR)
    await adjust(gateway, adjustment(gateway, POOR, -60))
    late = await adjust(gateway, adjustment(gateway, POOR, 30, expiresAt="2029-01-01T00:00:00Z"))
    soon = await adjust(gateway, adjustment(gateway, POOR, 35, expiresAt="2027-01-01T00:00:00Z"))
    payload = await bring_back(gateway, returning(made))
    assert moved(payload)[0] == ("points", "RETURN", -81)
    parts = {part["lot"]["id"]: part["points"] for part in payload["pointEntries"][0]["allocations"]}
    assert parts | {late["entry"]["id"]: 25, soon["entry"]["id"]: 35} == parts
    assert (len(parts), sum(parts.values())) == (3, 81)
    assert await broken(gateway, gateway.members[POOR]) == []


async def test_points_that_nobody_has_any_more_are_waived_and_the_entry_says_so(gateway: Gateway) -> None:
    await empty(gateway, POOR)
    made = await bought(gateway, POOR)
    await adjust(gateway, adjustment(gateway, POOR, -70))
    payload = await bring_back(gateway, returning(made))
    assert moved(payload)[0] == ("points", "RETURN", -11)
    assert payload["pointEntries"][0]["description"] == "Purchase returned, 70 points waived"
    changes = {change["path"].rsplit(".")[-1]: change["after"] for change in payload["auditEntry"]["changes"]}
    assert changes["waivedPoints"] == 70
    assert await broken(gateway, gateway.members[POOR]) == []


async def test_where_nothing_is_left_to_take_the_audit_log_tells_what_was_waived(gateway: Gateway) -> None:
    await empty(gateway, POOR)
    made = await bought(gateway, POOR)
    await empty(gateway, POOR)
    payload = await bring_back(gateway, returning(made))
    assert moved(payload) == [("tier_points", "RETURN", -81)]
    changes = {change["path"].rsplit(".")[-1]: change["after"] for change in payload["auditEntry"]["changes"]}
    assert changes["waivedPoints"] == 81


async def test_an_account_that_may_owe_goes_below_zero(gateway: Gateway) -> None:
    await empty(gateway, POOR, "tier_points")
    made = await bought(gateway, POOR)
    await adjust(gateway, adjustment(gateway, POOR, -50, accountKey="tier_points"))
    payload = await bring_back(gateway, returning(made))
    entry = next(entry for entry in payload["pointEntries"] if entry["pointAccount"]["key"] == "tier_points")
    assert (entry["modification"], entry["balanceAfter"]) == (-81, -50)
    assert entry["description"] == "Purchase returned"
    rows = (await contents(gateway, gateway.members[POOR]))["point_entries"]
    assert [row["uncovered"] for row in rows if row["uncovered"]] == [50]
    assert await broken(gateway, gateway.members[POOR]) == []
    await adjust(gateway, adjustment(gateway, POOR, 50, accountKey="tier_points"))


async def test_spent_points_come_back_to_the_last_lot_first_with_their_expiry(gateway: Gateway) -> None:
    await empty(gateway, POOR)
    soon = await adjust(gateway, adjustment(gateway, POOR, 30, expiresAt="2027-01-01T00:00:00Z"))
    late = await adjust(gateway, adjustment(gateway, POOR, 30, expiresAt="2029-01-01T00:00:00Z"))
    made = await bought(gateway, POOR, pointsSpent=[{"accountKey": "points", "points": 50}])
    first = await bring_back(gateway, returning(made, ("pot", 1)))
    parts = [(part["lot"]["id"], part["points"]) for part in first["pointEntries"][0]["allocations"]]
    assert parts == [(soon["entry"]["id"], 11), (late["entry"]["id"], 20)]
    last = await bring_back(gateway, returning(made))
    parts = [(part["lot"]["id"], part["points"]) for part in last["pointEntries"][0]["allocations"]]
    assert parts == [(soon["entry"]["id"], 19)]
    assert await broken(gateway, gateway.members[POOR]) == []


async def test_spent_points_that_have_lapsed_meanwhile_come_back_and_expire(gateway: Gateway) -> None:
    who = gateway.members[POOR]
    await empty(gateway, POOR)
    lot = await adjust(gateway, adjustment(gateway, POOR, 50))
    made = await bought(gateway, POOR, pointsSpent=[{"accountKey": "points", "points": 50}])
    await lapse(gateway, lot["entry"]["id"], gateway.now - dt.timedelta(days=1))
    payload = await bring_back(gateway, returning(made))
    assert moved(payload)[:3] == [("points", "RETURN", 50), ("points", "EXPIRE", -50), ("points", "RETURN", -81)]
    expiry = payload["pointEntries"][1]
    assert (expiry["description"], [part["points"] for part in expiry["allocations"]]) == ("Points expired", [50])
    assert expiry["allocations"][0]["lot"]["id"] == lot["entry"]["id"]
    (account,) = (row for row in (await contents(gateway, who))["point_accounts"] if row["account_key"] == "points")
    assert (account["balance"], account["lifetime_expired"] >= 50) == (0, True)
    assert await broken(gateway, who) == []


async def lapse(gateway: Gateway, entry_id: str, at: dt.datetime) -> None:
    """Have the lot of an entry expire at a moment, whatever it was."""
    _, (_, entry) = parse_id(entry_id, "entry")
    engine = create_async_engine(gateway.runtime.databases["main"].url)
    async with engine.begin() as connection:
        for table, column in ((point_lots, point_lots.c.entry_id), (point_entries, point_entries.c.id)):
            await connection.execute(update(table).where(column == entry).values(expires_at=at))
    await engine.dispose()


async def test_points_of_a_purchase_that_came_back_in_part_are_not_reversed_as_well(gateway: Gateway) -> None:
    bonus = await buy(gateway, purchase(gateway, MEMBER, *BASKET, pointsSpent=[{"accountKey": "points", "points": 10}]))
    await bring_back(gateway, returning(bonus["transaction"]["id"], ("tea", 1)))
    for entry in bonus["pointEntries"][:2]:
        assert refused(await reverse(gateway, reversal(entry["id"]))) == [("INVALID_TRANSITION", "entryId")]


async def test_what_was_reversed_by_hand_before_is_not_taken_again(gateway: Gateway) -> None:
    made = await buy(gateway, purchase(gateway, MEMBER, *BASKET))
    await reverse(gateway, reversal(made["pointEntries"][0]["id"]))
    payload = await bring_back(gateway, returning(made["transaction"]["id"]))
    assert moved(payload) == [("tier_points", "RETURN", -81)]
    assert await broken(gateway, gateway.members[MEMBER]) == []


async def test_giving_back_spent_points_is_allowed_to_the_blocked(gateway: Gateway) -> None:
    spent = [{"accountKey": "points", "points": 10}]
    made = await bought(gateway, pointsSpent=spent)
    await put(gateway, MEMBER, membership="BLOCKED")
    try:
        payload = await bring_back(gateway, returning(made))
        assert (payload["userErrors"], moved(payload)[0]) == ([], ("points", "RETURN", 10))
    finally:
        await put(gateway, MEMBER, membership="ACTIVE")


async def test_a_purchase_that_earned_nothing_takes_nothing_back(gateway: Gateway) -> None:
    before = (await contents(gateway, gateway.members[BLOCKED]))["tier_days"]
    made = await bought(gateway, BLOCKED)
    payload = await bring_back(gateway, returning(made))
    assert (payload["transaction"]["state"], moved(payload), payload["tierChange"]) == ("RETURNED", [], None)
    assert (await contents(gateway, gateway.members[BLOCKED]))["tier_days"] == before


async def test_a_dry_run_shows_what_would_come_of_it(gateway: Gateway) -> None:
    made = await bought(gateway)
    before = await around(gateway, gateway.members[MEMBER])
    payload = await bring_back(gateway, returning(made, ("tea", 3), dryRun=True))
    assert (payload["transaction"]["state"], returned(payload)) == ("PARTIALLY_RETURNED", [3, 0])
    assert moved(payload) == [("points", "RETURN", -32), ("tier_points", "RETURN", -32)]
    assert await around(gateway, gateway.members[MEMBER]) == before


async def test_many_tills_at_once_return_a_purchase_once(gateway: Gateway) -> None:
    made = await bought(gateway, pointsSpent=[{"accountKey": "points", "points": 9}])
    before = await contents(gateway, gateway.members[MEMBER])
    payloads = await asyncio.gather(*(bring_back(gateway, returning(made)) for _ in range(WORKERS)))
    codes = sorted(code for payload in payloads for code, _ in refused(payload))
    assert codes == ["ALREADY_DONE"] * (WORKERS - 1)
    after = await contents(gateway, gateway.members[MEMBER])
    told = grown(before, after)
    assert (told["point_entries"], told["audit_entries"], told["idempotency_keys"]) == (3, WORKERS, 1)
    held, came = (sum(row["balance"] for row in rows["point_accounts"]) for rows in (before, after))
    assert came - held == 9 - 81 - 81
    assert await broken(gateway, gateway.members[MEMBER]) == []


async def test_many_tills_at_once_return_each_piece_once(gateway: Gateway) -> None:
    payload = await buy(gateway, purchase(gateway, MEMBER, item("egg", 10, 333)))
    made = payload["transaction"]["id"]
    payloads = await asyncio.gather(*(bring_back(gateway, returning(made, ("egg", 1))) for _ in range(WORKERS)))
    assert sorted(code for one in payloads for code, _ in refused(one)) == ["ALREADY_DONE"] * (WORKERS - 10)
    assert sum(points for one in payloads for account, _, points in moved(one) if account == "points") == -33
    assert await broken(gateway, gateway.members[MEMBER]) == []
