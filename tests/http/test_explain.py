"""Who may have an operation explained, and that a word too many runs nothing."""

from typing import Any

import httpx2
import pytest

from tests.http.serving import Gateway, client, told
from tests.unit.tokens import token

GRAPHQL = "application/graphql-response+json"
WRITE = 'mutation { rename(name: "x") }'


async def ask(
    gateway: Gateway, query: str, word: str, role: str | None = "admin", variables: Any = None, **headers: str
) -> httpx2.Response:
    body = {"query": query, "variables": variables}
    headers = {"accept": GRAPHQL, "x-explain": word, **headers}
    async with client(gateway, None if role is None else token(roles=[role])) as opened:
        return await opened.post("/graphql", json=body, headers=headers)


def explanation(response: httpx2.Response) -> dict[str, Any]:
    found: dict[str, Any] = response.json()["extensions"]["explain"]
    return found


def outline(explained: dict[str, Any]) -> list[tuple[str, bool, float]]:
    """Path, fan-out and price of each step, from top to bottom."""
    waiting, found = explained["steps"][::-1], []
    while waiting:
        step = waiting.pop()
        waiting += step.get("steps", [])[::-1]
        found.append((".".join(step["path"]), step["fansOut"], step["price"]))
    return found


async def test_a_plan_tells_the_steps_and_runs_nothing() -> None:
    gateway = Gateway()
    query = "query ($n: Int) { many(first: $n) { twice: many(first: 3) { points } } id: __typename }"
    response = await ask(gateway, query, "plan", variables={"n": 5})
    assert (response.status_code, response.json()["data"], gateway.asked, gateway.resolved) == (200, None, 0, 0)
    assert outline(explanation(response)) == [
        ("many", False, 20),
        ("many.twice", True, 15),
        ("many.twice.points", True, 0),
    ]
    assert explanation(response)["steps"][0]["page"] == {"first": 5}
    assert explanation(response)["cost"] == {"requestedQueryCost": 21, "maximumAvailable": 10_000}


async def test_a_plan_of_a_mutation_runs_nothing() -> None:
    gateway = Gateway()
    response = await ask(gateway, WRITE, "plan")
    assert (response.json()["data"], outline(explanation(response))) == (None, [("rename", False, 0)])
    assert (gateway.asked, gateway.resolved) == (0, 0)


async def test_a_plan_is_told_beyond_the_limit_of_the_caller_and_an_analysis_refused() -> None:
    gateway = Gateway()
    query = "{ many(first: 10000) { hello } }"
    cost = {"requestedQueryCost": 10_001, "maximumAvailable": 10_000}
    assert explanation(await ask(gateway, query, "plan"))["cost"] == cost
    response = await ask(gateway, query, "analyze")
    assert (response.status_code, [code for code, _ in told(response)]) == (400, ["QUERY_TOO_COMPLEX"])
    assert (gateway.asked, gateway.resolved) == (0, 0)


async def test_an_analysis_tells_of_a_source_that_failed() -> None:
    response = await ask(Gateway(), "{ hello many(first: 2) { points } }", "analyze")
    body, found = response.json(), explanation(response)
    assert body["data"] == {"hello": "world", "many": [{"points": None}, {"points": None}]}
    assert body["extensions"]["sources"] == [
        {"domain": "POINTS", "source": "loyalty", "code": "SOURCE_UNAVAILABLE", "retryable": True}
    ]
    (points,) = found["steps"][1]["steps"]
    (asked,) = points["calls"]
    assert asked.pop("batches")[0].pop("ms") >= 0
    assert asked == {"call": "points.audit", "source": "loyalty", "loads": 2, "cached": 1, "columns": []}


async def test_an_analysis_of_what_graphql_core_runs_tells_the_calls_of_no_step() -> None:
    gateway = Gateway()
    response = await ask(gateway, "{ points __schema { queryType { name } } }", "analyze")
    assert response.json()["data"] == {"points": None, "__schema": {"queryType": {"name": "Query"}}}
    found = explanation(response)
    (asked,) = found["calls"]
    assert (found["executor"], found["steps"], asked["call"]) == ("graphql-core", [], "points.audit")
    assert [(batch["keys"], batch["rows"]) for batch in asked["batches"]] == [(1, None)]


async def test_a_mutation_is_not_analyzed_and_not_run() -> None:
    gateway = Gateway()
    response = await ask(gateway, WRITE, "analyze")
    message = "A mutation can't be analyzed, for that would run it: explain its plan."
    assert (response.status_code, told(response)) == (400, [("BAD_REQUEST", message)])
    assert (gateway.asked, gateway.resolved) == (0, 0)


@pytest.mark.parametrize("word", ["plan", "analyze"])
@pytest.mark.parametrize("query", ["{ hello }", WRITE], ids=["query", "mutation"])
@pytest.mark.parametrize("role", ["analyst", "care_agent", "member", "elsewhere"])
async def test_without_the_scope_nothing_is_explained_or_run(role: str, query: str, word: str) -> None:
    gateway = Gateway()
    response = await ask(gateway, query, word, role)
    assert (response.status_code, told(response)) == (403, [("FORBIDDEN", "This needs the scope ops:explain.")])
    assert (gateway.asked, gateway.resolved) == (0, 0)


@pytest.mark.parametrize("word", ["plan", "analyze"])
async def test_a_stranger_is_explained_nothing(word: str) -> None:
    gateway = Gateway(anonymous=True)
    response = await ask(gateway, "{ hello }", word, None)
    assert (response.status_code, told(response)) == (401, [("UNAUTHENTICATED", "This needs a token.")])
    assert (gateway.asked, gateway.resolved) == (0, 0)


@pytest.mark.parametrize("word", ["Plan", "explain", "plan, analyze", ""])
async def test_another_word_in_the_header_runs_nothing(word: str) -> None:
    gateway = Gateway()
    response = await ask(gateway, WRITE, word)
    assert (response.status_code, told(response)) == (
        400,
        [("BAD_REQUEST", "X-Explain is plan or analyze, or left out.")],
    )
    assert (gateway.asked, gateway.resolved) == (0, 0)


@pytest.mark.parametrize("word", ["plan", "analyze"])
async def test_price_and_explanation_exclude_each_other(word: str) -> None:
    gateway = Gateway()
    response = await ask(gateway, "{ hello }", word, **{"graphql-cost": "validate"})
    message = "GraphQL-Cost and X-Explain exclude each other: an explanation has the cost."
    assert (response.status_code, told(response)) == (400, [("BAD_REQUEST", message)])
    assert (gateway.asked, gateway.resolved) == (0, 0)


@pytest.mark.parametrize(("word", "counted"), [("plan", []), ("analyze", ['by="plan"'])])
async def test_what_is_explained_only_counts_as_no_execution(word: str, counted: list[str]) -> None:
    async with client(Gateway(), token(roles=["admin"])) as opened:
        await opened.post("/graphql", json={"query": "{ hello }"}, headers={"x-explain": word})
        scraped = await opened.get("/metrics")
    lines = [line for line in scraped.text.splitlines() if line.startswith("customer_graph_executions_total")]
    assert lines == [f"customer_graph_executions_total{{{by}}} 1.0" for by in counted]
