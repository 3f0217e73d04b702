"""Keyed hashes of identifiers that must be found again but not be read: card numbers, identifiers of unmatched events."""

import hashlib
import hmac


def derived_key(master_key: bytes, purpose: str) -> bytes:
    """A key of 32 bytes for one purpose, from which nothing can be told of the master key or of those of others."""
    return hmac.digest(master_key, purpose.encode(), hashlib.sha256)


def fingerprint(master_key: bytes, purpose: str, value: str) -> str:
    """HMAC-SHA256 (RFC 2104) of the value in hexadecimal, by a key that is derived from the master key for `purpose`."""
    return hmac.digest(derived_key(master_key, purpose), value.encode(), hashlib.sha256).hex()
