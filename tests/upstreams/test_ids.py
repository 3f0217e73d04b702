"""Ids of other systems lead to UUIDs and back, the same for ever."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as some

from datasources.http.ids import id_of, is_hashed, text_of


@pytest.mark.parametrize(
    ("text", "uuid"),
    [
        ("42", "4d0c8000-0000-8000-8000-000000000000"),
        ("ticket_1", "5d1a58da-d95d-817c-b100-000000000000"),
        ("9999999999999999", "80000000-0000-8000-8023-86f26fc0ffff"),
        ("ch_3MmlLrLkdIwHu7ix0snN0B15", "28e7b838-e17d-896f-b5c0-bcf44aa6baf2"),
        ("f47ac10b-58cc-4372-a567-0e02b2c3d479", "f47ac10b-58cc-4372-a567-0e02b2c3d479"),
    ],
)
def test_an_id_has_one_uuid_for_ever(text: str, uuid: str) -> None:
    assert str(id_of(text)) == uuid


@given(some.text(max_size=15).filter(lambda text: len(text.encode()) <= 15 and text.strip("\0") == text))
def test_a_short_text_is_read_back(text: str) -> None:
    assert text_of(id_of(text)) == text


@given(some.integers(1, 10**36 - 1))
def test_a_number_is_read_back(number: int) -> None:
    assert text_of(id_of(str(number))) == str(number)


@given(some.uuids())
def test_a_uuid_stands_for_itself_but_for_those_that_are_made_here(uuid: UUID) -> None:
    if uuid.version == 8:
        assert id_of(str(uuid)) != uuid
    else:
        assert (id_of(str(uuid)), text_of(uuid)) == (uuid, str(uuid))


@given(some.text(), some.text())
def test_no_two_ids_have_one_uuid(one: str, other: str) -> None:
    assert (id_of(one) == id_of(other)) is (one == other)


@pytest.mark.parametrize("text", ["x" * 16, "0" + "1" * 15, "1" * 37, "a\0", "F47AC10B-58CC-4372-A567-0E02B2C3D479"])
def test_of_a_longer_text_a_hash_is_known(text: str) -> None:
    assert (text_of(id_of(text)), is_hashed(id_of(text))) == (None, True)


@given(some.integers(0, 2**122 - 1) | some.integers(1, 10**20).map(lambda number: 2 << 120 | number))
def test_an_id_is_read_from_no_other_uuid_than_its_own(value: int) -> None:
    made = UUID(int=value >> 74 << 80 | 8 << 76 | (value >> 62 & 0xFFF) << 64 | 2 << 62 | value & (1 << 62) - 1)
    text = text_of(made)
    assert text is None or id_of(text) == made
