"""What the domains' modules say that a reader is: its methods, and what each answers."""

import inspect
from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from typing import Any, get_args, get_origin, get_type_hints

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


def answer_of(method: Callable[..., Any]) -> tuple[Any, Any]:
    """The types of a key and of what answers it; None and what the whole method answers where it takes no keys."""
    hints = get_type_hints(method)
    first = next(iter(hints.values()))
    if get_origin(first) is not Sequence:
        return None, hints["return"]
    return get_args(first)[0], get_args(hints["return"])[0]
