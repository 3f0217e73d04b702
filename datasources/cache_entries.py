"""What an answer is kept as: under which name, sealed with which key, and what of a method decides both.

Names tell nothing: each is a keyed hash of all that was asked. AES-256-GCM (NIST SP 800-38D) under a key of its own for
every entry, which comes of the same hash, so that no nonce is ever used twice under one; the name is authenticated with
the value.
"""

import datetime as dt
import hashlib
import os
import re
from collections import OrderedDict
from collections.abc import Collection, Sequence
from functools import cache, lru_cache
from typing import Any, Generic, NamedTuple, TypeVar, get_args, get_origin

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from datasources.caching import BESIDE_LISTS, UNKEPT
from datasources.fingerprints import derived_key
from datasources.ids import CustomerId
from datasources.paging import PageRequest
from datasources.protocols import asked_of, methods_of
from datasources.registry import Domain

Value = TypeVar("Value")

NAME, KEY, NONCE = 16, 32, 12
OPENED_HELD, OPENED_LARGEST = 1_000, 16_384
"""Entries that are remembered in clear, and the bytes of the largest."""
NAMES_MET = 10_000
"""Names of entries that were opened; beyond them they are met anew."""
SCOPES_HELD, PLACES_HELD = 1_000, 256
ROW, SCOPE = b"row:", b"version:"
CUSTOMER, LISTS = b"customer", SCOPE + b"lists:"
EVERYTHING = SCOPE + b"everything"
"""The scope that every entry belongs to."""
ADDRESS = re.compile(r" at 0x[0-9a-f]+")
"""Where a default is made by a function, which differs between processes."""
NO_CLOCK = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
"""Stands for the time of a request in the name of its answer: it never comes again."""


class Asked(NamedTuple):
    """A key that is asked for, where its answer is kept, and the scopes that it belongs to."""

    key: Any
    name: bytes
    seal: bytes
    scopes: tuple[bytes, ...]


class Entry(msgspec.Struct, Generic[Value], array_like=True, frozen=True):
    """An answer with the versions of its scopes, when its source was asked and how long that took (Unix time), and the
    program's time that it was asked at."""

    versions: bytes
    read_at: float
    took_s: float
    clock: dt.datetime | None
    value: Value


def entry_of(answer: Any) -> Any:
    """The type of entries that hold answers of a type."""
    return Entry[answer]


class Shape(msgspec.Struct, frozen=True):
    """A method of a domain's reader: whose its answers are, which of its arguments is the clock, what it answers to a key.

    The positions are those of the arguments behind the keys; of a method without keys, of all.
    """

    title: str
    is_keyed: bool
    is_owned: bool
    """Its keys name a customer, first or alone."""
    scopes: tuple[bytes, ...]
    """Those that all its answers belong to."""
    page: int | None
    now: int | None
    answer: Any  # a type

    @property
    def is_list(self) -> bool:
        """True where the answer to a key is a list of rows."""
        return get_origin(self.answer) is tuple

    @property
    def digest(self) -> bytes:
        """Another one for every change of the rows: what an older release kept is never misread."""
        told = ADDRESS.sub("", repr(msgspec.inspect.type_info(entry_of(self.answer))))
        return hashlib.blake2b(told.encode(), digest_size=NAME).digest()


@cache
def shape_of(domain: Domain, name: str) -> Shape | None:
    """The method as the domain's protocol has it; None where its answers are never kept, or it is none of the protocol."""
    method = methods_of(domain).get(name)
    title = f"{domain.value.lower()}.{name}"
    if method is None or title in UNKEPT:
        return None
    asked = asked_of(method)
    is_keyed, own = asked.key is not None, list(asked.shared)
    is_owned = is_keyed and _is_owned(asked.key)
    is_listed = not is_owned or title in BESIDE_LISTS
    return Shape(
        title,
        is_keyed,
        is_owned,
        (EVERYTHING, lists_of(domain)) if is_listed else (EVERYTHING,),
        own.index("page") if asked.shared.get("page") is PageRequest else None,
        own.index("now") if "now" in own else None,
        _settled(asked.answer),
    )


def _settled(answer: Any) -> Any:
    """A list is a tuple, whatever the reader makes of it: once it was kept nobody knows any more."""
    return tuple[get_args(answer)[0], ...] if get_origin(answer) is Sequence else answer  # type: ignore[misc]


def lists_of(domain: Domain) -> bytes:
    """The scope of what a domain has that belongs to no customer."""
    return LISTS + domain.value.encode()


def _is_owned(key: Any) -> bool:
    return key is CustomerId or (get_origin(key) is tuple and get_args(key)[0] is CustomerId)


class Vault:
    """Names and seals the entries of one program; `prefix` tells it from others in the same store."""

    def __init__(self, secret: bytes, prefix: str) -> None:
        self._naming = derived_key(secret, f"cache of {prefix}")
        self.scope = lru_cache(SCOPES_HELD)(self._scope)
        """The scope of what belongs to a customer: a request asks for several of those."""
        self.place = lru_cache(PLACES_HELD)(self._place)
        """The hash of what all keys of a call share, to be gone on with for each: calls differ by their keys above all."""

    def _scope(self, customer: CustomerId) -> bytes:
        return SCOPE + hashlib.blake2b(CUSTOMER + customer.bytes, key=self._naming, digest_size=NAME).digest()

    def _place(self, *told: object) -> "hashlib.blake2b":
        return hashlib.blake2b(ENCODER.encode(told), key=self._naming, digest_size=NAME + KEY)


def named(place: "hashlib.blake2b", key: object) -> tuple[bytes, bytes]:
    """The name of what is kept for a key, and the key that it is sealed with."""
    own = place.copy()
    own.update(ENCODER.encode(key))
    digest = own.digest()
    return ROW + digest[:NAME], digest[NAME:]


ENCODER = msgspec.msgpack.Encoder(order="deterministic", uuid_format="bytes")
WRITER = msgspec.msgpack.Encoder(uuid_format="bytes")


def sealed(name: bytes, seal: bytes, entry: Entry[Any]) -> bytes:
    """The entry as it is kept. Raises TypeError, ValueError, OverflowError for what can't be written down."""
    nonce = os.urandom(NONCE)
    return nonce + AESGCM(seal).encrypt(nonce, WRITER.encode(entry), name)


def opened(
    name: bytes, seal: bytes, value: bytes, decoder: "msgspec.msgpack.Decoder[Entry[Value]]"
) -> Entry[Value] | None:
    """The entry that was kept; None where it was tampered with, sealed by another key, or is of another shape."""
    try:
        return decoder.decode(AESGCM(seal).decrypt(value[:NONCE], value[NONCE:], name))
    except (InvalidTag, msgspec.MsgspecError, ValueError):
        return None


class Known(msgspec.Struct, frozen=True):
    """An entry as it was kept and in clear, when it ends, and the scopes that it belongs to."""

    value: bytes
    entry: Entry[Any]
    until: float
    scopes: tuple[bytes, ...]


class OpenedLately:
    """Entries that this process has opened twice: what comes again with the same bytes is not opened again. Opening is a
    fourth of what a hit costs; to hold what comes no more costs nearly as much, so what is opened first is not held.

    Each is held until its end at the longest, as far as others come, and no longer than what it belongs to is unchanged, as
    far as this process knows: nothing is answered from here that the store does not hold.
    """

    def __init__(self) -> None:
        self._held: OrderedDict[bytes, Known] = OrderedDict()
        """By name, the one opened last behind the others."""
        self._met: set[bytes] = set()

    def entry(
        self,
        one: Asked,
        value: bytes,
        versions: bytes,
        decoder: "msgspec.msgpack.Decoder[Entry[Any]]",
        *,
        now: float,
        ttl_s: float,
    ) -> Entry[Any] | None:
        """What was kept under the name of a key; None where it can't be `opened`, or holds under other versions."""
        known = self._held.get(one.name)
        is_known = known is not None and known.value == value
        entry = known.entry if known is not None and is_known else opened(one.name, one.seal, value, decoder)
        if entry is None or entry.versions != versions:
            return None
        if not is_known and len(value) <= OPENED_LARGEST:
            if one.name in self._met:
                self._hold(one, Known(value, entry, entry.read_at + ttl_s, one.scopes), now)
            else:
                self._meet(one.name)
        return entry

    def forget(self, scopes: Collection[bytes]) -> None:
        """Drop what belongs to any of the scopes."""
        changed = frozenset(scopes)
        for name in [name for name, known in self._held.items() if not changed.isdisjoint(known.scopes)]:
            del self._held[name]

    def _hold(self, one: Asked, known: Known, now: float) -> None:
        self._held[one.name] = known
        self._held.move_to_end(one.name)
        while self._held and (len(self._held) > OPENED_HELD or next(iter(self._held.values())).until < now):
            self._held.popitem(last=False)

    def _meet(self, name: bytes) -> None:
        if len(self._met) == NAMES_MET:
            self._met.clear()
        self._met.add(name)
