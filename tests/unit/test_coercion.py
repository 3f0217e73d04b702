"""Variables are coerced as graphql-core coerces them, faster."""

from typing import Any

import pytest
from graphql import GraphQLInputObjectType, GraphQLNonNull, Undefined, is_input_type, type_from_ast
from graphql.language import parse_type
from graphql.utilities import coerce_input_value

from gateway.coercion import coercer
from tests.harness import schema

EVENT: dict[str, Any] = {
    "source": "till",
    "sourceEventId": "1",
    "type": "store_visit",
    "occurredAt": "2026-01-31T12:00:00+01:00",
    "customer": {"externalId": {"system": "crm", "value": "1"}},
    "attributes": {"deep": [{"a": None}]},
}


def event(**changes: Any) -> dict[str, Any]:
    return {"events": [EVENT | changes]}


def without(name: str) -> dict[str, Any]:
    return {"events": [{key: value for key, value in EVENT.items() if key != name}]}


BATCHES: list[Any] = [
    {"events": []}, {"events": None}, {}, None, [], "x", {"events": [None]}, {"events": EVENT}, {"events": [EVENT] * 3},
    event(), event(channel="SDK_IOS"), event(channel=None), event(channel="PIGEON"), event(channel=1),
    event(more=1), without("source"), without("attributes"), event(attributes=None), event(attributes=3),
    event(source=1), event(source=None), event(occurredAt="yesterday"), event(occurredAt=None),
    event(customer={}), event(customer=None), event(customer={"email": None}), event(customer={"email": "x"}),
    event(customer={"email": "A@example.com"}), event(customer={"email": "a@b.cd", "uuid": "1"}),
    event(customer={"id": 7}), event(customer={"id": 1.5}), event(customer={"externalId": {"system": "crm"}}),
]  # fmt: skip
POINTS = {"customerId": "1", "accountKey": "a", "sourceKey": "m", "direction": "ADD"}
ADJUSTMENTS: list[Any] = [
    None,
    {},
    POINTS | {"points": 2**63 - 1},
    POINTS | {"points": 2**63},
    POINTS | {"points": True},
]
FILTERS: list[Any] = [{}, {"lastName": None}, {"statusKeys": "vip"}, {"statusKeys": ["vip", None]}]
VALUES: list[Any] = [None, 1, "1", 1.0, 1.5, True, [1, None], [[1], [None], None], 2**31, []]
TYPES = ("Int", "Int!", "[Int!]!", "[[Int]]", "Boolean", "ID", "[String]")
INPUTS: list[tuple[str, Any]] = [
    *(("EventsIngestInput!", value) for value in BATCHES),
    *(("PointsAdjustInput", value) for value in ADJUSTMENTS),
    *(("CustomerFilter", value) for value in FILTERS),
    *((type_, value) for type_ in TYPES for value in VALUES),
]


@pytest.mark.parametrize(("type_", "value"), INPUTS)
def test_a_value_is_what_graphql_core_makes_of_it(type_: str, value: Any) -> None:
    found = type_from_ast(schema(), parse_type(type_))
    assert is_input_type(found)
    assert coercer(found)(value) == coerce_input_value(value, found)


def test_every_input_refuses_what_it_does_not_know_and_what_is_missing() -> None:
    inputs = [type_ for type_ in schema().type_map.values() if isinstance(type_, GraphQLInputObjectType)]
    assert len(inputs) > 50
    for type_ in inputs:
        assert coercer(GraphQLNonNull(type_))({"noSuchField": 1}) is Undefined
        assert coercer(type_)({}) == coerce_input_value({}, type_)
