"""Writers of sources that do not tell by themselves what they changed: caches are told of all that a write names."""

import inspect
from collections.abc import Iterator
from types import MethodType
from typing import Any
from uuid import UUID

import msgspec

from datasources.caching import Changed, Tell
from datasources.ids import CustomerId
from datasources.writing import Write


class Telling:
    """A writer with the same methods. Every id that a write names may be a customer's; one that is none is nobody's."""

    def __init__(self, writer: Any, tell: Tell) -> None:
        self.domain, self.source = writer.domain, writer.source
        self._writer, self._tell = writer, tell

    def __getattr__(self, name: str) -> Any:  # whatever the writer has
        method = getattr(self._writer, name)
        return MethodType(_told(name, method), self) if inspect.iscoroutinefunction(method) else method

    async def told(self, arguments: tuple[Any, ...]) -> None:
        """Tell of a call with these arguments, whatever became of it."""
        if arguments and isinstance(arguments[0], Write) and not arguments[0].dry_run:
            customers = frozenset(map(CustomerId, _ids(arguments[1:])))
            await self._tell(Changed(customers, frozenset((self.domain,))))


def _told(name: str, method: Any) -> Any:
    """The method under its name, as calls are told by it."""

    async def told(own: Telling, *arguments: Any, **named: Any) -> Any:
        try:
            return await method(*arguments, **named)
        finally:
            await own.told((*arguments, *named.values()))

    told.__name__ = name
    return told


def _ids(value: Any) -> Iterator[UUID]:
    """All ids in a value of any depth."""
    if isinstance(value, UUID):
        yield value
    elif isinstance(value, tuple | list | frozenset | set):
        for item in value:
            yield from _ids(item)
    elif isinstance(value, msgspec.Struct):
        for name in value.__struct_fields__:
            yield from _ids(getattr(value, name))
