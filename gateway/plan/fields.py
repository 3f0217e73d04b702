"""How a field gets its value in a plan: what `schema.fields` says of it, made into the shortest way there is.

A field that says nothing, of a schema that is not the gateway's, is resolved as graphql-core would.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import cache, partial
from inspect import iscoroutinefunction, signature
from operator import attrgetter
from types import SimpleNamespace
from typing import Any, get_args, get_origin

from graphql import FieldNode, GraphQLField, default_field_resolver
from msgspec.structs import replace

from datasources.ids import CustomerId
from datasources.paging import PageRequest, list_identity
from datasources.registry import Domain
from gateway.plan.arguments import Arguments
from gateway.plan.positions import Position
from gateway.plan.projection import Projection
from gateway.plan.run import Complete, Run
from gateway.plan.selections import Resolve
from gateway.plan.weights import is_list
from permissions import policy
from permissions.masking import PiiKind, masked
from permissions.model import AccessDenied, Principal, RequiredScopes
from permissions.policy import NotAuthenticated
from schema.connections import ShownPage
from schema.fields import NEEDS, GraphField, Paging, Serve, definition_of
from schema.serving import check_texts, page_request


class Wanted:
    """A field of a type as an operation asks for it."""

    def __init__(self, parent: str, field: GraphQLField, nodes: list[FieldNode]) -> None:
        self.field, self.nodes = field, nodes
        self.parent, self.name = parent, nodes[0].name.value
        self.coordinate = f"{parent}.{self.name}"
        self.definition = definition_of(field)
        self.arguments = Arguments(field, nodes[0]) if field.args else None
        self.checked = None if self.arguments is None else Held(partial(_checked, self.arguments))
        """The arguments by name, with texts that can be held."""

    @property
    def needs(self) -> tuple[RequiredScopes, ...]:
        """The scopes that the field needs, every one of these requirements."""
        found: tuple[RequiredScopes, ...] = self.field.extensions.get(NEEDS, ())
        return found

    def refusal(self, principal: Principal) -> Exception | None:
        """Why the caller may not have the field; None where they may, and for mutations, which tell the audit log first."""
        is_command = self.definition is not None and self.definition.commanding is not None
        return None if is_command else self.denial(principal)

    def denial(self, principal: Principal) -> Exception | None:
        """Why the caller may not have the field; None where they may."""
        if self.definition is None or not (self.needs or self.definition.is_authenticated):
            return None
        try:
            policy.check(principal, self.needs)
        except (AccessDenied, NotAuthenticated) as error:
            return error
        return None

    def mask(self, principal: Principal) -> PiiKind | None:
        """What kind of personal data has to be masked for the caller; None where they read it in clear."""
        definition = self.definition
        if definition is None or definition.pii is None or policy.sees(principal, definition.unmasked_by):
            return None
        return definition.pii

    @property
    def attribute(self) -> str | None:
        """The attribute of the row that it is; None where a resolver answers."""
        is_served = self.definition is None or self.definition.serve is not None
        return None if is_served or self.definition is None else self.definition.python_name

    @property
    def is_part(self) -> bool:
        """True for an object that is an attribute of the row, nothing of which is masked as a whole."""
        is_plain = self.definition is not None and self.definition.pii is None
        return is_plain and self.attribute is not None and not is_list(self.field.type)

    @property
    def at_once(self) -> Serve | None:
        """The resolver, where it needs no more than row and context and never waits; None where it is not so simple."""
        found = self.definition
        if found is None or found.serve is None or found.paging or found.commanding or found.domain or self.arguments:
            return None
        return found.serve if answers_at_once(found.serve) else None

    @property
    def known(self) -> Callable[[Run], CustomerId | None] | None:
        """Tells the customer who is asked for before their row is there; None where the arguments never do."""
        tell, checked = None if self.definition is None else self.definition.known, self.checked
        if tell is None:
            return None
        return lambda run: tell(run.context, **({} if checked is None else checked.of(run)))

    @property
    def asks(self) -> bool:
        """True where a resolver answers that may ask a source: one that may wait."""
        if self.definition is None:
            return self.field.resolve is not None
        return self.definition.serve is not None and not answers_at_once(self.definition.serve)

    @property
    def resolver(self) -> Callable[..., Any] | None:
        """What answers, as it was written; None where it is an attribute of the row."""
        return self.field.resolve if self.definition is None else self.definition.serve


@cache
def answers_at_once(serve: Serve) -> bool:
    """True for a resolver that never waits."""
    if iscoroutinefunction(serve):
        return False
    returned = signature(serve).return_annotation
    return all(get_origin(one) is not Awaitable for one in (returned, *get_args(returned)))


class Held:
    """What a field works out once a run, or the error of it."""

    def __init__(self, work_out: Any) -> None:
        self._work_out = work_out

    def of(self, run: Run) -> Any:
        """What was worked out. Raises what went wrong, each time."""
        try:
            found = run.held[self]
        except KeyError:
            try:
                found = self._work_out(run)
            except Exception as error:  # noqa: BLE001  # every row that the field is asked of is told
                found = error
            run.held[self] = found
        if isinstance(found, Exception):
            raise found
        return found


def denied(wanted: Wanted, error: Exception) -> Resolve:
    """Fails with why the caller may not have the field: before its source is called, and after its arguments are read,
    whose errors come first in graphql-core."""
    arguments = wanted.arguments

    def resolve(_row: Any, run: Run) -> Any:
        if arguments is not None:
            arguments.of(run.variables)
        raise error

    return resolve


def resolved(wanted: Wanted) -> Resolve:
    """Gets the value of a field that has no pages."""
    definition = wanted.definition
    if definition is None:
        return _as_graphql_core_does(wanted, wanted.field.resolve)
    if definition.commanding is not None:
        return _in_a_task(_as_graphql_core_does(wanted, wanted.field.resolve))
    if definition.serve is None:
        return _attribute(definition.python_name)
    return _where_bound(_served(wanted, definition.serve), definition)


def _attribute(name: str) -> Resolve:
    get = attrgetter(name)
    return lambda row, _run: get(row)


def _served(wanted: Wanted, serve: Serve) -> Resolve:
    checked = wanted.checked
    if checked is None:
        return lambda row, run: serve(row, run.context)
    return lambda row, run: serve(row, run.context, **checked.of(run))


def streamed(wanted: Wanted) -> Resolve:
    """Gets the source stream of a subscription's root field."""
    definition = wanted.definition
    if definition is None or definition.events is None:
        return _as_graphql_core_does(wanted, wanted.field.subscribe)
    return _served(wanted, definition.events)


def _checked(arguments: Arguments, run: Run) -> dict[str, Any]:
    """The arguments by name, with texts that can be held. Raises GraphQLError, InvalidRequest."""
    given = arguments.of(run.variables)
    check_texts(given, run.context)
    return given


def _where_bound(resolve: Resolve, definition: GraphField) -> Resolve:
    """Null where no source is bound to the field's domain (T6)."""
    domain = definition.domain
    if domain is None:
        return resolve
    return lambda row, run: resolve(row, run) if _is_bound(domain, run) else None


def _is_bound(domain: Domain | None, run: Run) -> bool:
    """True where a source is bound to the domain, or the field belongs to none."""
    return domain is None or domain in run.context.sources.bound


def _as_graphql_core_does(wanted: Wanted, resolver: Callable[..., Any] | None) -> Resolve:
    """Calls the resolver that graphql-core would call, with what of its `info` ours read."""
    resolve, arguments, name = resolver or default_field_resolver, wanted.arguments, wanted.name

    def call(row: Any, run: Run) -> Any:
        info: Any = SimpleNamespace(context=run.context, field_name=name)
        return resolve(row, info, **(arguments.of(run.variables) if arguments else {}))

    return call


def _in_a_task(resolve: Resolve) -> Resolve:
    """A mutation runs in a task of its own: what it calls may ask for one."""
    return lambda row, run: asyncio.ensure_future(resolve(row, run))


def _now(asked: "Callable[[Run], tuple[PageRequest, bytes]]") -> "Callable[[Run], tuple[PageRequest, bytes]]":
    """The same of a page that is asked for alike each time, but at another time: worked out once, where nothing is wrong with
    it."""
    kept: list[tuple[PageRequest, bytes]] = []

    def asked_now(run: Run) -> tuple[PageRequest, bytes]:
        if not kept:
            kept.append(asked(run))
        request, identity = kept[0]
        return replace(request, now=run.context.now), identity

    return asked_now


class Paged:
    """A connection: the page asked for is worked out once a run, and what is answered is shown with its cursors."""

    def __init__(
        self, wanted: Wanted, serve: Serve, paging: Paging, projection: Projection, *, wants_total: bool
    ) -> None:
        arguments, checked, coordinate = wanted.arguments, wanted.checked, wanted.coordinate
        assert arguments is not None  # noqa: S101  # every connection has `first` and `after`
        assert checked is not None  # noqa: S101  # as above

        def asked(run: Run) -> tuple[PageRequest, bytes]:
            given = checked.of(run)
            columns = projection.columns(coordinate)
            request = page_request(coordinate, paging, run.context, given, wants_total=wants_total, columns=columns)
            return request, list_identity(coordinate, request)

        is_always_alike = arguments.is_constant and paging.default_order is None
        held = self._held = Held(_now(asked) if is_always_alike else asked)
        definition = wanted.definition
        assert definition is not None  # noqa: S101  # it is what says how to page
        self._domain = definition.domain
        self.resolve = _where_bound(lambda row, run: serve(row, run.context, held.of(run)[0]), definition)

    def request(self, run: Run) -> PageRequest | None:
        """The page that is asked for; None where no source is bound to the list's domain. Raises what is wrong with it."""
        return self._held.of(run)[0] if _is_bound(self._domain, run) else None

    def around(self, pages: Sequence[Any], run: Run) -> list[ShownPage]:
        """Pages that were answered to the request, as they are shown."""
        cursor_at = run.context.cursors.of_list(self._held.of(run)[1])
        return [ShownPage(page, cursor_at) for page in pages]

    def shown(self, complete: "Callable[[Run, Any, Position], None]") -> Complete:
        """Completes the page that was answered; none is null where that may be, and told by `complete` where not."""
        held = self._held

        def show(run: Run, page: Any, position: Position) -> None:
            if page is not None:
                complete(run, ShownPage(page, run.context.cursors.of_list(held.of(run)[1])), position)
            elif position.is_nullable:
                position.put(None)
            else:
                complete(run, None, position)

        return show


def masking(kind: PiiKind, complete: Complete) -> Complete:
    """Completes what is left of personal data."""
    return lambda run, value, position: complete(run, masked(kind, value), position)
