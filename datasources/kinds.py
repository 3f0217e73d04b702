"""The kinds of sources: what the section of one may hold, and how it is made of that.

A package adds a kind by an entry point of the group `customer_graph.sources`, whose name is the kind and whose value is a
`Kind`. The gateway's own kinds are found the same way.
"""

from collections.abc import Callable, Iterable
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any

import msgspec
from pydantic import BaseModel, ConfigDict, Field

from datasources.registry import Source

GROUP = "customer_graph.sources"


class SourceSettings(BaseModel):
    """The section of a source: what all kinds have in common. Unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    kind: str
    timeout_ms: int = Field(default=2_000, ge=1, le=60_000)
    parallel: int = Field(default=20, ge=1, le=10_000)
    retries: int = Field(default=2, ge=0, le=5)
    retry_percent: int = Field(default=10, ge=0, le=100)
    breaker_percent: int = Field(default=50, ge=1, le=100)
    breaker_calls: int = Field(default=20, ge=1)
    breaker_window_s: float = Field(default=10.0, gt=0, le=600)
    breaker_open_s: float = Field(default=5.0, gt=0, le=600)
    stale_if_error_s: float = Field(default=0.0, ge=0, le=86_400)


class Kind(msgspec.Struct, frozen=True):
    """A kind of source; `settings` is a subclass of `SourceSettings`.

    What `is_typed` makes its rows by their types; the answers of any other are held to them. `make` takes the source's name, its settings and the 32 bytes that the keys of customers are wrapped by. It opens
    nothing.
    """

    settings: type[SourceSettings]
    make: Callable[[str, Any, bytes], Source]  # its own settings
    is_typed: bool = False


class UnknownKind(Exception):
    """No package that is installed brings this kind."""

    def __init__(self, known: Iterable[str]) -> None:
        super().__init__(f"must be one of {', '.join(sorted(known))}")


@cache
def installed() -> dict[str, EntryPoint]:
    """The kinds that the installed packages bring, by their name."""
    return {found.name: found for found in entry_points(group=GROUP)}


def kind_of(name: object) -> Kind:
    """The kind of this name. Raises UnknownKind."""
    found = installed().get(name) if isinstance(name, str) else None
    if found is None:
        raise UnknownKind(installed())
    kind: Kind = found.load()
    return kind
