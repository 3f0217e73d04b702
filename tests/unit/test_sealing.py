"""Text about a person is opened by that person's key alone, in the place it was written for."""

from uuid import UUID

import pytest

from datasources.sql.sealing import MasterKey, SealBroken

CUSTOMER = UUID("019412a2-6078-734e-89ae-3d127b4411f2")
OTHER = UUID("019b9665-9b80-70c9-9f4f-38d944058caa")
MASTER = MasterKey(b"m" * 32)


def test_a_sealed_text_opens_again():
    wrapped = MASTER.new_wrapped(CUSTOMER)
    sealed = MASTER.unwrap(CUSTOMER, wrapped).seal("Grüße • 👋", "notes.text")

    assert MASTER.unwrap(CUSTOMER, wrapped).open(sealed, "notes.text") == "Grüße • 👋"
    assert "Grüße".encode() not in sealed


def test_the_same_text_is_never_sealed_alike():
    key = MASTER.unwrap(CUSTOMER, MASTER.new_wrapped(CUSTOMER))

    assert key.seal("text", "notes.text") != key.seal("text", "notes.text")


def test_a_text_moved_to_another_column_does_not_open():
    key = MASTER.unwrap(CUSTOMER, MASTER.new_wrapped(CUSTOMER))

    with pytest.raises(SealBroken, match="^direct_messages.body of a customer could not be opened$"):
        key.open(key.seal("text", "notes.text"), "direct_messages.body")


def test_a_damaged_text_does_not_open():
    key = MASTER.unwrap(CUSTOMER, MASTER.new_wrapped(CUSTOMER))
    sealed = bytearray(key.seal("text", "notes.text"))
    sealed[-1] ^= 1

    with pytest.raises(SealBroken):
        key.open(bytes(sealed), "notes.text")


def test_a_key_is_bound_to_its_customer_and_master():
    wrapped = MASTER.new_wrapped(CUSTOMER)

    with pytest.raises(SealBroken):
        MASTER.unwrap(OTHER, wrapped)
    with pytest.raises(SealBroken, match="is this the master key of the database"):
        MasterKey(b"n" * 32).unwrap(CUSTOMER, wrapped)
