"""Keys to ask readers with: taken from the rows that they find, and some that nothing has."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, get_args, get_origin
from uuid import UUID

import msgspec

from datasources.conformance.asked import BASE, ORDERS
from datasources.conformance.methods import Method
from datasources.conformance.subjects import Subject
from datasources.folding import email_key
from datasources.ids import CustomerId
from datasources.paging import Page, PageRequest
from datasources.profiles import CustomerRow, LookupKind, Named
from datasources.values import GeoPoint

MOST_ROWS = 200
"""Of a type of rows, from all over what was found, so that none crowds out the others."""
ALL = 10_000
ROUNDS = 2
"""Rows found by customer have the keys of most others; a second round finds what hangs on those."""


def whole(method: Method, subject: Subject, **changes: Any) -> PageRequest:
    """The request for all rows of a list at once."""
    orders = ORDERS.get(method.title, (None,))
    values = {"first": ALL, "filter": BASE.get(method.title), "order": orders[0], **changes}
    return PageRequest(subject.now, **values)


class Keys:
    """The keys of one subject, by what they are."""

    def __init__(self, subject: Subject, rows: Iterable[Any] = ()) -> None:
        self._subject = subject
        self._rows = list(rows)
        self._known: dict[Any, list[Any]] = {CustomerId: list(subject.customers)}

    @classmethod
    async def of(cls, subject: Subject, methods: Sequence[Method]) -> "Keys":
        """Those of all rows that the methods find."""
        keys = cls(subject)
        for _ in range(ROUNDS):
            keys = cls(subject, [row for method in methods for row in await keys._found(method)])
        return keys

    async def _found(self, method: Method) -> list[Any]:
        """Some of the rows that a method finds for the keys known so far."""
        asked = [] if method.key is None else self.known(method.key)
        if method.key is not None and not asked:
            return []
        page = whole(method, self._subject) if method.is_paged else None
        rows = [row for answer in await method.ask(self._subject, asked, page) for row in rows_in(answer)]
        return rows[:: max(1, len(rows) // MOST_ROWS)]

    def known(self, kind: Any) -> list[Any]:
        """Keys of a type that rows hold; not every method finds something for each."""
        if kind not in self._known:
            self._known[kind] = list(dict.fromkeys(key for row in self._rows for key in _in_row(row, kind)))
        return self._known[kind]


def rows_in(answer: Any) -> list[Any]:
    """The rows of an answer of any shape."""
    if isinstance(answer, Page):
        return list(answer.rows)
    rows = answer if isinstance(answer, (tuple, list)) else (answer,)
    return [row for row in rows if isinstance(row, msgspec.Struct)]


def unknown(kind: Any, number: int) -> Any:
    """A key of a type that no row has."""
    kind = getattr(kind, "__supertype__", kind)
    if get_origin(kind) is tuple:
        return tuple(unknown(part, number) for part in get_args(kind))
    if kind is UUID:
        return UUID(int=number)
    if kind is Named:
        return Named(kind=LookupKind.EMAIL, value=f"unknown-{number}@example.com")
    return GeoPoint(-80.0, float(number)) if kind is GeoPoint else f"unknown-{number}"


def _in_row(row: Any, kind: Any) -> Iterator[Any]:
    """What of a row can be a key of the type."""
    kind = getattr(kind, "__supertype__", kind)
    if get_origin(kind) is tuple:
        first, second = (getattr(part, "__supertype__", part) for part in get_args(kind))
        if first is UUID and hasattr(row, "customer_id"):
            yield from ((row.customer_id, part) for part in _in_row(row, second) if part != row.customer_id)
        elif first is str:
            yield from _pairs(row)
        return
    if kind is Named:
        yield from _names_of(row) if isinstance(row, CustomerRow) else ()
        return
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        yield from (value for value in (getattr(row, name) for name in _names(row)) if isinstance(value, kind))
        return
    for name in _names(row):
        value = getattr(row, name)
        if isinstance(value, kind) and (kind is UUID or name.endswith(("id", "key"))):
            yield value


def _pairs(row: Any) -> Iterator[tuple[str, str]]:
    """System and value of the external ids in a row."""
    for name in row.__struct_fields__:
        for item in getattr(row, name) if isinstance(getattr(row, name), tuple) else ():
            if hasattr(item, "system") and hasattr(item, "value"):
                yield item.system, item.value


def _names_of(row: CustomerRow) -> Iterator[Named]:
    """How messages can name a customer."""
    yield Named(row.customer_id)
    if row.email is not None:
        yield Named(kind=LookupKind.EMAIL, value=email_key(row.email))
    yield from (Named(None, LookupKind.EXTERNAL_ID, known.system, known.value) for known in row.external_ids)


def _names(row: Any) -> list[str]:
    """Fields and properties that read as identifiers, the row's own first."""
    derived = [name for name in dir(type(row)) if isinstance(getattr(type(row), name), property)]
    return [*row.__struct_fields__, *derived]
