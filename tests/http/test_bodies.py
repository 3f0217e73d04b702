"""Bodies that are no request, hostile ones among them: each a refusal with its reason, none a fault of ours."""

import json
from typing import Any

import pytest
from starlette.types import Message

from gateway.bodies import Disconnected, Limits, parsed, read
from gateway.errors import Refused
from tests.http.serving import Gateway, client, told
from tests.unit.tokens import token


async def refused(body: bytes) -> tuple[int, list[tuple[str, str]]]:
    gateway = Gateway()
    async with client(gateway) as opened:
        response = await opened.post("/graphql", content=body, headers={"content-type": "application/json"})
    assert gateway.asked == 0
    return response.status_code, told(response)


def nested(depth: int) -> bytes:
    return b'{"query":"{ hello }","variables":{"a":' + b"[" * depth + b"]" * depth + b"}}"


DEEP = "The JSON is nested deeper than 32 levels."
NO_OBJECT = "The body must be a JSON object."
DIGITS = "The body has a number of more than 20 digits."


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "The body is not JSON: Expecting value at character 0."),
        (b"{", "The body is not JSON: Expecting property name enclosed in double quotes at character 1."),
        (b'{"query":"{ hello }"} x', "The body is not JSON: Extra data at character 22."),
        (b'{"query":"a\tb"}', "The body is not JSON: Invalid control character at at character 11."),
        (b"null", NO_OBJECT),
        (b"1", NO_OBJECT),
        (b'"x"', NO_OBJECT),
        (b"true", NO_OBJECT),
        (b'[{"query":"{ hello }"}]', NO_OBJECT),
        (b"{}", "The body has no query."),
        (b'{"query":null}', "The body has no query."),
        (b'{"query":1}', "query must be a string."),
        (b'{"query":"{ hello }","variables":[]}', "variables must be an object."),
        (b'{"query":"{ hello }","variables":"{}"}', "variables must be an object."),
        (b'{"query":"{ hello }","operationName":1}', "operationName must be a string."),
        (b'{"query":"{ hello }","extensions":1}', "extensions must be an object."),
        (b'{"query":"{ hello }","query":"{ self }"}', "An object of the body names a member twice."),
        (b'{"query":"{ hello }","variables":{"a":NaN}}', "NaN is not JSON."),
        (b'{"query":"{ hello }","variables":{"a":-Infinity}}', "-Infinity is not JSON."),
        (b'{"query":"{ hello }","variables":{"a":' + b"9" * 21 + b"}}", DIGITS),
        (b'{"query":"{ hello }","variables":{"a":' + b"9" * 5_000 + b"}}", DIGITS),
        (b'{"query":"{ hello }","variables":{"a":0.' + b"3" * 40 + b"}}", DIGITS),
        (b'{"query":"{ hello }","variables":{"a":-1e999}}', "The body has a number that is too large."),
        (b'{"query":"\xff"}', "The body is not UTF-8."),
        (b'{"query":"\xed\xa0\x80"}', "The body is not UTF-8."),
        ('{"query":"{ hello }"}'.encode("utf-16"), "The body is not UTF-8."),
        (
            b'\xef\xbb\xbf{"query":"{ hello }"}',
            "The body is not JSON: Unexpected UTF-8 BOM (decode using utf-8-sig) at character 0.",
        ),
        (nested(31), DEEP),
        (nested(1_000), DEEP),
        (nested(100_000), DEEP),
        (
            json.dumps({"query": "{ hello }", "variables": {"a": [0] * 5_000}}).encode(),
            "The JSON has more than 5000 values.",
        ),
    ],
)
async def test_a_body_that_is_no_request_is_400(body: bytes, message: str) -> None:
    assert await refused(body) == (400, [("BAD_REQUEST", message)])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("\\u0000", "A text of the body has a NUL character."),
        ("\\ud800", "A text of the body has half of a surrogate pair."),
        ("\\udc00\\ud800", "A text of the body has half of a surrogate pair."),
    ],
)
async def test_text_that_no_database_can_hold_is_bad_user_input(text: str, message: str) -> None:
    for member in (f'"variables":{{"a":"{text}"}}', f'"operationName":"{text}"', f'"extensions":{{"{text}":1}}'):
        body = f'{{"query":"{{ hello }}",{member}}}'.encode()
        assert await refused(body) == (400, [("BAD_USER_INPUT", message)])


@pytest.mark.parametrize(
    ("variables", "echoed"),
    [
        (b'{"t":"a\\\\u0000"}', "a\\u0000"),
        (b'{"t":"\\ud83d\\ude00"}', "😀"),
        ('{"t":"é"}'.encode(), "é"),
        (b'{"t":"' + b"x" * 1_000 + b'"}', "x" * 1_000),
    ],
)
async def test_text_that_only_resembles_it_passes(variables: bytes, echoed: str) -> None:
    body = b'{"query":"query ($t: String) { echo(text: $t) }","variables":' + variables + b"}"
    async with client(Gateway()) as opened:
        response = await opened.post("/graphql", content=body, headers={"content-type": "application/json"})
    assert response.json() == {"data": {"echo": echoed}}


async def test_what_is_within_the_limits_passes() -> None:
    for body in (nested(30), json.dumps({"query": "{ hello }", "variables": {"a": [0] * 4_990}}).encode()):
        async with client(Gateway()) as opened:
            response = await opened.post("/graphql", content=body, headers={"content-type": "application/json"})
        assert response.json() == {"data": {"hello": "world"}}


async def test_a_client_that_hangs_up_is_answered_nothing() -> None:
    async def receive() -> Message:
        return {"type": "http.disconnect"}

    with pytest.raises(Disconnected):
        await read(receive, None, 1_024)


@pytest.mark.parametrize("declared", [b"-1", b"x", b"+5", b"9" * 5_000])
async def test_a_length_that_can_not_be_is_refused_unread(declared: bytes) -> None:
    async def receive() -> Any:
        raise AssertionError

    with pytest.raises(Refused) as raised:
        await read(receive, declared, 1_024)
    assert raised.value.status == 413


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b'{"query":"{ hello }","variables":{"a":1,"a":2}}', "An object of the body names a member twice."),
        (b'{"query" : "{ hello }", "variables": {"a"\n\t :1, "b": {"a":1, "a" :2}}}', "An object of the body names a member twice."),
        (b'{"query":"{ hello }","variables":{"a":":","a":2}}', "An object of the body names a member twice."),
        (b'{"query":"{ hello }","variables":{"a":" : ","b":{"c":1,"c":[]}}}', "An object of the body names a member twice."),
        (b'{"query":"{ hello }","variables":{"a":"x","a":"\\u0022\\u0022\\u0022\\u0022"}}', "An object of the body names a member twice."),
        (b'{"query":"{ hello }","variables":{"a":123456789012345678901}}', DIGITS),
        (b'{"query":"{ hello }","variables":{"a":0.123456789012345678901}}', DIGITS),
    ],
)  # fmt: skip
async def test_what_is_read_fast_is_as_strict(body: bytes, message: str) -> None:
    assert await refused(body) == (400, [("BAD_REQUEST", message)])


def test_what_is_read_fast_is_read_alike() -> None:
    plain = {"query": "{ hello }", "variables": {"a": [1, -2.5, True, None, "é", ":", "a : b", {}], "b": 10**17}}
    body = json.dumps(plain, ensure_ascii=False).encode()
    for text in (body, body.replace(b"hello", b"\\u0068ello"), body.replace(b"10" + b"0" * 16, b"1" + b"0" * 17)):
        request = parsed(text, Limits(len(text)))
        assert (request.query, request.variables) == (plain["query"], plain["variables"])


@pytest.mark.parametrize("scopes", ["events:ingest", "transactions:ingest"])
async def test_who_sends_batches_has_limits_of_their_own(scopes: str) -> None:
    bearer = token(roles=["service"], scope=scopes)
    query = b'{"query":"{ hello }","variables":{"a":'
    fits = [
        query + b"[" * 38 + b"]" * 38 + b"}}",
        query + b"[" + b"0," * 99_000 + b"0]}}",
        query + b'"' + b"x" * 4_194_200 + b'"}}',
    ]
    async with client(Gateway(), bearer) as opened:
        for body in fits:
            response = await opened.post("/graphql", content=body, headers={"content-type": "application/json"})
            assert response.json() == {"data": {"hello": "world"}}
        for body, status, message in (
            (query + b"[" * 39 + b"]" * 39 + b"}}", 400, "The JSON is nested deeper than 40 levels."),
            (query + b"[" + b"0," * 100_000 + b"0]}}", 400, "The JSON has more than 100000 values."),
            (b" " * 4_194_305, 413, "The body is longer than 4194304 bytes."),
        ):
            response = await opened.post("/graphql", content=body, headers={"content-type": "application/json"})
            assert (response.status_code, told(response)) == (status, [("BAD_REQUEST", message)])


@pytest.mark.parametrize(
    ("variables", "fit"),
    [
        ({"a": "x" * 8_000, "b": ["y" * 8_000]}, True),
        ({"a": "x" * 8_001}, False),
        ({"x" * 8_001: 1}, False),
        ({"a": "é" * 8_000}, False),
        ({"a": 'x"'}, False),
        ({"a": 10**19}, False),
    ],
)
def test_texts_that_may_be_too_long_are_to_be_looked_at(variables: dict[str, Any], fit: bool) -> None:
    body = json.dumps({"query": "{ hello }", "variables": variables}, ensure_ascii=False).encode()
    request = parsed(body, Limits(len(body)))
    assert (request.variables, request.texts_fit) == (variables, fit)
