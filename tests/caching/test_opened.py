"""Which entries a process opens no more, and how long it remembers them."""

from collections import Counter
from typing import Any

import msgspec
import pytest

from datasources import cache_entries
from datasources.cache_entries import Asked, Entry, OpenedLately, entry_of, lists_of, sealed
from datasources.caching import Changed, Store
from datasources.registry import Domain
from tests.caching.shelf import ONE, TTL_S, TWO, Cached

DECODER: "msgspec.msgpack.Decoder[Entry[str]]" = msgspec.msgpack.Decoder(entry_of(str))
SEAL, LATER = b"k" * 32, 1_000.0


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """The names of the entries that are opened."""
    names: list[bytes] = []
    open_ = cache_entries.opened

    def counted(name: bytes, *others: Any) -> Any:
        names.append(name)
        return open_(name, *others)

    monkeypatch.setattr(cache_entries, "opened", counted)
    return names


def _asked(name: str, *scopes: bytes) -> Asked:
    return Asked(None, name.encode(), SEAL, scopes)


def _value(one: Asked, text: str = "text", read_at: float = 0.0) -> bytes:
    return sealed(one.name, one.seal, Entry(b"", read_at, 0.0, None, text))


def _text(lately: OpenedLately, one: Asked, value: bytes, now: float = 0.0) -> str | None:
    entry = lately.entry(one, value, b"", DECODER, now=now, ttl_s=TTL_S)
    return None if entry is None else entry.value


def _texts(lately: OpenedLately, one: Asked, value: bytes, now: float = 0.0) -> list[str | None]:
    """What it is three times: whoever comes the third time does not find it opened anew."""
    return [_text(lately, one, value, now) for _ in range(3)]


@pytest.mark.anyio
async def test_a_hit_is_opened_twice_and_then_remembered_until_something_is_changed(
    store: Store, opened: list[bytes]
) -> None:
    cached = Cached(store)
    cached.shelf.put(ONE, 1)
    cached.shelf.put(TWO, 2)
    await cached.counts(ONE, TWO)
    assert [await cached.counts(ONE, TWO) for _ in range(4)] == [[1, 2]] * 4
    assert sorted(Counter(opened).values()) == [2, 2]
    cached.shelf.put(ONE, 3)
    await cached.cache.changed(Changed(frozenset({ONE})))
    assert [await cached.counts(ONE, TWO) for _ in range(3)] == [[3, 2]] * 3
    # What was kept of the one is opened once more, since its versions are in it.
    assert (len(opened), len(cached.shelf.asked)) == (6, 2)


def test_other_bytes_are_opened_and_take_the_place_of_those_before(opened: list[bytes]) -> None:
    lately, one = OpenedLately(), _asked("one")
    old, new = _value(one, "old"), _value(one, "new")
    assert _texts(lately, one, old) == ["old"] * 3
    assert [_text(lately, one, value) for value in (new, new, old)] == ["new", "new", "old"]
    assert len(opened) == 4


def test_what_can_not_be_opened_is_not_remembered(opened: list[bytes]) -> None:
    lately, one = OpenedLately(), _asked("one")
    assert _texts(lately, one, _value(_asked("other"))) == [None] * 3
    assert len(opened) == 3


def test_what_holds_under_other_versions_is_not_remembered(opened: list[bytes]) -> None:
    lately, one = OpenedLately(), _asked("one")
    value = sealed(one.name, one.seal, Entry(b"before", 0.0, 0.0, None, "text"))
    assert _texts(lately, one, value) == [None] * 3
    assert len(opened) == 3


def test_a_large_entry_is_not_remembered(opened: list[bytes]) -> None:
    lately, one = OpenedLately(), _asked("one")
    value = _value(one, "x" * cache_entries.OPENED_LARGEST)
    assert set(_texts(lately, one, value)) == {"x" * cache_entries.OPENED_LARGEST}
    assert len(opened) == 3


def test_the_one_opened_longest_ago_goes_first(opened: list[bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache_entries, "OPENED_HELD", 2)
    lately, several = OpenedLately(), [_asked(name) for name in ("one", "two", "three")]
    values = {one.name: _value(one) for one in several}
    for one in (*several, *several, several[2], several[1], several[0]):
        _text(lately, one, values[one.name])
    assert opened == [b"one", b"two", b"three", b"one", b"two", b"three", b"one"]


def test_beyond_so_many_names_what_is_opened_is_met_anew(opened: list[bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache_entries, "NAMES_MET", 2)
    lately, several = OpenedLately(), [_asked(name) for name in ("one", "two", "three")]
    values = {one.name: _value(one) for one in several}
    for one in (*several, *several[:1] * 3):
        _text(lately, one, values[one.name])
    assert opened == [b"one", b"two", b"three", b"one", b"one"]


def test_what_has_ended_is_dropped_when_others_come(opened: list[bytes]) -> None:
    lately, one, two = OpenedLately(), _asked("one"), _asked("two")
    value, other = _value(one), _value(two, read_at=LATER)
    assert _texts(lately, one, value, TTL_S) == ["text"] * 3
    assert _texts(lately, two, other, LATER) == ["text"] * 3
    assert _text(lately, one, value, LATER) == "text"  # whether it still holds is for others to say
    assert opened == [b"one", b"one", b"two", b"two", b"one"]


def test_what_belongs_to_something_that_was_changed_is_dropped(opened: list[bytes]) -> None:
    lately = OpenedLately()
    several = _asked("one", b"1", lists_of(Domain.TAGS)), _asked("two", b"2")
    values = {one.name: _value(one) for one in several}
    changes: list[list[bytes]] = [[], [], [b"3"], [b"3", lists_of(Domain.TAGS)], [b"2"], [b"1", b"2"]]
    found: list[list[bytes]] = []
    for changed in changes:
        lately.forget(changed)
        for one in several:
            _text(lately, one, values[one.name])
        found.append(opened.copy())
        opened.clear()
    assert found == [[b"one", b"two"], [b"one", b"two"], [], [b"one"], [b"two"], [b"one", b"two"]]
