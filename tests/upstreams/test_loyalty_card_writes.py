"""Loyalty cards that a processor keeps, changed through the gateway."""

from typing import Any
from uuid import uuid4

from tests.harness import Gateway
from tests.upstreams.conftest import Processing
from tests.writing.doing import AUDITED, document

ANN = "CJ-000005"
LOYALTY = f"loyaltyCard {{ id number status }} {AUDITED}"


async def test_loyalty_cards_are_added_replaced_and_removed(writing: Gateway, cards: Processing) -> None:
    async def do(mutation: str, **given: Any) -> dict[str, Any]:
        key = {"idempotencyKey": uuid4().hex}
        answer = await writing.run(document(mutation, LOYALTY), {"input": key | given})
        assert answer.errors == []
        payload: dict[str, Any] = answer.data[mutation]
        again = await writing.run(document(mutation, LOYALTY), {"input": key | given})
        assert again.data[mutation] == {**payload, "replayed": True}
        return payload

    added = await do("loyaltyCardAdd", customerId=writing.customer_id(ANN), number="90 01")
    assert (added["loyaltyCard"]["number"], added["loyaltyCard"]["status"]) == ("9001", "ACTIVE")
    replaced = await do("loyaltyCardReplace", loyaltyCardId=added["loyaltyCard"]["id"], newNumber="9002")
    assert (replaced["loyaltyCard"]["number"], replaced["loyaltyCard"]["status"]) == ("9002", "ACTIVE")
    removed = await do("loyaltyCardRemove", loyaltyCardId=replaced["loyaltyCard"]["id"])
    assert (removed["loyaltyCard"]["number"], removed["loyaltyCard"]["status"]) == ("9002", "REPLACED")
    assert [one["auditEntry"]["changes"][0]["after"] for one in (added, replaced, removed)] == [
        "ACTIVE",
        "ACTIVE",
        "REPLACED",
    ]
    assert cards.state.done == 3
