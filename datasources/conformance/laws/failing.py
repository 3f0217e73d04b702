"""How a source fails: in its own words, in time, and honestly."""

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any, get_args, get_origin
from uuid import UUID

import pytest

from datasources.conformance.keys import Keys, unknown, whole
from datasources.conformance.law import law
from datasources.conformance.lists import STEP, Lists
from datasources.conformance.methods import Method
from datasources.conformance.subjects import Subject
from datasources.errors import InvalidRequest, SourceError, SourceUnavailable
from datasources.profiles import LookupKind, Named
from datasources.registry import Source
from datasources.values import GeoPoint

CANCELLED_WITHIN_S = 1.0
"""Who is not waited for any more has ended by then."""
TURNS = (0, 1, 2, 5, 20, 100)
"""So many turns of the loop after it began, a read is cancelled."""

HOSTILE: Mapping[Any, tuple[Any, ...]] = {
    str: (
        "",
        " ",
        "' OR '1'='1",
        '"; DROP TABLE customers; --',
        "%",
        "_",
        "\\",
        "$1",
        "{0}",
        "null",
        "../../etc/passwd",
        "line\r\nbreak",
        "\x01\x1f",
        "\u202e\ufeff",
        "🙂" * 100,
        "x" * 8_000,
    ),
    UUID: (UUID(int=0), UUID(int=2**128 - 1)),
    GeoPoint: (GeoPoint(90.0, 180.0), GeoPoint(-90.0, -180.0), GeoPoint(0.0, 0.0)),
    Named: tuple(Named(kind=kind, value="' OR ''='") for kind in LookupKind),
}
"""Keys that clients can send: texts without NUL and of at most 8,000 characters, which is checked before."""
ASTRAY = ((), ("elsewhere",), (None, None), (1, 2, 3, 4, 5), ("9999-99-99", "no id"), (2**70, UUID(int=1)))
"""Positions that no list has: cursors are signed, but may have been written by another version."""


@law("cancellation")
async def test_a_read_that_nobody_waits_for_ends_and_harms_no_other(
    subject: Subject, keys: Keys, asked: Method
) -> None:
    page = whole(asked, subject) if asked.is_paged else None
    known = [] if asked.key is None else keys.known(asked.key)
    answer = await asked.ask(subject, known, page)
    for turns in TURNS:
        reading = asyncio.ensure_future(asked.ask(subject, known, page))
        for _ in range(turns):
            await asyncio.sleep(0)
        reading.cancel()
        done, _ = await asyncio.wait({reading}, timeout=CANCELLED_WITHIN_S)
        assert done, "it goes on though it was cancelled"
        with suppress(asyncio.CancelledError):
            assert await reading == answer
    assert await asked.ask(subject, known, page) == answer


@law("errors")
async def test_no_key_is_worse_than_unknown(subject: Subject, keyed: Method) -> None:
    page = whole(keyed, subject) if keyed.is_paged else None
    for key in _hostile(keyed.key):
        with suppress(InvalidRequest, SourceError):
            assert len(await keyed.ask(subject, [key, unknown(keyed.key, 1)], page)) == 2


@law("errors")
async def test_a_position_of_another_list_is_refused_in_words(subject: Subject, keys: Keys, paged: Method) -> None:
    lists = Lists(paged, subject, keys)
    for order in lists.orders:
        for place in ASTRAY:
            with suppress(InvalidRequest, SourceError):
                await lists.page(lists.owners[0], order=order, first=STEP, after=place)


@law("closing")
async def test_a_closed_source_is_not_available(subject: Subject, closed: Source | None, asked: Method) -> None:
    if closed is None:
        return
    here = Subject({asked.domain: closed.reader(asked.domain)}, subject.customers, subject.now)
    page = whole(asked, subject) if asked.is_paged else None
    with pytest.raises(SourceUnavailable):
        await asked.ask(here, [] if asked.key is None else [unknown(asked.key, 1)], page)


@law("health")
async def test_health_is_told_as_it_is(subject: Subject) -> None:
    if subject.fresh is None:
        return
    async with subject.fresh() as source:
        await source.ping()
        await source.close()
        with pytest.raises(SourceUnavailable):
            await source.ping()


def _hostile(kind: Any) -> Iterator[Any]:
    """Hostile keys of a type; of a pair, either part."""
    kind = getattr(kind, "__supertype__", kind)
    if get_origin(kind) is not tuple:
        yield from HOSTILE[kind]
        return
    first, second = get_args(kind)
    yield from ((key, unknown(second, 1)) for key in _hostile(first))
    yield from ((unknown(first, 1), key) for key in _hostile(second))


__all__ = [name for name in dir() if name.startswith("test_")]
