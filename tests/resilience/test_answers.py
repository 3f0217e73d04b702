"""Whatever a reader does wrong is the failure of its source."""

from collections.abc import Sequence
from typing import Any

import pytest

from datasources.errors import InvalidRequest, SourceError, SourceRefused, SourceTimedOut, SourceUnreadable
from gateway.telemetry import cause
from tests.resilience.desk import Desk, Noted, guarded

PERSON = "jane@example.com"


def behind(doing: Any) -> Any:
    return guarded(Desk(doing), Noted(), retries=0)[1]


def raising(error: Exception) -> Any:
    def raised(_keys: Sequence[Any]) -> Any:
        raise error

    return raised


@pytest.mark.parametrize("error", [KeyError(PERSON), ValueError(PERSON), AssertionError(), RecursionError(), OSError()])
async def test_what_is_no_error_of_a_source_is_one_of_it_and_its_text_not_told(error: Exception) -> None:
    with pytest.raises(SourceUnreadable) as raised:
        await behind(raising(error)).notes(["ann"])
    assert str(raised.value) == "reading: the source desk gave no answer that makes sense, try again later."
    assert (raised.value.source, raised.value.retryable) == ("desk", True)
    logged = cause(raised.value)
    assert logged["causes"] == [f"builtins.{type(error).__name__}"]
    assert logged["frames"][-1].startswith("resilience/test_answers.py:")
    assert PERSON not in str(logged)


async def test_a_reader_that_ran_out_of_its_own_time_timed_out() -> None:
    with pytest.raises(SourceTimedOut):
        await behind(raising(TimeoutError())).notes(["ann"])


@pytest.mark.parametrize("error", [SourceRefused("desk", "reading"), InvalidRequest("no cursor")])
async def test_what_a_reader_may_raise_is_left_as_it_is(error: Exception) -> None:
    with pytest.raises(type(error)) as raised:
        await behind(raising(error)).notes(["ann"])
    assert raised.value is error


@pytest.mark.parametrize("answer", [["a"], ["a", "b", "c"], [], None, 2, iter("ab")])
async def test_each_key_is_answered_once(answer: Any) -> None:
    for keys in (["ann", "bob"], ("ann", "bob")):
        with pytest.raises(SourceUnreadable):
            await behind(lambda _keys: answer).notes(keys)
    assert await behind(lambda _keys: ["a", "b"]).notes(["ann", "bob"]) == ["a", "b"]


async def test_a_list_without_keys_is_not_counted() -> None:
    assert await behind(lambda _keys: "a page").newest("the first") == "a page"


async def test_no_keys_are_no_fault() -> None:
    assert await behind(lambda _keys: []).notes([]) == []
    with pytest.raises(SourceError):
        await behind(lambda _keys: ["a"]).notes([])
