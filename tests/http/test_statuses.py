"""The status and the code of every refusal, and what a good answer looks like (GraphQL over HTTP)."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest

from datasources.errors import NotConfigured, SourceUnavailable
from gateway.keys import KeysUnavailable
from gateway.sections import VerifyingKey
from tests.http.serving import Gateway, client, told

GRAPHQL = "application/graphql-response+json"
JSON = "application/json"


class KeysDown:
    trusted_until = 0.0

    async def find(self, kid: str | None, algorithm: str) -> VerifyingKey:
        raise KeysUnavailable

    async def close(self) -> None:
        return


async def ask(gateway: Gateway, accept: str = JSON, **body: Any) -> httpx2.Response:
    async with client(gateway) as opened:
        return await opened.post("/graphql", json=body, headers={"accept": accept})


async def test_an_answer_has_data_and_the_headers_of_every_answer() -> None:
    async with client(Gateway()) as opened:
        response = await opened.post("/graphql", json={"query": "{ hello }"}, headers={"x-request-id": "abc-1"})
    assert (response.status_code, response.content) == (200, b'{"data":{"hello":"world"}}')
    assert dict(response.headers) == {
        "content-type": "application/json; charset=utf-8",
        "content-length": "26",
        "x-request-id": "abc-1",
        "x-content-type-options": "nosniff",
        "cache-control": "no-store",
        "referrer-policy": "no-referrer",
        "x-frame-options": "DENY",
    }


async def test_times_are_written_in_utc_with_a_fraction_only_where_there_is_one() -> None:
    response = await ask(Gateway(), query="{ instant fraction }")
    assert response.json() == {"data": {"instant": "2026-01-31T12:00:00Z", "fraction": "2026-01-31T12:00:00.250000Z"}}


@pytest.mark.parametrize("given", ["", "has space", "jane@example.com", "x" * 129, "a\tb"])
async def test_a_request_id_that_could_hold_anything_is_replaced(given: str) -> None:
    async with client(Gateway()) as opened:
        response = await opened.post("/graphql", json={"query": "{ hello }"}, headers={"x-request-id": given})
    assert len(response.headers["x-request-id"]) == 32
    assert given not in {"", response.headers["x-request-id"]} or given == ""


@pytest.mark.parametrize(
    ("accept", "answered"),
    [
        (None, JSON),
        ("*/*", JSON),
        ("application/*", JSON),
        (JSON, JSON),
        (GRAPHQL, GRAPHQL),
        (f"{GRAPHQL}, {JSON};q=0.9", GRAPHQL),
        (f"{GRAPHQL};charset=utf-8", GRAPHQL),
        (f"{JSON}, {GRAPHQL};q=0.9", JSON),
        ("text/html, */*;q=0.1", JSON),
    ],
)
async def test_the_media_type_is_the_one_asked_for(accept: str | None, answered: str) -> None:
    async with client(Gateway()) as opened:
        headers = {} if accept is None else {"accept": accept}
        if accept is None:
            del opened.headers["accept"]
        response = await opened.post("/graphql", json={"query": "{ hello }"}, headers=headers)
    assert (response.status_code, response.headers["content-type"]) == (200, f"{answered}; charset=utf-8")


@pytest.mark.parametrize("accept", ["text/html", f"{JSON};q=0", f"{JSON};charset=utf-16", "image/*", "nonsense"])
async def test_another_media_type_is_406(accept: str) -> None:
    gateway = Gateway()
    response = await ask(gateway, accept, query="{ hello }")
    assert (response.status_code, gateway.asked) == (406, 0)
    assert told(response) == [("BAD_REQUEST", f"Answers are {GRAPHQL} or {JSON}.")]


@pytest.mark.parametrize(
    "content_type",
    [
        "text/plain",
        "xapplication/jsonfoo",
        "application/jsonx",
        "application/graphql",
        "multipart/form-data; boundary=x",
        "application/x-www-form-urlencoded",
        "application/json; charset=utf-16",
    ],
)
async def test_another_content_type_is_415(content_type: str) -> None:
    async with client(Gateway()) as opened:
        response = await opened.post(
            "/graphql", content=b'{"query":"{ hello }"}', headers={"content-type": content_type}
        )
    assert (response.status_code, response.headers["connection"]) == (415, "close")
    assert told(response) == [("BAD_REQUEST", "The body must be application/json in UTF-8.")]


async def test_a_compressed_body_is_415() -> None:
    async with client(Gateway()) as opened:
        response = await opened.post("/graphql", json={"query": "{ hello }"}, headers={"content-encoding": "gzip"})
    assert (response.status_code, told(response)) == (415, [("BAD_REQUEST", "The body must not be compressed.")])


@pytest.mark.parametrize(
    "content_type", ["application/json", "Application/JSON; charset=UTF-8", 'application/json;charset="utf-8"']
)
async def test_json_in_utf_8_is_taken_however_it_is_spelled(content_type: str) -> None:
    async with client(Gateway()) as opened:
        response = await opened.post(
            "/graphql", content=b'{"query":"{ hello }"}', headers={"content-type": content_type}
        )
    assert response.json() == {"data": {"hello": "world"}}


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH"])
async def test_another_method_is_405(method: str) -> None:
    gateway = Gateway()
    async with client(gateway) as opened:
        response = await opened.request(method, "/graphql?query={hello}")
    assert (response.status_code, response.headers["allow"], gateway.asked) == (405, "POST", 0)


async def test_a_browser_gets_the_explorer_only_where_it_is_on() -> None:
    for explorer, status, kind in (
        (True, 200, "text/html; charset=utf-8"),
        (False, 405, "application/json; charset=utf-8"),
    ):
        async with client(Gateway(explorer=explorer), None) as opened:
            response = await opened.get("/graphql", headers={"accept": "text/html,application/xhtml+xml,*/*;q=0.8"})
        assert (response.status_code, response.headers["content-type"]) == (status, kind)


async def test_get_executes_nothing_with_the_explorer_either() -> None:
    gateway = Gateway(explorer=True)
    async with client(gateway) as opened:
        response = await opened.get("/graphql", params={"query": "{ hello }"}, headers={"accept": JSON})
    assert (response.status_code, response.headers["allow"], gateway.asked) == (405, "GET, HEAD, POST", 0)


@pytest.mark.parametrize(
    ("body", "code", "message"),
    [
        ({"query": "{ hello"}, "GRAPHQL_PARSE_FAILED", "Syntax Error: Expected Name, found <EOF>."),
        ({"query": ""}, "GRAPHQL_PARSE_FAILED", "Syntax Error: Unexpected <EOF>."),
        ({"query": "{ helo }"}, "GRAPHQL_VALIDATION_FAILED", "Cannot query field 'helo' on type 'Query'."),
        (
            {"query": "query ($n: Int!) { echo(times: $n) }", "variables": {"n": "jane"}},
            "BAD_USER_INPUT",
            "Variable '$n' has invalid value: Int cannot represent non-integer value.",
        ),
        (
            {"query": "query ($n: Int!) { echo(times: $n) }"},
            "BAD_USER_INPUT",
            "Variable '$n' has invalid value: Expected a value of non-null type 'Int!' to be provided.",
        ),
        (
            {"query": "query A { hello } query B { hello }", "operationName": "C"},
            "BAD_REQUEST",
            "The document has no operation named 'C'.",
        ),
        (
            {"query": "query A { hello } query B { hello }"},
            "BAD_REQUEST",
            "The document has not exactly one operation: name one in operationName.",
        ),
        (
            {"query": "{ self " * 12 + "{ hello }" + "}" * 12},
            "QUERY_TOO_COMPLEX",
            "The operation has more than 12 levels of fields, fragments expanded.",
        ),
    ],
)
async def test_a_request_that_can_not_be_executed_is_400_where_the_media_type_lets_statuses_speak(
    body: dict[str, Any], code: str, message: str
) -> None:
    for accept, status in ((GRAPHQL, 400), (JSON, 200)):
        response = await ask(Gateway(), accept, **body)
        assert (response.status_code, told(response)) == (status, [(code, message)])
        assert set(response.json()) == {"errors"}


async def test_an_operation_of_several_is_picked_by_its_name() -> None:
    response = await ask(Gateway(), query='query A { hello } query B { echo(text: "b") }', operationName="B")
    assert response.json() == {"data": {"echo": "b"}}


async def test_a_subscription_is_not_answered_by_one_response() -> None:
    response = await ask(Gateway(), query="subscription { ticks }")
    assert (response.status_code, told(response)) == (
        400,
        [("BAD_REQUEST", "A subscription can't be answered by one response.")],
    )


async def test_a_body_beyond_the_limit_is_413_whether_it_says_so_or_not() -> None:
    gateway = Gateway(max_body_bytes=1_024)

    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(10):
            yield b" " * 200

    async with client(gateway) as opened:
        for content in (b" " * 1_025, chunks()):
            response = await opened.post("/graphql", content=content, headers={"content-type": JSON})
            assert (response.status_code, response.headers["connection"]) == (413, "close")
            assert told(response) == [("BAD_REQUEST", "The body is longer than 1024 bytes.")]
    assert gateway.asked == 0


async def test_an_unreachable_source_of_the_program_is_503() -> None:
    gateway = Gateway()
    gateway.outage = SourceUnavailable("loyalty", "reading the program")
    response = await ask(gateway, query="{ hello }")
    assert (response.status_code, response.headers["retry-after"]) == (503, "1")
    assert response.json()["errors"] == [
        {
            "message": "reading the program: the source loyalty is not available, try again later.",
            "extensions": {"code": "SOURCE_UNAVAILABLE", "source": "loyalty", "retryable": True},
        }
    ]


async def test_a_source_without_a_program_is_503_and_not_worth_a_retry() -> None:
    gateway = Gateway()
    gateway.outage = NotConfigured("loyalty", "reading the program")
    response = await ask(gateway, query="{ hello }")
    assert response.status_code == 503
    assert response.json()["errors"][0]["extensions"] == {
        "code": "SOURCE_UNAVAILABLE",
        "source": "loyalty",
        "retryable": False,
    }


async def test_a_request_beyond_its_deadline_is_answered_with_what_is_there() -> None:
    response = await ask(Gateway(deadline_s=0.05), query="{ hello slow self { slow hello } }")
    assert (response.status_code, response.json()["data"]) == (
        200,
        {"hello": "world", "slow": None, "self": {"slow": None, "hello": "world"}},
    )
    assert [(error["path"], error["extensions"]) for error in response.json()["errors"]] == [
        (["slow"], {"code": "SOURCE_TIMEOUT", "retryable": True}),
        (["self", "slow"], {"code": "SOURCE_TIMEOUT", "retryable": True}),
    ]
    assert {message for _, message in told(response)} == {
        "The request's time was up before this was known: ask again, for a mutation with the same idempotency key."
    }


async def test_what_graphql_core_runs_beyond_its_deadline_is_504() -> None:
    response = await ask(Gateway(deadline_s=0.05), query="{ slow __schema { queryType { name } } }")
    assert (response.status_code, told(response)) == (
        504,
        [("SOURCE_TIMEOUT", "The answer took longer than 0.05 seconds.")],
    )


async def test_the_sixty_fifth_operation_at_once_is_503() -> None:
    async with client(Gateway(deadline_s=0.5)) as opened:
        responses = await asyncio.gather(*(opened.post("/graphql", json={"query": "{ slow }"}) for _ in range(65)))
        after = await opened.post("/graphql", json={"query": "{ hello }"})
    statuses = [response.status_code for response in responses]
    shed = responses[statuses.index(503)]
    assert (statuses.count(200), statuses.count(503)) == (64, 1)
    assert (shed.headers["retry-after"], told(shed)) == (
        "1",
        [("RATE_LIMITED", "The gateway is busy, try again in a second.")],
    )
    assert after.json() == {"data": {"hello": "world"}}


@pytest.mark.parametrize(("asked", "within_s"), [("60", 0.06), ("0060", 0.06), ("9999999999", 0.2)])
async def test_a_request_may_ask_for_less_time_and_not_for_more(asked: str, within_s: float) -> None:
    async with client(Gateway(deadline_s=0.2)) as opened:
        response = await opened.post(
            "/graphql",
            json={"query": "{ slow __schema { queryType { name } } }"},
            headers={"x-request-timeout-ms": asked},
        )
    assert (response.status_code, told(response)) == (
        504,
        [("SOURCE_TIMEOUT", f"The answer took longer than {within_s:g} seconds.")],
    )


@pytest.mark.parametrize("asked", ["", "0", "000", "-1", "1.5", "1e3", " 1 0", "1_0", "10s", "٣", "12345678901"])
async def test_a_time_that_is_none_is_400(asked: str) -> None:
    gateway = Gateway()
    async with client(gateway) as opened:
        response = await opened.post(
            "/graphql", json={"query": "{ hello }"}, headers={"x-request-timeout-ms": asked.encode()}
        )
    assert (response.status_code, told(response)) == (
        400,
        [("BAD_REQUEST", "X-Request-Timeout-Ms is a whole number of milliseconds, at least 1.")],
    )
    assert gateway.asked == 0


async def test_no_token_is_401_before_the_body_is_looked_at() -> None:
    gateway = Gateway()
    async with client(gateway, None) as opened:
        response = await opened.post("/graphql", content=b"{{{", headers={"content-type": JSON})
    assert (response.status_code, response.headers["www-authenticate"]) == (401, "Bearer")
    assert told(response) == [("UNAUTHENTICATED", "An Authorization header with a bearer token is needed.")]
    assert gateway.asked == 0


async def test_keys_that_can_not_be_had_are_503() -> None:
    async with client(Gateway(keys=KeysDown())) as opened:
        response = await opened.post("/graphql", json={"query": "{ hello }"})
    assert (response.status_code, response.headers["retry-after"]) == (503, "1")
    assert told(response) == [
        ("SOURCE_UNAVAILABLE", "The keys of the token's issuer are not available, try again later.")
    ]


async def test_anonymous_callers_are_let_in_where_the_settings_say_so() -> None:
    async with client(Gateway(anonymous=True), None) as opened:
        response = await opened.post("/graphql", json={"query": "{ hello }"})
    assert response.json() == {"data": {"hello": "world"}}


async def test_a_hundred_refused_tokens_close_the_door_to_their_address() -> None:
    gateway = Gateway()
    async with client(gateway, "no.token.") as opened:
        statuses = [(await opened.post("/graphql", json={"query": "{ hello }"})).status_code for _ in range(100)]
        response = await opened.post("/graphql", json={"query": "{ hello }"})
    assert statuses == [401] * 100
    assert (response.status_code, response.headers["retry-after"], gateway.asked) == (429, "1", 0)
    assert told(response) == [("RATE_LIMITED", "Too many refused tokens from this address.")]
