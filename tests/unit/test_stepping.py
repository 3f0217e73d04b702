"""Coroutines that run without a task."""

import asyncio

import pytest

from datasources.stepping import Stepped

pytestmark = pytest.mark.anyio


def stepped(coroutine: object) -> Stepped[object]:
    return Stepped(coroutine, asyncio.get_running_loop())  # type: ignore[arg-type]  # of any kind


async def test_what_never_waits_is_there_at_once() -> None:
    async def answer() -> int:
        return 7

    found = stepped(answer())
    assert found.done()
    assert await found == 7


async def test_it_goes_on_when_what_it_waits_for_is_there_and_in_no_task() -> None:
    waited: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    tasks: list[object] = []

    async def answer() -> int:
        await asyncio.sleep(0)
        value = await waited
        tasks.append(asyncio.current_task())
        return value + 1

    found = stepped(answer())
    await asyncio.sleep(0)
    assert not found.done()
    waited.set_result(1)
    assert await found == 2
    assert tasks == [None]


async def test_what_goes_wrong_is_told_to_whoever_waits() -> None:
    async def fail() -> None:
        await asyncio.sleep(0)
        raise LookupError("gone")

    with pytest.raises(LookupError, match="gone"):
        await stepped(fail())


async def test_cancelled_it_cancels_what_it_waits_for() -> None:
    waited: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    ended: list[str] = []

    async def answer() -> int:
        try:
            return await waited
        finally:
            ended.append("ended")

    found = stepped(answer())
    assert found.cancel()
    assert waited.cancelled()
    await asyncio.sleep(0)
    assert ended == ["ended"]
    with pytest.raises(asyncio.CancelledError):
        await found


async def test_a_cancelled_answer_cancels_it() -> None:
    waited: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def answer() -> int:
        return await waited

    found = stepped(answer())
    waited.cancel()
    with pytest.raises(asyncio.CancelledError):
        await found
    assert found.cancelled()
