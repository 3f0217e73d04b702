"""The work that one document makes is bounded before it is done: pricing, compiling, what is generated, introspection."""

from collections.abc import Callable
from types import CodeType
from typing import Any

import pytest
from graphql import FieldNode, OperationDefinitionNode, Source, get_introspection_query, parse

from benchmarks.compiling import principal
from gateway import introspecting
from gateway.documents import MAX_NAME, Document, Documents
from gateway.errors import Refused, Translator
from gateway.execution import asked, execute, walked
from gateway.introspecting import MAX_SHOWN
from gateway.plan import operation as operations
from gateway.plan import quick
from gateway.plan.arguments import NO_VARIABLES
from gateway.plan.compiling import Compiler
from gateway.plan.locating import located
from gateway.plan.operation import FIELD_BYTES, MAX_PRICED, PLAN_BYTES, PLANS_HELD
from gateway.sections import ServerSettings
from permissions.model import ANONYMOUS
from tests.harness import schema as whole_schema
from tests.plans.hard_cases import Context, schema

SCHEMA = schema()
TYPES = 29
"""Types that a node can be of."""


def made(text: str, over: Any = None) -> Document:
    return Documents(over or whole_schema(), ServerSettings()).find(text)


def refusal(text: str, over: Any = None) -> str:
    with pytest.raises(Refused) as raised:
        made(text, over)
    (error,) = raised.value.errors
    assert error["extensions"] == {"code": "QUERY_TOO_COMPLEX"}
    return str(error["message"])


def many(count: int, text: str) -> str:
    """A text so many times, `#` in it replaced by which one it is."""
    return " ".join(text.replace("#", str(at)) for at in range(count))


# Pricing


def inline(count: int) -> str:
    return f"query A($id: ID!) {{ node(id: $id) {{ {many(count, '... on Note { a#: id }')} }} }}"


def test_a_document_is_priced_up_to_a_number_of_selections() -> None:
    most = (MAX_PRICED - 1) // (TYPES + 1)
    price = made(inline(most)).operation(None).price
    assert price.visited == 1 + most * (TYPES + 1) == 4_981
    assert (
        refusal(inline(most + 1)) == "The document has more than 5000 selections, counted for every type there can be."
    )


def test_all_operations_of_a_document_are_priced_together() -> None:
    fragment = f"fragment F on Customer {{ {many(450, 'a#: supportId')} }}"
    text = f"{many(11, 'query Q# { me { ...F } }')} {fragment}"
    found = made(text)
    assert [one.price.visited for one in found.operations.values()] == [452] * 11
    assert refusal(text + " query R { viewer { id roles scopes } me { ...F } }").startswith(
        "The document has more than 5000"
    )


# Compiling


class EveryType(Compiler):
    """Compiles interfaces and unions with every type that there can be, as if rows of each were met."""

    def _by_name(self, type_: Any, details: Any) -> Callable[[str], Any]:
        possible = self._schema.get_possible_types(type_)
        return {found.name: self._subselection(found, details) for found in possible}.__getitem__


@pytest.mark.parametrize(
    ("text", "fields", "work"),
    [
        ("{ me { a: supportId b: supportId ... on Node { c: id } } }", 4, 5),
        ("query ($id: ID!) { node(id: $id) { id ... on Note { text } } }", 1 + TYPES + 1, 1 + 1 + 2 * TYPES + 1),
        ("{ me { ...F } } fragment F on Customer { events(filter: {types: [\"a\", \"b\"]}) { nodes { id } } }", 4, 5 + 4),
        ("{ me { events { nodes { details { __typename ... on PurchaseDetails { transaction { id } } } } } } }", 6, 4 + 2 * 8 + 2),
    ],
    ids=["object", "interface", "arguments", "union"],
)  # fmt: skip
def test_what_is_compiled_is_what_was_counted(text: str, fields: int, work: int) -> None:
    operation = made(text).operation(None)
    price = operation.price
    assert (price.fields, price.work) == (fields, work)
    compiler = EveryType(whole_schema(), operation.document, operation.node, principal(0), NO_VARIABLES)
    compiler.plan()
    assert compiler.fields == fields


def literals(count: int, spread: int) -> str:
    texts = many(count, '"a#"')
    return f"{{ {many(spread, 'a#: me { ...F }')} }} fragment F on Customer {{ events(filter: {{types: [{texts}]}}) {{ totalCount }} }}"


def test_what_fragments_repeat_is_counted_as_often_as_it_is_compiled() -> None:
    assert made(literals(700, 14)).operation(None).price.work == 14 * (1 + 1 + 1 + 1 + 2 + 700) == 9_884
    assert refusal(literals(700, 15)) == (
        "The operation has more than 10000 selections and values, counted for every type there can be."
    )


@pytest.mark.parametrize(("length", "is_taken"), [(MAX_NAME, True), (MAX_NAME + 1, False)])
def test_a_name_that_would_be_generated_over_and_over_has_a_length(length: int, is_taken: bool) -> None:
    text = f"{{ {'a' * length}: echo }}"
    if is_taken:
        assert made(text, SCHEMA).operation(None).price.fields == 1
    else:
        assert refusal(text, SCHEMA) == "The document has a name of more than 200 characters."


class Generated:
    """Counts the bytes of the code that is generated."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.bytes = 0
        monkeypatch.setattr(quick, "exec", self._noted, raising=False)

    def _noted(self, code: CodeType, names: dict[str, Any]) -> None:
        waiting = [code]
        while waiting:
            one = waiting.pop()
            self.bytes += len(one.co_code)
            waiting += [found for found in one.co_consts if isinstance(found, CodeType)]
        exec(code, names)  # noqa: S102  # as it would be


def test_generated_code_grows_with_the_fields_and_not_with_their_names(monkeypatch: pytest.MonkeyPatch) -> None:
    def size(fields: int, name: str) -> int:
        found = Generated(monkeypatch)
        made(f"{{ me {{ {many(fields, f'{name}#: supportId')} }} }}").operation(None).plan(principal(0), NO_VARIABLES)
        return found.bytes

    first, second, third = (size(fields, "a") for fields in (1, 2, 3))
    assert third - second == second - first > 0
    assert size(3, "a" * 150) == third


# Compiling again


CONDITIONS = 6
LEFT_OUT = f"query ({many(CONDITIONS, '$v#: Boolean!')}) {{ deep {{ {many(CONDITIONS, 'a#: echo @skip(if: $v#)')} b: echo }} }}"


def test_each_combination_of_conditions_is_compiled_once_and_so_many_are_held(monkeypatch: pytest.MonkeyPatch) -> None:
    compiled = []

    class Counting(Compiler):
        def plan(self) -> Any:
            plan = super().plan()
            compiled.append(self.fields)
            return plan

    monkeypatch.setattr(operations, "Compiler", Counting)
    held = Documents(SCHEMA, ServerSettings())
    document = held.find(LEFT_OUT)
    operation, own = document.operation(None), held.bytes
    combinations = [{f"v{at}": bool(number >> at & 1) for at in range(CONDITIONS)} for number in range(2**CONDITIONS)]
    left = [2 + CONDITIONS - sum(one.values()) for one in combinations]
    for given in combinations:
        for _ in range(2):
            values = operation.variables(given)
            assert not isinstance(values, list)
            operation.plan(ANONYMOUS, values)
    assert compiled == left
    assert held.bytes == own + PLANS_HELD * PLAN_BYTES + FIELD_BYTES * sum(left[-PLANS_HELD:])


# Introspection


def nested(count: int) -> str:
    return f"{{ __schema {{ types {{ fields {{ type {{ fields {{ {many(count, 'a#: name')} }} }} }} }} }} }}"


async def answer(text: str, over: Any) -> Any:
    found = asked(made(text, over).operation(None), None)
    return (await execute(found, Context(), Translator("test"))).payload


async def test_introspection_is_resolved_up_to_a_number_of_fields(monkeypatch: pytest.MonkeyPatch) -> None:
    text = '{ __schema { queryType { name } } __type(name: "Cat") { name fields { name } } later { __typename } }'
    expected = await answer(text, SCHEMA)
    fields = [{"name": name} for name in ("name", "lives", "kittens", "sad")]
    assert expected["data"]["__type"] == {"name": "Cat", "fields": fields}
    monkeypatch.setattr(introspecting, "MAX_SHOWN", 1 + 1 + 2 + 4)
    assert await answer(text, SCHEMA) == expected
    monkeypatch.setattr(introspecting, "MAX_SHOWN", 1 + 1 + 2 + 3)
    with pytest.raises(Refused) as raised:
        await answer(text, SCHEMA)
    assert (raised.value.code, raised.value.executable) == ("QUERY_TOO_COMPLEX", True)


async def test_introspection_that_multiplies_is_refused_and_the_standard_one_is_not() -> None:
    class Staff(Context):
        def __init__(self) -> None:
            super().__init__()
            self.principal = principal(0)

    async def introspected(text: str) -> Any:
        return await walked(asked(made(text).operation(None), None), Staff())

    standard = await introspected(get_introspection_query(input_value_deprecation=True, specified_by_url=True))
    assert standard.errors == []
    with pytest.raises(Refused) as raised:
        await introspected(nested(490))
    assert [error["message"] for error in raised.value.errors] == [
        f"The introspection resolves more than {MAX_SHOWN} fields: ask for less of the schema."
    ]


# Errors


class Named(Exception):
    """An error with the name of a source, as graphql-core takes for a document's text."""

    source = "main"


async def test_an_error_is_told_at_its_place_without_a_look_at_the_text(monkeypatch: pytest.MonkeyPatch) -> None:
    operation = made("\n\n{ firmFirmList {\n  raises a: raises a: raises\n} }", SCHEMA).operation(None)
    plan = operation.plan(ANONYMOUS, NO_VARIABLES)
    assert plan is not None

    def looked_for(*_: object) -> Any:
        raise AssertionError

    monkeypatch.setattr(Source, "get_location", looked_for)
    outcome = await plan.run(Context(), NO_VARIABLES)
    assert [(error.path, error.formatted["locations"]) for error in outcome.errors] == [
        (["firmFirmList", at, key], [{"line": 4, "column": column} for column in columns])
        for at in (0, 1)
        for key, columns in (("raises", [3]), ("a", [10, 20]))
    ]


async def test_an_error_that_names_a_source_is_told_at_its_place_in_the_document() -> None:
    (definition,) = parse("{\n  echo\n}").definitions
    assert isinstance(definition, OperationDefinitionNode)
    (node,) = definition.selection_set.selections
    assert isinstance(node, FieldNode)
    assert located(Named("gone"), [node], ["echo"]).formatted == {
        "message": "gone",
        "locations": [{"line": 2, "column": 3}],
        "path": ["echo"],
    }
