"""Fields as graphql-core resolves them: the shortest way from a row to what its `GraphField` says.

Strawberry's own resolvers cost several times as much a field, so they are replaced once the schema stands.
"""

from collections.abc import Iterator
from operator import attrgetter
from typing import Any
from uuid import UUID

import msgspec
from graphql import FieldNode, GraphQLResolveInfo, SelectionSetNode
from graphql.execution.values import get_directive_values
from graphql.type import GraphQLIncludeDirective, GraphQLSkipDirective
from strawberry.utils.str_converters import to_camel_case

from datasources.errors import InvalidRequest
from datasources.ids import CustomerId
from datasources.paging import PageRequest, list_identity
from datasources.registry import Domain
from resolvers.command import Command, deny
from resolvers.context import Context
from schema.connections import ShownPage
from schema.directives import Resolve
from schema.fields import LARGEST_PAGE, Commanding, GraphField, Paging, Serve
from schema.ids import parse_id
from schema.scalars import text

Info = GraphQLResolveInfo[Context]

PAGING_ARGUMENTS = ("first", "after", "last", "before")


def attribute(name: str) -> Resolve:
    """Reads the attribute of the row."""
    get = attrgetter(name)
    return lambda source, _info: get(source)


def answered(serve: Serve) -> Resolve:
    """Calls the resolver with row, context and arguments."""
    return lambda source, info, **arguments: serve(source, info.context, **arguments)


def paged(name: str, field: GraphField, serve: Serve, paging: Paging) -> Resolve:
    """Calls the resolver with the page asked for and shows the page it answers; None stays None."""

    async def resolve(source: Any, info: Info, **arguments: Any) -> ShownPage | None:
        context = info.context
        request = page_request(name, paging, info, arguments)
        page = await serve(source, context, request)
        if page is None:
            return None
        return ShownPage(page, context.cursors, list_identity(name, request))

    return resolve


def commanded(operation: str, serve: Serve, commanding: Commanding) -> Resolve:
    """Calls the resolver with the command: the input with its global ids read."""
    return lambda _root, info, **given: serve(command_of(operation, info.context, commanding, given["input"]))


def denied(operation: str, commanding: Commanding) -> Resolve:
    """Tells the audit log of a caller who may not do this."""

    async def tell(_root: object, info: Info, **given: Any) -> None:
        writer = getattr(info.context.sources.writers, commanding.written_by.value.lower())
        await deny(command_of(operation, info.context, commanding, given["input"]), writer)

    return tell


def command_of(operation: str, context: Context, commanding: Commanding, asked: Any) -> Command[Any]:
    """The command that an input makes. Raises InvalidRequest."""
    read: dict[str, Any] = {}
    customer: UUID | None = None
    for name, type_name in commanding.ids.items():
        given = getattr(asked, name)
        if given is not None:
            _, parts = parse_id(given, f"input.{to_camel_case(name)}", type_name)
            customer = customer or parts[0]
            read[name] = parts if len(parts) > 1 else parts[0]
    named = to_camel_case(next(iter(commanding.ids), ""))
    whom = None if customer is None else CustomerId(customer)
    return Command(context, operation, msgspec.structs.replace(asked, **read), whom, named)


def where_bound(resolve: Resolve, domain: Domain) -> Resolve:
    """None where no source is bound to the domain (T6): `sourceStatuses` says so, and nothing fails."""
    return lambda source, info, **arguments: (
        resolve(source, info, **arguments) if domain in info.context.sources.bound else None
    )


def texts_checked(resolve: Resolve) -> Resolve:
    """Refuses arguments with a text that is too long or that a database can't hold, however deep it stands in them."""

    def check(source: Any, info: Info, **arguments: Any) -> Any:
        for name, value in arguments.items():
            _check_texts(value, (to_camel_case(name),))
        return resolve(source, info, **arguments)

    return check


def _check_texts(value: Any, path: tuple[str, ...]) -> None:
    if isinstance(value, str):
        try:
            text(value)
        except ValueError as error:
            raise InvalidRequest(f"`{'.'.join(path)}`: {error}.", *path) from None
        return
    for name, part in _parts(value):
        _check_texts(part, (*path, name))


def _parts(value: Any) -> Iterator[tuple[str, Any]]:
    """The values inside an argument's value, each with its name in the path to it; the keys of JSON among them."""
    if isinstance(value, msgspec.Struct):
        yield from ((to_camel_case(name), getattr(value, name)) for name in value.__struct_fields__)
    elif isinstance(value, (list, tuple)):
        yield from ((str(index), part) for index, part in enumerate(value))
    elif isinstance(value, dict):
        yield from (("keys", key) for key in value)
        yield from value.items()


def page_request(name: str, paging: Paging, info: Info, arguments: dict[str, Any]) -> PageRequest:
    """The page that a connection's arguments ask for; null counts as left out. Raises InvalidRequest."""
    first, after, last, before = (arguments.pop(key, None) for key in PAGING_ARGUMENTS)
    if first is not None and last is not None:
        raise InvalidRequest("`first` and `last` exclude each other.", "last")
    for key, size in (("first", first), ("last", last)):
        if size is not None and not 1 <= size <= LARGEST_PAGE:
            raise InvalidRequest(f"`{key}` is a number from 1 to {LARGEST_PAGE}.", key)
    order = arguments.pop(paging.order, None) if paging.order else None
    if order is None and paging.default_order is not None:
        order = paging.default_order(info.context)
    request = PageRequest(
        now=info.context.now,
        first=paging.default if first is None and last is None else first,
        last=last,
        filter=paging.pack(arguments) if paging.pack and arguments else None,
        order=order,
        want_total=selects(info, "totalCount"),
    )
    if after is None and before is None:
        return request
    belongs_to = list_identity(name, request)
    cursors = info.context.cursors
    return PageRequest(
        now=request.now,
        first=request.first,
        after=None if after is None else cursors.decode(after, belongs_to, "after"),
        last=last,
        before=None if before is None else cursors.decode(before, belongs_to, "before"),
        filter=request.filter,
        order=order,
        want_total=request.want_total,
    )


def selects(info: Info, name: str) -> bool:
    """True when the field's own selection holds a field of that name that is not skipped."""
    return any(
        field.name.value == name
        for node in info.field_nodes
        if node.selection_set is not None
        for field in _selected(node.selection_set, info)
    )


def _selected(selections: SelectionSetNode, info: Info) -> Iterator[FieldNode]:
    """The fields of a selection set, fragments opened, skipped ones left out."""
    for selection in selections.selections:
        if selection.directives and not _included(selection, info):
            continue
        if isinstance(selection, FieldNode):
            yield selection
        elif nested := getattr(selection, "selection_set", None):
            yield from _selected(nested, info)
        else:
            yield from _selected(info.fragments[selection.name.value].selection_set, info)  # type: ignore[attr-defined]


def _included(selection: Any, info: Info) -> bool:
    """What `@skip` and `@include` say."""
    skip = get_directive_values(GraphQLSkipDirective, selection, info.variable_values)
    include = get_directive_values(GraphQLIncludeDirective, selection, info.variable_values)
    return not (skip and skip["if"]) and not (include and not include["if"])
