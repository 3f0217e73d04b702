"""The builders that every field of the schema is made with: `leaf`, `lookup`, `connection`, `command` and `stream`.

Scopes, domain, kind of personal data and paging are data on the field; `schema.build` makes resolvers of them, and
nothing else decides them.
"""

from collections.abc import Awaitable, Callable, Hashable, Mapping
from typing import Any

import msgspec
import strawberry
from graphql import GraphQLField
from strawberry.annotation import StrawberryAnnotation
from strawberry.types.arguments import StrawberryArgument
from strawberry.types.field import StrawberryField

from datasources.ids import CustomerId
from datasources.registry import Domain
from permissions.masking import PiiKind
from permissions.model import RequiredScopes, Scope
from permissions.policy import PII
from permissions.policy import requires as scopes
from schema.directives import Authenticated, Cost, ListSize, Pii, Source, requires_scopes

Serve = Callable[..., Any]
"""(row, context, **arguments) → the value, or an awaitable of it: a resolver of `resolvers`."""
Known = Callable[..., CustomerId | None]
"""(context, **arguments) → the customer who will be answered if they are there at all; None where that has to be asked."""
Pack = Callable[[dict[str, Any]], Any]
"""Makes the filter of a page request out of a connection's other arguments."""
DefaultOrder = Callable[[Any], Hashable]
"""The order of a list that names none, by the request's context: its cursors are bound to that order too."""

DEFINITION = "strawberry-definition"
"""Under which strawberry keeps a field's `GraphField` in the extensions of graphql-core's field."""
NEEDS = "needs"
"""Under which `schema.build` keeps the scopes that a coordinate needs there."""
STRUCT = "struct"
"""Under which `schema.build` keeps the struct of an input in the extensions of its type."""

DEFAULT_PAGE = 20
LARGEST_PAGE = 200
MOST_KEYS = 100
"""How many objects can be asked for by their keys at once."""
MUTATION_COST = Cost(weight="10")
"""What a write costs beside what it returns; Apollo's router reckons the same."""


class Argument(msgspec.Struct, frozen=True):
    """An argument of a field."""

    name: str
    type: Any  # a type as strawberry takes it
    description: str
    default: Any = strawberry.UNSET
    graphql_name: str | None = None


class Paging(msgspec.Struct, frozen=True):
    """How a connection is paged; `filter` names the argument or packs the arguments that filter it."""

    pack: Pack | None = None
    default: int = DEFAULT_PAGE
    order: str | None = None
    default_order: DefaultOrder | None = None


Whose = Callable[[Any, Any], Awaitable[CustomerId | None]]
"""(context, input) → the customer whom a mutation is about, where the ids of its input do not tell."""


class Commanding(msgspec.Struct, frozen=True):
    """How a mutation is taken: the ids of its input with the type each is of, the customer's or owned thing's first, the
    domain whose writer carries it out, and whom it is about where no id tells."""

    ids: Mapping[str, str]
    written_by: Domain
    whose: Whose | None = None


ROW = "\N{SECTION SIGN}"
"""Stands for the row in expressions: no name of GraphQL has it."""


class Expression(msgspec.Struct, frozen=True):
    """A value as plans write it into their code: an expression of ROW, and the names in it."""

    text: str
    names: Mapping[str, Any] = {}


class Wrapped(msgspec.Struct, frozen=True):
    """What the items of a list stand around: where no more is selected of them than `attribute`, they need not be made; it is
    each of the `items`, an expression of ROW."""

    attribute: str
    items: Expression


class GraphField(StrawberryField):
    """A field with what the gateway has to know of it."""

    serve: Serve | None = None
    requires: RequiredScopes = ()
    is_authenticated: bool = False
    domain: Domain | None = None
    pii: PiiKind | None = None
    unmasked_by: Scope = PII
    masks_parts: bool = False
    paging: Paging | None = None
    commanding: Commanding | None = None
    known: Known | None = None
    written: Expression | None = None
    """The value that attribute or resolver give, without a call for it."""
    wrapped: Wrapped | None = None
    events: Serve | None = None
    reads: tuple[str, ...] | None = None
    """The attributes of the row that it reads, where its source does not tell them."""

    @property
    def is_masked(self) -> bool:
        """True when callers without `unmasked_by` see the value, or parts of it, masked."""
        return self.pii is not None or self.masks_parts


def definition_of(field: GraphQLField) -> GraphField | None:
    """What a field of the schema was made of; None for one that is not ours, such as those of introspection."""
    found = field.extensions.get(DEFINITION)
    return found if isinstance(found, GraphField) else None


def argument(
    name: str, type_: Any, description: str, default: Any = strawberry.UNSET, graphql_name: str | None = None
) -> Argument:
    """An argument of a lookup or connection, in Python's spelling; nullable ones may be left out."""
    return Argument(name, type_, description, default, graphql_name)


def leaf(
    *,
    pii: PiiKind | None = None,
    requires: str | None = None,
    unmasked_by: str = PII,
    masks_parts: bool = False,
    written: str | None = None,
) -> Any:  # typed as the attribute it stands for
    """An attribute of the row that is personal data, or that needs a scope of its own, or that plans write as an expression
    of ROW.

    `masks_parts` says that the resolver before it masks what of it is personal data: no directive can.
    """
    field = GraphField()
    field.written = None if written is None else Expression(written)
    _mark(field, requires=requires, domain=None, pii=pii)
    field.unmasked_by, field.masks_parts = Scope(unmasked_by), masks_parts
    return field


def lookup(
    type_: Any,
    serve: Serve,
    *arguments: Argument,
    requires: str | None = None,
    domain: Domain | None = None,
    served_by: Domain | None = None,
    pii: PiiKind | None = None,
    authenticated: bool = False,
    sized_by: str | None = None,
    known: Known | None = None,
    graphql_name: str | None = None,
) -> Any:  # typed as the attribute it stands for
    """A field that a resolver answers: one value, or a whole list; null where its domain has no source.

    `domain` is printed as `@source`, `served_by` is not. `sized_by` names the argument whose keys are what is listed.
    `known` tells of a customer before their row is there, so that what needs no more of them is asked for together with it.
    """
    field = GraphField(type_annotation=StrawberryAnnotation(type_), graphql_name=graphql_name)
    field.serve, field.domain, field.known = serve, served_by, known
    field.arguments = [_strawberry_argument(item) for item in arguments]
    _mark(field, requires=requires, domain=domain, pii=pii, authenticated=authenticated)
    if sized_by is not None:
        field.directives.append(ListSize(assumed_size=MOST_KEYS, slicing_arguments=[sized_by]))
    return field


FIRST = "How many at most, from the start or behind `after`."
AFTER = "Only what comes behind this cursor."
LAST = "How many at most, from the end or before `before`; excludes `first`."
BEFORE = "Only what comes before this cursor."


def connection(
    page_type: type,
    serve: Serve,
    *arguments: Argument,
    filter: Pack | type | None = None,
    both_ways: bool = False,
    default: int = DEFAULT_PAGE,
    order: str | None = None,
    default_order: DefaultOrder | None = None,
    nullable: bool = True,
    requires: str | None = None,
    domain: Domain | None = None,
    served_by: Domain | None = None,
    authenticated: bool = False,
) -> Any:  # typed as the attribute it stands for
    """A Relay connection: `serve` gets a `PageRequest` and answers a `Page`.

    `filter` makes the request's filter: a struct that takes the other arguments by name, or a function of them all;
    left out, the argument `filter` is it. `order` names the argument that orders the list, `default_order` tells the
    order where that is left out.
    """
    field = GraphField(type_annotation=StrawberryAnnotation(page_type | None if nullable else page_type))
    field.serve, field.domain = serve, served_by
    field.paging = Paging(_packed(filter), default, order, default_order)
    sized = strawberry.UNSET if both_ways else DEFAULT_PAGE
    paging = [argument("first", int | None, FIRST, sized), argument("after", str | None, AFTER)]
    if both_ways:
        paging += [argument("last", int | None, LAST), argument("before", str | None, BEFORE)]
    field.arguments = [_strawberry_argument(item) for item in (*arguments, *paging)]
    _mark(field, requires=requires, domain=domain, pii=None, authenticated=authenticated)
    field.directives.append(
        ListSize(
            assumed_size=default,
            slicing_arguments=["first", "last"] if both_ways else ["first"],
            sized_fields=["edges", "nodes"],
            require_one_slicing_argument=False,
        )
    )
    return field


def command(
    payload: Any,
    serve: Serve,
    input: type,
    *,
    ids: Mapping[str, str],
    requires: str,
    written_by: Domain,
    whose: Whose | None = None,
) -> Any:  # typed as the attribute it stands for
    """A mutation: `serve` gets a `resolvers.command.Command` and answers the payload's row.

    `ids` names the attributes of the input that are global ids, with the type each is of; dots lead into the inputs and
    lists inside it. Whom the first one outside of lists belongs to is the customer whom the mutation is about; `whose`
    finds them where none tells. A caller without the scope gets FORBIDDEN, and the audit log is told.
    """
    field = GraphField(type_annotation=StrawberryAnnotation(payload | None))
    field.serve, field.commanding = serve, Commanding(ids, written_by, whose)
    field.arguments = [_strawberry_argument(argument("input", input, "What is to be done, to whom, and why."))]
    _mark(field, requires=requires, domain=None, pii=None)
    field.directives.append(MUTATION_COST)
    return field


def stream(
    type_: Any, events: Serve, *arguments: Argument, requires: str, shown: Serve | None = None
) -> Any:  # typed as the attribute it stands for
    """A field of the subscription type: `events` gets (None, context, **arguments) and gives an asynchronous iterator, or
    an awaitable of one.

    Each event is what the field shows, or `shown` is asked for that: (event, context, **arguments), in a context of the
    event's own.
    """
    field = GraphField(type_annotation=StrawberryAnnotation(type_))
    field.events, field.serve = events, shown or _itself
    field.arguments = [_strawberry_argument(item) for item in arguments]
    _mark(field, requires=requires, domain=None, pii=None)
    return field


def _itself(event: Any, _context: Any, **_arguments: Any) -> Any:
    return event


def _packed(filter: Pack | type | None) -> Pack:
    """The function from a connection's arguments to its filter."""
    if filter is None:
        return lambda given: given.get("filter")
    if isinstance(filter, type):
        return lambda given: filter(
            **{name: tuple(value) if isinstance(value, list) else value for name, value in given.items()}
        )
    return filter


def _mark(
    field: GraphField, *, requires: str | None, domain: Domain | None, pii: PiiKind | None, authenticated: bool = False
) -> None:
    """Keep what the gateway must know on the field, and print it in the SDL."""
    directives: list[object] = []
    if domain is not None:
        field.domain = domain
        directives.append(Source(domain=domain))
    if requires is not None:
        field.requires = scopes(requires)
        directives.append(requires_scopes(field.requires))
    if authenticated:
        field.is_authenticated = True
        directives.append(Authenticated())
    if pii is not None:
        field.pii = pii
        directives.append(Pii(kind=pii))
    field.directives = directives


def _strawberry_argument(item: Argument) -> StrawberryArgument:
    return StrawberryArgument(
        python_name=item.name,
        graphql_name=item.graphql_name,
        type_annotation=StrawberryAnnotation(item.type),
        description=item.description,
        default=item.default,
    )
