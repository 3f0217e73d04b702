"""What writes and erasure leave behind."""

import asyncio
from typing import Any

import pytest

from datasources.conformance.asked import FOR_ANYONE
from datasources.conformance.keys import rows_in, whole
from datasources.conformance.law import law
from datasources.conformance.methods import methods_of
from datasources.conformance.subjects import Subject
from datasources.conformance.writes import EXAMPLES, write_of
from datasources.ids import CustomerId
from datasources.refusals import UserErrorCode
from datasources.registry import Domain, Erasing, Source
from datasources.writing import Refusal


@law("idempotency")
async def test_one_idempotency_key_has_one_effect(subject: Subject, written: Domain) -> None:
    if subject.fresh is None:
        return
    async with subject.fresh() as source:
        attempt = await EXAMPLES[written](source, subject)
        before = await attempt.told()
        first, again = [await attempt.send(write_of(attempt, subject, "one")) for _ in range(2)]
        assert (first.refusal, first.replayed, again.replayed) == (None, False, True)
        assert (again.ids, len(await attempt.told())) == (first.ids, len(before) + 1)
        with pytest.raises(Refusal) as reused:
            await attempt.send(write_of(attempt, subject, "one", fingerprint="of something else"))
        assert reused.value.code is UserErrorCode.IDEMPOTENCY_KEY_REUSED
        assert len(await attempt.told()) == len(before) + 1


@law("idempotency")
async def test_one_idempotency_key_sent_twice_at_once_has_one_effect(subject: Subject, written: Domain) -> None:
    if subject.fresh is None:
        return
    async with subject.fresh() as source:
        attempt = await EXAMPLES[written](source, subject)
        before = await attempt.told()
        write = write_of(attempt, subject, "at once")
        both = await asyncio.gather(attempt.send(write), attempt.send(write))
        assert sorted(one.replayed for one in both) == [False, True]
        assert both[0].ids == both[1].ids
        assert len(await attempt.told()) == len(before) + 1


@law("erasure")
async def test_erasing_a_customer_leaves_nothing_of_theirs_and_all_of_the_others(subject: Subject) -> None:
    if subject.fresh is None:
        return
    async with subject.fresh() as source:
        assert isinstance(source, Erasing), "it can't export and erase: declare the gap, and say who does it"
        gone, *others = subject.customers
        before = await _seen(source, subject, others)
        assert any((await source.export(gone)).values())
        assert not await source.verify_erased(gone)
        assert await source.erase(gone) > 0
        assert await source.verify_erased(gone)
        assert not any((await source.export(gone)).values())
        assert await _seen(source, subject, [gone]) == {title: [] for title in before}
        assert await source.erase(gone) == 0
        assert await _seen(source, subject, others) == before


async def _seen(source: Source, subject: Subject, customers: list[CustomerId]) -> dict[str, list[Any]]:
    """Everything that is found by customer, by method."""
    here = Subject({domain: source.reader(domain) for domain in source.reads}, customers, subject.now)
    return {
        method.title: [
            row
            for answer in await method.ask(here, customers, whole(method, here) if method.is_paged else None)
            for row in rows_in(answer)
        ]
        for domain in source.reads
        for method in methods_of(domain)
        if method.key is CustomerId and method.title not in FOR_ANYONE
    }


__all__ = [name for name in dir() if name.startswith("test_")]
