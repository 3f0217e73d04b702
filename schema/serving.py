"""Fields as graphql-core resolves them: the shortest way from a row to what its `GraphField` says.

Strawberry's own resolvers cost several times as much a field, so they are replaced once the schema stands.
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from operator import attrgetter
from typing import Any
from uuid import UUID

import msgspec
import orjson
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
from schema.scalars import ESCAPED, are_short, text

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
        request = page_request(name, paging, context, arguments, wants_total=selects(info, "totalCount"))
        page = await serve(source, context, request)
        if page is None:
            return None
        return ShownPage(page, context.cursors.of_list(list_identity(name, request)))

    return resolve


def commanded(operation: str, serve: Serve, commanding: Commanding) -> Resolve:
    """Calls the resolver with the command: the input with its global ids read."""

    async def resolve(_root: object, info: Info, **given: Any) -> Any:  # the payload of any mutation
        return await serve(await command_of(operation, info.context, commanding, given["input"]))

    return resolve


def denied(operation: str, commanding: Commanding) -> Resolve:
    """Tells the audit log of a caller who may not do this."""

    async def tell(_root: object, info: Info, **given: Any) -> None:
        writer = getattr(info.context.sources.writers, commanding.written_by.value.lower())
        await deny(await command_of(operation, info.context, commanding, given["input"]), writer)

    return tell


async def command_of(operation: str, context: Context, commanding: Commanding, asked: Any) -> Command[Any]:
    """The command that an input makes. Raises InvalidRequest."""
    customer: UUID | None = None
    for path, type_name in commanding.ids.items():
        asked, found = _ids_read(asked, path.split("."), type_name, ("input",))
        customer = customer or found
    named = to_camel_case(next(iter(commanding.ids), "").partition(".")[0])
    whom = None if customer is None else CustomerId(customer)
    if commanding.whose is not None:
        whom = await commanding.whose(context, asked)
    return Command(context, operation, asked, whom, named)


def _ids_read(asked: Any, path: Sequence[str], type_name: str, at: tuple[str, ...]) -> tuple[Any, UUID | None]:
    """The input with the id at the path read, and whom it belongs to: what belongs to no customer tells nobody, nor do lists.

    Raises InvalidRequest.
    """
    if asked is None or asked is msgspec.UNSET:
        return asked, None
    if isinstance(asked, (list, tuple)):
        return [
            _ids_read(one, path, type_name, (*at, str(index)))[0] if _leads_on(one, path) else one
            for index, one in enumerate(asked)
        ], None
    if not path:
        _, parts = parse_id(asked, ".".join(at), type_name)
        is_owned = len(parts) > 1
        return (parts if is_owned else parts[0]), (parts[0] if is_owned or type_name == "Customer" else None)
    name, *rest = path
    part = getattr(asked, name)
    if part is None:
        return asked, None
    read, found = _ids_read(part, rest, type_name, (*at, _spelled(name)))
    return (asked if read is part else msgspec.structs.replace(asked, **{name: read})), found


def _leads_on(asked: Any, path: Sequence[str]) -> bool:
    """True where there may be an id at the path."""
    for name in path:
        if isinstance(asked, (list, tuple)):
            return True
        if asked is None or asked is msgspec.UNSET:
            return False
        asked = getattr(asked, name)
    return asked is not None


_spelled = cache(to_camel_case)


def where_bound(resolve: Resolve, domain: Domain) -> Resolve:
    """None where no source is bound to the domain (T6): `sourceStatuses` says so, and nothing fails."""
    return lambda source, info, **arguments: (
        resolve(source, info, **arguments) if domain in info.context.sources.bound else None
    )


Fault = tuple[tuple[str, ...], str]
"""Where a text stands that can't be held, and why."""


def texts_checked(resolve: Resolve) -> Resolve:
    """The resolver behind `check_texts`."""

    def check(source: Any, info: Info, **arguments: Any) -> Any:
        check_texts(arguments, info.context)
        return resolve(source, info, **arguments)

    return check


def check_texts(arguments: dict[str, Any], context: Context) -> None:
    """Refuse arguments with a text that is too long or that a database can't hold, however deep it stands in them.

    Raises InvalidRequest.
    """
    if context.texts_fit or _are_plain(arguments):
        return
    for name, value in arguments.items():
        fault = _fault(value)
        if fault is not None:
            path, message = (to_camel_case(name), *fault[0]), fault[1]
            raise InvalidRequest(f"`{'.'.join(path)}`: {message}.", *path)


def _are_plain(arguments: dict[str, Any]) -> bool:
    """True where no text can be at fault, as their JSON tells without a walk; False where it takes a closer look."""
    try:
        document = msgspec.json.encode(arguments)
    except (TypeError, ValueError, OverflowError):
        return False
    return ESCAPED.search(document) is None and are_short(document)


def _fault(value: Any) -> Fault | None:
    """The first fault of an argument's value."""
    if isinstance(value, str):
        try:
            text(value)
        except ValueError as error:
            return (), str(error)
        return None
    if isinstance(value, dict):
        return (
            None
            if _is_held(value)
            else _first_fault(("keys",) * len(value), value) or _first_fault(value, value.values())
        )
    if isinstance(value, (list, tuple)):
        return _first_fault(range(len(value)), value)
    if isinstance(value, msgspec.Struct):
        fault = _first_fault(value.__struct_fields__, msgspec.structs.astuple(value))
        return None if fault is None else ((to_camel_case(fault[0][0]), *fault[0][1:]), fault[1])
    return None


def _first_fault(names: Iterable[object], parts: Iterable[Any]) -> Fault | None:
    """The first fault of the parts, each with its name in the path to it."""
    for name, part in zip(names, parts, strict=True):
        fault = _fault(part)
        if fault is not None:
            return (str(name), *fault[0]), fault[1]
    return None


def _is_held(document: dict[str, Any]) -> bool:
    """True for JSON whose texts can all be held, but that it says nothing of their length: whoever stores JSON limits its
    size as a whole. False where it takes a closer look."""
    try:
        return b"\\u0000" not in orjson.dumps(document)
    except TypeError:
        return False


def page_request(
    name: str,
    paging: Paging,
    context: Context,
    arguments: dict[str, Any],
    *,
    wants_total: bool,
    columns: frozenset[str] | None = None,
) -> PageRequest:
    """The page that a connection's arguments ask for; null counts as left out. Raises InvalidRequest."""
    first, after, last, before = (arguments.pop(key, None) for key in PAGING_ARGUMENTS)
    if first is not None and last is not None:
        raise InvalidRequest("`first` and `last` exclude each other.", "last")
    for key, size in (("first", first), ("last", last)):
        if size is not None and not 1 <= size <= LARGEST_PAGE:
            raise InvalidRequest(f"`{key}` is a number from 1 to {LARGEST_PAGE}.", key)
    order = arguments.pop(paging.order, None) if paging.order else None
    if order is None and paging.default_order is not None:
        order = paging.default_order(context)
    request = PageRequest(
        now=context.now,
        first=paging.default if first is None and last is None else first,
        last=last,
        filter=paging.pack(arguments) if paging.pack and arguments else None,
        order=order,
        want_total=wants_total,
        columns=columns,
    )
    if after is None and before is None:
        return request
    belongs_to = list_identity(name, request)
    cursors = context.cursors
    return PageRequest(
        now=request.now,
        first=request.first,
        after=None if after is None else cursors.decode(after, belongs_to, "after"),
        last=last,
        before=None if before is None else cursors.decode(before, belongs_to, "before"),
        filter=request.filter,
        order=order,
        want_total=request.want_total,
        columns=columns,
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
