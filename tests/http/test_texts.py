"""Texts that no database can hold, or that are too long: refused by name before anything is read, never a fault."""

from collections.abc import AsyncIterator

import httpx2
import pytest

from gateway.app import create_app
from tests.demo import Demo
from tests.fuzz.serving import token
from tests.harness import Gateway, opened, settings

UNSTORABLE = "the text has a NUL character or half of a surrogate pair."
TOO_LONG = "a text of at most 8000 characters is expected."
HOSTILE = [
    ("a\x00b", UNSTORABLE),
    ("\ud800", UNSTORABLE),
    ("a\udc00", UNSTORABLE),
    ("x" * 8_001, TOO_LONG),
    ("x" * 10_000, TOO_LONG),
    ("x" * 6_000 + '"' + "x" * 6_000, TOO_LONG),
    ('"' * 8_001, TOO_LONG),
]


@pytest.fixture
async def gateway(sqlite_demo: Demo) -> AsyncIterator[Gateway]:
    async with opened(sqlite_demo.url) as running:
        yield running


@pytest.mark.parametrize(
    ("query", "argument", "variables"),
    [
        ("query ($t: String!) { customerLookup(value: $t) { outcome } }", "value", "t"),
        ("query ($t: ID!) { node(id: $t) { id } }", "id", "t"),
        ("query ($t: ID!) { nodes(ids: [$t]) { id } }", "ids.0", "t"),
        ("query ($t: ID!) { customer(by: {id: $t}) { id } }", "by.id", "t"),
        ("query ($t: String!) { customer(by: {supportId: $t}) { id } }", "by.supportId", "t"),
        (
            "query ($t: String!) { customer(by: {externalId: {system: $t, value: $t}}) { id } }",
            "by.externalId.system",
            "t",
        ),
        ("query ($t: String!) { customers(filter: {lastName: $t}) { nodes { id } } }", "filter.lastName", "t"),
        ("query ($t: String!) { customers(after: $t) { nodes { id } } }", "after", "t"),
        ("query ($t: String!) { tagSuggestions(prefix: $t) }", "prefix", "t"),
        ("query ($t: String!) { offers(filter: {nameContains: $t}) { totalCount } }", "filter.nameContains", "t"),
        (
            "query ($t: String!) { locations(filter: {participatesIn: $t}) { totalCount } }",
            "filter.participatesIn",
            "t",
        ),
    ],
)
async def test_a_text_that_can_not_be_held_is_refused_by_name(
    gateway: Gateway, query: str, argument: str, variables: str
) -> None:
    for hostile, reason in HOSTILE:
        answer = await gateway.run(query, {variables: hostile})
        (error,) = answer.errors
        assert error["message"] == f"`{argument}`: {reason}"
        assert error["extensions"] == {"code": "BAD_USER_INPUT", "argument": argument}
        assert answer.statements == 0


async def test_a_body_that_is_read_fast_is_held_to_the_same(sqlite_demo: Demo) -> None:
    app, query = create_app(settings(sqlite_demo.url)), "query ($t: String!) { customer(by: {supportId: $t}) { id } }"
    headers = {"authorization": f"Bearer {token('admin')}"}
    found = []
    async with (
        app.router.lifespan_context(app),
        httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://gateway", headers=headers) as client,
    ):
        for given in ("x" * 8_000, "x" * 8_001, "é" * 8_000, "é" * 8_001, '"' * 8_001):
            answer = await client.post("/graphql", json={"query": query, "variables": {"t": given}})
            found.append([error["message"] for error in answer.json().get("errors", [])])
    refused = [f"`by.supportId`: {TOO_LONG}"]
    assert found == [[], refused, [], refused, refused]


async def test_literals_are_held_to_the_same(gateway: Gateway) -> None:
    answer = await gateway.run(f'{{ customer(by: {{supportId: "{"x" * 10_000}"}}) {{ id }} }}')
    assert (answer.data, answer.told) == ({"customer": None}, ["BAD_USER_INPUT@customer"])
    assert answer.errors[0]["message"] == f"`by.supportId`: {TOO_LONG}"


async def test_in_a_representation_they_spoil_no_other(gateway: Gateway) -> None:
    good = {"__typename": "Customer", "id": gateway.customer_id("CJ-000015")}
    query = "query ($all: [_Any!]!) { _entities(representations: $all) { ... on Customer { supportId } } }"
    for hostile, _ in HOSTILE:
        bad = [{"__typename": "Customer", "uuid": hostile}, {"__typename": hostile}, {hostile: hostile}]
        answer = await gateway.run(query, {"all": [good, *bad]})
        assert answer.data == {"_entities": [{"supportId": "CJ-000015"}, None, None, None]}
        assert answer.told == [f"BAD_USER_INPUT@_entities.{index}" for index in (1, 2, 3)]


async def test_half_of_a_surrogate_pair_is_no_literal(gateway: Gateway) -> None:
    assert (await gateway.run('{ customer(by: {supportId: "\\ud800"}) { id } }')).told == ["GRAPHQL_PARSE_FAILED"]


async def test_a_text_as_long_as_may_be_is_looked_for(gateway: Gateway) -> None:
    answer = await gateway.run("query ($t: String!) { customer(by: {supportId: $t}) { id } }", {"t": "é" * 8_000})
    assert (answer.data, answer.errors) == ({"customer": None}, [])


async def test_numbers_that_no_type_holds_are_refused(gateway: Gateway) -> None:
    for first in ("2147483648", "-2147483649", "1.5"):
        told = (await gateway.run(f"{{ customers(first: {first}) {{ nodes {{ id }} }} }}")).told
        assert told == ["GRAPHQL_VALIDATION_FAILED"]
    told = (await gateway.run("query ($n: Int) { customers(first: $n) { nodes { id } } }", {"n": 2**31})).told
    assert told == ["BAD_USER_INPUT"]
