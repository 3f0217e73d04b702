"""Whatever a resolver gives, wherever it stands, a plan answers as graphql-core does: data, order of keys and errors."""

import asyncio

import pytest

from gateway.documents import Documents
from gateway.sections import ServerSettings
from tests.plans.comparing import both, both_heard
from tests.plans.hard_cases import KINDS, Context, fields, schema

SCHEMA = schema()
DOG = "{ name barks moods mood self { name } }"
WHERE = (
    "{ %s }",
    "{ deep { %s hello: __typename } pets { name } }",
    "{ a: firm { deep { firm { %s } } } b: firmList { %s } }",
    "{ list { %s } firmFirmList { __typename %s } }",
    "{ later { laterFirm { %s } } laterList { raisesLater2: __typename %s } }",
    "{ laterList { deep { %s } raisesLater } }",
)
"""Where the field stands: at the root, deep down, in lists, below what comes later, beside what fails."""


async def context() -> Context:
    return Context()


def documents() -> Documents:
    """What no other document is held in: the tests would look for garbage in thousands of them."""
    return Documents(SCHEMA, ServerSettings())


async def same(query: str, variables: dict[str, object] | None = None) -> None:
    expected, found = await both(documents(), query, context, variables)
    assert found == expected


def field(name: str, type_: str) -> str:
    """A field with the selection that its type needs."""
    return f"{name} {DOG}" if "Dog" in type_ else name


CASES = [(name, type_) for name, (type_, _) in fields().items()]
TOGETHER = 11
"""How many nullable fields stand in one document: none of their failures hides another's."""


def cases(type_: str, *hows: str) -> list[str]:
    """The fields of a type that give each value in these ways."""
    return [field(name, type_) for name, of in CASES if of == type_ and name.endswith(hows)]


@pytest.mark.parametrize("type_", KINDS)
@pytest.mark.parametrize("where", WHERE)
async def test_each_value_of_each_nullable_type_in_each_place(type_: str, where: str) -> None:
    found = cases(type_, "now", "soon", "late")
    for start in range(0, len(found), TOGETHER):
        await same(where.replace("%s", " ".join(found[start : start + TOGETHER])))


@pytest.mark.parametrize("type_", [f"{kind}!" for kind in KINDS])
@pytest.mark.parametrize("where", WHERE)
async def test_each_value_of_each_type_that_must_not_be_null_in_each_place(
    type_: str, where: str, request: pytest.FixtureRequest
) -> None:
    hows = ("now", "soon", "late") if request.config.getoption("--long") else ("now", "late")
    for name in cases(type_, *hows):
        await same(where.replace("%s", name))


QUERIES = (
    # Fields that merge.
    "{ deep { a: __typename } deep { b: __typename a: __typename } ...F } fragment F on Query { deep { c: raises } }",
    "{ firmList { deep { raises } } firmList { deep { __typename } } }",
    # Fragments inside fragments, on interfaces and unions.
    "{ pets { ...N } anything { ...D ... on Cat { lives } __typename } }"
    " fragment N on Named { name ... on Cat { lives sad { name } } ...D }"
    " fragment D on Dog { barks mate { ... on Named { name } ... on Cat { lives } } }",
    "{ firmPets { name ... on Cat { lives kittens { name } } ... on Dog { barks moods } } }",
    "{ pets { __typename } strange { __typename } nothing { name } }",
    "{ strange { ... on Dog { name } } }",
    # Nulls that spread, from several places at once.
    "{ a: deep { raisesFirm } b: deep { firm { raisesLater raisesFirm } } c: later { firm { firm { raisesLater } } } }",
    "{ firm { raisesFirm } hello: __typename }",
    "{ laterFirm { raisesLater } deep { raises } }",
    "{ firmFirmList { raisesLater } }",
    "{ firmList { laterFirm { raisesFirm } } list { raisesLater raises } }",
    "{ laterList { laterList { raisesLater laterFirm { raisesFirm } } } }",
    "{ grid firmGrid mixed mixedFirm }",
    # Rows of which nothing is read.
    "{ laterList { __typename } absent { __typename deep { __typename } } }",
    # Arguments.
    '{ echo a: echo(text: "x", times: null) b: echo(many: 1, mood: SAD, in: {inner: {size: 1, texts: "t"}}) }',
)


@pytest.mark.parametrize("query", QUERIES)
async def test_hard_documents(query: str) -> None:
    await same(query)


@pytest.mark.parametrize(
    "variables",
    [
        {},
        {"text": "x", "times": 3, "needed": 4, "many": [1, 2], "mood": "HAPPY", "in": {"inner": {"texts": ["a"]}}},
        {"text": None, "times": None, "many": None, "mood": None, "in": None},
        {"many": 1, "in": {"size": 9}},
    ],
)
async def test_variables_reach_the_arguments(variables: dict[str, object]) -> None:
    await same(
        """query ($text: String = "d", $times: Int, $needed: Int = 5, $many: [Int!], $mood: Mood, $in: In) {
            echo(text: $text, times: $times, needed: $needed, many: $many, mood: $mood, in: $in)
            deep { b: echo(in: {inner: $in, texts: [$text]}, many: [1, 2]) } }""".replace(", texts: [$text]", ""),
        variables,
    )


async def test_null_for_an_argument_that_must_not_be_null_fails_its_field() -> None:
    await same("query ($needed: Int = 5) { echo(needed: $needed) deep { __typename } }", {"needed": None})


@pytest.mark.parametrize("skip", [True, False])
@pytest.mark.parametrize("include", [True, False])
async def test_what_is_left_out(skip: bool, include: bool) -> None:
    await same(
        """query ($skip: Boolean!, $include: Boolean = true) {
            a: __typename @skip(if: $skip) deep @include(if: $include) { __typename raises @skip(if: $skip) }
            ... on Query @include(if: $include) { b: raises } ...F @skip(if: $skip) deep { c: __typename } }
            fragment F on Query { later { __typename } }""",
        {"skip": skip, "include": include},
    )


@pytest.mark.parametrize(
    "query",
    [
        "mutation { a: add(number: 1) b: add(number: 2) c: add(number: 3) }",
        "mutation { a: add(number: 1) fail b: add(number: 2) slow { later { raisesLater } } c: add(number: 3) }",
        "mutation { a: add(number: 1) firm b: add(number: 2) }",
    ],
)
async def test_mutations_run_one_by_one(query: str) -> None:
    await same(query)


@pytest.mark.parametrize("type_", KINDS)
@pytest.mark.parametrize("root", ["event", "firmEvent"])
async def test_each_value_of_each_type_in_an_event(type_: str, root: str) -> None:
    found = cases(type_, "now", "soon", "late")
    for start in range(0, len(found), TOGETHER):
        await same_events(f"subscription {{ {root} {{ {' '.join(found[start : start + TOGETHER])} }} }}")


@pytest.mark.parametrize("type_", [f"{kind}!" for kind in KINDS])
async def test_each_value_of_each_type_that_must_not_be_null_in_an_event(type_: str) -> None:
    for name in cases(type_, "now", "late"):
        await same_events(f"subscription {{ firmEvent {{ deep {{ {name} }} }} }}")


async def same_events(query: str) -> None:
    expected, found = await both_heard(documents(), SCHEMA, query, context)
    assert len(found) == 3
    assert found == expected


async def test_a_cancelled_run_cancels_what_it_waits_for() -> None:
    operation = documents().find("{ later { __typename } }").operation(None)
    values = operation.variables({})
    assert not isinstance(values, list)
    own = Context()
    plan = operation.plan(own.principal, values)
    assert plan is not None
    held = asyncio.get_running_loop().create_future()
    field = plan.selection.fields[0]
    field.resolve = lambda _row, _run: held
    running = asyncio.ensure_future(plan.run(own, values))
    await asyncio.sleep(0)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert held.cancelled()
