"""The committed schema is the schema, and names no scope that nobody can hold."""

from pathlib import Path

from graphql import (
    DirectiveNode,
    FieldDefinitionNode,
    GraphQLObjectType,
    ListValueNode,
    StringValueNode,
    build_schema,
)

from permissions.roles import SCOPES
from schema.build import sdl

COMMITTED = Path(__file__).parents[2] / "schema" / "schema.graphql"


def test_the_committed_schema_is_what_is_served() -> None:
    assert COMMITTED.read_text(encoding="utf-8") == sdl()


def test_every_scope_of_the_schema_can_be_held() -> None:
    assert named_scopes(COMMITTED.read_text(encoding="utf-8")) - SCOPES == set()


def test_everything_in_the_schema_is_described() -> None:
    bare = []
    for type_ in build_schema(sdl()).type_map.values():
        if type_.name.startswith("__") or not isinstance(type_, GraphQLObjectType):
            continue
        bare += [f"{type_.name}.{name}" for name, field in type_.fields.items() if not field.description]
    assert bare == []


def named_scopes(text: str) -> set[str]:
    """Every scope that a `@requiresScopes` names."""
    found: set[str] = set()
    for type_ in build_schema(text).type_map.values():
        nodes: list[FieldDefinitionNode | None] = [field.ast_node for field in getattr(type_, "fields", {}).values()]
        for node in (type_.ast_node, *nodes):
            for directive in getattr(node, "directives", None) or ():
                found |= _scopes(directive)
    return found


def _scopes(directive: DirectiveNode) -> set[str]:
    if directive.name.value != "requiresScopes":
        return set()
    (argument,) = directive.arguments or ()
    assert isinstance(argument.value, ListValueNode)
    return {
        scope.value
        for inner in argument.value.values
        if isinstance(inner, ListValueNode)
        for scope in inner.values
        if isinstance(scope, StringValueNode)
    }
