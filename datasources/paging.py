"""Pages of rows by keyset: what is asked for, what comes back, and the cursors that clients hold.

Relay cursor connections (Relay GraphQL Cursor Connections Specification). A cursor holds the sort values and id of a
row; it is signed with the list, filter and order it belongs to.
"""

import base64
import binascii
import datetime as dt
import hashlib
import hmac
from collections.abc import Callable, Hashable, Sequence
from functools import cache, lru_cache
from operator import attrgetter
from typing import Any, Generic, TypeVar
from uuid import UUID

import msgspec

from datasources.errors import InvalidRequest
from datasources.ids import base64url

Row = TypeVar("Row")
Position = tuple[Any, ...]
"""Sort values of a row, then what makes it unique; each is a datetime, UUID, int, float or str."""

SIGNATURE = 10
LISTS_HELD = 256


CursorAt = Callable[[Position], str]
"""Writes the cursor of a position in one list."""


class PageRequest(msgspec.Struct, frozen=True, array_like=True, cache_hash=True):
    """Which rows of a list: `first` behind `after`, or `last` before `before`; exactly one of the two is set.

    `now` is the program's time when the request began: whatever is derived from the clock uses it. `filter` is the
    struct of the list's own filter, `order` its order where it has several, `want_total` whether all are counted.
    `columns` names the attributes of the rows that will be read, None for all: a hint, beyond which anything may be
    answered, `UNREAD` too.
    """

    now: dt.datetime
    first: int | None = None
    after: Position | None = None
    last: int | None = None
    before: Position | None = None
    filter: Hashable = None
    order: Hashable = None
    want_total: bool = False
    columns: frozenset[str] | None = None

    @property
    def of_whole_rows(self) -> "PageRequest":
        """The same of all columns: for whoever makes other rows of those that a source answers."""
        return self if self.columns is None else msgspec.structs.replace(self, columns=None)

    def also_reading(self, *names: str) -> "PageRequest":
        """The same with these columns beside the others: for whoever looks at the rows that a source answers."""
        return self if self.columns is None else msgspec.structs.replace(self, columns=self.columns.union(names))

    @property
    def size(self) -> int:
        """How many rows at most."""
        return self.first if self.first is not None else self.last or 0

    @property
    def is_backward(self) -> bool:
        """True for `last`."""
        return self.last is not None


class Page(msgspec.Struct, Generic[Row], frozen=True, array_like=True):
    """Rows in the list's order; `order` names the attributes of a row that make up its position."""

    rows: tuple[Row, ...]
    order: tuple[str, ...]
    has_next: bool = False
    has_previous: bool = False
    total: int | None = None

    def position_of(self, row: Any) -> Position:  # any of the page's rows
        """Where the row stands in the list."""
        return _places(self.order)(row)


@cache
def _places(order: tuple[str, ...]) -> Callable[[Any], Position]:
    """Tells where a row stands in a list of this order."""
    get = attrgetter(*order)
    return get if len(order) > 1 else lambda row: (get(row),)


def page_of(rows: list[Any], request: PageRequest, order: tuple[str, ...], total: int | None = None) -> Page[Any]:
    """The page that `rows` make, read in the direction of the request with one row more than asked.

    That row's presence is `has_next` (or `has_previous`, going backward), and spares a COUNT.
    """
    more = len(rows) > request.size
    kept = rows[: request.size]
    if request.is_backward:
        kept.reverse()
        return Page(tuple(kept), order, request.before is not None, more, total)
    return Page(tuple(kept), order, more, request.after is not None, total)


def pages_of(
    lists: Sequence[list[Any]], request: PageRequest, order: tuple[str, ...], totals: Sequence[int | None]
) -> list[Page[Any]]:
    """The page that each of several lists makes, as `page_of` does."""
    if request.is_backward:
        return [page_of(rows, request, order, total) for rows, total in zip(lists, totals, strict=True)]
    size, has_previous = request.size, request.after is not None
    return [
        Page(tuple(rows[:size]), order, len(rows) > size, has_previous, total)
        for rows, total in zip(lists, totals, strict=True)
    ]


def check_position(position: Position | None, kinds: Sequence[type], argument: str) -> None:
    """Pass for a position of values of these types, or none: cursors outlive the version that signed them. Raises
    InvalidRequest."""
    if position is not None and (len(position) != len(kinds) or not all(map(isinstance, position, kinds))):
        raise InvalidRequest("This cursor belongs to an earlier version of the list: begin anew.", argument)


def page_of_list(
    rows: Sequence[Any], request: PageRequest, order: tuple[str, ...], *, descending: bool = False
) -> Page[Any]:
    """The page of a list that is held whole, sorted by the attributes `order`, all in one direction. Raises InvalidRequest."""
    after, before = (request.before, request.after) if descending else (request.after, request.before)
    if rows:
        # A driver's own UUIDs are of a class below the one that cursors are read as.
        kinds = [UUID if isinstance(value, UUID) else type(value) for value in _places(order)(rows[0])]
        check_position(request.after, kinds, "after")
        check_position(request.before, kinds, "before")
    kept = []
    for row in rows:
        place = tuple(getattr(row, name) for name in order)
        if (after is None or place > after) and (before is None or place < before):
            kept.append(row)
    if request.is_backward:
        kept.reverse()
    return page_of(kept[: request.size + 1], request, order, len(rows) if request.want_total else None)


def page_of_pages(pages: Sequence[Page[Row]], request: PageRequest, *, descending: bool = False) -> Page[Row]:
    """One page of what several sources answered to the same request, each in the same order."""
    order, is_backward = pages[0].order, request.is_backward
    rows = sorted((row for page in pages for row in page.rows), key=pages[0].position_of, reverse=descending)
    kept = rows[-request.size :] if is_backward and request.size else rows[: request.size]
    more = len(rows) > request.size or any(page.has_previous if is_backward else page.has_next for page in pages)
    totals = [page.total for page in pages if page.total is not None]
    return Page(
        tuple(kept),
        order,
        has_next=request.before is not None if is_backward else more,
        has_previous=more if is_backward else request.after is not None,
        total=sum(totals) if totals else None,
    )


_ENCODER = msgspec.msgpack.Encoder(uuid_format="bytes")


class Cursors:
    """Writes and reads the cursors of one deployment."""

    def __init__(self, secret: bytes) -> None:
        self._secret = hashlib.blake2b(secret, digest_size=32, person=b"cursors").digest()
        self._begun = lru_cache(LISTS_HELD)(self._begin)

    def of_list(self, belongs_to: bytes) -> CursorAt:
        """Writes the cursors of the list that `belongs_to` tells (its name, filter and order)."""
        begun = self._begun(belongs_to)

        def cursor_at(position: Position) -> str:
            body = _ENCODER.encode(position)
            return base64url(_signature(begun, body) + body)

        return cursor_at

    def decode(self, cursor: str, belongs_to: bytes, argument: str) -> Position:
        """The position that a cursor of this list tells. Raises InvalidRequest for any other text."""
        try:
            raw = base64.b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4), b"-_", validate=True)
        except (binascii.Error, UnicodeEncodeError):
            raise InvalidRequest("This is not a cursor.", argument) from None
        signature, body = raw[:SIGNATURE], raw[SIGNATURE:]
        if not hmac.compare_digest(signature, _signature(self._begun(belongs_to), body)):
            raise InvalidRequest("This cursor belongs to another list, filter or order.", argument)
        return tuple(UUID(bytes=value) if isinstance(value, bytes) else value for value in msgspec.msgpack.decode(body))

    def _begin(self, belongs_to: bytes) -> "hashlib.blake2b":
        """The signature of all positions of a list, as far as they have it in common."""
        return hashlib.blake2b(belongs_to + b"\x00", digest_size=SIGNATURE, key=self._secret)


def _signature(begun: "hashlib.blake2b", body: bytes) -> bytes:
    """The signature of a position in the list that it was begun for."""
    signed = begun.copy()
    signed.update(body)
    return signed.digest()


def list_identity(name: str, request: PageRequest) -> bytes:
    """What a list's cursors are bound to: its name, filter and order."""
    return msgspec.msgpack.encode((name, request.filter, request.order), enc_hook=str)
