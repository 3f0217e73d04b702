"""What operations of the served schema cost, reckoned by hand, and that those who need them may spend as much."""

import pytest
from graphql import FragmentDefinitionNode, GraphQLObjectType, OperationDefinitionNode, parse

from benchmarks.operations import QUERIES
from gateway.plan.cost import price_of
from gateway.plan.weights import declared, type_weight, weight
from permissions.model import STRANGER_COST
from permissions.roles import DEFAULT_COST, DEFAULT_ROLES
from schema.directives import ListSize
from tests.harness import schema

VIEWER = """{ viewer { kind id name roles scopes
  reach { kind customer { id } locations { id name } } limits { operation perOperation perDay currency } } }"""
STORE = """{ customers(first: 25) { totalCount nodes { supportId
  tiers { nodes { tier { name } progress } } cards { nodes { lastFour balance { amount } } } events(first: 3) { nodes { title } }
} } }"""


def price(text: str, **variables: object) -> float:
    document = parse(text)
    operation = next(node for node in document.definitions if isinstance(node, OperationDefinitionNode))
    fragments = {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}
    return price_of(schema(), operation, fragments).of(variables)


TIERS = 20 * 2
"""Twenty tiers of a customer, each with what the program says of it."""


def test_a_header_with_the_tier() -> None:
    assert price(QUERIES["Q1"]) == 1 + 1 + TIERS


def test_a_profile_page() -> None:
    events, audit, offers, cards, notes = 20, 20, 20 * 2, 20, 10
    assert price(QUERIES["Q2"]) == 1 + 1 + events + audit + TIERS + offers + cards + notes


def test_a_dashboard_of_fifty() -> None:
    assert price(QUERIES["Q3"]) == 1 + 50 * (1 + 5 + TIERS + 20) == 3_301


def test_a_dashboard_of_a_store() -> None:
    assert price(STORE) == 1 + 25 * (1 + TIERS + 20 + 3) == 1_601


def test_every_role_of_staff_may_ask_for_a_dashboard_and_a_member_for_a_profile_page() -> None:
    limits = {name: role.max_cost for name, role in DEFAULT_ROLES.items()}
    assert limits.pop("member") > price(QUERIES["Q2"])
    assert min(limits.values()) == DEFAULT_COST > price(QUERIES["Q3"])


def test_a_stranger_may_ask_who_they_are() -> None:
    assert price(VIEWER) <= STRANGER_COST


@pytest.mark.parametrize("count", [0, 1, 100])
def test_nodes_cost_by_how_many_ids_are_given(count: int) -> None:
    assert price("query ($ids: [ID!]!) { nodes(ids: $ids) { id } }", ids=["a"] * count) == 1 + count


@pytest.mark.parametrize("count", [0, 1, 100])
def test_entities_cost_by_how_many_representations_are_given(count: int) -> None:
    query = """query ($all: [_Any!]!) { _entities(representations: $all) {
      ... on Customer { supportId tiers(first: 9) { nodes { status } } } } }"""
    assert price(query, all=[{}] * count) == 1 + count * (1 + 9)
    literal = ", ".join(["{}"] * count)
    assert price(f"{{ _entities(representations: [{literal}]) {{ __typename }} }}") == 1 + count


def test_what_a_node_may_be_does_not_add_up() -> None:
    customer = "... on Customer { cards(first: 9) { nodes { id } } }"
    assert price(f'{{ node(id: "a") {{ id ... on Note {{ author {{ name }} }} {customer} }} }}') == 1 + 1 + 9


def test_every_mutation_weighs_10() -> None:
    mutation = schema().mutation_type
    assert mutation is not None
    assert {weight(field) for field in mutation.fields.values()} == {10}


def test_connections_and_their_parts_weigh_nothing() -> None:
    parts = [
        type_
        for name, type_ in schema().type_map.items()
        if isinstance(type_, GraphQLObjectType) and (name.endswith(("Connection", "Edge")) or name == "PageInfo")
    ]
    assert {type_weight(type_) for type_ in parts} == {0}
    assert len(parts) == 2 * 34 + 1


def test_every_connection_says_its_size() -> None:
    unsized = [
        f"{type_.name}.{name}"
        for type_ in schema().type_map.values()
        if isinstance(type_, GraphQLObjectType)
        for name, field in type_.fields.items()
        if str(field.type).rstrip("!").endswith("Connection") and declared(field, ListSize) is None
    ]
    assert unsized == []
