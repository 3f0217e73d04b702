"""The schema in federation's words: its own definitions left to it, its numbers numbers, and every guard in its place."""

from typing import Any

from graphql import DocumentNode, parse, print_ast

from schema.build import sdl, subgraph
from schema.subgraph import federated

SCHEMA = '''
directive @requiresScopes(scopes: [[federation__Scope!]!]!) on FIELD_DEFINITION | OBJECT
directive @key(fields: federation__FieldSet!) repeatable on OBJECT
directive @pii(kind: PiiKind!) on FIELD_DEFINITION
directive @oneOf on INPUT_OBJECT

"""What there is."""
type Query {
  """By key."""
  dog(by: DogKey!): Dog @requiresScopes(scopes: [["dogs:read", "dogs:pet"], ["all"]]) @cost(weight: "2.5")
  dogs(ids: [ID!]!, first: Int): [Dog] @listSize(assumedSize: 100, slicingArguments: ["ids"], requireOneSlicingArgument: true)
  kennel(names: [String!], first: Int @cost(weight: "1")): [Dog] @listSize(slicingArguments: ["first"])
  _entities(representations: [_Any!]!): [_Entity]!
  _service: _Service!
}

type Dog @key(fields: "id") @key(fields: "chip") @source(domain: DOGS) {
  id: ID!
  chip: ID! @pii(kind: IDENTIFIER)
}

input DogKey @oneOf {
  id: ID
  size: Int @cost(weight: "3")
}

enum PiiKind {
  IDENTIFIER
}

scalar Date
scalar _Any
union _Entity = Dog
type _Service { sdl: String! }
scalar federation__Scope
scalar federation__FieldSet
'''
SUBGRAPH = '''extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", \
import: ["@authenticated", "@cost", "@key", "@listSize", "@requiresScopes", "@shareable"])

directive @oneOf on INPUT_OBJECT

"""What there is."""
type Query {
  """By key."""
  dog(by: DogKey!): Dog @requiresScopes(scopes: [["dogs:read", "dogs:pet"], ["all"]]) @cost(weight: 2.5)
  dogs(ids: [ID!]!, first: Int): [Dog] @listSize(assumedSize: 100)
  kennel(names: [String!], first: Int @cost(weight: 1)): [Dog] @listSize(slicingArguments: ["first"])
}

type Dog @key(fields: "id") @key(fields: "chip") {
  id: ID!
  chip: ID!
}

input DogKey @oneOf {
  id: ID
  size: Int @cost(weight: 3)
}

scalar Date
'''
GUARDS = {"requiresScopes", "authenticated"}


def guards(text: str) -> dict[str, list[str]]:
    """The guards of each type and field that has some, by its coordinate."""
    found: dict[str, list[str]] = {}
    for type_ in named(parse(text)):
        for coordinate, node in [(type_.name.value, type_), *fields(type_)]:
            printed = [print_ast(one) for one in getattr(node, "directives", None) or () if one.name.value in GUARDS]
            if printed:
                found[coordinate] = printed
    return found


def named(document: DocumentNode) -> list[Any]:
    """The definitions of types."""
    return [node for node in document.definitions if node.kind.endswith("type_definition")]


def fields(type_: Any) -> list[tuple[str, Any]]:
    return [(f"{type_.name.value}.{field.name.value}", field) for field in getattr(type_, "fields", None) or ()]


def test_a_schema_is_said_in_federations_words() -> None:
    assert federated(SCHEMA) == SUBGRAPH


def test_guards_alone_are_left_out_where_nobody_would_enforce_them() -> None:
    unguarded = SUBGRAPH.replace('"@authenticated", ', "").replace('"@requiresScopes", ', "")
    unguarded = unguarded.replace(' @requiresScopes(scopes: [["dogs:read", "dogs:pet"], ["all"]])', "")
    assert federated(SCHEMA, guarded=False) == unguarded
    assert guards(subgraph(guarded=False)) == {}


def test_every_guard_of_the_schema_stands_in_the_subgraph() -> None:
    whole = {coordinate: found for coordinate, found in guards(sdl()).items() if "_" not in coordinate}
    assert guards(subgraph()) == whole
    assert whole["Customer"] == ['@requiresScopes(scopes: [["customers:read"]])']


def test_every_type_and_field_of_the_schema_stands_in_the_subgraph() -> None:
    def coordinates(text: str) -> set[str]:
        return {name for type_ in named(parse(text)) for name in (type_.name.value, *dict(fields(type_)))}

    left_out = coordinates(sdl()) - coordinates(subgraph())
    assert left_out == {
        *("PiiKind", "Query._entities", "Query._service", "_Any", "_Entity", "_Service", "_Service.sdl"),
        *("federation__FieldSet", "federation__Scope"),
    }
    assert coordinates(subgraph()) < coordinates(sdl())


def test_a_customer_is_named_by_two_keys_and_pages_are_shared() -> None:
    lines = subgraph().splitlines()
    assert [line for line in lines if "@key(" in line] == [
        'type Customer implements Node @key(fields: "id") @key(fields: "uuid") '
        '@requiresScopes(scopes: [["customers:read"]]) {'
    ]
    assert [line for line in lines if "@shareable" in line][1:] == ["type PageInfo @shareable @cost(weight: 0) {"]
