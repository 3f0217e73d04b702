"""Many keys asked for in one call: the items of its answer are told apart by whose they are and which."""

import asyncio
from collections.abc import Hashable, Sequence
from contextlib import aclosing
from typing import Any

from datasources.errors import SourceError
from datasources.http.asking import Answer, Asking
from datasources.http.collecting import Collected
from datasources.http.endpoints import Several
from datasources.http.identities import compared
from datasources.http.methods import Shape
from datasources.http.paths import JSON, Unclear
from datasources.http.settings import BatchSettings
from datasources.http.wants import Want


class Sorted:
    """The items of a batch, each put with the key that it belongs to."""

    def __init__(self, asking: Asking, wants: Sequence[Want]) -> None:
        self._asking, self._wants = asking, wants
        self._by_place: dict[Hashable, list[Want]] = {}
        self._lists: dict[Any, Collected | list[Any]] = {}
        self._failed: dict[Any, SourceError] = {}
        self.items = 0
        is_paged = asking.endpoint.method.shape is Shape.PAGE
        for want in wants:
            self._by_place.setdefault(self._place(want), []).append(want)
            self._lists[want.key] = asking.collected() if is_paged else []

    def take(self, item: JSON, answer: JSON) -> None:
        """Put an item where it belongs; one that belongs to no key is passed over. Raises Unclear where that can't be told."""
        endpoint = self._asking.endpoint
        self.items += 1
        owner = None if endpoint.owner is None else endpoint.owner.text_of(item, answer)
        key = None if endpoint.key is None else endpoint.key.text_of(item)
        if (owner is None) is not (endpoint.owner is None) or (key is None) is not (endpoint.key is None):
            raise Unclear("owner" if endpoint.owner is not None and owner is None else "key")
        for want in self._by_place.get(self._told(owner, key), ()):
            try:
                row = endpoint.rows.made(item, want.customer)
                rows = self._lists[want.key]
                rows.add(row) if isinstance(rows, Collected) else rows.append(row)
            except Unclear as error:
                self._failed[want.key] = self._asking.unclear(error)

    def answers(self) -> dict[Any, Answer]:
        """What is answered to each key."""
        return {want.key: self._failed.get(want.key) or self._shown(self._lists[want.key]) for want in self._wants}

    def _shown(self, rows: Collected | list[Any]) -> Answer:
        if isinstance(rows, Collected):
            return rows.shown()
        if self._asking.endpoint.method.shape is Shape.LIST:
            return tuple(rows)
        return rows[0] if rows else self._asking.nothing()

    def _place(self, want: Want) -> Hashable:
        owner = self._asking.endpoint.owner
        own = None if self._asking.endpoint.key is None else want.own.get("id", want.own.get("key"))
        return self._told(None if owner is None else want.identity.get(owner.equals), own)

    def _told(self, owner: str | None, key: str | None) -> Hashable:
        named = self._asking.endpoint.owner
        return None if owner is None or named is None else compared(named.equals, owner), key


async def batched(asking: Asking, batch: BatchSettings, wants: Sequence[Want]) -> dict[Any, Answer]:
    """What is answered to the keys by as few calls as they take."""
    chunks = [wants[start : start + batch.size] for start in range(0, len(wants), batch.size)]
    found = await asyncio.gather(*(_chunk(asking, batch, chunk) for chunk in chunks))
    return {key: answer for answers in found for key, answer in answers.items()}


async def _chunk(asking: Asking, batch: BatchSettings, wants: Sequence[Want]) -> dict[Any, Answer]:
    try:
        return await _answered(asking, batch, wants)
    except SourceError as error:
        return {want.key: error for want in wants}
    except Unclear as error:
        return {want.key: asking.unclear(error) for want in wants}


async def _answered(asking: Asking, batch: BatchSettings, wants: Sequence[Want]) -> dict[Any, Answer]:
    """Raises SourceError, Unclear."""
    endpoint = asking.endpoint
    values = {name: list(dict.fromkeys(want.values[name] for want in wants)) for name in endpoint.of_keys}
    request, several = endpoint.request, Several(values, batch.separator)
    call = None if request is None else request.filled(endpoint.doing, asking.values, several)
    rows = Sorted(asking, wants)
    if call is None:
        return rows.answers()
    least: int | None = None
    async with aclosing(asking.pages(call)) as pages:
        async for answer, items in pages:
            for item in items:
                rows.take(item, answer)
            if endpoint.total is not None:
                least = _least(least, endpoint.total.of(answer))
            if rows.items > endpoint.max_rows * len(wants):
                asking.check_length(rows.items)
    if least is not None and rows.items < least:
        raise Unclear("total")
    return rows.answers()


def _least(known: int | None, told: JSON) -> int:
    """The least of the totals that answers tell. Raises Unclear."""
    if isinstance(told, bool) or not isinstance(told, int):
        raise Unclear("total")
    return told if known is None else min(known, told)
