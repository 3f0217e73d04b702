"""Introspection cut to the caller: the schema that is run, and the part of it that a class of callers is shown."""

from collections import OrderedDict
from collections.abc import Iterator
from typing import Any

from graphql import (
    GraphQLArgument,
    GraphQLCompositeType,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNamedType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLResolveInfo,
    GraphQLSchema,
    GraphQLUnionType,
    get_named_type,
    is_specified_directive,
)
from graphql.type import SchemaMetaFieldDef, TypeMetaFieldDef

from permissions.model import Principal, RequiredScopes, ViewerKind
from schema.fields import NEEDS, definition_of
from schema.views import VIEWS

PARTS_HELD = 32
PART_OF = "shown-in"
"""In the extensions of an interface that is shown: the part of the schema that it belongs to."""


class ShownSchema(GraphQLSchema):
    """A schema whose `__schema` and `__type` show a caller what they may ask for; validation knows all of it."""

    def __init__(self, whole: GraphQLSchema) -> None:
        super().__init__(
            whole.query_type,
            whole.mutation_type,
            whole.subscription_type,
            whole.type_map.values(),
            whole.directives,
            whole.description,
        )
        self._requirements = _requirements(self)
        self._parts: OrderedDict[tuple[bool, ...], GraphQLSchema] = OrderedDict()
        self._meta = {
            "__schema": GraphQLField(SchemaMetaFieldDef.type, resolve=self._shown_schema),
            "__type": GraphQLField(TypeMetaFieldDef.type, TypeMetaFieldDef.args, resolve=self._shown_type),
        }

    def get_field(self, parent_type: GraphQLCompositeType, field_name: str) -> GraphQLField | None:
        """The field of a type; those of introspection are our own."""
        try:
            field: GraphQLField = parent_type.fields[field_name]  # type: ignore[union-attr]  # a union has none
        except (AttributeError, KeyError):
            found = super().get_field(parent_type, field_name)
            return self._meta.get(field_name, found) if found else None
        return field

    def get_possible_types(self, abstract_type: Any) -> Any:  # as graphql-core has it
        """The types that an abstract one can turn out to be; of one that is shown, those that are shown."""
        part: GraphQLSchema | None = abstract_type.extensions.get(PART_OF)
        return super().get_possible_types(abstract_type) if part is None else part.get_possible_types(abstract_type)

    def shown_to(self, principal: Principal) -> GraphQLSchema:
        """The part of the schema for all who meet the same requirements; the parts asked for lately are kept."""
        is_anonymous = principal.kind is ViewerKind.ANONYMOUS
        met = (is_anonymous, *map(principal.holds, self._requirements))
        part = self._parts.pop(met, None)
        if part is None:
            part = _Part(self, principal).schema()
        self._parts[met] = part
        if len(self._parts) > PARTS_HELD:
            self._parts.popitem(last=False)
        return part

    def _shown_schema(self, _source: object, info: GraphQLResolveInfo[Any]) -> GraphQLSchema:
        return self.shown_to(info.context.principal)

    def _shown_type(self, _source: object, info: GraphQLResolveInfo[Any], name: str) -> GraphQLNamedType | None:
        return self.shown_to(info.context.principal).get_type(name)


def _requirements(schema: GraphQLSchema) -> tuple[RequiredScopes, ...]:
    """Every requirement of a field or type, each once."""
    objects = [type_ for type_ in schema.type_map.values() if isinstance(type_, GraphQLObjectType)]
    of_fields = (
        need for type_ in objects for field in type_.fields.values() for need in field.extensions.get(NEEDS, ())
    )
    return tuple(dict.fromkeys((*of_fields, *(view.requires for view in VIEWS.values()))))


class _Part:
    """Makes the part of a schema whose fields a class of callers may ask for, and the types these lead to."""

    def __init__(self, whole: GraphQLSchema, principal: Principal) -> None:
        self._whole, self._principal = whole, principal
        self._is_anonymous = principal.kind is ViewerKind.ANONYMOUS
        self._made: dict[str, Any] = {}
        self._possible: dict[str, list[str]] = {
            type_.name: [found.name for found in whole.get_possible_types(type_) if self._may_be_met(found)]
            for type_ in whole.type_map.values()
            if isinstance(type_, (GraphQLInterfaceType, GraphQLUnionType))
        }
        self._fields = {
            type_.name: {name for name, field in type_.fields.items() if self._is_open(field)}
            for type_ in whole.type_map.values()
            if isinstance(type_, (GraphQLObjectType, GraphQLInterfaceType))
        }
        while self._drop_dead_ends():
            pass

    def schema(self) -> GraphQLSchema:
        """The part, as a schema of its own that is never run."""
        whole = self._whole
        roots = [whole.query_type, whole.mutation_type, whole.subscription_type]
        query, mutation, subscription = (
            self._copied(root) if root is not None and self._is_there(root) else None for root in roots
        )
        part = GraphQLSchema(
            query,
            mutation,
            subscription,
            [self._copied(whole.type_map[name]) for name in self._met_as_possible()],
            [found for found in whole.directives if is_specified_directive(found) or not self._is_anonymous],
            whole.description,
            assume_valid=True,
        )
        for type_ in part.type_map.values():
            if isinstance(type_, GraphQLInterfaceType):
                type_.extensions[PART_OF] = part
        return part

    def _may_be_met(self, type_: GraphQLObjectType) -> bool:
        return self._principal.holds(VIEWS[type_.name].requires)

    def _is_open(self, field: GraphQLField) -> bool:
        needs: tuple[RequiredScopes, ...] = field.extensions.get(NEEDS, ())
        if self._is_anonymous:
            definition = definition_of(field)
            return not needs and (definition is None or not definition.is_authenticated)
        return all(map(self._principal.holds, needs))

    def _is_there(self, type_: GraphQLNamedType) -> bool:
        """False for a type that nothing can be asked of."""
        if isinstance(type_, GraphQLUnionType):
            return any(self._fields[name] for name in self._possible[type_.name])
        return not isinstance(type_, (GraphQLObjectType, GraphQLInterfaceType)) or bool(self._fields[type_.name])

    def _drop_dead_ends(self) -> bool:
        """Drop the fields that lead to nothing. True where there were some, which may leave more."""
        dropped = False
        for type_name, names in self._fields.items():
            fields = self._whole.type_map[type_name].fields  # type: ignore[attr-defined]  # only composites are here
            left = {name for name in names if self._is_there(get_named_type(fields[name].type))}
            dropped |= left != names
            self._fields[type_name] = left
        return dropped

    def _met_as_possible(self) -> list[str]:
        """The types that a field of an abstract type can turn out to be, found along the fields from the roots."""
        met: list[str] = []
        seen: set[str] = set()
        roots = (self._whole.query_type, self._whole.mutation_type, self._whole.subscription_type)
        names = [root.name for root in roots if root is not None]
        while names:
            name = names.pop()
            if name in seen:
                continue
            seen.add(name)
            possible = [found for found in self._possible.get(name, ()) if self._fields[found]]
            met += possible
            names += possible
            names += self._led_to(name)
        return met

    def _led_to(self, type_name: str) -> Iterator[str]:
        for name in self._fields.get(type_name, ()):
            yield get_named_type(self._whole.type_map[type_name].fields[name].type).name  # type: ignore[attr-defined]  # has fields

    def _copied(self, type_: GraphQLNamedType) -> Any:  # a type of the same kind
        """A type with the fields that are left; leaves and inputs are the same in every part."""
        if not isinstance(type_, (GraphQLObjectType, GraphQLInterfaceType, GraphQLUnionType)):
            return type_
        if type_.name not in self._made:
            self._made[type_.name] = self._copy(type_)
        return self._made[type_.name]

    def _copy(self, type_: GraphQLObjectType | GraphQLInterfaceType | GraphQLUnionType) -> GraphQLNamedType:
        if isinstance(type_, GraphQLUnionType):
            members = [self._whole.type_map[name] for name in self._possible[type_.name] if self._fields[name]]
            return GraphQLUnionType(type_.name, lambda: [self._copied(member) for member in members])
        kind = GraphQLObjectType if isinstance(type_, GraphQLObjectType) else GraphQLInterfaceType
        return kind(
            type_.name,
            lambda: {
                name: self._field(type_.fields[name]) for name in type_.fields if name in self._fields[type_.name]
            },
            interfaces=lambda: [self._copied(found) for found in type_.interfaces if self._is_there(found)],
            description=type_.description,
        )

    def _field(self, field: GraphQLField) -> GraphQLField:
        arguments: dict[str, GraphQLArgument] = field.args
        return GraphQLField(
            self._wrapped(field.type),
            arguments,
            description=field.description,
            deprecation_reason=field.deprecation_reason,
        )

    def _wrapped(self, type_: Any) -> Any:  # the same type, non-null and lists kept
        if isinstance(type_, (GraphQLNonNull, GraphQLList)):
            return type(type_)(self._wrapped(type_.of_type))
        return self._copied(type_)
