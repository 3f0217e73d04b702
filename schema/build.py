"""The schema: strawberry declares and prints it, graphql-core runs it with the resolvers that `schema.serving` makes."""

from collections.abc import Mapping
from functools import cache
from typing import Any

import strawberry
from graphql import (
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    get_named_type,
    get_nullable_type,
)
from strawberry.schema.config import StrawberryConfig

from permissions.model import RequiredScopes
from schema.directives import guarded, guarded_command, masking
from schema.fields import DEFINITION, NEEDS, STRUCT, GraphField
from schema.introspection import ShownSchema
from schema.mutation import Mutation
from schema.query import Query
from schema.redactions import TYPES
from schema.scalars import SCALARS
from schema.serving import answered, attribute, commanded, denied, paged, texts_checked, where_bound
from schema.subgraph import federated
from schema.views import INPUTS, VIEWS


def declared() -> strawberry.Schema:
    """The schema as strawberry knows it: what the SDL is printed from."""
    return strawberry.Schema(query=Query, mutation=Mutation, config=StrawberryConfig(scalar_map=SCALARS))


def sdl() -> str:
    """The schema in the definition language, as it is committed."""
    return declared().as_str() + "\n"


@cache
def subgraph(*, guarded: bool = True) -> str:
    """The schema as a federated graph is composed of it, in the definition language."""
    return federated(sdl(), guarded=guarded)


def build() -> GraphQLSchema:
    """The schema as it is run. Call it once a process."""
    return served(declared())


def served(declared: strawberry.Schema) -> GraphQLSchema:
    """A declared schema as it is run."""
    schema: GraphQLSchema = declared._schema  # strawberry has no public name for it
    for type_ in schema.type_map.values():
        if isinstance(type_, GraphQLObjectType) and not type_.name.startswith("__"):
            _serve_object(type_)
        elif isinstance(type_, (GraphQLInterfaceType, GraphQLUnionType)):
            type_.resolve_type = _by_row(schema.get_possible_types(type_))
        elif isinstance(type_, GraphQLInputObjectType):
            _read_input(type_, INPUTS[type_.name])
    return ShownSchema(schema)


def _serve_object(type_: GraphQLObjectType) -> None:
    """Give every field of a type its resolver."""
    # A row's type is known from the field that returned it: asking each row again costs a call an object.
    type_.is_type_of = None
    TYPES[type_.name] = type_
    for name, field in type_.fields.items():
        definition = field.extensions[DEFINITION]
        needs = field.extensions[NEEDS] = needs_of(definition, field)
        field.resolve = resolver(f"{type_.name}.{name}", definition, needs)
        if definition.events is not None:
            field.subscribe = guarded(texts_checked(answered(definition.events)), needs)
        for argument in definition.arguments:
            spelled = argument.graphql_name or _camel(argument.python_name)
            field.args[spelled].out_name = argument.python_name


def resolver(coordinate: str, field: GraphField, needs: tuple[RequiredScopes, ...]) -> Any:
    """The resolver of a coordinate: served, masked, guarded; a guard comes first."""
    if field.serve is not None and field.commanding is not None:
        operation = coordinate.partition(".")[2]
        resolve = commanded(operation, field.serve, field.commanding)
        return texts_checked(guarded_command(resolve, needs, denied(operation, field.commanding)))
    if field.serve is None:
        resolve = attribute(field.python_name)
    elif field.paging is None:
        resolve = answered(field.serve)
    else:
        resolve = paged(coordinate, field, field.serve, field.paging)
    if field.arguments:
        resolve = texts_checked(resolve)
    if field.domain is not None and field.serve is not None:
        resolve = where_bound(resolve, field.domain)
    if field.pii is not None:
        resolve = masking(resolve, field.pii, field.unmasked_by)
    return guarded(resolve, needs) if needs or field.is_authenticated else resolve


def needs_of(field: GraphField, graphql_field: GraphQLField) -> tuple[RequiredScopes, ...]:
    """The scopes that a coordinate needs: the field's own, and those of the type it returns, or lists."""
    returned = get_named_type(graphql_field.type)
    guards = [field.requires, *(view.requires for view in _views_in(returned))]
    return tuple(dict.fromkeys(guard for guard in guards if guard))


def _views_in(returned: GraphQLNamedType) -> list[Any]:
    """The view returned; of a connection, that of its nodes."""
    found = [VIEWS[returned.name]] if returned.name in VIEWS else []
    if returned.name.endswith("Connection") and isinstance(returned, GraphQLObjectType):
        found.append(VIEWS[get_named_type(returned.fields["nodes"].type).name])
    return found


def _by_row(possible: Any) -> Any:
    """A type resolver that knows a type by the class of its row."""
    names: Mapping[type | None, str] = {VIEWS[type_.name].row: type_.name for type_ in possible}
    return lambda row, _info, _type: names[type(row)]


def _read_input(type_: GraphQLInputObjectType, struct: type) -> None:
    """Have graphql-core make the struct that an input stands for, lists as tuples."""
    lists = []
    for name, field in type_.fields.items():
        field.out_name = _snake(name, struct)
        if isinstance(get_nullable_type(field.type), GraphQLList):
            lists.append(field.out_name)

    def made(values: dict[str, Any]) -> Any:
        for name in lists:
            if isinstance(values.get(name), list):
                values[name] = tuple(values[name])
        return struct(**values)

    type_.out_type = made if lists else lambda values: struct(**values)  # type: ignore[method-assign,assignment]  # graphql-core means it to be set
    type_.extensions[STRUCT] = struct
    # Strawberry keeps `@oneOf` to itself and checks it in the coercion that was just replaced.
    type_.is_one_of = type_.extensions[DEFINITION].is_one_of


def _camel(name: str) -> str:
    head, *tail = name.split("_")
    return head + "".join(part.capitalize() for part in tail)


def _snake(name: str, struct: type) -> str:
    """The struct's name for an input's attribute."""
    for field in struct.__struct_fields__:  # type: ignore[attr-defined]  # inputs become structs
        if _camel(field) == name or (field == "since" and name == "from"):
            return str(field)
    raise TypeError(f"{struct.__name__} has no attribute for {name}")
