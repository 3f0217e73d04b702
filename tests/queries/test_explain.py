"""What an explanation tells of the gateway as it runs: each source call with its keys and rows, and nobody's data."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.harness import Gateway
from tests.queries.asking import ask
from tests.queries.golden import read

FOLDER = Path(__file__).parent / "operations"
README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
PLAN, ANALYZE = {"x-explain": "plan"}, {"x-explain": "analyze"}
TIER = "id tiers { nodes { tier { name } } }"
TWO = f"query ($a: ID!, $b: ID!) {{ a: customer(by: {{ id: $a }}) {{ {TIER} }} b: customer(by: {{ id: $b }}) {{ {TIER} }} }}"
WRITE = """mutation ($id: ID!) { pointsAdjust(input: { customerId: $id, idempotencyKey: "explained", accountKey: "points",
  sourceKey: "manual", direction: ADD, points: 50, reason: { code: "goodwill" } }) { entry { id reverses { id } } } }"""
ENTRIES = "query ($id: ID!) { customer(by: { id: $id }) { totalPoints pointAudit { totalCount } } }"
PERSONAL = """query ($f: CustomerFilter) { customers(first: 25, filter: $f) { nodes { displayName
  profile { firstName lastName email phone addresses { line1 postalCode } } notes { nodes { text } } } } }"""
TIER_COLUMNS = ["system_key", "tier_key", "status", "entered_at", "expires_at", "counted"]


def query(name: str) -> str:
    return read(FOLDER / f"{name}.graphql").text


def explained(answer: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = answer["extensions"]["explain"]
    return found


def steps(explanation: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Every step with those below it, without the columns that it reads; of the time, that it was told."""
    waiting = explanation["steps"][::-1]
    while waiting:
        step = waiting.pop()
        waiting += step.pop("steps", [])[::-1]
        for asked in step.get("calls", ()):
            assert bool(asked.pop("columns")) == bool(asked["batches"])
            assert all(batch.pop("ms") > 0 for batch in asked["batches"])
        yield step


def call(name: str, *batches: tuple[int | None, int], loads: int = 1, cached: int = 0) -> dict[str, Any]:
    """What was asked of a method: each batch by keys and rows, of one statement."""
    sent = [{"keys": keys, "rows": rows, "statements": 1} for keys, rows in batches]
    return {"call": name, "source": "main", "loads": loads, "cached": cached, "batches": sent}


CUSTOMER = {
    "path": ["customer"],
    "field": "Query.customer",
    "domain": "PROFILES",
    "resolver": "schema.query.customer",
    "requires": [["customers:read"]],
    "access": "GRANTED",
    "arguments": ["by"],
    "fansOut": False,
    "price": 41,
}
TIERS = {
    "path": ["customer", "tiers"],
    "field": "Customer.tiers",
    "domain": "TIERS",
    "resolver": "tiers.tiers",
    "requires": [["tiers:read"]],
    "access": "GRANTED",
    "arguments": [],
    "page": {"first": 20},
    "fansOut": False,
    "price": 40,
}


async def test_a_plan_tells_the_steps_and_sends_no_statement(gateway: Gateway) -> None:
    answer, statements = await ask(gateway, query("header"), PLAN, "admin", id=gateway.customer_id("CJ-000015"))
    told = {
        "executor": "plan",
        "cost": {"requestedQueryCost": 42, "maximumAvailable": 10_000},
        "steps": [{**CUSTOMER, "steps": [TIERS]}],
    }
    assert (answer, statements) == ({"data": None, "extensions": {"explain": told}}, 0)


async def test_an_analysis_answers_and_tells_each_call(gateway: Gateway) -> None:
    customer = gateway.customer_id("CJ-000015")
    plain, _ = await ask(gateway, query("header"), {}, "admin", id=customer)
    answer, statements = await ask(gateway, query("header"), ANALYZE, "admin", id=customer)
    found = explained(answer)
    assert (answer["data"], statements, found["ms"] > 0) == (plain["data"], 2, True)
    assert found["steps"][0]["steps"][0]["calls"][0]["columns"] == TIER_COLUMNS
    assert list(steps(found)) == [
        {**CUSTOMER, "calls": [call("profiles.customers", (1, 1))]},
        {**TIERS, "calls": [call("tiers.tiers", (1, 1))]},
    ]


async def test_what_fans_out_is_one_batch(gateway: Gateway) -> None:
    await ask(gateway, query("dashboard_list"), {}, "admin")
    answer, statements = await ask(gateway, query("dashboard_list"), ANALYZE, "admin")
    shown = [edge["node"] for edge in answer["data"]["customers"]["edges"]]
    tiers, cards = (sum(len(node[name]["edges"]) for node in shown) for name in ("tiers", "cards"))
    assert [(step["field"], step["fansOut"], step["price"], step["calls"]) for step in steps(explained(answer))] == [
        ("Query.customers", False, 3_300, [call("profiles.search", (None, 50))]),
        ("Customer.events", True, 250, [call("events.stream", (50, 250), loads=50)]),
        ("Customer.tiers", True, 2_000, [call("tiers.tiers", (50, tiers), loads=50)]),
        ("Customer.cards", True, 1_000, [call("cards.cards", (50, cards), loads=50)]),
    ]
    assert statements == 4


async def test_a_load_that_is_known_is_told_as_cached(gateway: Gateway) -> None:
    customer = gateway.customer_id("CJ-000015")
    answer, statements = await ask(gateway, TWO, ANALYZE, "admin", a=customer, b=customer)
    assert [(step["path"], step["calls"]) for step in steps(explained(answer))] == [
        (["a"], [call("profiles.customers", (1, 1))]),
        (["a", "tiers"], [call("tiers.tiers", (1, 1))]),
        (["b"], [call("profiles.customers", cached=1)]),
        (["b", "tiers"], [call("tiers.tiers", cached=1)]),
    ]
    assert statements == 2


async def test_a_batch_is_told_at_the_field_that_began_it(gateway: Gateway) -> None:
    ids = {"a": gateway.customer_id("CJ-000015"), "b": gateway.customer_id("CJ-000022")}
    answer, statements = await ask(gateway, TWO, ANALYZE, "admin", **ids)
    assert [(step["path"], step["calls"]) for step in steps(explained(answer))] == [
        (["a"], [call("profiles.customers", (2, 2))]),
        (["a", "tiers"], [call("tiers.tiers", (2, 2))]),
        (["b"], [call("profiles.customers")]),
        (["b", "tiers"], [call("tiers.tiers")]),
    ]
    assert statements == 2


async def test_a_mutation_has_a_plan_that_sends_no_statement(gateway: Gateway) -> None:
    answer, statements = await ask(gateway, WRITE, PLAN, "admin", id=gateway.customer_id("CJ-000015"))
    assert (answer["data"], statements) == (None, 0)
    assert [(step["path"], step["domain"], step["resolver"]) for step in steps(explained(answer))] == [
        (["pointsAdjust"], "POINTS", "points.adjust"),
        (["pointsAdjust", "entry"], None, "points.made_entry"),
        (["pointsAdjust", "entry", "reverses"], None, "points.reversed_entry"),
    ]


async def test_a_mutation_is_not_analyzed_and_nothing_is_stored(gateway: Gateway) -> None:
    customer = gateway.customer_id("CJ-000015")
    before, _ = await ask(gateway, ENTRIES, {}, "admin", id=customer)
    answer, statements = await ask(gateway, WRITE, ANALYZE, "admin", id=customer)
    told = {
        "message": "A mutation can't be analyzed, for that would run it: explain its plan.",
        "extensions": {"code": "BAD_REQUEST"},
    }
    assert (answer, statements) == ({"errors": [told]}, 0)
    assert (await ask(gateway, ENTRIES, {}, "admin", id=customer))[0] == before


@pytest.mark.parametrize("headers", [PLAN, ANALYZE], ids=["plan", "analyze"])
async def test_without_the_scope_nothing_is_explained_or_run(gateway: Gateway, headers: dict[str, str]) -> None:
    answer, statements = await ask(gateway, query("header"), headers, id=gateway.customer_id("CJ-000015"))
    told = {"message": "This needs the scope ops:explain.", "extensions": {"code": "FORBIDDEN"}}
    assert (answer, statements) == ({"errors": [told]}, 0)


def texts(found: Any) -> Iterator[str]:
    """Every text in an answer."""
    if isinstance(found, str):
        yield found
    elif isinstance(found, (dict, list)):
        for value in found.values() if isinstance(found, dict) else found:
            yield from texts(value)


@pytest.mark.parametrize("headers", [PLAN, ANALYZE], ids=["plan", "analyze"])
async def test_an_explanation_holds_nobodys_data(gateway: Gateway, headers: dict[str, str]) -> None:
    shown, _ = await ask(gateway, PERSONAL, {}, "admin")
    nodes = shown["data"]["customers"]["nodes"]
    first = next(node["profile"] for node in nodes if node["profile"]["email"] and node["notes"]["nodes"])
    searched = {"lastName": first["lastName"], "firstName": first["firstName"]}
    answer, _ = await ask(gateway, PERSONAL, headers, "admin", f=searched)
    told = json.dumps(explained(answer), ensure_ascii=False)
    personal = {text for text in texts(shown["data"]) if len(text) > 2}
    assert len(personal) > 100
    assert {text for text in personal if text in told} == set()
    assert [step["arguments"] for step in steps(explained(answer)) if step["path"] == ["customers"]] == [
        ["first", "filter"]
    ]


async def test_the_readme_shows_a_step_as_it_is_told(gateway: Gateway) -> None:
    said, shown = re.findall(r"Of `(\{ .+? \})`\nthe second step is:\n\n```json\n(.*?)```", README, re.DOTALL)[0]
    answer, _ = await ask(gateway, said, ANALYZE, "admin")
    step = explained(answer)["steps"][0]["steps"][0]
    (asked,), (shown_call,) = step["calls"], (written := json.loads(shown))["calls"]
    shown_call["batches"][0]["ms"] = asked["batches"][0]["ms"]
    assert step == written
