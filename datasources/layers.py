"""Layers around a reader: each call of its methods goes through all of them before it comes to the source."""

import inspect
from collections.abc import Awaitable, Callable
from types import MethodType
from typing import Any, Protocol

Call = Callable[..., Awaitable[Any]]
"""A method of a reader, called as the reader is: keys first where it takes some, then what they share."""


class Layer(Protocol):
    """What stands between the gateway and the methods of readers: a cache, a limit on time.

    One that never asks for a task says so by a true `is_stepped`; behind it a reader goes without one as well.
    """

    def around(self, reader: Any, name: str, call: Call) -> Call:
        """The call with this layer before it; `name` is the method's. Called once a method, not once a call."""
        ...


class Layered:
    """A reader behind layers: the same methods, domain and source."""

    def __init__(self, reader: Any, *layers: Layer) -> None:
        """The first layer is the outermost; of a reader that has layers already, all of them come before those."""
        self.domain, self.source = reader.domain, reader.source
        self.is_stepped = all(getattr(one, "is_stepped", False) for one in (reader, *layers))
        self.asks_together = getattr(reader, "asks_together", False)
        self._reader, self._calls = reader, _calls_of(reader)
        for name, call in self._calls.items():
            layered = call
            for layer in reversed(layers):
                layered = layer.around(reader, name, layered)
            self._calls[name] = layered
            setattr(self, name, MethodType(_method(name, layered), self))

    def __getattr__(self, name: str) -> Any:  # whatever else a reader has
        return getattr(self._reader, name)


def _calls_of(reader: Any) -> dict[str, Call]:
    """The methods of a reader that ask its source."""
    if isinstance(reader, Layered):
        return dict(reader._calls)
    return dict(inspect.getmembers(reader, inspect.iscoroutinefunction))


def _method(name: str, call: Call) -> Callable[..., Awaitable[Any]]:
    """The call as a method, which loaders know by its name and owner."""

    def method(_self: object, *arguments: Any, **named: Any) -> Awaitable[Any]:
        return call(*arguments, **named)

    method.__name__ = name
    return method
