"""The GraphQL specification's rules for subscriptions, by section in the edition of October 2021.

The answers are written here by hand, from the specification's text.
"""

import asyncio
from typing import Any

import pytest
from graphql import GraphQLError

from gateway.errors import Refused
from gateway.execution import asked as asked_by_request
from tests.plans.specified import error
from tests.plans.streams import DOCUMENTS, Log, planned


async def answers(query: str, variables: dict[str, Any] | None = None, log: Log | None = None) -> list[Any]:
    """The answers to all events of a subscription."""
    stream = await planned(f"subscription {query}", variables, log or Log())
    return [one.formatted async for one in stream]


async def request_error(query: str, variables: dict[str, Any] | None = None) -> Any:
    """The error that a subscription has in the place of a stream."""
    with pytest.raises(GraphQLError) as raised:
        await answers(query, variables)
    return raised.value.formatted


async def refusal(query: str, variables: dict[str, Any] | None = None) -> list[str]:
    """The messages with which a subscription is refused before anything is run."""
    with pytest.raises(Refused) as raised:
        await answers(query, variables)
    return [str(one["message"]) for one in raised.value.errors]


# 5.2.3 Subscription operation definitions


@pytest.mark.parametrize(
    "query", ["{ ticks { number } own { number } }", "{ ...F } fragment F on Subscription { ticks { number } numbers }"]
)
async def test_5_2_3_1_a_subscription_has_one_root_field(query: str) -> None:
    assert await refusal(query) == ["Anonymous Subscription must select only one top level field."]


async def test_5_2_3_1_the_root_field_is_none_of_introspection() -> None:
    assert await refusal("{ __typename }") == [
        "Anonymous Subscription must not select an introspection top level field."
    ]


# 6.2.3 Subscription


async def test_6_2_3_each_event_of_the_source_is_an_answer() -> None:
    assert await answers("{ ticks(to: 3) { number } }") == [
        {"data": {"ticks": {"number": number}}} for number in (1, 2, 3)
    ]


async def test_6_2_3_a_subscription_is_not_answered_by_one_response() -> None:
    with pytest.raises(Refused) as raised:
        asked_by_request(DOCUMENTS.find("subscription { ticks { number } }").operation(None), None)
    assert [one["message"] for one in raised.value.errors] == ["A subscription can't be answered by one response."]


# 6.2.3.1 Source stream


async def test_6_2_3_1_the_arguments_of_the_root_field_are_coerced_for_its_stream() -> None:
    query = "($to: Int!, $mood: Mood) { ticks(to: $to, mood: $mood) { mood } }"
    assert await answers(query, {"to": 1.0, "mood": "SAD"}) == [{"data": {"ticks": {"mood": "SAD"}}}]


async def test_6_2_3_1_variables_that_do_not_fit_open_no_stream() -> None:
    assert await refusal("($to: Int!) { ticks(to: $to) { number } }", {"to": "two"}) == [
        "Variable '$to' has invalid value: Int cannot represent non-integer value."
    ]


async def test_6_2_3_1_an_argument_that_does_not_fit_is_an_error_of_the_request() -> None:
    assert await request_error("($to: Int = 1) { ticks(to: $to) { number } }", {"to": None}) == error(
        "Argument 'to' has invalid value: Expected variable '$to' provided to non-null type 'Int!' not to be None.",
        ["ticks"],
        41,
    )


async def test_6_2_3_1_what_the_resolver_of_the_stream_raises_is_an_error_of_the_request() -> None:
    assert await request_error("{ a: raises { number } }") == error("raised", ["a"], 16)
    assert await request_error("{ a: raisesLater { number } }") == error("raised later", ["a"], 16)


async def test_6_2_3_1_a_field_that_gives_no_stream_is_an_error_of_the_request() -> None:
    assert await request_error('{ noStream(of: "no stream") { number } }') == error(
        "Subscription field must return AsyncIterable. Received: 'no stream'.", ["noStream"], 16
    )


# 6.2.3.2 Response stream


async def test_6_2_3_2_an_event_is_the_root_that_its_selection_is_executed_on() -> None:
    assert await answers("{ own { n: number } }") == [
        {"data": {"own": {"n": 1}}},
        {"data": {"own": None}},
        {"data": {"own": {"n": 3}}},
    ]


async def test_6_2_3_2_errors_of_an_event_are_told_with_it_alone() -> None:
    assert await answers('{ firmNumbers(of: ["one", "word", "null", "one"]) }') == [
        {"data": {"firmNumbers": 1}},
        {"data": None, "errors": [error("Int cannot represent non-integer value: 'word'", ["firmNumbers"], 16)]},
        {
            "data": None,
            "errors": [
                error("Cannot return null for non-nullable field Subscription.firmNumbers.", ["firmNumbers"], 16)
            ],
        },
        {"data": {"firmNumbers": 1}},
    ]


async def test_6_2_3_2_fields_that_wait_are_waited_for_in_each_event() -> None:
    log = Log()
    found = await answers("{ ticks { later { number } loaded(key: 4) } }", log=log)
    assert found == [{"data": {"ticks": {"later": {"number": number}, "loaded": 40}}} for number in (1, 2)]
    assert log.calls == [{}, {"points.of": 1}, {"points.of": 1}]


async def test_6_2_3_2_the_stream_of_answers_ends_with_its_source() -> None:
    log = Log()
    assert (await answers("{ ticks(to: 0) { number } }", log=log), log.source) == ([], ["opened", "closed"])


async def test_6_2_3_2_an_error_of_the_source_ends_the_stream_of_answers() -> None:
    stream = await planned("subscription { breaks(after: 1) { number } }", None, Log())
    assert (await anext(stream)).formatted == {"data": {"breaks": {"number": 1}}}
    with pytest.raises(ConnectionError, match="^the source is gone$"):
        await anext(stream)
    assert [one async for one in stream] == []


# 6.2.3.3 Unsubscribe


async def test_6_2_3_3_who_leaves_ends_the_source_stream() -> None:
    log = Log()
    stream = await planned("subscription { endless { number } }", None, log)
    await anext(stream)
    await stream.aclose()
    await stream.aclose()
    assert (log.source, [one async for one in stream]) == (["opened", "closed"], [])


async def test_6_2_3_3_who_leaves_before_the_first_event_ends_the_source_stream_too() -> None:
    log = Log()
    stream = await planned("subscription { open { number } }", None, log)
    assert log.source == ["opened"]
    await stream.aclose()
    assert log.source == ["opened", "closed"]


async def test_6_2_3_3_a_stream_that_can_not_be_ended_says_so_to_who_ends_it() -> None:
    log = Log()
    stream = await planned("subscription { stubborn { number } }", None, log)
    await anext(stream)
    with pytest.raises(ConnectionError, match="^can't be closed$"):
        await stream.aclose()
    assert (log.source, [one async for one in stream]) == (["opened", "closed"], [])


async def test_6_2_3_3_who_leaves_during_an_event_is_not_kept_by_a_stream_that_can_not_be_ended() -> None:
    log = Log()
    stream = await planned("subscription { stubborn { waits } }", None, log)
    reading = asyncio.ensure_future(anext(stream))
    await asyncio.sleep(0.01)
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    assert (log.source, [held.cancelled() for held in log.waiting]) == (["opened", "closed"], [True])
