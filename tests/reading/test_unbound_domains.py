"""A domain without a source is told apart from one that has nothing (T6, Z12)."""

from collections.abc import AsyncIterator

import pytest

from datasources.registry import Domain
from tests.demo import Demo
from tests.harness import Caller, Gateway, opened

WITHOUT = (Domain.POINTS, Domain.LOCATIONS, Domain.TRANSACTIONS)
OF_A_CUSTOMER = """
{
  customer(by: { supportId: "CJ-000001" }) {
    transactions { totalCount }
    totalPoints
    pointAudit { totalCount }
    favoriteLocation { id }
    locations { totalCount }
    events(first: 1, filter: { types: ["purchase"] }) { nodes { details { ... on PurchaseDetails { transaction { id } } } } }
    incentives(first: 2) { nodes { kind } }
  }
  locations(first: 1) { totalCount }
}
"""
STATES = """
{
  customer(by: { supportId: "CJ-000001" }) {
    sourceStatuses { domain source state message }
    availableActions { action disabledReason }
  }
  program { capabilities }
}
"""


@pytest.fixture
async def gateway(demo: Demo) -> AsyncIterator[Gateway]:
    """A gateway over the demo program that has no source for some domains."""
    unbound = {domain.value.lower(): "none" for domain in WITHOUT}
    async with opened(demo.url, domains={"default": "main", **unbound}) as found:
        yield found


async def test_a_domain_without_a_source_is_null_and_no_error(gateway: Gateway) -> None:
    answer = await gateway.run(OF_A_CUSTOMER)
    assert answer.errors == []
    assert answer.data == {
        "customer": {
            **dict.fromkeys(("transactions", "totalPoints", "pointAudit", "favoriteLocation", "locations")),
            "events": {"nodes": [{"details": {"transaction": None}}]},
            "incentives": {"nodes": [{"kind": "OFFER"}, {"kind": "OFFER"}]},
        },
        "locations": None,
    }


async def test_statuses_actions_and_capabilities_say_so(gateway: Gateway) -> None:
    data = (await gateway.run(STATES)).data
    statuses = {status.pop("domain"): status for status in data["customer"]["sourceStatuses"]}
    said = {"source": None, "state": "NOT_CONFIGURED", "message": "The program has no source for this domain."}
    assert {name: status for name, status in statuses.items() if status["state"] != "OK"} == {
        domain.value: said for domain in WITHOUT
    }
    reasons = {action["action"]: action["disabledReason"] for action in data["customer"]["availableActions"]}
    assert reasons["pointsAdjust"] == "The program has no source for this."
    assert data["program"]["capabilities"] == [domain.value for domain in Domain if domain not in WITHOUT]


@pytest.mark.parametrize("type_", ["Transaction", "PointAuditEntry", "Location"])
async def test_its_nodes_are_not_found(gateway: Gateway, demo: Demo, type_: str) -> None:
    async with opened(demo.url) as whole:
        found = await whole.run(
            '{ customer(by: {supportId: "CJ-000001"}) { '
            "Transaction: transactions { nodes { id } } PointAuditEntry: pointAudit { nodes { id } } } "
            "Location: locations { nodes { id } } }"
        )
    listed = found.data["Location"] if type_ == "Location" else found.data["customer"][type_]
    answer = await gateway.run("query ($id: ID!) { node(id: $id) { id } }", {"id": listed["nodes"][0]["id"]})
    assert (answer.data, answer.errors) == ({"node": None}, [])


async def test_stores_bind_the_reach_without_being_shown(gateway: Gateway) -> None:
    associate = Caller("store_associate", ("367",))
    answer = await gateway.run("{ viewer { reach { kind locations { name } } } }", caller=associate)
    assert answer.data == {"viewer": {"reach": {"kind": "LOCATIONS", "locations": None}}}
    assert answer.errors == []
