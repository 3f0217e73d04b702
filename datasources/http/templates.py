"""Texts of the config with places for values: `/users/{external_id:helpdesk}/tickets`."""

import datetime as dt
import re
from collections.abc import Mapping
from decimal import Decimal
from enum import Enum
from typing import Any
from urllib.parse import quote

PLACE = re.compile(r"\{([^{}]*)\}")
NAME = re.compile(r"[a-z_]+(?::[^{}]+|(?:\.[a-z_]+)*)")

Values = Mapping[str, Any]
"""What is put in the places, by name: None where there is nothing to be put there."""


class Template:
    """A text with places. Raises ValueError where it is none."""

    def __init__(self, text: str) -> None:
        self.text = text
        parts = PLACE.split(text)
        self._constants, self._names = parts[::2], parts[1::2]
        if any("{" in part or "}" in part for part in self._constants):
            raise ValueError("has a brace without its other one")
        for name in self._names:
            if not NAME.fullmatch(name):
                raise ValueError(f"has no name of a value in {{{name}}}")

    @property
    def names(self) -> frozenset[str]:
        """What is put in."""
        return frozenset(self._names)

    @property
    def place(self) -> str:
        """The name of its value where the text is nothing but its place, else empty."""
        return self._names[0] if len(self._names) == 1 and self._constants == ["", ""] else ""

    def filled(self, values: Values) -> str | None:
        """The text with the values in their places; None where one of them is missing."""
        return self._filled([spelled(values.get(name)) for name in self._names])

    def as_path(self, values: Values) -> str | None:
        """The same as a path, where no value reaches beyond its own segment."""
        texts = [spelled(values.get(name)) for name in self._names]
        if any(text in ("", ".", "..") for text in texts):
            return None
        return self._filled([None if text is None else quote(text, safe="") for text in texts])

    def as_value(self, values: Values) -> Any:  # whatever JSON takes
        """The value itself where the text is nothing but its place."""
        return _plain(values.get(self.place)) if self.place else self.filled(values)

    def _filled(self, texts: list[str | None]) -> str | None:
        found = [text for text in texts if text is not None]
        if len(found) < len(texts):
            return None
        return "".join(part for pair in zip(self._constants, [*found, ""], strict=True) for part in pair)


class BodyTemplate:
    """A JSON document whose texts are templates. Raises ValueError."""

    def __init__(self, document: Any) -> None:  # any JSON
        self._made = _parsed(document)
        self.names: frozenset[str] = frozenset().union(*(template.names for template in _templates(self._made)))

    def filled(self, values: Values) -> Any:  # the same JSON
        """The document; a key is left out where its value is missing."""
        return _document(self._made, values)


def spelled(value: Any) -> str | None:  # what Values hold
    """A value as a text of a URL has it; several of them have commas between."""
    plain = _plain(value)
    if plain is None or isinstance(plain, str):
        return plain
    if isinstance(plain, bool):
        return "true" if plain else "false"
    if isinstance(plain, list):
        return ",".join(text for part in plain if (text := spelled(part)) is not None)
    return str(plain)


def _plain(value: Any) -> Any:
    """A value as JSON has it."""
    if value is None or isinstance(value, (bool, int, float, str, dict)):
        return value
    if isinstance(value, (list, tuple)):
        return [_plain(part) for part in value]
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, dt.date):
        return value.isoformat()
    return format(value, "f") if isinstance(value, Decimal) else str(value)


def _parsed(document: Any) -> Any:
    if isinstance(document, str):
        return Template(document)
    if isinstance(document, dict):
        return {name: _parsed(part) for name, part in document.items()}
    return [_parsed(part) for part in document] if isinstance(document, list) else document


def _templates(made: Any) -> list[Template]:
    if isinstance(made, Template):
        return [made]
    parts = made.values() if isinstance(made, dict) else made if isinstance(made, list) else ()
    return [template for part in parts for template in _templates(part)]


def _document(made: Any, values: Values) -> Any:
    if isinstance(made, Template):
        return made.as_value(values)
    if isinstance(made, dict):
        filled = {name: _document(part, values) for name, part in made.items()}
        return {name: part for name, part in filled.items() if part is not None}
    return [_document(part, values) for part in made] if isinstance(made, list) else made
