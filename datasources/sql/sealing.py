"""Free text about a person, encrypted with that customer's key: destroying the key forgets the text.

AES-256-GCM (NIST SP 800-38D), 96-bit random nonces. The customer's id and the name of the column are authenticated
with each value, so that a value can't be moved to another row or column.
"""

import os
from collections.abc import Sequence
from itertools import count
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from datasources.fingerprints import derived_key, fingerprint

NONCE = 12


class SealBroken(Exception):
    """A sealed value that its key does not open: damaged, moved, or wrapped by another master key."""


class CustomerKey:
    """Seals and opens the free text of one customer."""

    def __init__(self, customer: UUID, key: bytes) -> None:
        self._customer = customer.bytes
        self._cipher = AESGCM(key)

    def seal(self, text: str, field: str) -> bytes:
        """The text, encrypted for the column `field` (`table.column`)."""
        return self.sealed(os.urandom(NONCE), text.encode(), field.encode())

    def sealed(self, nonce: bytes, text: bytes, field: bytes) -> bytes:
        """The same under a nonce that was drawn for it."""
        return nonce + self._cipher.encrypt(nonce, text, self._customer + field)

    def open(self, sealed: bytes, field: str) -> str:
        """The text that was sealed for the column `field`. Raises SealBroken."""
        try:
            plain = self._cipher.decrypt(sealed[:NONCE], sealed[NONCE:], self._customer + field.encode())
        except InvalidTag as error:
            raise SealBroken(f"{field} of a customer could not be opened") from error
        return plain.decode()


def seal_each(texts: Sequence[tuple[CustomerKey | None, str | None]], field: str) -> list[bytes | None]:
    """Texts, each sealed with the key beside it; None for no text, and where the key was destroyed.

    All nonces are drawn at once: that is a system call, and costs as much as the encryption.
    """
    nonces, name = os.urandom(NONCE * len(texts)), field.encode()
    return [
        None if text is None or key is None else key.sealed(nonces[at : at + NONCE], text.encode(), name)
        for (key, text), at in zip(texts, count(0, NONCE), strict=False)
    ]


class MasterKey:
    """Wraps the keys of customers; `[privacy] master_key` of the config."""

    def __init__(self, key: bytes) -> None:
        self._key, self._cipher = key, AESGCM(key)

    def fingerprint(self, purpose: str, value: str) -> str:
        """The keyed hash that a value is found again by, in the column that `purpose` names."""
        return fingerprint(self._key, purpose, value)

    def own_key(self, row: UUID, purpose: str) -> CustomerKey:
        """The key of a row that belongs to no customer, from one that is derived for the purpose."""
        return CustomerKey(row, derived_key(self._key, purpose))

    def new_wrapped(self, customer: UUID) -> bytes:
        """A new key for a customer, wrapped."""
        nonce = os.urandom(NONCE)
        return nonce + self._cipher.encrypt(nonce, os.urandom(32), customer.bytes)

    def unwrap(self, customer: UUID, wrapped: bytes) -> CustomerKey:
        """The customer's key. Raises SealBroken where another master key wrapped it."""
        try:
            key = self._cipher.decrypt(wrapped[:NONCE], wrapped[NONCE:], customer.bytes)
        except InvalidTag as error:
            raise SealBroken(
                "a customer's key could not be unwrapped: is this the master key of the database?"
            ) from error
        return CustomerKey(customer, key)
