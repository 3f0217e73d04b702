"""The parts of a mapping as they are compiled, with every fault of them."""

from collections.abc import Callable
from typing import Any, TypeVar

import msgspec

from datasources.http.endpoints import Request
from datasources.http.paths import Path
from datasources.http.templates import BodyTemplate, Template

Made = TypeVar("Made")
At = tuple[str, ...]
"""The keys that lead to a place in the section."""


class Fault(msgspec.Struct, frozen=True):
    """What is wrong with a key."""

    at: At
    message: str


class Compiling:
    """One mapping being compiled; `faults` are those found so far."""

    def __init__(self) -> None:
        self.faults: list[Fault] = []

    def tell(self, message: str, *at: str) -> None:
        """Note a fault."""
        self.faults.append(Fault(at, message))

    def made(self, make: Callable[[], Made], *at: str) -> Made | None:
        """What can be made; else the fault is noted."""
        try:
            return make()
        except ValueError as error:
            self.tell(str(error), *at)
            return None

    def path(self, expression: str | None, *at: str) -> Path | None:
        """A JMESPath of the mapping, None where there is none."""
        return None if expression is None else self.made(lambda: Path(expression, at[-1]), *at)

    def request(self, settings: Any, allowed: Callable[[str], bool], *at: str) -> Request | None:
        """A call, whose places are of the values allowed."""
        if settings.path is None:
            return None
        if not settings.path.startswith("/"):
            self.tell("must begin with a slash", *at, "path")
        path = self.template(settings.path, allowed, *at, "path")
        query = {
            name: template
            for name, text in settings.query.items()
            if (template := self.template(text, allowed, *at, "query", name)) is not None
        }
        body = None if settings.body is None else self.made(lambda: BodyTemplate(settings.body), *at, "body")
        for name in sorted(body.names if body is not None else ()):
            self._check_place(name, allowed, *at, "body")
        return None if path is None else Request(settings.method, path, query, body)

    def template(self, text: str, allowed: Callable[[str], bool], *at: str) -> Template | None:
        """A text with places for the values allowed."""
        made = self.made(lambda: Template(text), *at)
        for name in sorted(made.names if made is not None else ()):
            self._check_place(name, allowed, *at)
        return made

    def _check_place(self, name: str, allowed: Callable[[str], bool], *at: str) -> None:
        if not allowed(name):
            self.tell(f"has no value {{{name}}}", *at)
