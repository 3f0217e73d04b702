"""Keyed hashes of identifiers that must be found again but not be read: card numbers, identifiers of unmatched events."""

import hashlib
import hmac


def fingerprint(master_key: bytes, purpose: str, value: str) -> str:
    """HMAC-SHA256 (RFC 2104) of the value in hexadecimal, by a key that is derived from the master key for `purpose`."""
    key = hmac.digest(master_key, purpose.encode(), hashlib.sha256)
    return hmac.new(key, value.encode(), hashlib.sha256).hexdigest()
