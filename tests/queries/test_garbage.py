"""A request leaves nothing to the collector of cyclic garbage, which costs more than the request where it is left much."""

import gc

import pytest

from tests.harness import Gateway

QUERIES = {
    "one": """{ customer(by: {supportId: "CJ-000015"}) { displayName totalPoints events(first: 5) { nodes { title } }
        tiers { nodes { tier { name } } } notes { nodes { text } } offers { edges { cursor } pageInfo { endCursor } } } }""",
    "many": """{ customers(first: 25) { totalCount nodes { displayName events(first: 3) { nodes { title summary } }
        cards { nodes { lastFour balance { amount } } } } } }""",
}


@pytest.mark.parametrize("name", ["one", "many"])
async def test_an_answered_request_leaves_no_cycles(name: str, gateway: Gateway) -> None:
    assert await cycles(QUERIES[name], gateway) == 0


async def cycles(query: str, gateway: Gateway) -> int:
    """How many objects each request leaves to the collector, once all that is made the first time is made: the least of
    several, as whatever else runs in the loop may leave some too."""
    for _ in range(2):
        await gateway.run(query)
    found = []
    gc.disable()
    try:
        for _ in range(5):
            gc.collect()
            await gateway.run(query)
            found.append(gc.collect())
    finally:
        gc.enable()
    return min(found)
