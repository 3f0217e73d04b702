"""Holds the answers of a reader to the types of its domain's protocol: a source may answer what is none of these."""

from collections.abc import Callable, Sequence
from functools import cache
from inspect import isclass
from types import UnionType
from typing import Any, NewType, Union, get_args, get_origin

import msgspec

from datasources.errors import SourceError, SourceUnreadable
from datasources.layers import Call
from datasources.paging import Page
from datasources.protocols import asked_of, methods_of
from datasources.unread import UNREAD

Fits = Callable[[Any], bool]


class Typed:
    """Puts the failure of the source in the place of an answer that is not as the protocol says: of a key, that key's alone."""

    is_stepped = True

    def __init__(self, source: str) -> None:
        self._source = source

    def around(self, reader: Any, name: str, call: Call) -> Call:
        """See Layer. Raises SourceUnreadable."""
        method = methods_of(reader.domain).get(name)
        if method is None:
            return call
        asked = asked_of(method)
        fits, source = fits_of(asked.answer), self._source

        async def of_each(*arguments: Any, **named: Any) -> list[Any]:
            answers = await call(*arguments, **named)
            return [
                one if isinstance(one, SourceError) or fits(one) else SourceUnreadable(source, "reading")
                for one in answers
            ]

        async def of_all(*arguments: Any, **named: Any) -> Any:
            found = await call(*arguments, **named)
            if not fits(found):
                raise SourceUnreadable(source, "reading")
            return found

        return of_all if asked.key is None else of_each


NUMBERS: dict[type, tuple[type, ...]] = {bool: (bool,), int: (int,), float: (int, float)}
"""What may stand for a number: a truth value is none, though Python has it as one."""


@cache
def fits_of(type_: Any) -> Fits:
    """Tells whether a value is of a type, and what is in it of the types that it says; what was not read is of any."""
    if isinstance(type_, NewType):
        return fits_of(type_.__supertype__)
    origin, of = get_origin(type_), get_args(type_)
    if origin in (Union, UnionType):
        options = [fits_of(one) for one in of]
        return lambda value: any(option(value) for option in options)
    if origin is Page:
        row = fits_of(of[0])
        return lambda value: isinstance(value, Page) and isinstance(value.rows, tuple) and all(map(row, value.rows))
    if origin in (Sequence, tuple, list):
        return _listed(of)
    return _of_class(origin or type_)


def _of_class(named: Any) -> Fits:
    if named is Any or not isclass(named):
        return lambda _value: True
    if issubclass(named, msgspec.Struct):
        return _struct(named)
    if named in NUMBERS:
        return lambda value: type(value) in NUMBERS[named]
    return lambda value: isinstance(value, named)


def _listed(of: Sequence[Any]) -> Fits:
    if len(of) == 1 or (len(of) == 2 and of[1] is Ellipsis):
        item = fits_of(of[0])
        return lambda value: isinstance(value, (list, tuple)) and all(map(item, value))
    items = [fits_of(one) for one in of]
    return lambda value: (
        isinstance(value, (list, tuple))
        and len(value) == len(items)
        and all(item(one) for item, one in zip(items, value, strict=True))
    )


def _struct(type_: type[msgspec.Struct]) -> Fits:
    parts = [(field.name, fits_of(field.type)) for field in msgspec.structs.fields(type_)]

    def fits(value: Any) -> bool:
        if not isinstance(value, type_):
            return False
        return all((part := getattr(value, name)) is UNREAD or fits_part(part) for name, fits_part in parts)

    return fits
