"""From one page of another system's list to the next, in the way that it pages."""

import re
from urllib.parse import urljoin, urlsplit

import msgspec

from datasources.errors import SourceRefused
from datasources.http.client import Call, Reply
from datasources.http.endpoints import Paging
from datasources.http.paths import JSON, Unclear
from datasources.http.templates import Values

NEXT_LINK = re.compile(r"<([^>]*)>\s*;[^,]*\brel=\"?next\b")
"""The link to the next page in a header (RFC 8288)."""
DEFAULT_PORTS = {"https": 443, "http": 80}


class Pager:
    """Makes the call of each page; `size` is how many rows are asked for at once."""

    def __init__(self, call: Call, paging: Paging | None, size: int, behind: Values | None = None) -> None:
        """`behind` are the values of the row that a list is read from, where it can be."""
        self._paging, self._size = paging, size
        self._number = self._offset = 0
        self._base = call
        if paging is None:
            return
        settings = paging.settings
        if settings.size is not None:
            self._base = _with(call, {settings.size: str(size)})
        if settings.kind == "page":
            self._number = settings.first
        if behind is not None:
            self._base = _with(self._base, paging.behind(behind) or {})

    @property
    def first(self) -> Call:
        """The call for the first page."""
        return self._base if self._paging is None else self._numbered(self._base, self._paging)

    def next(self, reply: Reply, answer: JSON, count: int, last: Values) -> Call | None:
        """The call for what follows a page of so many rows, the last one of these values; None at the end.

        Raises Unclear, SourceRefused.
        """
        paging = self._paging
        if paging is None:
            return None
        settings = paging.settings
        if settings.kind == "link":
            link = _linked(reply) if paging.next is None else paging.next.text_of(answer)
            return self._linked(reply, link) if link else None
        if settings.kind == "cursor":
            cursor = None if paging.next is None else paging.next.text_of(answer)
            return _with(self._base, {settings.parameter or "": cursor}) if cursor else None
        if not count or not self._has_more(paging, answer, count):
            return None
        self._number += 1
        self._offset += count
        if not paging.is_keyset:
            return self._numbered(self._base, paging)
        return _with(self._base, paging.behind(last) or {})

    def _has_more(self, paging: Paging, answer: JSON, count: int) -> bool:
        if paging.next is not None:
            return bool(paging.next.of(answer))
        return paging.settings.size is None or count >= self._size

    def _numbered(self, call: Call, paging: Paging) -> Call:
        """The call with the number of its page, or of the rows before it."""
        settings = paging.settings
        number = {"page": self._number, "offset": self._offset}.get(settings.kind)
        return call if number is None or settings.parameter is None else _with(call, {settings.parameter: str(number)})

    def _linked(self, reply: Reply, link: str) -> Call:
        """The call of a link, which leads nowhere else: what lets us in goes along. Raises SourceRefused, Unclear."""
        try:
            url = urljoin(reply.url, link)
            is_elsewhere = _origin(url) != _origin(reply.url)
        except ValueError:
            raise Unclear("paging") from None
        if is_elsewhere:
            raise SourceRefused(reply.source, self._base.doing)
        return msgspec.structs.replace(self._base, target=url, query=())


def _linked(reply: Reply) -> str | None:
    found = NEXT_LINK.search(reply.headers.get("link", ""))
    return None if found is None else found[1]


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or DEFAULT_PORTS.get(parts.scheme)


def _with(call: Call, parameters: dict[str, str]) -> Call:
    """The call with these parameters in the place of its own."""
    kept = [(name, value) for name, value in call.query if name not in parameters]
    return msgspec.structs.replace(call, query=[*kept, *parameters.items()])
