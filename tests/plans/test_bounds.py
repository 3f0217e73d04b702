"""What documents and plans take is bounded, whoever sends whatever, and what asks for too much is refused before it costs."""

import asyncio
import gc
import sys
from typing import Any

import pytest
from graphql import parse, validate

from benchmarks.compiling import principal
from benchmarks.operations import QUERIES
from gateway import documents
from gateway.documents import (
    DOCUMENT_BYTES,
    HELD_BYTES,
    MAX_COMPILED,
    PRICED_BYTES,
    TEXTS,
    TOKEN_BYTES,
    Document,
    Documents,
)
from gateway.errors import Refused, Translator
from gateway.execution import asked, execute
from gateway.plan.arguments import NO_VARIABLES
from gateway.plan.compiling import Compiler
from gateway.plan.operation import FIELD_BYTES, PLAN_BYTES, PLANS_HELD, Operation
from gateway.sections import ServerSettings
from permissions.model import ANONYMOUS, Principal, Scope
from tests.harness import schema as whole_schema
from tests.plans.hard_cases import Context, schema

SCHEMA = schema()
PETS = "{ firmPets { name ... on Cat { lives } } }"


def caller(number: int) -> Principal:
    """A class of callers of its own."""
    return Principal(ANONYMOUS.kind, None, None, (), frozenset({Scope(f"class:{number}")}), ANONYMOUS.reach)


def own_bytes(text: str, tokens: int, fields: int) -> int:
    return DOCUMENT_BYTES + TOKEN_BYTES * tokens + PRICED_BYTES * fields + TEXTS * sys.getsizeof(text)


def alive(kind: type) -> int:
    """How many objects of a class there are."""
    gc.collect()
    return sum(isinstance(found, kind) for found in gc.get_objects())


async def answer(held: Documents, text: str) -> Any:
    found = asked(held.find(text).operation(None), None)
    return (await execute(found, Context(), Translator("test"))).payload


def test_ten_thousand_documents_leave_as_many_as_the_budget_holds() -> None:
    before = alive(Document), alive(Operation), alive(Compiler)
    held = Documents(SCHEMA, ServerSettings())
    text = "{ a00000: echo }"
    each = own_bytes(text, 7, 1) + PLAN_BYTES + FIELD_BYTES
    for number in range(10_000):
        held.find(f"{{ a{number:05}: echo }}").operation(None).plan(ANONYMOUS, NO_VARIABLES)
    most = HELD_BYTES // each
    assert (len(held), held.bytes) == (most, most * each)
    after = alive(Document), alive(Operation), alive(Compiler)
    assert [now - then for now, then in zip(after, before, strict=True)] == [most] * 3


@pytest.mark.parametrize("name", QUERIES)
def test_a_document_that_is_let_go_of_leaves_nothing_to_the_collector(name: str) -> None:
    held = Documents(whole_schema(), ServerSettings())
    for _ in range(2):  # what is made the first time is made
        held._held.clear()
        held.find(QUERIES[name]).operation(None).plan(principal(0), NO_VARIABLES)
    gc.collect()  # what validation leaves
    gc.disable()
    try:
        held._held.clear()
        assert gc.collect() == 0
    finally:
        gc.enable()


def test_the_plans_of_a_document_count_by_their_fields_for_each_class_of_callers() -> None:
    held = Documents(SCHEMA, ServerSettings())
    text = "{ deep { echo a: echo __typename } }"
    operation = held.find(text).operation(None)
    own = own_bytes(text, 12, 3)
    assert held.bytes == own
    for number in range(1, PLANS_HELD + 3):
        operation.plan(caller(number), NO_VARIABLES)
        operation.plan(caller(number), NO_VARIABLES)
        assert held.bytes == own + min(number, PLANS_HELD) * (PLAN_BYTES + 3 * FIELD_BYTES)


async def test_types_that_rows_turn_out_to_be_of_count_when_they_are_compiled() -> None:
    held = Documents(SCHEMA, ServerSettings())
    document = held.find("{ anything { ... on Dog { name barks mate { ... on Cat { name } } } ... on Cat { lives } } }")
    operation, own = document.operation(None), document.own_bytes
    assert operation.price.fields == 1 + 3 + 1 + 1
    operation.plan(ANONYMOUS, NO_VARIABLES)
    assert held.bytes == own + PLAN_BYTES + FIELD_BYTES
    context = Context()
    plan = operation.plan(ANONYMOUS, NO_VARIABLES)
    assert plan is not None
    outcome = await plan.run(context, NO_VARIABLES)
    assert outcome.data == {"anything": {"name": "c", "barks": True, "mate": {"name": "d"}}}
    assert held.bytes == own + PLAN_BYTES + FIELD_BYTES * (1 + 3 + 1)


async def test_a_document_whose_plan_takes_more_than_there_is_answers_and_is_not_held(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    held = Documents(SCHEMA, ServerSettings())
    monkeypatch.setattr(documents, "HELD_BYTES", held.find("{ echo }").own_bytes + PLAN_BYTES)
    for _ in range(2):
        assert await answer(held, "{ echo }") == {"data": {"echo": "[('needed', 1), ('times', 2)]"}}
        assert (len(held), held.bytes) == (0, 0)


async def test_a_document_that_was_let_go_of_while_it_ran_is_not_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    held = Documents(SCHEMA, ServerSettings())
    operation = held.find(PETS).operation(None)
    plan = operation.plan(ANONYMOUS, NO_VARIABLES)
    monkeypatch.setattr(documents, "HELD_BYTES", held.bytes)
    counted = held.find("{ echo }").own_bytes
    assert plan is not None
    outcome = await plan.run(Context(), NO_VARIABLES)
    assert outcome.data == {"firmPets": [{"name": "a"}, {"name": "b", "lives": 9}]}
    assert (len(held), held.bytes) == (1, counted)


async def test_requests_that_are_the_first_at_once_share_one_plan() -> None:
    held = Documents(SCHEMA, ServerSettings())
    text = "{ later { anything { ... on Dog { name } } } anything { ... on Dog { mate { ... on Cat { name } } } } }"
    expected = {"data": {"later": {"anything": {"name": "c"}}, "anything": {"mate": {"name": "d"}}}}
    assert await asyncio.gather(*(answer(held, text) for _ in range(20))) == [expected] * 20
    assert held.bytes == held.find(text).own_bytes + PLAN_BYTES + FIELD_BYTES * 6


class Steps:
    """Records which steps a document took."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.taken: list[str] = []
        for step, name in ((parse, "parse"), (validate, "validate"), (Operation, "Operation")):
            monkeypatch.setattr(documents, name, self._noted(step, name))

    def _noted(self, step: Any, name: str) -> Any:
        def taken(*given: Any, **named: Any) -> Any:
            self.taken.append(name)
            return step(*given, **named)

        return taken


def spread(levels: int) -> str:
    """Fragments that each spread the next twice."""
    fragments = (f"fragment F{at} on Query {{ ...F{at + 1} ...F{at + 1} }}" for at in range(levels))
    return f"{{ ...F0 }} {' '.join(fragments)} fragment F{levels} on Query {{ echo }}"


@pytest.mark.parametrize(
    ("text", "message", "steps"),
    [
        ("{ echo }" + " " * 1_000_000, "The document is longer than 32768 bytes.", []),
        (
            "{" + " ".join(f"a{at}:echo" for at in range(10_000)) + "}",
            "The document is longer than 32768 bytes.",
            [],
        ),
        (
            "{" + "\n".join("a:echo" for at in range(4_000)) + "}",
            "Document contains more than 2000 tokens. Parsing aborted.",
            ["parse"],
        ),
        ("{ deep " * 700 + "{ echo }" + "}" * 700, "Document is nested too deeply. Parsing aborted.", ["parse"]),
        (
            "{ deep " * 12 + "{ echo }" + "}" * 12,
            "The operation has more than 12 levels of fields, fragments expanded.",
            ["parse"],
        ),
        (spread(28), "The operation has more than 500 fields, fragments expanded.", ["parse"]),
    ],
    ids=["1 MB", "10,000 aliases", "4,000 aliases", "700 levels", "13 levels", "fragments"],
)
def test_what_asks_for_too_much_is_refused_before_validation(
    text: str, message: str, steps: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    held, noted = Documents(SCHEMA, ServerSettings()), Steps(monkeypatch)
    with pytest.raises(Refused) as raised:
        held.find(text)
    assert raised.value.errors[0]["message"] == message
    assert (noted.taken, len(held), held.bytes) == (steps, 0, 0)


def of_each_type(fields: int) -> str:
    """A document whose fields can each be of 29 types."""
    return f"query ($id: ID!) {{ node(id: $id) {{ {' '.join(f'a{at}: id' for at in range(fields))} }} }}"


def test_what_is_compiled_for_too_many_types_is_refused_before_it_is() -> None:
    held = Documents(whole_schema(), ServerSettings())
    most = (MAX_COMPILED - 1) // 29
    assert held.find(of_each_type(most)).operation(None).price.fields == 1 + 29 * most
    with pytest.raises(Refused) as raised:
        held.find(of_each_type(most + 1))
    assert raised.value.errors == [
        {
            "message": "The operation has more than 1000 fields, counted for every type there can be.",
            "extensions": {"code": "QUERY_TOO_COMPLEX"},
        }
    ]
    assert len(held) == 1
