"""What the domains' modules say that a reader is: its methods, and what each answers."""

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib import import_module
from typing import Any, NamedTuple, get_args, get_origin, get_type_hints

from datasources.registry import Domain


def readers_of(domain: Domain) -> Iterator[type]:
    """The protocols of a domain's readers, of the module that bears its name. Raises ModuleNotFoundError where there is none."""
    module = import_module(f"datasources.{domain.value.lower()}")
    for name, found in vars(module).items():
        if name.endswith("Reader") and getattr(found, "__module__", None) == module.__name__:
            yield found


def methods_of(domain: Domain) -> dict[str, Callable[..., Any]]:
    """The methods that a domain's protocol has, by their names."""
    return {
        name: function
        for protocol in readers_of(domain)
        for name, function in vars(protocol).items()
        if inspect.iscoroutinefunction(function)
    }


class Asked(NamedTuple):
    """How a method is asked: the type of a key, the parameters behind the keys by name, and the type of what answers a key.

    Of a method without keys `key` is None and `answer` what all of it answers.
    """

    key: Any
    shared: Mapping[str, Any]
    answer: Any


def asked_of(method: Callable[..., Any]) -> Asked:
    """How the method of a protocol is asked, as its annotations tell."""
    hints = get_type_hints(method)
    answer = hints.pop("return")
    first = next(iter(hints))
    if get_origin(hints[first]) is not Sequence:
        return Asked(None, hints, answer)
    (key,) = get_args(hints.pop(first))
    return Asked(key, hints, get_args(answer)[0])
