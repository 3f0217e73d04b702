"""Enums as clients see them."""

from enum import Enum

from graphql import GraphQLEnumType

from schema.enums import enum
from tests.harness import schema


def test_a_description_leaves_out_which_requirement_it_comes_from() -> None:
    class Mood(Enum):
        """How it feels (B3), told in words (S-2, A10)."""

        GOOD = "GOOD"

    enum(Mood, GOOD="Good.")
    assert Mood.__strawberry_definition__.description == "How it feels, told in words."  # type: ignore[attr-defined]


def test_no_enum_of_the_schema_tells_a_requirement() -> None:
    described = {
        name: type_.description for name, type_ in schema().type_map.items() if isinstance(type_, GraphQLEnumType)
    }
    assert described["SearchMode"] == "Which of the two searches is open."
    assert described["LocationRelation"] == "How a customer is tied to a location, in the order of lists."
