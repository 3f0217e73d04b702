"""One call of a reader's method: what is asked of the other system for its keys, and what comes back for each."""

import asyncio
import datetime as dt
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing
from typing import Any

from datasources.errors import AnswerUnclear, ListTooLong, SourceError, SourceRefused
from datasources.http.client import Call, HttpClient, Reply
from datasources.http.collecting import Collected
from datasources.http.endpoints import Endpoint, Endpoints
from datasources.http.identities import Identities
from datasources.http.lists import LISTS
from datasources.http.methods import Key, Shape
from datasources.http.paths import JSON, Unclear
from datasources.http.templates import Values
from datasources.http.walking import Pager
from datasources.http.wants import Want, shared_values
from datasources.ids import CustomerId
from datasources.observing import OBSERVED
from datasources.paging import PageRequest

MOST_EMPTY = 10
"""Pages without a row, one after another, before a list is taken to go on for ever."""
Answer = Any
"""What the method answers to a key, or the SourceError that it can't be told for."""


class Upstream:
    """The other system as the reader of a domain sees it: its client, who its customers are, what methods are mapped."""

    def __init__(self, client: HttpClient, identities: Identities, endpoints: Endpoints) -> None:
        self.client, self.identities, self.endpoints = client, identities, endpoints
        self.source = client.source


class Asking:
    """A method asked with what its keys share."""

    def __init__(self, upstream: Upstream, endpoint: Endpoint, shared: Mapping[str, Any]) -> None:
        self.upstream, self.endpoint = upstream, endpoint
        now, page = shared.get("now"), shared.get("page")
        self.now = now if isinstance(now, dt.datetime) else dt.datetime.now(dt.UTC)
        self.page = page if isinstance(page, PageRequest) else PageRequest(self.now, first=endpoint.max_rows)
        self.values = shared_values(endpoint, shared)
        self._owners: dict[str, CustomerId | None] = {}

    async def each(self, wants: Sequence[Want]) -> dict[Any, Answer]:
        """What is answered to each key by a call of its own."""
        answers = await asyncio.gather(*map(self._one, wants))
        return {want.key: answer for want, answer in zip(wants, answers, strict=True)}

    def nothing(self) -> Answer:
        """What is answered to a key of which the system knows nothing."""
        method = self.endpoint.method
        if method.shape is Shape.PAGE:
            return self.collected().shown()
        if method.shape is Shape.LIST:
            return ()
        return AnswerUnclear(self.upstream.source, self.endpoint.doing) if method.always else None

    def collected(self) -> Collected:
        """The rows of a list to come."""
        return Collected(self.endpoint, LISTS[self.endpoint.method.title], self.page)

    def unclear(self, error: Unclear) -> AnswerUnclear:
        """What of an answer is not understood, as it is told."""
        return AnswerUnclear(self.upstream.source, f"{self.endpoint.doing} ({error.at})")

    def check_length(self, count: int) -> None:
        """Pass for a list of so many rows. Raises ListTooLong."""
        if count > self.endpoint.max_rows:
            raise ListTooLong(self.upstream.source, self.endpoint.doing)

    async def pages(
        self, call: Call, *, size: int | None = None, behind: Values | None = None, last: Callable[[], Values] = dict
    ) -> AsyncGenerator[tuple[JSON, list[JSON]]]:
        """Answer and items of page after page; `last` are the values of the last row so far. Raises SourceError, Unclear."""
        endpoint = self.endpoint
        most = endpoint.paging.settings.most if endpoint.paging else 0
        pager = Pager(call, endpoint.paging, min(most, size or most), behind)
        following: Call | None = pager.first
        empty = 0
        while following is not None:
            reply = await self.asked(following)
            if reply.is_missing:
                return
            answer = reply.answer
            items = endpoint.items_of(answer)
            yield answer, items
            empty = 0 if items else empty + 1
            if empty > MOST_EMPTY:
                raise Unclear("paging")
            following = pager.next(reply, answer, len(items), last())

    async def asked(self, call: Call) -> Reply:
        """What is answered to a call; that something is missing says nothing but of a single key. Raises SourceError."""
        observed = OBSERVED.get()
        if observed is not None:
            observed.sent(self.endpoint.rows.columns)
        reply = await self.upstream.client.call(call)
        may_miss = self.endpoint.method.key is not Key.NONE and self.endpoint.batch is None
        if not reply.is_good and not (reply.is_missing and may_miss):
            raise SourceRefused(self.upstream.source, call.doing)
        return reply

    async def _one(self, want: Want) -> Answer:
        try:
            return await self._read(want)
        except SourceError as error:
            return error
        except Unclear as error:
            return self.unclear(error)

    async def _read(self, want: Want) -> Answer:
        """Raises SourceError, Unclear."""
        endpoint = self.endpoint
        request = endpoint.request
        call = None if request is None else request.filled(endpoint.doing, {**self.values, **want.values})
        if call is None:
            return self.nothing()
        if endpoint.method.shape is Shape.PAGE:
            return (await self._paged(want, call)).shown()
        if endpoint.method.shape is Shape.LIST:
            return tuple(await self._whole(want, call))
        reply = await self.asked(call)
        answer = None if reply.is_missing else reply.answer
        item = None if answer is None else endpoint.item_of(answer)
        row = None if item is None else await self._row(want, item, answer)
        return self.nothing() if row is None else row

    async def _paged(self, want: Want, call: Call) -> Collected:
        """As many rows as the page takes. Raises SourceError, Unclear."""
        rows, id_path = self.collected(), self.endpoint.id_path
        behind = rows.behind if rows.is_behind else None
        async with aclosing(self.pages(call, size=rows.size, behind=behind, last=lambda: rows.last)) as pages:
            async for answer, items in pages:
                before = len(rows)
                if self.endpoint.total is not None:
                    rows.tell(self.endpoint.total.of(answer))
                for item in items:
                    row = await self._row(want, item, answer)
                    if row is not None:
                        rows.add(row, None if id_path is None else id_path.text_of(item))
                self.check_length(len(rows))
                if rows.is_enough:
                    return rows
                if items and len(rows) == before:
                    raise Unclear("paging")
        rows.check_whole()
        return rows

    async def _whole(self, want: Want, call: Call) -> list[Any]:
        """All rows. Raises SourceError, Unclear."""
        rows: list[Any] = []
        async with aclosing(self.pages(call)) as pages:
            async for answer, items in pages:
                found = [await self._row(want, item, answer) for item in items]
                rows += [row for row in found if row is not None]
                self.check_length(len(rows))
        return rows

    async def _row(self, want: Want, item: JSON, answer: JSON) -> Any:
        """The row of an item; None where it is somebody else's. Raises SourceError, Unclear."""
        owner, customer = self.endpoint.owner, want.customer
        if owner is not None:
            told = owner.text_of(item, answer)
            if customer is not None and not want.is_owner(owner.equals, told):
                return None
            if customer is None:
                customer = await self._owner(owner.equals, told)
                if customer is None:
                    return None
        return self.endpoint.rows.made(item, customer)

    async def _owner(self, identifier: str, told: str | None) -> CustomerId | None:
        """The customer whom an answer names."""
        if told is None:
            return None
        if told not in self._owners:
            self._owners[told] = await self.upstream.identities.owner(identifier, told)
        return self._owners[told]
