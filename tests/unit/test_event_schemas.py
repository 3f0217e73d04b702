"""Events are held to their type's JSON Schema; the quick check passes nothing that the validator refuses."""

from typing import Any

import pytest
from jsonschema import Draft202012Validator

from datasources.event_schemas import EventSchema

RULES: list[dict[str, Any]] = [
    {}, {"type": "string"}, {"type": "string", "maxLength": 3}, {"type": "string", "minLength": 2, "maxLength": 3},
    {"type": ["string", "null"], "maxLength": 3}, {"type": "string", "pattern": "^a.b"}, {"pattern": "b"},
    {"type": "integer"}, {"type": "integer", "minimum": 0, "maximum": 50}, {"type": "number", "minimum": 0.5},
    {"type": "number", "maximum": 2**60}, {"minimum": 1}, {"type": ["integer", "string"], "minimum": 1},
    {"type": "boolean"}, {"type": "null"}, {"type": "array"}, {"type": "object"}, {"enum": ["ab", "cd", None]},
    {"type": "string", "enum": ["ab"]}, {"type": "integer", "enum": ["ab"]}, {"type": "string", "format": "date"},
    {"enum": [1]}, {"const": 1}, {"multipleOf": 2}, {"type": "array", "items": {"type": "string"}},
    {"type": "object", "properties": {"a b": {"type": "string"}}, "required": ["a b", "other"]},
    {"type": "object", "additionalProperties": False}, {"type": ["object", "null"], "required": ["a b"]},
]  # fmt: skip
VALUES: list[Any] = [
    None, True, False, 0, 1, -1, 50, 51, 2**53, 2**63, 2**64, -(2**64), 0.4, 0.5, 1.0, 1.5, -0.5, 1e300, "", "a", "ab",
    "abc", "abcd", "a\nb", "é€é", "cd", [], ["a"], [1], {}, {"a b": "x"}, {"a b": 1, "other": 1}, {"a b": "x", "other": None},
]  # fmt: skip


@pytest.mark.parametrize("rule", RULES)
def test_a_property_is_refused_where_the_validator_refuses_it(rule: dict[str, Any]) -> None:
    document = {"type": "object", "properties": {"of a kind": rule}, "required": ["of a kind"]}
    schema, validator = EventSchema(document), Draft202012Validator(document)
    assert schema.broken({}) == ("required", ())
    for value in VALUES:
        told = {"of a kind": value, "more": value}
        error = next(validator.iter_errors(told), None)
        assert schema.broken(told) == (None if error is None else (error.validator, ("of a kind",))), value


def test_a_property_that_may_be_left_out_is_refused_only_where_it_is_told() -> None:
    schema = EventSchema({"type": "object", "properties": {"minutes": {"type": "integer"}}})
    assert [schema.broken(told) for told in ({}, {"minutes": 1}, {"minutes": None})] == [
        None,
        None,
        ("type", ("minutes",)),
    ]
