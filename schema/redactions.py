"""What a caller sees of a customer masked or not at all, worked out of the schema itself: it can't fall behind it."""

from collections import deque
from collections.abc import Iterator
from enum import Enum
from functools import lru_cache

import msgspec
from graphql import GraphQLField, GraphQLObjectType, GraphQLUnionType, get_named_type

from datasources.profiles import CustomerRow
from permissions.model import RequiredScopes, Scope
from resolvers.context import Context
from schema.connections import ShownPage
from schema.enums import enum
from schema.fields import DEFINITION, NEEDS, GraphField, lookup
from schema.views import VIEWS, view

TYPES: dict[str, GraphQLObjectType] = {}
"""The object types of the schema as it runs, by name; `schema.build` fills it."""
OF_THE_CUSTOMER = ("Customer", "Profile")
"""The types whose hidden coordinates are told; further in, those are that say what is masked."""
CLASSES_HELD = 256


class RedactionMode(Enum):
    """How much of a field is kept from the caller."""

    MASKED = "MASKED"
    HIDDEN = "HIDDEN"


class RedactionRow(msgspec.Struct, frozen=True):
    """A field that the caller does not see in clear, and the scope that would show it."""

    path: str
    mode: RedactionMode
    scope: str


enum(
    RedactionMode,
    MASKED="It shows that there is a value, and at most a part of it.",
    HIDDEN="It is null, whatever it holds.",
)


@lru_cache(maxsize=CLASSES_HELD)
def redactions(scopes: frozenset[Scope]) -> tuple[RedactionRow, ...]:
    """What callers with these scopes see masked or not at all: shortest paths first, each field once."""
    found: list[RedactionRow] = []
    seen = {"Customer"}
    waiting = deque([("", TYPES["Customer"])])
    while waiting:
        prefix, type_ = waiting.popleft()
        for name, field in _fields(type_):
            redacted = _redacted(type_, prefix + name, field, scopes)
            if redacted is not None:
                found.append(redacted)
            if redacted is None and _missing(field.extensions[NEEDS], scopes) is None:
                inner = [one for one in _objects(field) if one.name not in seen]
                seen.update(one.name for one in inner)
                waiting.extend((f"{prefix}{name}.", one) for one in inner)
    return tuple(found)


def _redacted(
    type_: GraphQLObjectType, path: str, field: GraphQLField, scopes: frozenset[Scope]
) -> RedactionRow | None:
    """What the field keeps from these callers; None where it shows all, or where its parent is not the customer's."""
    missing = _missing(field.extensions[NEEDS], scopes)
    if missing is not None:
        return RedactionRow(path, RedactionMode.HIDDEN, missing) if type_.name in OF_THE_CUSTOMER else None
    definition: GraphField = field.extensions[DEFINITION]
    if definition.is_masked and definition.unmasked_by not in scopes:
        return RedactionRow(path, RedactionMode.MASKED, definition.unmasked_by)
    return None


def _missing(needs: tuple[RequiredScopes, ...], scopes: frozenset[Scope]) -> str | None:
    """The scopes that the first unmet need lacks; None where all are met."""
    for required in needs:
        if not any(wanted <= scopes for wanted in required):
            return " ".join(sorted(required[0] - scopes))
    return None


def _fields(type_: GraphQLObjectType) -> Iterator[tuple[str, GraphQLField]]:
    """The fields of a type; of a connection its nodes alone, which its edges repeat."""
    is_page = VIEWS[type_.name].row is ShownPage
    return ((name, field) for name, field in type_.fields.items() if not is_page or name == "nodes")


def _objects(field: GraphQLField) -> list[GraphQLObjectType]:
    """The object types that a field can return."""
    returned = get_named_type(field.type)
    if isinstance(returned, GraphQLUnionType):
        return list(returned.types)
    return [returned] if isinstance(returned, GraphQLObjectType) else []


def of_customer(_row: CustomerRow, context: Context) -> tuple[RedactionRow, ...]:
    """What the caller sees of a customer masked or not at all."""
    return redactions(context.principal.scopes)


@view(RedactionRow)
class Redaction:
    """A field that you see masked or not at all: separates "no value" from "not yours to see"."""

    path: str
    """Where the field is, from the customer on."""
    mode: RedactionMode
    """How much of it is kept from you."""
    scope: str
    """The scope that would show it."""


class RedactionFields:
    """What a customer shows of what it keeps back."""

    redactions = lookup(list[Redaction], of_customer)
    """Fields that you see masked or not at all: separates "no value" from "not yours to see"."""
