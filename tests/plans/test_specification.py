"""The execution rules of the GraphQL specification, each by its section in the edition of October 2021.

The answers are written here by hand, from the specification's text.
"""

from typing import Any

import orjson
import pytest

from tests.plans.specified import Context, answer, error

# 6.2 Executing operations


async def test_6_2_1_a_query_may_resolve_its_fields_together() -> None:
    context = Context()
    assert await answer("{ slow fast }", context=context) == {"data": {"slow": 1, "fast": 2}}
    assert context.order == ["slow begins", "fast", "slow ends"]


async def test_6_2_2_mutations_run_one_after_the_other_with_all_below_them() -> None:
    context = Context()
    query = "mutation { first: change(to: 1) { theNumber afterwards } second: change(to: 3) { afterwards theNumber } }"
    assert await answer(query, context=context) == {
        "data": {"first": {"theNumber": 1, "afterwards": 1}, "second": {"afterwards": 3, "theNumber": 3}}
    }
    assert (context.order, context.number) == (["change to 1", "change to 3"], 3)


async def test_6_2_2_a_mutation_that_fails_stops_none_after_it() -> None:
    context = Context()
    query = "mutation { a: change(to: 1) { theNumber } b: refuse(to: 2) { theNumber } c: change(to: 3) { theNumber } }"
    assert await answer(query, context=context) == {
        "data": {"a": {"theNumber": 1}, "b": None, "c": {"theNumber": 3}},
        "errors": [error("refused", ["b"], 43)],
    }
    assert context.order == ["change to 1", "refuse 2", "change to 3"]


async def test_6_2_2_a_mutation_that_must_answer_nulls_the_data() -> None:
    assert await answer("mutation { a: change(to: 1) { theNumber } mustChange(to: 2) { theNumber } }") == {
        "data": None,
        "errors": [error("refused", ["mustChange"], 43)],
    }


# 6.3 Executing selection sets


async def test_6_3_the_answer_is_in_the_order_of_the_fields_whatever_arrives_first() -> None:
    found = await answer("{ slow b: fast ...F a: slow } fragment F on Query { c: slow fast }")
    assert orjson.dumps(found) == b'{"data":{"slow":1,"b":2,"c":1,"fast":2,"a":1}}'


async def test_6_3_2_fields_of_one_key_are_merged_where_they_first_stand() -> None:
    query = "{ dog { name } fast dog { nickname owner { name } } ...F } fragment F on Query { dog { owner { age } } }"
    found = await answer(query)
    assert orjson.dumps(found) == (
        b'{"data":{"dog":{"name":"Rex","nickname":null,"owner":{"name":"Ann","age":30}},"fast":2}}'
    )


async def test_6_3_2_a_field_that_is_asked_twice_is_resolved_once() -> None:
    context = Context()
    assert await answer("{ fast fast ... { fast } }", context=context) == {"data": {"fast": 2}}
    assert context.order == ["fast"]


@pytest.mark.parametrize(
    ("skip", "include", "names"),
    [(True, True, []), (True, False, []), (False, True, ["field", "inline", "spread"]), (False, False, [])],
)
async def test_6_3_2_skip_and_include_both_have_to_let_a_selection_pass(
    skip: bool, include: bool, names: list[str]
) -> None:
    query = """query ($skip: Boolean!, $include: Boolean!) {
      field: fast @skip(if: $skip) @include(if: $include)
      ... @skip(if: $skip) @include(if: $include) { inline: fast }
      ...F @skip(if: $skip) @include(if: $include)
    } fragment F on Query { spread: fast }"""
    assert await answer(query, {"skip": skip, "include": include}) == {"data": dict.fromkeys(names, 2)}


async def test_6_3_2_fragments_apply_to_the_type_its_interfaces_and_its_unions() -> None:
    query = "{ pets { ... on Pet { name } ... on Dog { nickname } ... on CatOrDog { __typename } ... on Cat { meowVolume } } }"
    assert await answer(query) == {
        "data": {
            "pets": [
                {"name": "Rex", "nickname": None, "__typename": "Dog"},
                {"name": "Tom", "__typename": "Cat", "meowVolume": 5},
                None,
                None,
            ]
        },
        "errors": [error("A row turned out to be a Fish, which is no Pet.", ["pets", 3], 3)],
    }


# 6.4.1 Coercing field arguments


@pytest.mark.parametrize(
    ("arguments", "given"),
    [
        ("", {"firm": 7, "text": "d"}),
        ("(text: null)", {"firm": 7, "text": None}),
        ("(firm: 1, int: 2)", {"firm": 1, "text": "d", "int": 2}),
        ("(float: 1)", {"firm": 7, "text": "d", "float": 1.0}),
        ("(id: 4, flag: true, command: SIT)", {"firm": 7, "text": "d", "id": "4", "flag": True, "command": "SIT"}),
        ("(list: 1)", {"firm": 7, "text": "d", "list": [1]}),
        ("(lists: [1, null, [2]])", {"firm": 7, "text": "d", "lists": [[1], None, [2]]}),
        ("(sized: {})", {"firm": 7, "text": "d", "sized": {"size": 3}}),
        ('(sized: {tags: "a"})', {"firm": 7, "text": "d", "sized": {"size": 3, "tags": ["a"]}}),
    ],
)
async def test_6_4_1_arguments_are_coerced(arguments: str, given: dict[str, Any]) -> None:
    assert await answer(f"{{ given{arguments} }}") == {"data": {"given": given}}


async def test_6_4_1_a_variable_that_is_left_out_leaves_its_argument_out() -> None:
    query = "query ($int: Int, $text: String, $firm: Int = 5) { given(int: $int, text: $text, firm: $firm) }"
    assert await answer(query) == {"data": {"given": {"text": "d", "firm": 5}}}


async def test_6_4_1_null_for_what_must_not_be_null_fails_the_field() -> None:
    query = "query ($firm: Int = 5) { fast needs(firm: $firm) }"
    assert await answer(query, {"firm": None}) == {
        "data": {"fast": 2, "needs": None},
        "errors": [
            error(
                "Argument 'firm' has invalid value: Expected variable '$firm' provided to non-null type 'Int!' not to be None.",
                ["needs"],
                43,
            )
        ],
    }


@pytest.mark.parametrize(
    ("literal", "variables", "coerced"),
    [
        ('{ a: "abc", b: 123 }', {}, {"a": "abc", "b": 123}),
        ("{ a: null, b: 123 }", {}, {"a": None, "b": 123}),
        ("{ b: 123 }", {}, {"b": 123}),
        ("{ a: $a, b: 123 }", {"a": None}, {"a": None, "b": 123}),
        ("{ a: $a, b: 123 }", {}, {"b": 123}),
        ("{ b: $b }", {"b": 123}, {"b": 123}),
        ("$v", {"v": {"b": 123}}, {"b": 123}),
    ],
)
async def test_6_4_1_input_objects_are_coerced_as_in_the_table_of_3_10(
    literal: str, variables: dict[str, Any], coerced: dict[str, Any]
) -> None:
    kinds = {"a": "$a: String", "b": "$b: Int!", "v": "$v: Example"}
    declared = ", ".join(kind for name, kind in kinds.items() if f"${name}" in literal)
    query = f"query {f'({declared})' if declared else ''} {{ given(example: {literal}) }}"
    assert await answer(query, variables) == {"data": {"given": {"firm": 7, "text": "d", "example": coerced}}}


# 6.4.2 Value resolution


async def test_6_4_2_a_field_is_resolved_for_its_object_with_its_arguments() -> None:
    assert await answer("{ dog { name sits: knows(command: SIT) lies: knows(command: DOWN) } }") == {
        "data": {"dog": {"name": "Rex", "sits": True, "lies": False}}
    }


async def test_6_4_2_typename_is_that_of_the_object() -> None:
    query = "{ __typename pet { __typename kind: __typename } either { __typename } human { __typename } }"
    assert await answer(query) == {
        "data": {
            "__typename": "Query",
            "pet": {"__typename": "Dog", "kind": "Dog"},
            "either": {"__typename": "Cat"},
            "human": {"__typename": "Human"},
        }
    }


# 6.4.3 Value completion


@pytest.mark.parametrize(
    ("field", "of", "made"),
    [
        ("int", "int", 1), ("int", "whole", 1), ("int", "text", 1), ("int", "true", 1), ("int", "null", None),
        ("float", "int", 1.0), ("float", "fraction", 1.5), ("float", "text", 1.0), ("float", "true", 1),
        ("string", "text", "1"), ("string", "int", "1"), ("string", "fraction", "1.5"), ("string", "true", "true"),
        ("boolean", "true", True), ("boolean", "int", True),
        ("id", "word", "one"), ("id", "int", "1"), ("id", "whole", "1"),
        ("enum", "SIT", "SIT"), ("enum", "null", None), ("leaf", "object", {}), ("list", "tuple", [1, 2]),
    ],
)  # fmt: skip
async def test_6_4_3_results_are_coerced(field: str, of: str, made: object) -> None:
    found = await answer(f'{{ {field}(of: "{of}") }}')
    assert orjson.dumps(found) == orjson.dumps({"data": {field: made}})


@pytest.mark.parametrize(
    ("field", "of", "message"),
    [
        ("int", "fraction", "Int cannot represent non-integer value: 1.5"),
        ("int", "large", "Int cannot represent non 32-bit signed integer value: 2147483648"),
        ("int", "word", "Int cannot represent non-integer value: 'one'"),
        ("float", "infinite", "Float cannot represent non numeric value: inf"),
        ("string", "object", "String cannot represent value: {}"),
        ("boolean", "text", "Boolean cannot represent a non boolean value: '1'"),
        ("id", "fraction", "ID cannot represent value: 1.5"),
        ("enum", "RUN", "Enum 'Command' cannot represent value: 'RUN'"),
        ("list", "int", "Expected Iterable, but did not find one for field 'Query.list'."),
        ("list", "word", "Expected Iterable, but did not find one for field 'Query.list'."),
        ("leaf", "error", "given back"),
    ],
)
async def test_6_4_3_a_result_that_can_not_be_coerced_is_a_field_error(field: str, of: str, message: str) -> None:
    assert await answer(f'{{ {field}(of: "{of}") fast }}') == {
        "data": {field: None, "fast": 2},
        "errors": [error(message, [field], 3)],
    }


# 6.4.4 Handling field errors


@pytest.mark.parametrize(
    ("field", "of", "data", "wrong"),
    [
        ("list", "good", {"list": [1, 2, 3]}, []),
        ("list", "null", {"list": None}, []),
        ("list", "holed", {"list": [1, None, 3]}, []),
        ("list", "failing", {"list": [1, None, 3]}, [["list", 1]]),
        ("firmList", "good", {"firmList": [1, 2, 3]}, []),
        ("firmList", "null", None, [["firmList"]]),
        ("firmList", "holed", {"firmList": [1, None, 3]}, []),
        ("firmList", "failing", {"firmList": [1, None, 3]}, [["firmList", 1]]),
        ("listOfFirm", "good", {"listOfFirm": [1, 2, 3]}, []),
        ("listOfFirm", "null", {"listOfFirm": None}, []),
        ("listOfFirm", "holed", {"listOfFirm": None}, [["listOfFirm", 1]]),
        ("listOfFirm", "failing", {"listOfFirm": None}, [["listOfFirm", 1]]),
        ("firmListOfFirm", "good", {"firmListOfFirm": [1, 2, 3]}, []),
        ("firmListOfFirm", "null", None, [["firmListOfFirm"]]),
        ("firmListOfFirm", "holed", None, [["firmListOfFirm", 1]]),
        ("firmListOfFirm", "failing", None, [["firmListOfFirm", 1]]),
    ],
)
async def test_6_4_4_nulls_spread_through_lists_as_in_the_table_of_3_12(
    field: str, of: str, data: dict[str, Any] | None, wrong: list[list[str | int]]
) -> None:
    found = await answer(f'{{ {field}(of: "{of}") }}')
    assert found["data"] == data
    assert [one["path"] for one in found.get("errors", [])] == wrong


async def test_6_4_4_a_null_stops_at_the_nearest_place_that_may_be_null() -> None:
    assert await answer("{ human { name friends { age } } dog { name mother { name } } lists }") == {
        "data": {
            "human": {"name": "Ann", "friends": [{"age": 30}, None]},
            "dog": None,
            "lists": [None, [2], None],
        },
        "errors": [
            error("raised", ["dog", "mother"], 45),
            error("Cannot return null for non-nullable field Query.lists.", ["lists", 0, 1], 63),
        ],
    }


async def test_6_4_4_one_error_is_told_of_what_several_made_null() -> None:
    query = "{ dog { a: mother { name } b: mother { name } } fast }"
    assert await answer(query) == {
        "data": {"dog": None, "fast": 2},
        "errors": [error("raised", ["dog", "a"], 9)],
    }


async def test_6_4_4_a_type_that_no_row_can_be_of_is_the_error_of_its_place() -> None:
    assert await answer("{ human { best { name } name } fast }") == {
        "data": {"human": None, "fast": 2},
        "errors": [error("A row turned out to be a Fish, which is no Pet.", ["human", "best"], 11)],
    }


async def test_6_4_4_where_all_from_the_root_must_not_be_null_data_is_null() -> None:
    assert await answer('{ fast firmList(of: "null") }') == {
        "data": None,
        "errors": [error("Cannot return null for non-nullable field Query.firmList.", ["firmList"], 8)],
    }
