"""The rules of the GraphQL specification for requests and responses, by section in the edition of October 2021.

The answers are written here by hand, from the specification's text.
"""

from typing import Any

import orjson
import pytest

from gateway.documents import Documents
from gateway.errors import Translator
from gateway.execution import asked, execute
from gateway.sections import ServerSettings
from tests.plans.specified import SCHEMA, Context, answer, error, refusal

TWO = "query A { fast } query B { slow }"


# 6.1 Executing requests


async def test_6_1_the_only_operation_needs_no_name() -> None:
    assert await answer("query A { fast }") == {"data": {"fast": 2}}


async def test_6_1_an_operation_is_found_by_its_name() -> None:
    assert await answer(TWO, name="B") == {"data": {"slow": 1}}


async def test_6_1_one_of_several_has_to_be_named() -> None:
    assert await refusal(TWO) == ["The document has not exactly one operation: name one in operationName."]


async def test_6_1_an_unknown_name_is_refused() -> None:
    assert await refusal(TWO, name="C") == ["The document has no operation named 'C'."]


async def test_6_1_1_only_valid_requests_are_executed() -> None:
    assert await refusal("{ fast nope }") == ["Cannot query field 'nope' on type 'Query'."]


# 6.1.2 Coercing variable values


@pytest.mark.parametrize(
    ("variables", "given"),
    [
        ({}, {"firm": 7, "text": "v"}),
        ({"int": None, "text": None}, {"firm": 7, "int": None, "text": None}),
        ({"int": 1, "text": "t"}, {"firm": 7, "int": 1, "text": "t"}),
        ({"int": 1.0}, {"firm": 7, "int": 1, "text": "v"}),
    ],
    ids=["left out", "null", "given", "whole"],
)
async def test_6_1_2_defaults_take_the_place_of_what_is_left_out_alone(
    variables: dict[str, Any], given: dict[str, Any]
) -> None:
    query = 'query ($int: Int, $text: String = "v") { given(int: $int, text: $text) }'
    assert await answer(query, variables) == {"data": {"given": given}}


@pytest.mark.parametrize(
    ("type_", "variables", "message"),
    [
        ("Int!", {}, "Variable '$v' has invalid value: Expected a value of non-null type 'Int!' to be provided."),
        (
            "Int!",
            {"v": None},
            "Variable '$v' has invalid value: Expected value of non-null type 'Int!' not to be None.",
        ),
        ("Int", {"v": "1"}, "Variable '$v' has invalid value: Int cannot represent non-integer value."),
        ("Int", {"v": 1.5}, "Variable '$v' has invalid value: Int cannot represent non-integer value."),
        ("Int", {"v": True}, "Variable '$v' has invalid value: Int cannot represent non-integer value."),
    ],
    ids=["left out", "null", "text", "fraction", "truth"],
)
async def test_6_1_2_what_does_not_fit_ends_the_request(type_: str, variables: dict[str, Any], message: str) -> None:
    assert await refusal(f"query ($v: {type_}) {{ given(int: $v) }}", variables) == [message]


@pytest.mark.parametrize(
    ("value", "coerced"),
    [([1, 2, 3], [1, 2, 3]), (1, [1]), (None, None), ([1, None], [1, None]), ([], [])],
    ids=str,
)
async def test_6_1_2_one_item_becomes_a_list(value: object, coerced: object) -> None:
    query = "query ($v: [Int]) { given(list: $v) }"
    assert await answer(query, {"v": value}) == {"data": {"given": {"firm": 7, "text": "d", "list": coerced}}}


@pytest.mark.parametrize(
    ("value", "coerced"), [([[1], [2, 3]], [[1], [2, 3]]), ([1, 2], [[1], [2]]), (1, [[1]])], ids=str
)
async def test_6_1_2_one_item_becomes_a_list_at_each_level(value: object, coerced: object) -> None:
    query = "query ($v: [[Int]]) { given(lists: $v) }"
    assert await answer(query, {"v": value}) == {"data": {"given": {"firm": 7, "text": "d", "lists": coerced}}}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            {"a": "abc"},
            "Variable '$v' has invalid value: Expected value of type 'Example' to include required field 'b'.",
        ),
        (
            {"b": 1, "c": 2},
            "Variable '$v' has invalid value: Expected value of type 'Example' not to include unknown field 'c'.",
        ),
        ({"b": None}, "Variable '$v' has invalid value at .b: Expected value of non-null type 'Int!' not to be None."),
    ],
)
async def test_6_1_2_an_input_object_has_what_it_must_have(given: dict[str, Any], message: str) -> None:
    [found] = await refusal("query ($v: Example) { given(example: $v) }", {"v": given})
    assert found == message


# 7.1 Response format


async def served(query: str, variables: dict[str, Any] | None = None) -> bytes:
    """The body of an answer."""
    made = asked(Documents(SCHEMA, ServerSettings()).find(query).operation(None), variables)
    found = await execute(made, Context(), Translator("r"))
    assert found.is_planned
    return orjson.dumps(found.payload)


async def test_7_1_an_answer_without_errors_has_no_errors() -> None:
    assert await served("{ fast pet { name } }") == b'{"data":{"fast":2,"pet":{"name":"Rex"}}}'


async def test_7_1_data_and_errors_stand_beside_each_other() -> None:
    assert orjson.loads(await served("{ dog { name sad: mother { name } } lists }")) == {
        "data": {"dog": None, "lists": [None, [2], None]},
        "errors": [
            {
                "message": "Something went wrong here; quote request id r.",
                "locations": [{"line": 1, "column": 14}],
                "path": ["dog", "sad"],
                "extensions": {"code": "INTERNAL_SERVER_ERROR"},
            },
            {
                "message": "Something went wrong here; quote request id r.",
                "locations": [{"line": 1, "column": 37}],
                "path": ["lists", 0, 1],
                "extensions": {"code": "INTERNAL_SERVER_ERROR"},
            },
        ],
    }


async def test_7_1_2_the_path_names_aliases_and_places_in_lists() -> None:
    query = "{\n  all: pets {\n    __typename\n  }\n}"
    assert await answer(query) == {
        "data": {"all": [{"__typename": "Dog"}, {"__typename": "Cat"}, None, None]},
        "errors": [error("A row turned out to be a Fish, which is no Pet.", ["all", 3], 3, line=2)],
    }


async def test_7_1_2_an_error_of_a_merged_field_stands_at_all_of_its_places() -> None:
    found = await answer('{ int(of: "word") int(of: "word") }')
    assert found["errors"][0]["locations"] == [{"line": 1, "column": 3}, {"line": 1, "column": 19}]
