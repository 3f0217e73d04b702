"""Layers around a reader: each call of its methods goes through all of them before it comes to the source."""

import inspect
from collections.abc import Awaitable, Callable
from types import MethodType
from typing import Any, Protocol

Call = Callable[..., Awaitable[Any]]
"""A method of a reader, called as the reader is: keys first where it takes some, then what they share."""


class Layer(Protocol):
    """What stands between the gateway and the methods of readers: a cache, a limit on time."""

    def around(self, reader: Any, name: str, call: Call) -> Call:
        """The call with this layer before it; `name` is the method's. Called once a method, not once a call."""
        ...


class Layered:
    """A reader behind layers: the same methods, domain and source."""

    def __init__(self, reader: Any, *layers: Layer) -> None:
        """The first layer is the outermost."""
        self.domain, self.source = reader.domain, reader.source
        # What asks for no task of its own says so by an attribute of this name.
        self.is_stepped = all(getattr(one, "is_stepped", False) for one in (reader, *layers))
        self.asks_together = getattr(reader, "asks_together", False)
        for name, method in inspect.getmembers(reader, inspect.iscoroutinefunction):
            call: Call = method
            for layer in reversed(layers):
                call = layer.around(reader, name, call)
            setattr(self, name, MethodType(_method(name, call), self))


def _method(name: str, call: Call) -> Callable[..., Awaitable[Any]]:
    """The call as a method, which loaders know by its name and owner."""

    def method(_self: object, *arguments: Any, **named: Any) -> Awaitable[Any]:
        return call(*arguments, **named)

    method.__name__ = name
    return method
