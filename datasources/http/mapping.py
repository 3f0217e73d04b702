"""What a config maps to the methods of readers, compiled; whatever of it can't be is told by its key."""

from collections.abc import Callable, Iterator, Mapping

from datasources.capability import EVERYTHING, Capability
from datasources.http.collecting import AFTER
from datasources.http.compiling import At, Compiling
from datasources.http.endpoints import FILTER, Endpoint, Endpoints, Owner, Paging
from datasources.http.identities import is_identifier
from datasources.http.lists import LISTS, Listed
from datasources.http.methods import Key, Method, methods_of
from datasources.http.misfits import check, fields_of
from datasources.http.rows import Faults, Rows
from datasources.http.settings import OwnerSettings, PagingSettings, ReadSettings
from datasources.registry import Domain

UNREAD = frozenset((Domain.PROFILES,))
"""Domains that every other hangs on, which a database holds."""
REACHING = "within"
"""The parameter by which a caller's reach is applied: another system can't."""


BY_KEY: Mapping[Key, frozenset[str]] = {
    Key.OWNED: frozenset(("id",)),
    Key.NAMED: frozenset(("key",)),
    Key.ID: frozenset(("id",)),
    Key.TEXT: frozenset(("key",)),
    Key.POINT: frozenset(("latitude", "longitude")),
}
PLACED = frozenset(("now", "at", "since", "until", "within_meters", "most"))
"""Parameters that a template may have in it."""


def endpoints_of(compiling: Compiling, reads: Mapping[str, Mapping[str, ReadSettings]]) -> Mapping[Domain, Endpoints]:
    """The endpoints of each domain, as far as they can be."""
    found: dict[Domain, Endpoints] = {}
    for name, methods in reads.items():
        domain = Domain.__members__.get(name.upper()) if name == name.lower() else None
        if domain is None or domain in UNREAD:
            compiling.tell("unknown domain" if domain is None else "is held by a database", "reads", name)
            continue
        found[domain] = dict(_endpoints(compiling, domain, methods))
    return found


def _endpoints(
    compiling: Compiling, domain: Domain, methods: Mapping[str, ReadSettings]
) -> Iterator[tuple[str, Endpoint]]:
    for name, settings in methods.items():
        at = ("reads", domain.value.lower(), name)
        method = methods_of(domain).get(name)
        if method is None or REACHING in method.shared:
            message = "unknown method" if method is None else "depends on whom the caller reaches: leave it out"
            compiling.tell(message, *at)
            continue
        rows = _rows(compiling, method, settings, methods, at)
        endpoint = None if rows is None else _endpoint(compiling, method, settings, rows, at)
        if endpoint is not None:
            check(compiling, endpoint, settings, methods, at)
            yield name, endpoint


def _rows(
    compiling: Compiling, method: Method, settings: ReadSettings, methods: Mapping[str, ReadSettings], at: At
) -> Rows | None:
    """What makes the rows of the method, by its own fields or those that it shares."""
    fields = fields_of(compiling, method, settings, methods, at)
    if fields is None:
        return None
    try:
        return Rows(method.row, fields)
    except Faults as found:
        if settings.fields is not None:
            for name, fault in found.faults.items():
                compiling.tell(fault, *at, "fields", name)
        return None


def _endpoint(compiling: Compiling, method: Method, settings: ReadSettings, rows: Rows, at: At) -> Endpoint:
    listed = LISTS.get(method.title)
    owner = None if settings.owner is None else _owner(compiling, settings.owner, at)
    key = compiling.path(settings.key, *at, "key")
    if key is None and settings.batch is not None and method.key in (Key.OWNED, Key.ID) and "id" in rows.attributes:
        key = rows.attributes["id"].path
    paging = None if settings.paging is None else _paging(compiling, settings.paging, listed, at)
    request = compiling.request(settings, _allowed(method, listed), *at)
    return Endpoint(
        method=method,
        rows=rows,
        request=request,
        listed=listed,
        items=compiling.path(settings.items, *at, "items"),
        owner=owner,
        key=key,
        batch=settings.batch,
        paging=paging,
        total=compiling.path(settings.total, *at, "total"),
        is_sorted=settings.sorted or (paging is not None and paging.is_keyset),
        max_rows=settings.max_rows,
        from_list=settings.from_list,
        capability=_capability(method, listed),
    )


def _allowed(method: Method, listed: Listed | None) -> Callable[[str], bool]:
    """Which values a call of the method can have in it."""
    own = BY_KEY.get(method.key, frozenset()) | PLACED.intersection(method.shared)
    if listed is not None:
        own |= {"now"}
    asked = () if listed is None or listed.filter is None else listed.filter.__struct_fields__  # type: ignore[attr-defined]  # a struct

    def allowed(name: str) -> bool:
        if name.startswith(FILTER):
            return name.split(".")[1] in asked
        return name in own or (method.key.is_of_customers and is_identifier(name))

    return allowed


def _owner(compiling: Compiling, settings: OwnerSettings, at: At) -> Owner | None:
    if not is_identifier(settings.equals):
        compiling.tell("must be an identifier of customers", *at, "owner", "equals")
    path = compiling.path(settings.path, *at, "owner", "path")
    return None if path is None else Owner(path, settings.equals, settings.within == "answer")


def _paging(compiling: Compiling, settings: PagingSettings, listed: Listed | None, at: At) -> Paging:
    order = () if listed is None else listed.order
    after = {
        name: compiling.template(text, lambda place: place.removeprefix(AFTER) in order, *at, "paging", "after", name)
        for name, text in settings.after.items()
    }
    return Paging(
        settings,
        compiling.path(settings.next, *at, "paging", "next"),
        {name: template for name, template in after.items() if template is not None},
    )


def _capability(method: Method, listed: Listed | None) -> Capability:
    """Every list can be read from its end and be counted, within its bound; filters are those that rows tell of."""
    if listed is None or listed.filter is None:
        return EVERYTHING
    return Capability(filters=listed.known(method.row))
