"""Approvals of a split program: each is kept beside the balance that it would change, and they are shown as one list."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.demo import Demo
from tests.harness import Gateway
from tests.splitting.programs import FOUR, drained, parted
from tests.writing import card_asking
from tests.writing.asking import adjustment, decide, refused, requested_approval
from tests.writing.card_asking import ask, card_in

MEMBER = "CJ-000015"
LIST = """query ($first: Int, $after: String, $state: ApprovalState) {
  approvals(first: $first, after: $after, state: $state) {
    totalCount pageInfo { hasNextPage hasPreviousPage endCursor } nodes { id operation state } } }"""
BALANCE = """query ($id: ID!) { customer(by: { id: $id }) {
  pointAccounts(keys: ["points"]) { balance }
  accountAudit(first: 2) { nodes { type outcome summary } } } }"""


@pytest.fixture(scope="module")
async def gateway(demo: Demo) -> AsyncIterator[Gateway]:
    """Points and cards in two databases, the audit log in a third."""
    async with parted(demo, FOUR) as opened:
        yield opened


async def listed(gateway: Gateway, **asked: Any) -> dict[str, Any]:
    """A page of the approvals."""
    answer = await gateway.run(LIST, asked)
    assert answer.errors == []
    page: dict[str, Any] = answer.data["approvals"]
    return page


async def requested(gateway: Gateway) -> tuple[str, str, str]:
    """A card, and the approvals that an adjustment of it and one of points wait for."""
    card = await card_in(gateway, MEMBER)
    payload = await ask(gateway, "cardBalanceAdjust", card_asking.adjustment(card, 6_000), "care_agent")
    assert [code for code, _ in refused(payload)] == ["APPROVAL_REQUIRED"]
    points = await requested_approval(gateway, adjustment(gateway, MEMBER, 600))
    return card, payload["approval"]["id"], points


async def test_the_list_is_one_and_is_paged_as_one(gateway: Gateway) -> None:
    before = await listed(gateway, first=200)
    _, of_card, of_points = await requested(gateway)
    whole = await listed(gateway, first=200)
    assert whole["totalCount"] == before["totalCount"] + 2
    ids = [node["id"] for node in whole["nodes"]]
    assert set(ids) - {node["id"] for node in before["nodes"]} == {of_card, of_points}
    paged, after = [], None
    for _ in ids:
        page = await listed(gateway, first=1, after=after)
        assert (page["totalCount"], page["pageInfo"]["hasPreviousPage"]) == (len(ids), after is not None)
        paged += [node["id"] for node in page["nodes"]]
        after = page["pageInfo"]["endCursor"]
        assert page["pageInfo"]["hasNextPage"] is (len(paged) < len(ids))
    assert paged == ids


async def test_an_approval_is_carried_out_where_it_is_kept_and_told_to_the_audit_log(gateway: Gateway) -> None:
    card, of_card, of_points = await requested(gateway)
    await drained(gateway)
    own = {"id": gateway.customer_id(MEMBER)}
    account = (await gateway.run(BALANCE, own)).data["customer"]["pointAccounts"][0]
    payload = await decide(gateway, "approvalApprove", of_points)
    assert (payload["userErrors"], payload["approval"]["state"]) == ([], "EXECUTED")
    payload = await decide(gateway, "approvalApprove", of_card, comment="Seen")
    assert (payload["approval"]["state"], payload["approval"]["comment"]) == ("EXECUTED", "Seen")
    await drained(gateway)
    after = (await gateway.run(BALANCE, own)).data["customer"]
    assert after["pointAccounts"] == [{"balance": account["balance"] + 600}]
    assert {(node["type"], node["outcome"]) for node in after["accountAudit"]["nodes"]} == {
        ("approvalApprove", "SUCCEEDED"),
        ("cardBalanceAdjust", "SUCCEEDED"),
    }
    moved = await gateway.run(
        "query ($id: ID!) { node(id: $id) { ... on Card { balance { amountMinor } } } }", {"id": card}
    )
    assert moved.data["node"] == {"balance": {"amountMinor": 6_500}}
    again = await decide(gateway, "approvalApprove", of_card)
    assert refused(again) == [("ALREADY_DONE", "approvalId")]


async def test_an_approval_is_rejected_where_it_is_kept(gateway: Gateway) -> None:
    _, of_card, of_points = await requested(gateway)
    for approval in (of_card, of_points):
        assert (await decide(gateway, "approvalReject", approval))["approval"]["state"] == "REJECTED"
    states = {node["id"]: node["state"] for node in (await listed(gateway, first=200))["nodes"]}
    assert (states[of_card], states[of_points]) == ("REJECTED", "REJECTED")
    await drained(gateway)
