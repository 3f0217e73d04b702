"""A subscription's plan gives what graphql-core's `subscribe` gives: the same answers to the same events, errors and ends."""

import asyncio

import orjson
import pytest

from gateway.errors import Refused
from permissions.model import ANONYMOUS
from tests.plans.streams import DOCUMENTS, Log, Way, asked, heard, planned, walked

WAYS = pytest.mark.parametrize("way", [planned, walked], ids=["plan", "graphql-core"])
SUBSCRIPTIONS = (
    "{ ticks { number mood __typename } }",
    "{ first: ticks(to: 3, mood: SAD) { mood n: number number } }",
    "{ firmTicks(to: 1) { number } }",
    "{ soon { number later { number later { mood } } } }",
    "{ ticks(to: 0) { number } }",
    "{ own { number } }",
    # Fields that merge, fragments, interfaces.
    "{ ticks { number } ticks { mood list { number } } ...F } fragment F on Subscription { ticks { list { mood } } }",
    "{ pets { name ... on Dog { barks } ... on Cat { lives } __typename } }",
    "{ ticks(to: 4) { pet { name ... on Cat { lives } ... on Dog { barks } } number } }",
    # Nulls in places that must not be null, at the root and below.
    '{ numbers(of: ["one", "null", "word", "large", "error", "one"]) }',
    '{ firmNumbers(of: ["one", "null", "word", "error", "one"]) }',
    "{ ticks { missing number missingFirm } }",
    "{ firmTicks { missingFirm } }",
    "{ ticks { later { missingFirm } laterFirm { number laterFirm { missingFirm } } } }",
    "{ ticks { holed list { number missingFirm } } }",
    # Resolvers that raise, at once and later, in several places of one event.
    "{ ticks { number fails a: fails later { fails } } }",
    "{ ticks { failsFirm number } }",
    "{ firmTicks { number laterFirm { failsLater } } }",
    "{ ticks { a: later { failsLater } b: later { number failsFirm } fails } }",
    # Fields that wait, and what one event loads.
    "{ ticks(to: 3) { loaded same: loaded two: loaded(key: 2) fails later { number later { mood } } } }",
    "{ ticks { list { loaded(key: 3) loaded2: loaded(key: 4) } } }",
    # Sources that break, that can't be read, and that are none.
    "{ breaks(after: 2) { number fails } }",
    "{ breaks(after: 0) { number } }",
    "{ raises { number } }",
    "{ a: raisesLater { number } }",
    "{ given { number } }",
    '{ noStream(of: "text") { number } }',
    "{ noStream(of: null) { number } }",
    "{ noneAtAll { number } }",
    "{ stumbles { number } }",
)


@pytest.mark.parametrize("query", SUBSCRIPTIONS)
async def test_each_event_is_answered_as_by_graphql_core(query: str) -> None:
    assert await heard(planned, f"subscription {query}") == await heard(walked, f"subscription {query}")


@pytest.mark.parametrize(
    "variables",
    [{}, {"to": 3}, {"to": 1, "mood": "SAD", "key": 5, "skip": True}, {"mood": None, "include": False}],
    ids=str,
)
async def test_variables_reach_the_source_and_every_event(variables: dict[str, object]) -> None:
    query = """subscription ($to: Int! = 2, $mood: Mood, $key: Int! = 1, $skip: Boolean! = false, $include: Boolean! = true) {
      ticks(to: $to, mood: $mood) {
        mood number @skip(if: $skip) loaded(key: $key) @include(if: $include) ...F @skip(if: $skip) later { number }
      } } fragment F on Tick { later { mood @include(if: $include) } }"""
    expected, found = await heard(walked, query, variables), await heard(planned, query, variables)
    assert found == expected
    assert len(found.answers) == variables.get("to", 2)


async def test_null_for_an_argument_that_must_not_be_null_gives_no_stream() -> None:
    query = "subscription ($to: Int = 2) { ticks(to: $to) { number } }"
    expected, found = await heard(walked, query, {"to": None}), await heard(planned, query, {"to": None})
    assert found == expected
    assert (len(found.refusal), found.source) == (2, [])


@pytest.mark.parametrize("directive", ["@skip(if: false)", "@include(if: true)", "@skip(if: $left)"])
@pytest.mark.parametrize("where", ["{ ticks %s { number } }", "{ ... %s { ticks { number } } }"])
async def test_the_root_field_takes_no_condition(where: str, directive: str) -> None:
    declared = "($left: Boolean!) " if "$" in directive else ""
    with pytest.raises(Refused) as raised:
        asked(f"subscription {declared}{where.replace('%s', directive)}", {"left": False})
    assert [error["message"] for error in raised.value.errors] == [
        "Anonymous Subscription must not use `@skip` or `@include` directives in the top level selection."
    ]


async def test_what_ends_before_the_first_event_has_no_answer_and_is_closed() -> None:
    found = await heard(planned, "subscription { breaks(after: 0) { number } }")
    assert (found.answers, found.ended, found.source) == (
        [],
        "ConnectionError('the source is gone')",
        ["opened", "closed"],
    )


@WAYS
async def test_a_stream_that_ended_stays_ended(way: Way) -> None:
    stream = await way("subscription { breaks(after: 1) { number } }", None, Log())
    assert [await anext(stream)] != []
    with pytest.raises(ConnectionError):
        await anext(stream)
    for _ in range(2):
        with pytest.raises(StopAsyncIteration):
            await anext(stream)


@WAYS
async def test_who_leaves_between_events_closes_the_source(way: Way) -> None:
    log = Log()
    stream = await way("subscription { endless { number } }", None, log)
    await anext(stream)
    assert log.source == ["opened"]
    await stream.aclose()  # type: ignore[attr-defined]  # both have it
    assert log.source == ["opened", "closed"]
    with pytest.raises(StopAsyncIteration):
        await anext(stream)


@WAYS
async def test_who_leaves_while_an_event_is_answered_ends_what_is_waited_for_and_the_source(way: Way) -> None:
    log = Log()
    stream = await way("subscription { endless { waits later { waits } number } }", None, log)
    reading = asyncio.ensure_future(anext(stream))
    await asyncio.sleep(0.01)
    assert [held.done() for held in log.waiting] == [False, False]
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    await asyncio.sleep(0)
    assert [held.cancelled() for held in log.waiting] == [True, True]
    assert log.source == ["opened", "closed"]
    with pytest.raises(StopAsyncIteration):
        await anext(stream)


@WAYS
async def test_who_leaves_while_nothing_happens_ends_the_source(way: Way) -> None:
    log = Log()
    stream = await way("subscription { endless { number } }", None, log)
    reading = asyncio.ensure_future(anext(stream))
    await asyncio.sleep(0)
    assert log.source == ["opened"]
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    assert log.source == ["opened", "closed"]


async def test_two_listeners_to_one_plan_share_nothing_else() -> None:
    query = "subscription { ticks(to: 4) { number loaded later { fails number } } }"
    expected = await heard(walked, query)
    first, second = await asyncio.gather(heard(planned, query), heard(planned, query))
    assert (first, second) == (expected, expected)
    assert asked(query)[1] is asked(query)[1]
    assert expected.calls == [{}] + [{"points.of": 1}] * 4


async def test_one_listener_leaves_and_the_other_hears_on() -> None:
    left, kept = Log(), Log()
    query = "subscription { endless { number loaded } }"
    first, second = await planned(query, None, left), await planned(query, None, kept)
    for stream in (first, second, second, first):
        await anext(stream)
    await first.aclose()
    assert (await anext(second)).formatted == {"data": {"endless": {"number": 3, "loaded": 30}}}
    assert (left.source, kept.source) == (["opened", "closed"], ["opened"])
    await second.aclose()


async def test_the_plan_of_a_subscription_is_held_with_its_document() -> None:
    operation = DOCUMENTS.find("subscription { ticks { number pet { name } } }").operation(None)
    values = operation.variables({})
    assert not isinstance(values, list)
    assert operation.plan(ANONYMOUS, values) is operation.plan(ANONYMOUS, values)


async def test_answers_are_in_the_order_of_the_fields_whatever_arrives_first() -> None:
    found = await heard(planned, "subscription { ticks(to: 1) { later { number } b: number loaded a: number } }")
    assert found.answers == [orjson.dumps({"data": {"ticks": {"later": {"number": 1}, "b": 1, "loaded": 10, "a": 1}}})]
