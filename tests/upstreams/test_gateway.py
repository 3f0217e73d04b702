"""Tickets and cards of the upstreams through the whole gateway: the answer, and what it asked of whom."""

from typing import Any

from tests.harness import Caller, Gateway
from tests.queries.asking import ask
from tests.upstreams.configs import TICKETS_OF_CUSTOMERS
from tests.upstreams.conftest import Desked, Processing
from tests.upstreams.serving import status

TICKETS = """
query ($first: Int, $after: String) {
  customer(by: { supportId: "CJ-000008" }) {
    displayName
    tickets(first: $first, after: $after) {
      totalCount
      nodes { id externalId system status type subject submittedAt updatedAt url }
      pageInfo { hasNextPage hasPreviousPage endCursor }
    }
  }
}
"""
DASHBOARD = """
{
  customers(first: 25) {
    nodes {
      supportId
      tickets(first: 1) { nodes { externalId } }
      cards { totalCount nodes { lastFour status balance { amount currency } history(first: 2) { nodes { amount { amount } } } } }
    }
  }
}
"""


async def test_tickets_are_paged_and_told_as_the_desk_has_them(gateway: Gateway, desk: Desked) -> None:
    answer = await gateway.run(TICKETS, {"first": 1}, "care_agent")
    assert (answer.errors, answer.calls) == ([], {"profiles.by_support_id": 1, "tickets.of_customers": 1})
    # The customer, and the ids that the desk knows them by.
    assert answer.statements == 2
    tickets = answer.data["customer"]["tickets"]
    (ticket,) = tickets["nodes"]
    id_, cursor = ticket.pop("id"), tickets["pageInfo"].pop("endCursor")
    assert tickets == {
        "totalCount": 8,
        "nodes": [
            {
                "externalId": "8007",
                "system": "zendesk",
                "status": "hold",
                "type": "question",
                "subject": "Order 8007 – où est-il?",
                "submittedAt": "2026-01-04T09:30:00Z",
                "updatedAt": "2026-01-04T11:45:00Z",
                "url": "https://example.zendesk.com/agent/tickets/8007",
            }
        ],
        "pageInfo": {"hasNextPage": True, "hasPreviousPage": False},
    }
    answer = await gateway.run(TICKETS, {"first": 1, "after": cursor}, "care_agent")
    assert [node["externalId"] for node in answer.data["customer"]["tickets"]["nodes"]] == ["8006"]
    node = "query ($id: ID!) { node(id: $id) { id ... on Ticket { externalId } } }"
    answer = await gateway.run(node, {"id": id_}, "care_agent")
    assert (answer.data, answer.errors) == ({"node": {"id": id_, "externalId": "8007"}}, [])
    answer = await gateway.run(node, {"id": id_}, Caller("member", customer="CJ-000009"))
    assert (answer.data, answer.told) == ({"node": None}, ["FORBIDDEN@node"])


async def test_a_page_of_customers_asks_for_all_their_cards_at_once(
    gateway: Gateway, desk: Desked, cards: Processing
) -> None:
    answer = await gateway.run(DASHBOARD)
    assert answer.errors == []
    assert answer.calls == {"profiles.search": 1, "tickets.of_customers": 1, "cards.cards": 1, "cards.history": 1}
    households = [int(node["supportId"].removeprefix("CJ-")) for node in answer.data["customers"]["nodes"]]
    assert [node["cards"]["totalCount"] for node in answer.data["customers"]["nodes"]] == [
        household % 3 for household in households
    ]
    asked = [path for path in cards.upstream.asked if path.startswith("GET /v1/cards?")]
    assert len(asked) == 1
    assert asked[0].count("customer=") == 25


async def test_what_fails_nulls_its_own_fields_and_is_summed_up(
    gateway: Gateway, desk: Desked, cards: Processing
) -> None:
    desk.upstream.fail(status(500), at="/api/v2/users/8/")
    cards.upstream.fail(status(500), at="/v1/cards")
    query = """
    {
      one: customer(by: { supportId: "CJ-000008" }) { supportId ...Kept }
      other: customer(by: { supportId: "CJ-000009" }) { supportId ...Kept }
    }
    fragment Kept on Customer { tickets(first: 1) { nodes { externalId } } cards { totalCount } notes { totalCount } }
    """
    answer = await gateway.run(query)
    assert answer.data == {
        "one": {"supportId": "CJ-000008", "tickets": None, "cards": None, "notes": {"totalCount": 3}},
        "other": {
            "supportId": "CJ-000009",
            "tickets": {"nodes": [{"externalId": "9008"}]},
            "cards": None,
            "notes": {"totalCount": 1},
        },
    }
    assert answer.told == [f"SOURCE_UNAVAILABLE@{path}" for path in ("one.tickets", "one.cards", "other.cards")]
    assert [error["extensions"] for error in answer.errors[:2]] == [
        {"code": "SOURCE_UNAVAILABLE", "source": "helpdesk", "retryable": True},
        {"code": "SOURCE_UNAVAILABLE", "source": "processor", "retryable": True},
    ]
    assert await summed_up(gateway, query) == {"TICKETS": "helpdesk", "CARDS": "processor"}


async def summed_up(gateway: Gateway, query: str) -> dict[str, str]:
    """The sources that failed, by their domain, as `extensions.sources` tells."""
    body, _ = await ask(gateway, query, {}, "admin")
    told: list[dict[str, Any]] = body["extensions"]["sources"]
    return {one["domain"]: one["source"] for one in told}


async def test_amounts_words_and_masks_are_those_of_any_card(gateway: Gateway, desk: Desked, cards: Processing) -> None:
    query = """
    {
      customer(by: { supportId: "CJ-000008" }) {
        cards(status: [STOLEN, REGISTERED]) {
          nodes { id cardNumber lastFour status expiresAt registeredAt balance { amountMinor amount currency } }
        }
        loyaltyCards { nodes { number status issuedAt } }
      }
    }
    """
    answer = await gateway.run(query, caller="care_agent")
    assert answer.errors == []
    (card,) = answer.data["customer"]["cards"]["nodes"]
    card_id = card.pop("id")
    assert card == {
        "cardNumber": "•••• 0000",
        "lastFour": "0000",
        "status": "STOLEN",
        "expiresAt": "2027-01-10T05:46:40Z",
        "registeredAt": "2025-12-06T05:46:40Z",
        "balance": {"amountMinor": 2510, "amount": "25.10", "currency": "USD"},
    }
    assert answer.data["customer"]["loyaltyCards"]["nodes"] == [
        {"number": "L0000080", "status": "ACTIVE", "issuedAt": "2025-12-01T07:00:00Z"},
        {"number": "L0000081", "status": "REPLACED", "issuedAt": "2025-11-01T07:00:00Z"},
        {"number": "L0000082", "status": "REPLACED", "issuedAt": "2025-10-01T06:00:00Z"},
    ]
    node = await gateway.run("query ($id: ID!) { node(id: $id) { ... on Card { lastFour } } }", {"id": card_id})
    assert (node.data, node.errors) == ({"node": {"lastFour": "0000"}}, [])


async def test_an_analysis_tells_the_calls_to_an_upstream(gateway: Gateway, desk: Desked) -> None:
    query = '{ customer(by: { supportId: "CJ-000008" }) { tickets(first: 2) { nodes { status } } } }'
    body, _ = await ask(gateway, query, {"x-explain": "analyze"}, "admin")
    (step,) = body["extensions"]["explain"]["steps"]
    (call,) = step["steps"][0]["calls"]
    assert (call["call"], call["source"], call["batches"][0]["keys"]) == ("tickets.of_customers", "helpdesk", 1)
    assert TICKETS_OF_CUSTOMERS["fields"].keys() <= set(call["columns"])
