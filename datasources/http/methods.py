"""The methods of the readers' protocols: what a key is, what is answered to one, and what else is asked with."""

from collections.abc import Mapping, Sequence
from enum import Enum
from functools import cache
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin
from uuid import UUID

import msgspec

from datasources import protocols
from datasources.ids import CustomerId
from datasources.paging import Page
from datasources.registry import Domain
from datasources.values import GeoPoint


class Key(Enum):
    """What the keys of a method are."""

    NONE = "NONE"
    """There are none: the method has one answer."""
    CUSTOMER = "CUSTOMER"
    OWNED = "OWNED"
    """A customer, and the id of something of theirs."""
    NAMED = "NAMED"
    """A customer, and a text."""
    ID = "ID"
    TEXT = "TEXT"
    POINT = "POINT"

    @property
    def is_of_customers(self) -> bool:
        """True where a key tells the customer."""
        return self in (Key.CUSTOMER, Key.OWNED, Key.NAMED)


class Shape(Enum):
    """What is answered to a key."""

    PAGE = "PAGE"
    LIST = "LIST"
    ONE = "ONE"


class Method(msgspec.Struct, frozen=True):
    """A method of a domain's reader; `row` is the type of its rows.

    `shared` are the parameters behind the keys. With `always` there is an answer to every key there can be.
    """

    domain: Domain
    name: str
    key: Key
    shape: Shape
    row: Any  # a type
    shared: tuple[str, ...]
    always: bool = False

    @property
    def title(self) -> str:
        """`domain.method`, as calls are told."""
        return f"{self.domain.value.lower()}.{self.name}"


KEYS: Mapping[Any, Key] = {UUID: Key.ID, str: Key.TEXT, GeoPoint: Key.POINT}


@cache
def methods_of(domain: Domain) -> Mapping[str, Method]:
    """The methods of a domain's reader by their name."""
    return {name: _method(domain, name, function) for name, function in protocols.methods_of(domain).items()}


def _method(domain: Domain, name: str, function: Any) -> Method:
    asked = protocols.asked_of(function)
    shape, row, always = _answer(asked.answer)
    key = Key.NONE if asked.key is None else _key(asked.key)
    return Method(domain, name, key, shape, row, tuple(asked.shared), always)


def _key(kind: Any) -> Key:
    if kind is CustomerId:
        return Key.CUSTOMER
    if get_origin(kind) is tuple:
        return Key.NAMED if get_args(kind)[1] is str else Key.OWNED
    return KEYS.get(getattr(kind, "__supertype__", kind), Key.TEXT)


def _answer(answer: Any) -> tuple[Shape, Any, bool]:
    """Shape and row of what is answered to a key, and whether it may not be missing."""
    origin = get_origin(answer)
    if origin is Page:
        return Shape.PAGE, get_args(answer)[0], False
    if origin is Sequence:
        return Shape.LIST, get_args(answer)[0], False
    if origin in (Union, UnionType):
        (row,) = (part for part in get_args(answer) if part is not NoneType)
        return Shape.ONE, row, False
    return Shape.ONE, answer, True
