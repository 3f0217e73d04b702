"""Subscriptions to the schema as it is served: scopes before the source is called, masks, and a context for each event."""

import gc
from collections import Counter
from collections.abc import AsyncIterator
from inspect import isawaitable
from typing import Any

import msgspec
import orjson
import pytest
import strawberry
from graphql import ExecutionResult, subscribe
from strawberry.schema.config import StrawberryConfig
from structlog.testing import capture_logs

from datasources.errors import SourceUnavailable
from gateway.documents import Documents
from gateway.errors import Refused, Translator
from gateway.execution import asked_of
from gateway.http import WRITTEN
from gateway.listening import listen
from gateway.plan.plan import Outcome
from gateway.sections import ServerSettings
from permissions.model import Principal
from resolvers import profiles
from resolvers.context import Context
from schema.build import served
from schema.customer import Customer
from schema.fields import argument, stream
from schema.notes import Note
from schema.query import Query
from schema.scalars import LONGEST_TEXT, SCALARS
from tests.demo import SqliteDemo
from tests.harness import REQUEST_ID, Caller, Gateway, opened
from tests.plans.comparing import told

OPENED: list[str] = []
"""The customers whom a source was asked for, as long as it is open."""


async def told_of(_root: object, context: Context, support_ids: list[str]) -> AsyncIterator[str]:
    """Events that name a customer, of whom each may be nobody."""
    if "CJ-OUTAGE" in support_ids:
        raise SourceUnavailable("main", "listening to customers")
    return _named(support_ids)


async def _named(support_ids: list[str]) -> AsyncIterator[str]:
    OPENED.extend(support_ids)
    try:
        for one in support_ids:
            yield one
    finally:
        OPENED.clear()


async def customer(event: str, context: Context, **_arguments: object) -> Any:
    return await profiles.by_support_id(context, event)


async def notes_of(_root: object, _context: Context) -> AsyncIterator[Any]:
    OPENED.append("notes")
    yield None


WHO = argument("support_ids", list[str], "Whose changes.")


@strawberry.type
class Subscription:
    changed = stream(Customer | None, told_of, WHO, requires="customers:read", shown=customer)
    named = stream(str, told_of, WHO, requires="customers:read")
    noted = stream(Note | None, notes_of, requires="customers:read")


SCHEMA = served(strawberry.Schema(query=Query, subscription=Subscription, config=StrawberryConfig(scalar_map=SCALARS)))
DOCUMENTS = Documents(SCHEMA, ServerSettings())
CHANGED = """subscription ($ids: [String!]!) { changed(supportIds: $ids) {
  supportId displayName again: displayName profile { firstName } notes(first: 1) { nodes { text } } totalPoints } }"""


class Listener:
    """A caller, and the contexts that were made for what they listened to."""

    def __init__(self, gateway: Gateway, principal: Principal) -> None:
        self._gateway, self.principal = gateway, principal
        self.contexts: list[Context] = []
        self.outage_at: int | None = None
        """The context that can't be made."""

    async def context(self) -> Context:
        if len(self.contexts) == self.outage_at:
            self.outage_at = None
            raise SourceUnavailable("main", "reading the program")
        made = await self._gateway.runtime.context(self.principal, self._gateway.now, request_id=REQUEST_ID)
        self.contexts.append(made)
        return made

    async def hears(self, query: str, **variables: Any) -> list[Any]:
        """The answers to all events. Raises Refused."""
        asked = asked_of(DOCUMENTS.find(query).operation(None), variables)
        answers = await listen(asked, self.principal, contexts=self.context, translator=Translator(REQUEST_ID))
        return [orjson.loads(orjson.dumps(one.payload, option=WRITTEN)) async for one in answers]

    async def refusal(self, query: str, **variables: Any) -> tuple[int, list[Any]]:
        """Status and errors with which a subscription is refused."""
        with pytest.raises(Refused) as raised:
            await self.hears(query, **variables)
        assert OPENED == []
        return raised.value.status, orjson.loads(orjson.dumps(raised.value.errors))


@pytest.fixture
async def gateway(sqlite_demo: SqliteDemo) -> AsyncIterator[Gateway]:
    async with opened(sqlite_demo.url) as found:
        yield found


async def listener(gateway: Gateway, role: str) -> Listener:
    return Listener(gateway, await gateway.principal(Caller(role)))


async def test_each_event_is_answered_in_a_context_of_its_own(gateway: Gateway) -> None:
    admin = await listener(gateway, "admin")
    answers = await admin.hears(CHANGED, ids=["CJ-000015", "CJ-000016", "CJ-000015", "CJ-NOBODY"])
    assert [one["data"]["changed"] and one["data"]["changed"]["supportId"] for one in answers] == [
        "CJ-000015",
        "CJ-000016",
        "CJ-000015",
        None,
    ]
    assert answers[0] == answers[2]
    whole = {"profiles.by_support_id": 1, "notes.of_customers": 1, "points.accounts": 1}
    assert [one.loaders.calls for one in admin.contexts] == [{}, whole, whole, whole, {"profiles.by_support_id": 1}]
    assert OPENED == []


FORBIDDEN = {
    "message": "This needs the scope notes:read.",
    "path": ["changed", "notes"],
    "extensions": {"code": "FORBIDDEN"},
}


async def test_what_a_caller_may_not_see_is_masked_or_null_in_every_event(gateway: Gateway) -> None:
    analyst = await listener(gateway, "analyst")
    answers = await analyst.hears(CHANGED, ids=["CJ-000015", "CJ-000016"])
    for one, support_id in zip(answers, ("CJ-000015", "CJ-000016"), strict=True):
        [error] = one["errors"]
        assert {name: error[name] for name in FORBIDDEN} == FORBIDDEN
        shown = one["data"]["changed"]
        assert (shown["displayName"], shown["profile"], shown["notes"]) == (support_id, {"firstName": "•••"}, None)
    read = {"profiles.by_support_id": 1, "points.accounts": 1}
    assert [one.loaders.calls for one in analyst.contexts] == [{}, read, read]


async def test_who_lacks_the_scope_is_refused_before_the_source_is_asked(gateway: Gateway) -> None:
    principal = await gateway.principal(Caller("analyst"))
    stranger = Listener(gateway, msgspec.structs.replace(principal, scopes=frozenset()))
    assert await stranger.refusal(CHANGED, ids=["CJ-000015"]) == (
        403,
        [
            {
                "message": "This needs the scope customers:read.",
                "locations": [{"line": 1, "column": 35}],
                "path": ["changed"],
                "extensions": {"code": "FORBIDDEN"},
            }
        ],
    )
    assert [one.loaders.calls for one in stranger.contexts] == [{}]


async def test_the_scope_of_what_is_returned_is_needed_too(gateway: Gateway) -> None:
    status, errors = await (await listener(gateway, "analyst")).refusal("subscription { noted { text } }")
    assert (status, [error["message"] for error in errors]) == (403, ["This needs the scope notes:read."])


@pytest.mark.parametrize(
    ("ids", "status", "code"),
    [(["CJ-OUTAGE"], 503, "SOURCE_UNAVAILABLE"), (["x" * (LONGEST_TEXT + 1)], 400, "BAD_USER_INPUT")],
    ids=["outage", "long text"],
)
async def test_a_source_that_does_not_open_refuses_the_subscription(
    gateway: Gateway, ids: list[str], status: int, code: str
) -> None:
    found, [error] = await (await listener(gateway, "admin")).refusal(CHANGED, ids=ids)
    assert (found, error["extensions"]["code"], error["path"]) == (status, code, ["changed"])


async def test_null_for_an_argument_that_must_not_be_null_refuses_the_subscription(gateway: Gateway) -> None:
    query = "subscription ($ids: [String!] = []) { named(supportIds: $ids) }"
    status, [error] = await (await listener(gateway, "admin")).refusal(query, ids=None)
    assert (status, error["extensions"]) == (400, {"code": "BAD_USER_INPUT"})


async def test_a_condition_that_is_null_refuses_the_subscription(gateway: Gateway) -> None:
    query = "subscription ($with: Boolean = true) { changed(supportIds: []) { supportId @include(if: $with) } }"
    admin = await listener(gateway, "admin")
    assert await admin.refusal(query, **{"with": None}) == (
        400,
        [{"message": "The condition of a `@skip` or `@include` is null.", "extensions": {"code": "BAD_USER_INPUT"}}],
    )
    assert admin.contexts == []


async def test_an_event_whose_context_fails_fails_alone(gateway: Gateway) -> None:
    admin = await listener(gateway, "admin")
    admin.outage_at = 2
    with capture_logs():
        answers = await admin.hears(
            "subscription ($ids: [String!]!) { named(supportIds: $ids) }", ids=["one", "two", "three"]
        )
    assert answers == [
        {"data": {"named": "one"}},
        {
            "data": None,
            "errors": [
                {
                    "message": "reading the program: the source main is not available, try again later.",
                    "extensions": {"code": "SOURCE_UNAVAILABLE", "source": "main", "retryable": True},
                }
            ],
        },
        {"data": {"named": "three"}},
    ]


async def test_who_leaves_closes_the_source(gateway: Gateway) -> None:
    admin = await listener(gateway, "admin")
    asked = asked_of(DOCUMENTS.find(CHANGED).operation(None), {"ids": ["CJ-000015", "CJ-000016"]})
    answers = await listen(asked, admin.principal, contexts=admin.context, translator=Translator(REQUEST_ID))
    await anext(answers)
    assert OPENED == ["CJ-000015", "CJ-000016"]
    await answers.aclose()
    assert (OPENED, len(admin.contexts)) == ([], 2)


@pytest.mark.parametrize("role", ["admin", "analyst"])
async def test_answers_are_those_of_graphql_core(gateway: Gateway, role: str) -> None:
    caller = await listener(gateway, role)
    ids = ["CJ-000015", "CJ-NOBODY", "CJ-000020"]
    stream = subscribe(
        SCHEMA,
        DOCUMENTS.find(CHANGED).operation(None).document,
        context_value=await caller.context(),
        variable_values={"ids": ids},
        hide_suggestions=True,
    )
    found = await stream if isawaitable(stream) else stream
    assert not isinstance(found, ExecutionResult)
    expected = [told(Outcome(one.data, one.errors or [])) async for one in found]
    answers = await caller.hears(CHANGED, ids=ids)
    for answer, outcome in zip(answers, expected, strict=True):
        assert orjson.dumps(answer["data"]) == outcome.data
        assert Counter(orjson.dumps(error) for error in answer.get("errors", [])) == outcome.errors


async def test_an_event_leaves_nothing_to_the_collector(gateway: Gateway) -> None:
    admin = await listener(gateway, "admin")
    asked = asked_of(DOCUMENTS.find(CHANGED).operation(None), {"ids": ["CJ-000015"] * 4})
    answers = await listen(asked, admin.principal, contexts=admin.context, translator=Translator(REQUEST_ID))
    for _ in range(2):
        await anext(answers)
    admin.contexts.clear()
    gc.collect()
    gc.disable()
    try:
        await anext(answers)
        admin.contexts.clear()
        assert gc.collect() == 0
    finally:
        gc.enable()
    await answers.aclose()
