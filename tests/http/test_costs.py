"""What an operation costs is told or refused before anything is run."""

from typing import Any

import httpx2
import pytest

from gateway.errors import Code
from tests.http.serving import Gateway, client, told
from tests.unit.tokens import token

GRAPHQL = "application/graphql-response+json"
PAGES = "query Pages($n: Int) { many(first: $n) { many(first: 30) { hello } } }"
"""One root, and for each of the n again 30, each of which the small schema assumes to come in tens."""


async def ask(
    gateway: Gateway, query: str, role: str | None = "analyst", accept: str = GRAPHQL, **more: Any
) -> httpx2.Response:
    body = {"query": query, **({"variables": more.pop("variables")} if "variables" in more else {})}
    bearer = None if role is None else token(roles=[role])
    headers = {"accept": accept, **more}
    async with client(gateway, bearer) as opened:
        return await opened.post("/graphql", json=body, headers=headers)


async def priced(gateway: Gateway, query: str, role: str | None = "analyst", **more: Any) -> httpx2.Response:
    return await ask(gateway, query, role, **{"graphql-cost": "validate"}, **more)


def cost(price: float, limit: int) -> dict[str, Any]:
    return {"data": None, "extensions": {"cost": {"requestedQueryCost": price, "maximumAvailable": limit}}}


async def test_validate_answers_the_price_and_runs_nothing() -> None:
    gateway = Gateway()
    response = await priced(gateway, "{ hello self { self { hello } } points }")
    assert (response.status_code, response.json()) == (200, cost(3, 5_000))
    assert (gateway.asked, gateway.resolved) == (0, 0)


async def test_validate_runs_no_mutation() -> None:
    gateway = Gateway()
    response = await priced(gateway, 'mutation { rename(name: "x") }')
    assert (response.status_code, response.json()) == (200, cost(1, 5_000))
    assert (gateway.asked, gateway.resolved) == (0, 0)


async def test_without_the_header_an_operation_runs() -> None:
    gateway = Gateway()
    response = await ask(gateway, "{ hello }")
    assert (response.json(), gateway.asked, gateway.resolved) == ({"data": {"hello": "world"}}, 1, 1)


@pytest.mark.parametrize(("size", "price"), [(0, 1), (2, 63), (10, 311), (200, 6_201)])
async def test_validate_reckons_with_the_variables_and_refuses_no_price(size: int, price: int) -> None:
    gateway = Gateway()
    response = await priced(gateway, PAGES, variables={"n": size})
    assert (response.json(), gateway.asked) == (cost(price, 5_000), 0)


async def test_validate_refuses_variables_that_do_not_fit() -> None:
    gateway = Gateway()
    query = "query ($n: Int, $b: Boolean!) { many(first: $n) { hello } hello @skip(if: $b) }"
    response = await priced(gateway, query, variables={"n": "x", "b": 1})
    assert (response.status_code, gateway.asked) == (400, 0)
    assert [code for code, _ in told(response)] == ["BAD_USER_INPUT", "BAD_USER_INPUT"]


async def test_validate_refuses_variables_that_the_price_does_not_depend_on() -> None:
    gateway = Gateway()
    response = await priced(gateway, "query ($t: String) { echo(text: $t) }", variables={"t": 5})
    assert (response.status_code, [code for code, _ in told(response)]) == (400, ["BAD_USER_INPUT"])


async def test_of_a_variable_that_prices_and_one_that_does_not_both_faults_are_told() -> None:
    gateway = Gateway()
    query = "query ($n: Int, $t: String) { many(first: $n) { echo(text: $t) } }"
    response = await ask(gateway, query, variables={"n": "x", "t": 5})
    assert (response.status_code, gateway.asked) == (400, 0)
    assert [code for code, _ in told(response)] == ["BAD_USER_INPUT", "BAD_USER_INPUT"]


@pytest.mark.parametrize("given", ["Validate", "report", "validate, report", ""])
async def test_another_word_in_the_header_runs_nothing(given: str) -> None:
    gateway = Gateway()
    response = await ask(gateway, 'mutation { rename(name: "x") }', **{"graphql-cost": given})
    assert (response.status_code, gateway.asked, gateway.resolved) == (400, 0, 0)
    assert told(response) == [("BAD_REQUEST", "GraphQL-Cost is validate, or left out.")]


@pytest.mark.parametrize(("accept", "status"), [(GRAPHQL, 400), ("application/json", 200)])
async def test_what_costs_too_much_is_refused_with_price_and_limit_and_not_run(accept: str, status: int) -> None:
    gateway = Gateway()
    response = await ask(gateway, PAGES, accept=accept, variables={"n": 162})
    assert (response.status_code, gateway.asked, gateway.resolved) == (status, 0, 0)
    assert response.json() == {
        "errors": [
            {
                "message": "The operation costs 5,023, and at most 5,000 is allowed: ask for less, or for smaller pages.",
                "extensions": {
                    "code": Code.QUERY_TOO_COMPLEX,
                    "cost": {"requestedQueryCost": 5_023, "maximumAvailable": 5_000},
                },
            }
        ]
    }


async def test_what_costs_just_the_limit_is_run() -> None:
    gateway = Gateway(anonymous=True, stranger_max_cost=3)
    assert (await ask(gateway, "{ self { self { hello } } }", None)).json() == {
        "data": {"self": {"self": {"hello": "world"}}}
    }
    assert told(await ask(gateway, "{ self { self { self { hello } } } }", None))[0][0] == "QUERY_TOO_COMPLEX"
    assert gateway.asked == 1


@pytest.mark.parametrize(
    ("roles", "limit"),
    [
        (["admin"], 10_000),
        (["care_agent"], 5_000),
        (["service"], 5_000),
        (["member"], 1_000),
        (["member", "analyst"], 5_000),
        (["member", "admin", "analyst"], 10_000),
        (["elsewhere"], 50),
        ([], 50),
        (None, 50),
    ],
)
async def test_the_largest_limit_of_the_roles_holds_and_strangers_have_little(
    roles: list[str] | None, limit: int
) -> None:
    bearer = None if roles is None else token(roles=roles)
    async with client(Gateway(anonymous=True), bearer) as opened:
        response = await opened.post("/graphql", json={"query": "{ hello }"}, headers={"graphql-cost": "validate"})
    assert response.json() == cost(1, limit)


async def test_a_price_that_no_number_holds_is_told_as_the_largest() -> None:
    levels = "{ many(first: 2000000000) " * 6 + "{ hello" + " }" * 7
    assert (await priced(Gateway(), levels)).json() == cost(2**53 - 1, 5_000)
