"""Of the rows of a page, the database is asked for the columns that are read, and nothing in the answer tells."""

import json
from collections.abc import Iterator
from typing import NamedTuple

import pytest
from graphql import (
    GraphQLField,
    GraphQLNamedType,
    GraphQLObjectType,
    get_named_type,
    is_leaf_type,
    is_required_argument,
)

from datasources.offers import CustomerOfferRow, OfferRow
from datasources.points import PointAuditRow
from datasources.profiles import CustomerRow
from gateway.documents import Documents
from gateway.sections import ServerSettings
from resolvers.context import Context
from schema.fields import DEFINITION
from tests.harness import Caller, Gateway, schema
from tests.plans.comparing import both
from tests.queries.asking import ask

ANALYZE = {"x-explain": "analyze"}
CUSTOMER = "CJ-000003"
DEEPEST = 3
MEASURED = "latencyMs"


class Listed(NamedTuple):
    """A connection, and the fields around it from the root down."""

    around: tuple[str, ...]
    field: str
    node: GraphQLObjectType

    def selecting(self, what: str) -> str:
        """The query that asks the nodes for this."""
        size = "first: 25" if self.field == "customers" else "first: 3"
        query = f"{self.field}({size}) {{ nodes {{ {what} }} }}"
        for name in reversed(self.around):
            query = f"{name} {{ {query} }}"
        return f"query ($id: ID!) {{ customer(by: {{ id: $id }}) {{ id }} {query} }}"


def _connections(type_: GraphQLNamedType, around: tuple[str, ...]) -> Iterator[Listed]:
    assert isinstance(type_, GraphQLObjectType)
    for name, field in type_.fields.items():
        returned = get_named_type(field.type)
        if field.extensions[DEFINITION].paging is not None:
            assert isinstance(returned, GraphQLObjectType)
            node = get_named_type(returned.fields["nodes"].type)
            assert isinstance(node, GraphQLObjectType)
            yield Listed(around, name, node)


def _returned(type_: GraphQLNamedType, name: str) -> GraphQLNamedType:
    assert isinstance(type_, GraphQLObjectType)
    return get_named_type(type_.fields[name].type)


def _all_connections() -> Iterator[Listed]:
    """Those of the program, of a customer, and of what stands below a customer."""
    types, customer = schema().type_map, ("customer(by: { id: $id })",)
    yield from _connections(types["Query"], ())
    yield from _connections(types["Customer"], customer)
    yield from _connections(_returned(types["Customer"], "promoCodes"), (*customer, "promoCodes"))
    yield from _connections(types["Card"], (*customer, "cards", "nodes"))


def _selected(name: str, field: GraphQLField, depth: int = 1) -> str | None:
    """The field with all leaves below it; None where it can't be asked for so."""
    if name == MEASURED or any(is_required_argument(argument) for argument in field.args.values()):
        return None
    returned = get_named_type(field.type)
    if is_leaf_type(returned):
        return name
    if depth == DEEPEST or not isinstance(returned, GraphQLObjectType) or returned.name.endswith("Connection"):
        return f"{name} {{ __typename }}"
    below = (_selected(each, one, depth + 1) for each, one in returned.fields.items())
    return f"{name} {{ {' '.join(one for one in below if one)} }}"


CONNECTIONS = list(_all_connections())


@pytest.mark.parametrize("listed", CONNECTIONS, ids=[".".join((*one.around[1:], one.field)) for one in CONNECTIONS])
async def test_each_field_alone_reads_what_it_tells(listed: Listed, gateway: Gateway) -> None:
    documents, principal = Documents(schema(), ServerSettings()), await gateway.principal(Caller())

    async def context() -> Context:
        return await gateway.runtime.context(principal, gateway.now, request_id="test")

    variables = {"id": gateway.customer_id(CUSTOMER)}
    for name, field in listed.node.fields.items():
        selected = _selected(name, field)
        if selected is not None:
            expected, found = await both(documents, listed.selecting(selected), context, variables)
            assert found == expected, selected


async def columns(gateway: Gateway, query: str) -> dict[str, list[list[str]]]:
    """The columns that an operation read, by call; one list for each field that asked."""
    answer, _ = await ask(gateway, query, ANALYZE, "admin", id=gateway.customer_id(CUSTOMER))
    waiting, found = list(answer["extensions"]["explain"]["steps"]), dict[str, list[list[str]]]()
    while waiting:
        step = waiting.pop(0)
        waiting += step.get("steps", [])
        for asked in step.get("calls", ()):
            found.setdefault(asked["call"], []).append(asked["columns"])
    return found


CARD = [
    *("id", "card_number", "last_four", "kind", "status", "type", "design", "nickname", "currency"),
    *("balance_minor", "expires_at", "registered_at", "removed_at"),
]
"""All columns of a card; whose it is was known before."""


def of_customer(selected: str) -> str:
    return f"query ($id: ID!) {{ customer(by: {{ id: $id }}) {{ {selected} }} }}"


async def test_every_list_has_rows_to_tell_of(gateway: Gateway) -> None:
    empty = []
    for listed in CONNECTIONS:
        found = await gateway.run(listed.selecting("__typename"), {"id": gateway.customer_id(CUSTOMER)})
        if f'"__typename": "{listed.node.name}"' not in json.dumps(found.data):
            empty.append(listed)
    assert empty == []


KIND = "fragment Kind on PointAuditEntry { kind }"
ENTRY = ["id", "kind", "occurred_at", "reversed_by_id"]


@pytest.mark.parametrize(
    ("selected", "call", "read"),
    [
        ("tiers { nodes { status } }", "tiers.tiers", ["system_key", "status"]),
        ("tiers { totalCount }", "tiers.tiers", ["system_key"]),
        ("pointAudit { edges { cursor node { ... { status } ...Kind } } }", "points.audit", ENTRY),
        (
            "cards { nodes { balance { amount } } }",
            "cards.cards",
            ["id", "currency", "balance_minor", "registered_at"],
        ),
        ("cards { nodes { lastFour availableActions { action } } }", "cards.cards", CARD),
    ],
)
async def test_a_list_is_asked_for_what_is_read(selected: str, call: str, read: list[str], gateway: Gateway) -> None:
    query = of_customer(selected) + KIND * ("...Kind" in selected)
    assert (await columns(gateway, query))[call] == [read]


async def test_the_member_list_brings_keys_and_what_hides_the_past(gateway: Gateway) -> None:
    found = await columns(gateway, "{ customers(first: 25) { nodes { profile { email } membership { state } } } }")
    order = "first_name_key", "last_name_key"
    assert found == {"profiles.search": [["customer_id", "email", "membership_state", *order, "wrapped_key"]]}


@pytest.mark.parametrize(
    ("query", "read"),
    [
        (of_customer("version tiers { nodes { status } }"), ["version"]),
        (of_customer("profile { email }"), ["email"]),
        (of_customer("version } two: customer(by: { id: $id }) { profile { email }"), ["version", "email"]),
        (of_customer("cards { nodes { availableActions { action } } }"), []),
        ("query ($id: ID!) { node(id: $id) { ... on Customer { version } } }", None),
        (of_customer("availableActions { action }"), None),
    ],
)
async def test_a_customer_is_asked_for_what_is_read(query: str, read: list[str] | None, gateway: Gateway) -> None:
    always = {"customer_id", "membership_state", "processing", "wrapped_key"}
    (found, *again) = (await columns(gateway, query))["profiles.customers"]
    wanted = set(CustomerRow.__struct_fields__) if read is None else always.union(read)
    assert (set(found), {*map(tuple, again)} <= {()}) == (wanted, True)


async def test_selections_of_one_list_ask_for_the_same(gateway: Gateway) -> None:
    query = of_customer("a: cards { nodes { lastFour } } b: cards { nodes { nickname } }")
    read = ["id", "last_four", "nickname", "registered_at"]
    assert (await columns(gateway, query))["cards.cards"] == [read, []]
    answer = await gateway.run(query, {"id": gateway.customer_id(CUSTOMER)})
    assert answer.calls == {"profiles.customers": 1, "cards.cards": 1}


async def test_what_is_compiled_while_it_runs_asks_for_the_same_too(gateway: Gateway) -> None:
    query = """query ($id: ID!) {
        customer(by: { id: $id }) { cards { nodes { lastFour } } notes { nodes { createdAt } } }
        node(id: $id) { ...Late }
    } fragment Late on Customer { cards { nodes { nickname } } }"""
    found = await columns(gateway, query)
    assert (found["cards.cards"], found["notes.of_customers"]) == ([CARD, []], [["id", "created_at"]])
    for _ in range(2):
        answer = await gateway.run(query, {"id": gateway.customer_id(CUSTOMER)})
        assert answer.calls == {"profiles.customers": 1, "cards.cards": 1, "notes.of_customers": 1}


async def test_lists_made_of_other_lists_read_whole_rows(gateway: Gateway) -> None:
    found = await columns(
        gateway, of_customer("incentives { nodes { kind } } availableOffers { nodes { isIssuable } }")
    )
    (held,), (entries,), (available,) = (found[call] for call in ("offers.held", "points.audit", "offers.available"))
    assert (set(held), set(entries)) == (
        set(CustomerOfferRow.__struct_fields__) - {"customer_id"},
        set(PointAuditRow.__struct_fields__) - {"customer_id"},
    )
    assert available == [*OfferRow.__struct_fields__, "held", "at"]
