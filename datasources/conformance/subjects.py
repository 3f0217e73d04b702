"""What the laws are held against."""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any

import msgspec

from datasources.ids import CustomerId
from datasources.paging import Page
from datasources.program import ProgramSettings
from datasources.registry import Domain, Source

Hiding = Callable[[Domain, Page[Any], Any], AbstractAsyncContextManager[None]]
"""Takes a row of a page out of its list while the context is open, and puts it back."""
Fresh = Callable[[], AbstractAsyncContextManager[Source]]
"""Opens another source with the same content, which may be written to."""


class Subject(msgspec.Struct, frozen=True):
    """Readers with data in them. What is None has a law of its own hold nothing.

    `customers` should have rows in every domain, `statements` tells how many statements were sent so far, `hiding`
    changes a list while it is read. `empty` names the methods, as `domain.method`, that find nothing in this data.
    `rows` are all that there is, where that is known; `fewer` are readers of less than that. `program` is what writes
    are made in. `gaps` names the laws that do not hold, as `law` or `law domain.method`, each with the reason.
    """

    readers: Mapping[Domain, Any]  # each the reader of its domain
    customers: Sequence[CustomerId]
    now: dt.datetime
    statements: Callable[[], int] | None = None
    hiding: Hiding | None = None
    empty: frozenset[str] = frozenset()
    rows: Mapping[Domain, Sequence[Any]] | None = None
    fewer: Mapping[Domain, Any] | None = None
    fresh: Fresh | None = None
    program: ProgramSettings | None = None
    gaps: Mapping[str, str] = {}
