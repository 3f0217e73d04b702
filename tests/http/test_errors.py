"""What a field's failure looks like to a client, and to the log."""

from typing import Any

import pytest
import structlog

from tests.http.serving import SECRET, Gateway, client


async def answer(query: str, **variables: Any) -> dict[str, Any]:
    async with client(Gateway()) as opened:
        response = await opened.post(
            "/graphql", json={"query": query, "variables": variables}, headers={"x-request-id": "r1"}
        )
    assert response.status_code == 200
    found: dict[str, Any] = response.json()
    return found


UNAVAILABLE = "is not available, try again later."


@pytest.mark.parametrize(
    ("field", "message", "extensions"),
    [
        ("denied", "This needs the scope notes:read.", {"code": "FORBIDDEN"}),
        (
            "points",
            f"reading point entries: the source loyalty {UNAVAILABLE}",
            {"code": "SOURCE_UNAVAILABLE", "source": "loyalty", "retryable": True},
        ),
        (
            "tiers",
            "reading tiers: the source loyalty did not answer in time, try again later.",
            {"code": "SOURCE_TIMEOUT", "source": "loyalty", "retryable": True},
        ),
        (
            "cards",
            "reading cards: the source cards is not set up.",
            {"code": "SOURCE_UNAVAILABLE", "source": "cards", "retryable": False},
        ),
        (
            "invalid",
            "`first` is a number from 1 to 200.",
            {"code": "BAD_USER_INPUT", "argument": "filter.first"},
        ),
        ("closed", "The exact search is not open.", {"code": "SEARCH_MODE_DISABLED"}),
        ("busy", "Too many lookups, try again later.", {"code": "RATE_LIMITED", "retryAfter": 7}),
        (
            "broken",
            "Something went wrong here; quote request id r1.",
            {"code": "INTERNAL_SERVER_ERROR"},
        ),
    ],
)
async def test_a_failed_field_is_null_and_told_at_its_path(
    field: str, message: str, extensions: dict[str, Any]
) -> None:
    found = await answer(f"{{ hello nested: self {{ {field} }} }}")
    assert found["data"] == {"hello": "world", "nested": {field: None}}
    assert found["errors"] == [
        {
            "message": message,
            "locations": [{"line": 1, "column": 24}],
            "path": ["nested", field],
            "extensions": extensions,
        }
    ]


async def test_a_null_argument_that_a_variable_brings_is_bad_user_input() -> None:
    found = await answer("query ($n: Int = 1) { hello echo(times: $n) }", n=None)
    assert found["data"] == {"hello": "world", "echo": None}
    assert found["errors"] == [
        {
            "message": "Argument 'times' has invalid value: "
            "Expected variable '$n' provided to non-null type 'Int!' not to be None.",
            "locations": [{"line": 1, "column": 41}],
            "path": ["echo"],
            "extensions": {"code": "BAD_USER_INPUT"},
        }
    ]


@pytest.mark.parametrize("field", ["leaky", "thing { id }"])
async def test_a_resolver_that_breaks_the_schema_is_a_fault_of_ours(field: str) -> None:
    found = await answer(f"{{ self {{ {field} }} }}")
    assert [error["extensions"]["code"] for error in found["errors"]] == ["INTERNAL_SERVER_ERROR"]
    assert found["errors"][0]["message"] == "Something went wrong here; quote request id r1."


async def test_every_position_that_fails_is_told_in_order() -> None:
    found = await answer("{ many(first: 3) { denied } }")
    assert [error["path"] for error in found["errors"]] == [["many", at, "denied"] for at in range(3)]
    assert "extensions" not in found


async def test_a_source_that_failed_is_summed_up_once() -> None:
    found = await answer("{ hello many(first: 3) { points } }")
    assert len(found["errors"]) == 3
    assert found["extensions"] == {
        "sources": [{"domain": "POINTS", "source": "loyalty", "code": "SOURCE_UNAVAILABLE", "retryable": True}]
    }


async def test_a_fault_is_logged_once_with_its_cause_and_without_its_words() -> None:
    with structlog.testing.capture_logs() as logs:
        found = await answer("{ many(first: 3) { broken } }")
    faults = [line for line in logs if line["event"] == "request.failed"]
    assert [(line["request_id"], line["error"], line["frames"][-1].split(":")[0]) for line in faults] == [
        ("r1", "builtins.KeyError", "http/serving.py")
    ]
    assert len(found["errors"]) == 3
    assert SECRET not in str(logs) + str(found)
    assert "jane" not in str(logs)


async def test_a_request_is_one_log_line_without_the_text_of_its_query() -> None:
    with structlog.testing.capture_logs() as logs:
        await answer(f'query {"N" * 70} {{ echo(text: "secret") denied }}')
    assert [{key: value for key, value in line.items() if key != "ms"} for line in logs] == [
        {
            "event": "request",
            "log_level": "info",
            "request_id": "r1",
            "status": 200,
            "operation": "query",
            "name": "N" * 60,
            "principal": "STAFF",
            "codes": ("FORBIDDEN",),
        }
    ]


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("{ helo }", "Cannot query field 'helo' on type 'Query'."),
        ("{ hello { x } }", "Field 'hello' must not have a selection since type 'String' has no subfields."),
        ("{ self }", "Field 'self' of type 'Query' must have a selection of subfields."),
        ("{ echo(colour: RAD) }", "Value 'RAD' does not exist in 'Colour' enum."),
        ('{ echo(times: "jane@example.com") }', "Int cannot represent non-integer value."),
        (
            '{ echo(filter: {tag: "jane@example.com"}) }',
            "Expected value of type 'Filter' to include required field 'size'.",
        ),
        (f"{{ {'h' * 200} }}", f"Cannot query field '{'h' * 59}…' on type 'Query'."),
    ],
)
async def test_a_validation_message_suggests_nothing_repeats_no_value_and_is_cut(query: str, message: str) -> None:
    found = await answer(query)
    assert [error["message"] for error in found["errors"]] == [message]


async def test_at_most_five_validation_errors_are_told() -> None:
    found = await answer("{ " + " ".join(f"a{at}" for at in range(10)) + " }")
    assert [error["message"] for error in found["errors"]] == [
        f"Cannot query field 'a{at}' on type 'Query'." for at in range(5)
    ]
