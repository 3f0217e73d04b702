"""How the keys of a call are answered: each by its own call, many by one, or out of the list that their rows stand in."""

from collections.abc import Mapping, Sequence
from typing import Any

from datasources.errors import SourceError, SourceRefused
from datasources.http.asking import Answer, Asking
from datasources.http.batching import batched
from datasources.http.endpoints import Endpoint
from datasources.http.lists import measured
from datasources.http.methods import Key, Shape
from datasources.http.wants import Want, wants_of
from datasources.locations import Around
from datasources.paging import PageRequest
from datasources.values import GeoPoint


async def answered(asking: Asking, keys: Sequence[Any], shared: Mapping[str, Any]) -> list[Answer]:
    """What is answered to each key, in the order given. Raises SourceError where the customers can't be told."""
    endpoint, upstream = asking.endpoint, asking.upstream
    wants = await wants_of(endpoint, list(dict.fromkeys(keys)), upstream.identities)
    found = {want.key: asking.nothing() for want in wants}
    if endpoint.from_list is not None:
        listed = [want for want in wants if endpoint.request is None or want.is_hashed]
        found |= await _picked(asking, upstream.endpoints[endpoint.from_list], listed, shared)
    else:
        refusal = SourceRefused(upstream.source, f"{endpoint.doing} by an id of more than 15 characters")
        found |= {want.key: refusal for want in wants if want.is_hashed}
    if endpoint.request is not None:
        found |= await called(asking, wants)
    return [found[key] for key in keys]


async def called(asking: Asking, wants: Sequence[Want]) -> dict[Any, Answer]:
    """What is answered by calls to each key that the system can know."""
    batch, needed = asking.endpoint.batch, asking.endpoint.of_keys
    known = [want for want in wants if want.is_complete(needed)]
    return await (asking.each(known) if batch is None else batched(asking, batch, known))


async def _picked(
    asking: Asking, listing: Endpoint, wants: Sequence[Want], shared: Mapping[str, Any]
) -> dict[Any, Answer]:
    """What is answered to each key by the list that another method reads."""
    if not wants:
        return {}
    is_owned = listing.method.key is Key.CUSTOMER
    owners = dict.fromkeys(want.customer if is_owned else None for want in wants)
    reading = Asking(asking.upstream, listing, {"page": PageRequest(asking.now, first=listing.max_rows)})
    asked = await wants_of(listing, list(owners), asking.upstream.identities)
    lists = await called(reading, asked)
    found = {}
    for want in wants:
        page: Answer = lists.get(want.customer if is_owned else None, reading.nothing())
        found[want.key] = page if isinstance(page, SourceError) else _shown(asking, want, page.rows, shared)
    return found


def _shown(asking: Asking, want: Want, rows: Sequence[Any], shared: Mapping[str, Any]) -> Answer:
    method = asking.endpoint.method
    if method.shape is Shape.ONE:
        return next((row for row in rows if row.id == want.id), None)
    if method.shape is Shape.LIST:
        return _nearest(rows, want.key, shared["within_meters"], shared["most"])
    collected = asking.collected()
    for row in rows:
        collected.add(row)
    return collected.shown()


def _nearest(rows: Sequence[Any], point: GeoPoint, within_meters: int, most: int) -> tuple[Any, ...]:
    """The locations around a point, nearest first."""
    found = measured(rows, Around(point, within_meters))
    return tuple(sorted(found, key=lambda row: (row.distance_meters, row.id))[:most])
