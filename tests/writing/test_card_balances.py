"""Money of cards as clients move it: adjusted, transferred, written off, and the rows that tell of it."""

from typing import Any

import pytest

from tests.harness import Gateway
from tests.writing.asking import decide, refused
from tests.writing.card_asking import KEPT, adjustment, ask, card_in, key_of, new_number, put, transfer
from tests.writing.card_laws import broken
from tests.writing.doing import REFUSED
from tests.writing.tables import Contents, contents, grown

MEMBER, OTHER, RESTRICTED, BLOCKED = "CJ-000022", "CJ-000023", "CJ-000007", "CJ-000009"
LARGEST = 2**63 - 1


async def held(gateway: Gateway, support_id: str = MEMBER) -> Contents:
    return await contents(gateway, gateway.members[support_id])


async def test_an_adjustment_is_one_row_of_the_history(gateway: Gateway) -> None:
    card = await card_in(gateway, MEMBER)
    before = await held(gateway)
    payload = await ask(gateway, "cardBalanceAdjust", adjustment(card, 250))
    assert (payload["userErrors"], payload["replayed"], payload["dryRun"]) == ([], False, False)
    assert (payload["card"]["balance"], payload["counterpart"]) == ({"amountMinor": 750, "currency": "USD"}, None)
    after = await held(gateway)
    assert grown(before, after) == {"card_history": 1, "cards": 0, **KEPT}
    known = {row["id"] for row in before["card_history"]}
    (row,) = [row for row in after["card_history"] if row["id"] not in known]
    assert dict(row) | {"id": 0, "at": 0} == {
        "customer_id": gateway.members[MEMBER],
        "id": 0,
        "card_id": key_of(card)[1],
        "at": 0,
        "activity": "ADJUST_ADD",
        "amount_minor": 250,
        "balance_after_minor": 750,
        "currency": "USD",
        "actor_kind": "STAFF",
        "actor_id": "admin",
        "reason_code": "card_balance_correction",
        "counterpart_last_four": None,
        "correlation_id": "test",
    }
    last_four = payload["card"]["lastFour"]
    assert payload["auditEntry"] == {
        "type": "cardBalanceAdjust",
        "outcome": "SUCCEEDED",
        "summary": f"Card ending {last_four}: +2.50 USD",
        "reasonCode": "card_balance_correction",
        "correlationId": "test",
        "changes": [{"path": f"cards.{key_of(card)[1]}.balance", "before": 500, "after": 750}],
    }
    deducted = await ask(gateway, "cardBalanceAdjust", adjustment(card, -750))
    assert deducted["card"]["balance"]["amountMinor"] == 0
    assert deducted["auditEntry"]["summary"] == f"Card ending {last_four}: -7.50 USD"
    assert await broken(gateway, gateway.members[MEMBER]) == []


@pytest.mark.parametrize(
    ("amount", "changed", "told"),
    [
        (5, {"amount": {"amountMinor": 0, "currency": "USD"}}, ("INVALID", "amount.amountMinor")),
        (5, {"amount": {"amountMinor": -5, "currency": "USD"}}, ("INVALID", "amount.amountMinor")),
        (5, {"amount": {"amountMinor": 5, "currency": "EUR"}}, ("CURRENCY_MISMATCH", "amount.currency")),
        (-501, {}, ("INSUFFICIENT_BALANCE", "amount.amountMinor")),
        (-LARGEST, {}, ("INSUFFICIENT_BALANCE", "amount.amountMinor")),
        (LARGEST, {}, ("LIMIT_EXCEEDED", "amount.amountMinor")),
        (5, {"reason": {}}, ("REQUIRED", "reason.code")),
        (5, {"reason": {"code": "because"}}, ("INVALID", "reason.code")),
        (5, {"idempotencyKey": "a b"}, ("INVALID", "idempotencyKey")),
    ],
)
async def test_an_adjustment_that_cant_be_is_refused(
    gateway: Gateway, amount: int, changed: dict[str, Any], told: tuple[str, str]
) -> None:
    card = await card_in(gateway, MEMBER)
    before = await held(gateway)
    payload = await ask(gateway, "cardBalanceAdjust", adjustment(card, amount) | changed)
    assert refused(payload) == [told]
    assert (payload["card"], payload["auditEntry"]) == (None, None)
    assert grown(before, await held(gateway)) == REFUSED


async def test_a_card_holds_what_64_bits_hold(gateway: Gateway) -> None:
    card = await card_in(gateway, MEMBER, balance=0)
    full = await ask(gateway, "cardBalanceAdjust", adjustment(card, LARGEST))
    assert full["card"]["balance"]["amountMinor"] == LARGEST
    other = await card_in(gateway, MEMBER, balance=1)
    payload = await ask(gateway, "cardBalanceTransfer", transfer(other, card))
    assert refused(payload) == [("LIMIT_EXCEEDED", "toCardId")]
    assert (await ask(gateway, "cardBalanceAdjust", adjustment(card, -LARGEST)))["card"]["balance"]["amountMinor"] == 0


async def test_beyond_the_limit_nothing_is_stored_but_the_request(gateway: Gateway) -> None:
    card = await card_in(gateway, MEMBER)
    before = await held(gateway)
    asked = adjustment(card, 5_001, idempotencyKey="beyond-the-limit")
    payload = await ask(gateway, "cardBalanceAdjust", asked, "care_agent")
    assert refused(payload) == [("APPROVAL_REQUIRED", "cardId")]
    assert payload["card"] is None
    assert payload["approval"] | {"id": 0} == {
        "id": 0,
        "state": "PENDING",
        "operation": "CARD_ADD",
        "amount": 5_001,
        "currency": "USD",
        "requestedBy": {"id": "care_agent"},
        "customer": {"supportId": MEMBER},
        "reasonCode": "card_balance_correction",
    }
    assert grown(before, await held(gateway)) == {"approvals": 1, **KEPT}
    again = await ask(gateway, "cardBalanceAdjust", asked, "care_agent")
    assert (again["replayed"], again["approval"], again["card"]) == (True, payload["approval"], None)


async def requested(gateway: Gateway, card: str, amount: int, **more: Any) -> str:
    """The id of the approval that an adjustment waits for."""
    payload = await ask(gateway, "cardBalanceAdjust", adjustment(card, amount, **more), "care_agent")
    assert refused(payload) == [("APPROVAL_REQUIRED", "cardId")]
    approval_id: str = payload["approval"]["id"]
    return approval_id


async def test_what_is_approved_is_done_once(gateway: Gateway) -> None:
    card = await card_in(gateway, MEMBER)
    approval_id = await requested(gateway, card, 5_001, idempotencyKey="approved-once")
    before = await held(gateway)
    decided = await decide(gateway, "approvalApprove", approval_id)
    assert (decided["userErrors"], decided["approval"]["state"]) == ([], "EXECUTED")
    after = await held(gateway)
    known = {row["id"] for row in before["card_history"]}
    (row,) = [row for row in after["card_history"] if row["id"] not in known]
    assert (row["amount_minor"], row["balance_after_minor"], row["actor_id"]) == (5_001, 5_501, "care_agent")
    assert refused(await decide(gateway, "approvalApprove", approval_id)) == [("ALREADY_DONE", "approvalId")]
    assert len((await held(gateway))["card_history"]) == len(after["card_history"])
    asked = adjustment(card, 5_001, idempotencyKey="approved-once")
    again = await ask(gateway, "cardBalanceAdjust", asked, "care_agent")
    assert (again["replayed"], again["approval"]["state"]) == (True, "EXECUTED")
    assert (again["card"]["id"], again["card"]["balance"]["amountMinor"]) == (card, 5_501)
    assert await broken(gateway, gateway.members[MEMBER]) == []


async def test_what_is_approved_is_checked_anew(gateway: Gateway) -> None:
    card = await card_in(gateway, MEMBER, balance=6_000)
    approval_id = await requested(gateway, card, -5_001)
    assert (await ask(gateway, "cardReportLost", {"cardId": card}))["userErrors"] == []
    before = await held(gateway)
    decided = await decide(gateway, "approvalApprove", approval_id)
    assert (decided["approval"]["state"], decided["approval"]["failureCode"]) == ("FAILED", "INVALID_TRANSITION")
    assert "card_history" not in grown(before, await held(gateway))


async def test_a_day_has_its_limit_and_transfers_do_not_count(gateway: Gateway) -> None:
    cards = [await card_in(gateway, support_id, balance=0) for support_id in (MEMBER, OTHER)]
    for number in range(4):
        done = await ask(gateway, "cardBalanceAdjust", adjustment(cards[number % 2], 5_000), "care_agent")
        assert done["userErrors"] == []
    beyond = await ask(gateway, "cardBalanceAdjust", adjustment(cards[0], 1), "care_agent")
    assert refused(beyond) == [("APPROVAL_REQUIRED", "cardId")]
    second = await card_in(gateway, MEMBER)
    moved = await ask(gateway, "cardBalanceTransfer", transfer(cards[0], second), "care_agent")
    assert (moved["userErrors"], moved["counterpart"]["balance"]["amountMinor"]) == ([], 10_500)
    back = await ask(gateway, "cardBalanceAdjust", adjustment(second, -5_000), "care_agent")
    assert back["card"]["balance"]["amountMinor"] == 5_500


async def test_a_transfer_is_two_rows_that_name_each_other(gateway: Gateway) -> None:
    giving, receiving = await card_in(gateway, MEMBER, "LOST"), await card_in(gateway, MEMBER, balance=100)
    before = await held(gateway)
    payload = await ask(gateway, "cardBalanceTransfer", transfer(giving, receiving, 200))
    card, counterpart = payload["card"], payload["counterpart"]
    assert (card["id"], card["status"], card["balance"]["amountMinor"]) == (giving, "LOST", 300)
    assert (counterpart["id"], counterpart["balance"]["amountMinor"]) == (receiving, 300)
    after = await held(gateway)
    assert grown(before, after) == {"card_history": 2, "cards": 0, **KEPT}
    known = {row["id"] for row in before["card_history"]}
    rows = sorted(
        (row["activity"], row["amount_minor"], row["balance_after_minor"], row["counterpart_last_four"])
        for row in after["card_history"]
        if row["id"] not in known
    )
    assert rows == [("TRANSFER_IN", 200, 300, card["lastFour"]), ("TRANSFER_OUT", -200, 300, counterpart["lastFour"])]
    assert payload["auditEntry"]["changes"] == [
        {"path": f"cards.{key_of(giving)[1]}.balance", "before": 500, "after": 300},
        {"path": f"cards.{key_of(receiving)[1]}.balance", "before": 100, "after": 300},
    ]
    whole = await ask(gateway, "cardBalanceTransfer", transfer(giving, receiving))
    assert [whole[name]["balance"]["amountMinor"] for name in ("card", "counterpart")] == [0, 600]
    assert await broken(gateway, gateway.members[MEMBER]) == []


async def test_a_transfer_that_cant_be_is_refused(gateway: Gateway) -> None:
    card, empty = await card_in(gateway, MEMBER), await card_in(gateway, MEMBER, balance=0)
    foreign, elsewhere = await card_in(gateway, MEMBER), await card_in(gateway, OTHER)
    await put(gateway, foreign, currency="EUR")
    euros = {"amount": {"amountMinor": 5, "currency": "EUR"}}
    unknown = elsewhere.replace("Card:", "LoyaltyCard:")
    assert unknown != elsewhere
    before = await held(gateway)
    refusals = [
        (transfer(card, card), ("INVALID", "toCardId")),
        (transfer(card, elsewhere), ("INVALID", "toCardId")),
        (transfer(card, foreign), ("CURRENCY_MISMATCH", "toCardId")),
        (transfer(card, empty) | euros, ("CURRENCY_MISMATCH", "amount.currency")),
        (transfer(card, empty, 0), ("INVALID", "amount.amountMinor")),
        (transfer(card, empty, 501), ("INSUFFICIENT_BALANCE", "amount.amountMinor")),
        (transfer(empty, card), ("INSUFFICIENT_BALANCE", "fromCardId")),
        (transfer(card, empty, reason={}), ("REQUIRED", "reason.code")),
    ]
    for number, (asked, told) in enumerate(refusals, start=1):
        assert refused(await ask(gateway, "cardBalanceTransfer", asked)) == [told]
        assert grown(before, await held(gateway)) == {"audit_entries": number, "audit_heads": 0}


async def test_money_leaves_a_stolen_card_by_who_may_rescue_it(gateway: Gateway) -> None:
    stolen, card = await card_in(gateway, MEMBER, "STOLEN"), await card_in(gateway, MEMBER)
    before = await held(gateway)
    payload = await ask(gateway, "cardBalanceTransfer", transfer(stolen, card), "care_agent")
    assert refused(payload) == [("FORBIDDEN", "fromCardId")]
    assert grown(before, await held(gateway)) == REFUSED
    rescued = await ask(gateway, "cardBalanceTransfer", transfer(stolen, card))
    assert (rescued["card"]["status"], rescued["counterpart"]["balance"]["amountMinor"]) == ("STOLEN", 1_000)


async def test_what_is_left_on_a_card_is_written_off_when_it_expires(gateway: Gateway) -> None:
    card = await card_in(gateway, MEMBER)
    before = await held(gateway)
    payload = await ask(gateway, "cardExpire", {"cardId": card, "reason": {"code": "customer_request"}})
    assert (payload["card"]["status"], payload["card"]["balance"]["amountMinor"]) == ("EXPIRED", 0)
    after = await held(gateway)
    assert grown(before, after) == {"card_history": 1, "cards": 0, **KEPT}
    known = {row["id"] for row in before["card_history"]}
    (row,) = [row for row in after["card_history"] if row["id"] not in known]
    assert (row["activity"], row["amount_minor"], row["balance_after_minor"]) == ("EXPIRE", -500, 0)
    assert row["reason_code"] == "customer_request"
    empty = await card_in(gateway, MEMBER, balance=0)
    before = await held(gateway)
    assert (await ask(gateway, "cardExpire", {"cardId": empty}))["card"]["status"] == "EXPIRED"
    assert grown(before, await held(gateway)) == {"cards": 0, **KEPT}


@pytest.mark.parametrize(("support_id", "code"), [(RESTRICTED, "CUSTOMER_RESTRICTED"), (BLOCKED, "CUSTOMER_BLOCKED")])
async def test_the_restricted_and_the_blocked_get_no_money_and_may_do_the_rest(
    gateway: Gateway, support_id: str, code: str
) -> None:
    query = "query ($id: ID!) { customer(by: {id: $id}) { cards(status: [REGISTERED]) { nodes { id } } } }"
    shown = (await gateway.run(query, {"id": gateway.customer_id(support_id)})).data["customer"]["cards"]["nodes"]
    card = shown[0]["id"]
    fresh = {"customerId": gateway.customer_id(support_id), "cardNumber": new_number()}
    other = (await ask(gateway, "cardRegister", fresh))["card"]["id"]
    before = await held(gateway, support_id)
    for mutation, asked in (("cardBalanceAdjust", adjustment(card, 5)), ("cardBalanceTransfer", transfer(card, other))):
        told = "cardId" if mutation == "cardBalanceAdjust" else "fromCardId"
        assert refused(await ask(gateway, mutation, asked)) == [(code, told)]
    assert grown(before, await held(gateway, support_id)) == {"audit_entries": 2, "audit_heads": 0}
    assert (await ask(gateway, "cardBalanceAdjust", adjustment(card, -5)))["userErrors"] == []
    steps = ("cardReportLost", "cardReportStolen", "cardReportFound", "cardExpire", "cardRemove")
    reached = [(await ask(gateway, mutation, {"cardId": other}))["card"]["status"] for mutation in steps]
    assert reached == ["LOST", "REPORTED_STOLEN", "REGISTERED", "EXPIRED", "EXPIRED"]
