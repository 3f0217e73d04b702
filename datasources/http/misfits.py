"""What of a mapping has to fit together: whose rows are, how they are told apart, and which lists have them."""

from collections.abc import Iterator, Mapping

from datasources.http.compiling import At, Compiling
from datasources.http.endpoints import Endpoint
from datasources.http.identities import is_identifier
from datasources.http.lists import MEASURED
from datasources.http.methods import Key, Method, Shape, methods_of
from datasources.http.rows import OWNER, types_of
from datasources.http.settings import FieldSettings, ReadSettings

LISTING: Mapping[Key, Key] = {Key.OWNED: Key.CUSTOMER, Key.ID: Key.NONE}
"""By what the list is asked for in which a row of a key stands."""


def fields_of(
    compiling: Compiling, method: Method, settings: ReadSettings, methods: Mapping[str, ReadSettings], at: At
) -> Mapping[str, FieldSettings] | None:
    """The fields of the method's rows: its own, those of the method named, or those of the list that it reads."""
    if settings.fields is not None:
        if settings.fields_of is not None:
            compiling.tell("has fields of its own", *at, "fields_of")
        return settings.fields
    key, name = ("fields_of", settings.fields_of) if settings.fields_of else ("from_list", settings.from_list)
    if name is None:
        compiling.tell("needs fields or fields_of", *at)
        return None
    other, known = methods.get(name), methods_of(method.domain).get(name)
    if other is None or other.fields is None or known is None or known.row is not method.row:
        compiling.tell("must be a method of the domain that has fields, of the same rows", *at, key)
        return None
    return other.fields


def check(
    compiling: Compiling, endpoint: Endpoint, settings: ReadSettings, methods: Mapping[str, ReadSettings], at: At
) -> None:
    """Tell what does not fit."""
    for key, message in _misfits(endpoint, settings, methods):
        compiling.tell(message, *at, *key)


def _misfits(
    endpoint: Endpoint, settings: ReadSettings, methods: Mapping[str, ReadSettings]
) -> Iterator[tuple[At, str]]:
    if settings.path is None and settings.from_list is None:
        yield (), "needs path or from_list"
    if settings.from_list is not None and not _has_rows(endpoint.method, settings.from_list, methods):
        yield ("from_list",), "must be a method with a path whose list has these rows"
    yield from _of_owner(endpoint, settings)
    yield from _of_batch(endpoint, settings)
    yield from _of_list(endpoint, settings)


def _has_rows(method: Method, name: str, methods: Mapping[str, ReadSettings]) -> bool:
    """True where the list of another method has the rows that are asked for by key."""
    listing, known = methods.get(name), methods_of(method.domain).get(name)
    if listing is None or listing.path is None or known is None:
        return False
    if method.title in MEASURED:
        return name == "listed"
    is_list = known.shape is Shape.PAGE and known.row is method.row and LISTING.get(method.key) is known.key
    return is_list and method.shape is Shape.ONE and "id" in types_of(method.row)


def _of_owner(endpoint: Endpoint, settings: ReadSettings) -> Iterator[tuple[At, str]]:
    """Nobody is shown what is another's: the call names the customer, or the answer does."""
    method, names = endpoint.method, endpoint.names
    if endpoint.request is None:
        return
    is_owned = method.key.is_of_customers or OWNER in types_of(method.row)
    asks_for_one = method.key.is_of_customers and settings.batch is None and any(map(is_identifier, names))
    if is_owned and settings.owner is None and not asks_for_one:
        yield ("owner",), "is missing, and nothing else tells whose a row is"
    if settings.owner is not None and not is_owned:
        yield ("owner",), "these rows are nobody's"


def _of_batch(endpoint: Endpoint, settings: ReadSettings) -> Iterator[tuple[At, str]]:
    method, owner = endpoint.method, settings.owner
    if settings.batch is None:
        if settings.key is not None:
            yield ("key",), "is of batches alone"
        return
    if endpoint.request is not None and not endpoint.of_keys:
        yield ("batch",), "needs a call with the values of keys in it"
    if method.key is Key.ID and OWNER in types_of(method.row):
        yield ("batch",), "must be left out, as these keys do not tell whose they are"
    if method.key in (Key.OWNED, Key.NAMED, Key.ID, Key.TEXT) and endpoint.key is None:
        yield ("key",), "is missing, and nothing else tells which key a row belongs to"
    if method.key is Key.POINT:
        yield ("batch",), "must be left out, as rows do not tell which point they are near"
    if owner is not None and owner.within == "answer":
        yield ("owner", "within"), "must be item in a batch"


def _of_list(endpoint: Endpoint, settings: ReadSettings) -> Iterator[tuple[At, str]]:
    shape = endpoint.method.shape
    if settings.total is not None and shape is not Shape.PAGE and settings.batch is None:
        yield ("total",), "is of lists that are paged"
    if settings.paging is not None and shape is Shape.ONE and settings.batch is None:
        yield ("paging",), "must be left out, as one row is read"
    if settings.paging is not None and settings.paging.kind == "keyset" and (shape is not Shape.PAGE or settings.batch):
        yield ("paging", "kind"), "keyset is of lists that are read for one key at a time"
    if settings.sorted and (shape is not Shape.PAGE or endpoint.method.title in MEASURED):
        yield ("sorted",), "must be left out, as no list of this order is read"
