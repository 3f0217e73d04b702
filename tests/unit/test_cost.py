"""The price of an operation by the rules of the IBM cost specification, each reckoned by hand."""

from typing import Any

import pytest

from tests.unit.pricing import cost, price, schema

USERS = """
type Query { user: User users(max: Int): [User] @listSize(slicingArguments: ["max"]) }
type User { name: String age: Int @cost(weight: "2.0") friends(max: Int = 3): [User] @listSize(slicingArguments: ["max"]) }
"""
FILMS = """
type Query {
  films(first: Int, last: Int): Films
    @listSize(slicingArguments: ["first", "last"], sizedFields: ["edges", "nodes"], assumedSize: 20, requireOneSlicingArgument: false)
}
type Films @cost(weight: "0") { edges: [Edge] nodes: [Film] pageInfo: PageInfo total: Int }
type Edge @cost(weight: "0") { cursor: ID node: Film }
type PageInfo @cost(weight: "0") { next: Boolean }
type Film { title: String actors(first: Int = 5): [Actor] @listSize(slicingArguments: ["first"]) }
type Actor { name: String }
"""
PRODUCTS = """
input Filter { approx: Boolean @cost(weight: "-12.0") words: [Word!] }
input Word { text: String @cost(weight: "2") }
type Query {
  topProducts(filter: Filter @cost(weight: "15.0")): [String] @cost(weight: "5.0") @listSize(assumedSize: 10)
  popular(approx: Boolean @cost(weight: "-3.0")): Product @cost(weight: "5.0")
  cheap(approx: Boolean = true @cost(weight: "-9.0")): Product @cost(weight: "5.0")
}
type Product { name: String }
"""
PETS = """
interface Pet { name: String home: Home }
interface Named { name: String }
union Any = Cat | Dog | Stone
type Query { pet: Pet pets(first: Int): [Pet] @listSize(slicingArguments: ["first"]) any: Any }
type Cat implements Pet & Named @cost(weight: "4") { name: String home: Home toys: [Toy] @listSize(assumedSize: 3) }
type Dog implements Pet & Named { name: String @cost(weight: "2") home: Home bones: [Toy] @listSize(assumedSize: 9) }
type Stone @cost(weight: "0.5") { weight: Int }
type Home { rooms: [Home] @listSize(assumedSize: 2) name: String }
type Toy { name: String }
"""


def test_types_objects_weigh_1_scalars_and_enums_0() -> None:
    assert (
        cost(
            "type Query { user: User } type User { name: String kind: Kind } enum Kind { A }", "{ user { name kind } }"
        )
        == 2
    )


def test_types_the_root_is_counted() -> None:
    assert cost("type Query { name: String }", "{ name }") == 1


def test_types_declared_weights_of_objects_scalars_and_enums_hold() -> None:
    sdl = """
      type Query @cost(weight: "3") { user: User } type User @cost(weight: "7") { name: Name kind: Kind }
      scalar Name @cost(weight: "0.5") enum Kind @cost(weight: "0.25") { A }
    """
    assert cost(sdl, "{ user { name kind } }") == 3 + 7 + 0.5 + 0.25


def test_field_cost_declared_weights_count_each_time_a_field_is_resolved() -> None:
    assert cost(USERS, "{ users(max: 5) { age } }") == 1 + 5 * (1 + 2)


def test_field_cost_every_alias_counts() -> None:
    assert cost(USERS, "{ a: user { age } b: user { age } user { name } }") == 1 + 2 * 3 + 1


def test_field_cost_a_selection_that_the_answer_merges_counts_again() -> None:
    assert cost(USERS, "{ user { age } user { age } }") == 1 + 2 * 3


@pytest.mark.parametrize(
    ("text", "given", "expected"),
    [
        ("{ topProducts }", {}, 1 + 5),
        ("{ topProducts(filter: {}) }", {}, 1 + 5 + 15),
        ("{ topProducts(filter: { approx: true }) }", {}, 1 + 5 + 15 - 12),
        ("query ($f: Filter) { topProducts(filter: $f) }", {"f": {"approx": True}}, 1 + 5 + 15 - 12),
        ("query ($f: Filter) { topProducts(filter: $f) }", {"f": None}, 1 + 5 + 15),
        ("query ($f: Filter) { topProducts(filter: $f) }", {}, 1 + 5),
        ("query ($f: Filter = {}) { topProducts(filter: $f) }", {}, 1 + 5 + 15),
        ("query ($a: Boolean) { topProducts(filter: { approx: $a }) }", {"a": True}, 1 + 5 + 15 - 12),
        ("query ($a: Boolean) { topProducts(filter: { approx: $a }) }", {}, 1 + 5 + 15),
        ("query ($w: [Word!]) { topProducts(filter: { words: $w }) }", {"w": [{"text": "a"}, {}]}, 1 + 5 + 15 + 2),
        ('{ topProducts(filter: { words: [{ text: "a" }, { text: "b" }] }) }', {}, 1 + 5 + 15 + 4),
    ],
)
def test_field_cost_arguments_and_the_input_fields_used_on_them_add_up(
    text: str, given: dict[str, Any], expected: float
) -> None:
    assert cost(PRODUCTS, text, **given) == expected


@pytest.mark.parametrize(
    ("text", "given", "expected"),
    [
        ("{ popular { name } }", {}, 1 + 5 + 1),
        ("{ popular(approx: true) { name } }", {}, 1 + 2 + 1),
        ("query ($a: Boolean) { popular(approx: $a) { name } }", {"a": False}, 1 + 2 + 1),
        ("query ($a: Boolean) { popular(approx: $a) { name } }", {}, 1 + 5 + 1),
    ],
)
def test_field_cost_negative_weights_of_arguments_lower_it(text: str, given: dict[str, Any], expected: float) -> None:
    assert cost(PRODUCTS, text, **given) == expected


@pytest.mark.parametrize("text", ["{ cheap { name } }", "query ($a: Boolean = true) { cheap(approx: $a) { name } }"])
def test_field_cost_is_never_less_than_0(text: str) -> None:
    assert cost(PRODUCTS, text) == 1 + 0 + 1


@pytest.mark.parametrize(
    ("text", "given", "size"),
    [
        ("{ users(max: 7) { name } }", {}, 7),
        ("query ($n: Int) { users(max: $n) { name } }", {"n": 4}, 4),
        ("query ($n: Int = 6) { users(max: $n) { name } }", {}, 6),
        ("{ users(max: 0) { name } }", {}, 0),
        ("{ users(max: -5) { name } }", {}, 0),
        ("query ($n: Int) { users(max: $n) { name } }", {"n": -5}, 0),
    ],
)
def test_slicing_arguments_say_how_many(text: str, given: dict[str, Any], size: int) -> None:
    assert cost(USERS, text, **given) == 1 + size


@pytest.mark.parametrize(
    ("text", "given"),
    [("{ user { friends { name } } }", {}), ("query ($n: Int) { user { friends(max: $n) { name } } }", {})],
)
def test_slicing_arguments_that_are_left_out_have_their_default(text: str, given: dict[str, Any]) -> None:
    assert cost(USERS, text, **given) == 1 + 1 + 3


@pytest.mark.parametrize(
    ("text", "given", "size"),
    [
        ("{ films(first: 3, last: 8) { nodes { title } } }", {}, 8),
        ("query ($n: Int) { films(first: 3, last: $n) { nodes { title } } }", {"n": 8}, 8),
        ("query ($n: Int) { films(first: 3, last: $n) { nodes { title } } }", {"n": 2}, 3),
        ("query ($n: Int, $m: Int) { films(first: $n, last: $m) { nodes { title } } }", {"n": 2, "m": 9}, 9),
        ("query ($n: Int) { films(first: 3, last: $n) { nodes { title } } }", {"n": None}, 3),
    ],
)
def test_slicing_arguments_of_several_the_largest_holds(text: str, given: dict[str, Any], size: int) -> None:
    assert cost(FILMS, text, **given) == 1 + size


def test_slicing_arguments_given_by_one_variable_have_their_own_defaults() -> None:
    sdl = """type Query { users(first: Int = 7, last: Int): [User] @listSize(slicingArguments: ["first", "last"]) }
      type User { id: ID }"""
    text = "query ($n: Int) { users(first: $n, last: $n) { id } }"
    assert (cost(sdl, text), cost(sdl, text, n=2), cost(sdl, text, n=None)) == (1 + 7, 1 + 2, 1 + 10)


def test_slicing_arguments_that_take_a_list_of_keys_say_by_its_length() -> None:
    sdl = 'type Query { users(ids: [ID!]!): [User] @listSize(slicingArguments: ["ids"]) } type User { id: ID }'
    assert cost(sdl, '{ users(ids: ["a", "b", "c"]) { id } }') == 1 + 3
    assert cost(sdl, '{ users(ids: "a") { id } }') == 1 + 1
    assert cost(sdl, "query ($ids: [ID!]!) { users(ids: $ids) { id } }", ids=["a", "b"]) == 1 + 2


@pytest.mark.parametrize(
    ("text", "given"),
    [
        ("{ films { nodes { title } } }", {}),
        ("{ films(first: null) { nodes { title } } }", {}),
        ("query ($n: Int) { films(first: $n) { nodes { title } } }", {"n": None}),
        ("query ($n: Int) { films(first: $n) { nodes { title } } }", {}),
    ],
)
def test_assumed_size_holds_where_no_slicing_argument_is_given(text: str, given: dict[str, Any]) -> None:
    assert cost(FILMS, text, **given) == 1 + 20


def test_assumed_size_is_the_size_of_a_list_without_slicing_arguments() -> None:
    assert cost(PETS, "{ pet { home { rooms { name } } } }") == 1 + 4 + 1 + 2


def test_list_size_of_a_list_that_declares_none_is_10() -> None:
    assert cost("type Query { users: [User] } type User { name: String }", "{ users { name } }") == 1 + 10


@pytest.mark.parametrize(
    ("selected", "expected"),
    [
        ("nodes { title }", 4),
        ("edges { cursor node { title } }", 4),
        ("edges { cursor } pageInfo { next } total", 0),
        ("edges { node { title } } nodes { title }", 4 + 4),
        ("nodes { actors { name } }", 4 * (1 + 5)),
        ("nodes { actors(first: 2) { name } a: actors { name } }", 4 * (1 + 2 + 5)),
        ("... @include(if: true) { ...F }", 4),
    ],
)
def test_sized_fields_take_the_size_of_the_field_above(selected: str, expected: int) -> None:
    fragment = " fragment F on Films { nodes { title } }" if "...F" in selected else ""
    assert cost(FILMS, f"{{ films(first: 4) {{ {selected} }} }}{fragment}") == 1 + expected
    assert cost(FILMS, f"query ($n: Int) {{ films(first: $n) {{ {selected} }} }}{fragment}", n=4) == 1 + expected


def test_sized_fields_in_one_fragment_have_the_size_of_each_place_that_spreads_it() -> None:
    text = "{ a: films(first: 3) { ...F } b: films(last: 7) { ...F } } fragment F on Films { nodes { title } }"
    assert cost(FILMS, text) == 1 + 3 + 7


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{ pet { name } }", 4),
        ("{ any { ... on Stone { weight } } }", 4),
        ("{ pet { ... on Dog { name bones { name } } } }", 1 + 2 + 9),
        ("{ pet { name ... on Dog { name } } }", 1 + 2 + 2),
        ("{ pet { ... on Cat { toys { name } } ... on Dog { bones { name } } } }", 1 + 9),
        ("{ any { ... on Named { name } ... on Stone { weight } } }", 4),
        ("{ any { ... on Pet { ... on Dog { bones { name } } } } }", 1 + 9),
        ("{ pets(first: 3) { home { name } } }", 3 * (4 + 1)),
    ],
)
def test_abstract_types_cost_what_the_dearest_of_their_types_costs(text: str, expected: float) -> None:
    assert cost(PETS, text) == 1 + expected


def test_abstract_types_the_dearest_may_be_another_with_other_variables() -> None:
    text = """query ($c: Boolean!) { pet {
      ... on Dog { bones { name } }
      ... on Cat { home { rooms @include(if: $c) { rooms { name } } } }
    } }"""
    assert cost(PETS, text, c=False) == 1 + max(1 + 9, 4 + 1)
    assert cost(PETS, text, c=True) == 1 + max(1 + 9, 4 + 1 + 2 * (1 + 2))


@pytest.mark.parametrize(
    ("directive", "given", "is_included"),
    [
        ("@include(if: true)", {}, True),
        ("@include(if: false)", {}, False),
        ("@skip(if: true)", {}, False),
        ("@skip(if: false)", {}, True),
        ("@include(if: $a)", {"a": True}, True),
        ("@include(if: $a)", {"a": False}, False),
        ("@skip(if: $a)", {"a": True}, False),
        ("@skip(if: $a)", {"a": False}, True),
        ("@skip(if: $a) @include(if: true)", {"a": False}, True),
        ("@skip(if: $a) @include(if: $a)", {"a": False}, False),
    ],
)
@pytest.mark.parametrize("place", ["field", "inline", "spread"])
def test_skipped_selections_cost_nothing(place: str, directive: str, given: dict[str, bool], is_included: bool) -> None:
    selected = {
        "field": f"user {directive} {{ age }}",
        "inline": f"... {directive} {{ user {{ age }} }}",
        "spread": f"...F {directive}",
    }[place]
    variables = "query ($a: Boolean!) " if given else "query "
    fragment = " fragment F on Query { user { age } }" if place == "spread" else ""
    assert cost(USERS, f"{variables}{{ __typename {selected} }}{fragment}", **given) == 1 + (3 if is_included else 0)


def test_introspection_is_free() -> None:
    assert cost(USERS, "{ __typename __schema { types { fields { name } } } user { __typename } }") == 1 + 1


def test_mutations_have_the_weight_of_their_fields() -> None:
    sdl = 'type Query { a: Int } type Mutation { write: Payload @cost(weight: "10") } type Payload { ok: Boolean }'
    assert cost(sdl, "mutation { write { ok } again: write { ok } }") == 1 + 2 * (10 + 1)


def test_a_price_reads_only_the_variables_it_depends_on() -> None:
    text = "query ($a: Boolean!, $n: Int, $m: Int) { user @skip(if: $a) { friends(max: $n) { name } } } "
    assert price(schema(USERS), text.replace(", $m: Int", "")).variables == {"a", "n"}
    assert price(schema(USERS), "query ($n: Int) { users(max: 3) { f: friends(max: $n) { name } } }").variables == {"n"}
    constant = price(schema(USERS), "{ users(max: 3) { name } }")
    assert (constant.variables, constant.steps, constant.of({})) == (set(), 0, 4)


def test_a_price_beyond_what_json_holds_is_told_as_the_most_it_holds() -> None:
    levels = "users(max: 2000000000) { " + "friends(max: 2000000000) { " * 3 + "name" + " }" * 4
    assert cost(USERS, f"{{ {levels} }}") == 2**53 - 1


BOMB = """
type Query { self: Query name: String @cost(weight: "1") page(first: Int): Page @listSize(slicingArguments: ["first"], sizedFields: ["nodes"]) }
type Page @cost(weight: "0") { nodes: [Query] }
"""


def bomb(levels: int, last: str, head: str = "") -> str:
    """Fragments that spread the next twice: 2 ** levels selections from a few hundred bytes."""
    spreads = "".join(f"fragment F{at} on Query {{ ...F{at + 1} ...F{at + 1} }} " for at in range(levels))
    return f"{head} {{ ...F0 }} {spreads} fragment F{levels} on Query {{ {last} }}"


def test_each_fragment_is_priced_once_however_often_it_is_spread() -> None:
    found = price(schema(BOMB), bomb(40, "name"))
    assert (found.visited, found.of({})) == (1 + 40 * 2 + 1, 1 + 2**40)


def test_each_fragment_is_evaluated_once_however_often_it_is_spread() -> None:
    found = price(schema(BOMB), bomb(40, "page(first: $n) { nodes { name } }", "query ($n: Int)"))
    assert (found.visited, found.of({"n": 3})) == (1 + 40 * 2 + 3, 1 + 2**40 * 3 * 2)
    # The page's size, its product and the total, and one sum a level.
    assert found.steps == 3 + 40


def test_one_fragment_in_many_pages_is_priced_once() -> None:
    pages = " ".join(f"p{at}: page(first: {at}) {{ ...P }}" for at in range(100))
    found = price(schema(BOMB), f"{{ {pages} }} fragment P on Page {{ nodes {{ name }} }}")
    assert (found.visited, found.of({})) == (100 * 2 + 2, 1 + 2 * sum(range(100)))


def test_the_work_grows_with_the_document() -> None:
    text = "{ " + " ".join(f"a{at}: name" for at in range(10_000)) + " }"
    found = price(schema(BOMB), text, is_checked=False)
    assert (found.visited, found.steps, found.of({})) == (10_000, 0, 1 + 10_000)


def test_the_formula_grows_with_the_variables_in_the_document() -> None:
    text = "query ($n: Int) { " + " ".join(f"a{at}: page(first: $n) {{ nodes {{ name }} }}" for at in range(500)) + " }"
    found = price(schema(BOMB), text, is_checked=False)
    assert (found.visited, found.steps, found.of({"n": 2})) == (3 * 500, 2 * 500 + 2, 1 + 500 * 4)


def test_nested_interfaces_do_not_multiply_the_work() -> None:
    sdl = """
      interface Pet { friend: Pet name: String } type Query { pet: Pet }
      type Cat implements Pet { friend: Pet name: String } type Dog implements Pet { friend: Pet name: String }
    """
    found = price(schema(sdl), "{ pet { " + "friend { " * 30 + "name" + " }" * 32)
    assert (found.visited, found.of({})) == (1 + 2 * 31, 1 + 31)


def test_by_path_each_field_has_its_share_with_all_below_it() -> None:
    text = """query ($n: Int) { films(first: $n) { total nodes { title cast: actors(first: 2) { name } ...F } } }
      fragment F on Film { actors { name } }"""
    assert price(schema(FILMS), text).by_path({"n": 3}) == {
        ("films",): 3 * (1 + 2 + 5),
        ("films", "total"): 0,
        ("films", "nodes"): 3 * (1 + 2 + 5),
        ("films", "nodes", "title"): 0,
        ("films", "nodes", "cast"): 3 * 2,
        ("films", "nodes", "cast", "name"): 0,
        ("films", "nodes", "actors"): 3 * 5,
        ("films", "nodes", "actors", "name"): 0,
    }


def test_by_path_the_dearest_type_counts_and_what_is_skipped_has_no_share() -> None:
    text = "query ($a: Boolean!) { pet { name ... on Cat { toys { name } } } any @skip(if: $a) { __typename } }"
    assert price(schema(PETS), text).by_path({"a": True}) == {
        ("pet",): 4 + 3,
        ("pet", "name"): 2,
        ("pet", "toys"): 3,
        ("pet", "toys", "name"): 0,
    }
