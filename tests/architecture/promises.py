"""What the schema's text promises of every field, read from its directives alone."""

from collections.abc import Iterator
from functools import cached_property
from typing import Any

from graphql import (
    ConstDirectiveNode,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    build_schema,
    get_named_type,
    value_from_ast_untyped,
)

HIDDEN = "•••"
KEPT = {"Address": {"label", "countryCode"}, "ExternalId": {"system"}}
"""What of an object that is personal data every caller sees."""
UNMASKED_BY = {"Card.cardNumber": "cards:number"}
"""The scopes, other than `pii:read`, that the specification unmasks by."""

Needs = list[list[list[str]]]
"""Of every requirement the sets of scopes any of which suffices."""


class Promises:
    """The schema by its text."""

    def __init__(self, text: str) -> None:
        self.schema: GraphQLSchema = build_schema(text)

    @cached_property
    def types(self) -> dict[str, GraphQLObjectType]:
        """The object types by name."""
        return {
            name: type_
            for name, type_ in self.schema.type_map.items()
            if isinstance(type_, GraphQLObjectType) and not name.startswith("__")
        }

    @cached_property
    def readable(self) -> set[str]:
        """The object types that queries lead to, by name."""
        assert self.schema.query_type is not None
        met: set[str] = set()
        waiting: list[GraphQLNamedType] = [self.schema.query_type]
        while waiting:
            type_ = waiting.pop()
            if type_.name in met or not isinstance(type_, (GraphQLObjectType, GraphQLInterfaceType, GraphQLUnionType)):
                continue
            met.add(type_.name)
            fields = {} if isinstance(type_, GraphQLUnionType) else type_.fields
            waiting += [get_named_type(field.type) for field in fields.values()]
            if not isinstance(type_, GraphQLObjectType):
                waiting += self.schema.get_possible_types(type_)
        return met & set(self.types)

    def denied(self, type_name: str, field_name: str, scopes: frozenset[str]) -> bool:
        """True where a caller with these scopes gets no value of a field: by its own directive or its type's."""
        field = self.types[type_name].fields[field_name]
        return not _met([*_needs(field), *self._type_needs(get_named_type(field.type))], scopes)

    def hidden(self, type_name: str, scopes: frozenset[str]) -> bool:
        """True where a caller with these scopes gets no object of a type."""
        return not _met(_needs(self.types[type_name]), scopes)

    def kind(self, type_name: str, field_name: str) -> str | None:
        """The kind of personal data that a field holds."""
        for directive in _directives(self.types[type_name].fields[field_name], "pii"):
            return str(_argument(directive, "kind"))
        return None

    def is_masked(self, type_name: str, field_name: str, scopes: frozenset[str]) -> bool:
        """True where a caller with these scopes sees the field masked."""
        scope = UNMASKED_BY.get(f"{type_name}.{field_name}", "pii:read")
        return self.kind(type_name, field_name) is not None and scope not in scopes

    def _type_needs(self, type_: GraphQLNamedType) -> Needs:
        """The requirements of a type; a connection is guarded like what it lists."""
        if type_.name.endswith("Connection") and isinstance(type_, GraphQLObjectType):
            return [*_needs(type_), *_needs(get_named_type(type_.fields["nodes"].type))]
        return _needs(type_)


def masked(kind: str, value: Any) -> Any:
    """What is left of a value (settled.md, "Reading")."""
    if value is None or kind == "DATE_OF_BIRTH":
        return None
    if isinstance(value, list):
        return [_object(item) for item in value]
    if kind == "EMAIL":
        local, domain = value.split("@")
        return f"{local[0]}{HIDDEN}@{domain[0]}{HIDDEN}.{domain.rsplit('.', 1)[1]}"
    kept = {"PHONE": 2, "IDENTIFIER": 4}.get(kind)
    return HIDDEN if kept is None else f"•••• {value[-kept:]}"


def _object(item: dict[str, Any]) -> dict[str, Any]:
    kept = {"__typename", *KEPT[item["__typename"]]}
    return {key: value if key in kept or value is None else HIDDEN for key, value in item.items()}


def _met(needs: Needs, scopes: frozenset[str]) -> bool:
    return all(any(scopes.issuperset(wanted) for wanted in required) for required in needs)


def _needs(declared: GraphQLField | GraphQLNamedType) -> Needs:
    return [_argument(directive, "scopes") for directive in _directives(declared, "requiresScopes")]


def _directives(declared: GraphQLField | GraphQLNamedType, name: str) -> Iterator[ConstDirectiveNode]:
    for directive in getattr(declared.ast_node, "directives", None) or ():
        if directive.name.value == name:
            yield directive


def _argument(directive: ConstDirectiveNode, name: str) -> Any:
    (found,) = [argument.value for argument in directive.arguments or () if argument.name.value == name]
    return value_from_ast_untyped(found)
