"""What is priced only, and what is refused for its price, sends no statement to any source."""

import pytest

from tests.harness import Gateway
from tests.queries.asking import ask

PAGE = "query ($n: Int) { customers(first: $n) { nodes { supportId tiers { nodes { tier { name } } } } } }"
WRITE = """mutation ($id: ID!) { pointsAdjust(input: { customerId: $id, idempotencyKey: "priced", accountKey: "points",
  sourceKey: "manual", direction: ADD, points: 50, reason: { code: "goodwill" } }) { entry { id } } }"""


PRICED = {"graphql-cost": "validate"}


@pytest.mark.parametrize(("size", "price"), [(25, 1_026), (200, 8_201)])
async def test_a_page_is_priced_without_a_statement(gateway: Gateway, size: int, price: int) -> None:
    cost = {"requestedQueryCost": price, "maximumAvailable": 5_000}
    assert await ask(gateway, PAGE, PRICED, n=size) == ({"data": None, "extensions": {"cost": cost}}, 0)


async def test_a_mutation_is_priced_without_a_statement(gateway: Gateway) -> None:
    cost = {"requestedQueryCost": 1 + 10 + 1 + 1, "maximumAvailable": 5_000}
    answer = await ask(gateway, WRITE, PRICED, id=gateway.customer_id("CJ-000015"))
    assert answer == ({"data": None, "extensions": {"cost": cost}}, 0)


async def test_a_page_that_costs_too_much_is_refused_without_a_statement(gateway: Gateway) -> None:
    told = {
        "message": "The operation costs 8,201, and at most 5,000 is allowed: ask for less, or for smaller pages.",
        "extensions": {
            "code": "QUERY_TOO_COMPLEX",
            "cost": {"requestedQueryCost": 8_201, "maximumAvailable": 5_000},
        },
    }
    assert await ask(gateway, PAGE, {}, n=200) == ({"errors": [told]}, 0)
