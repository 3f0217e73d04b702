"""What the laws are held against."""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any

import msgspec

from datasources.ids import CustomerId
from datasources.paging import Page
from datasources.registry import Domain

Hiding = Callable[[Domain, Page[Any], Any], AbstractAsyncContextManager[None]]
"""Takes a row of a page out of its list while the context is open, and puts it back."""


class Subject(msgspec.Struct, frozen=True):
    """Readers with data in them.

    `customers` should have rows in every domain, `statements` tells how many statements were sent so far, `hiding`
    changes a list while it is read; without one of these its law holds nothing. `empty` names the methods, as
    `domain.method`, that find nothing in this data.
    """

    readers: Mapping[Domain, Any]  # each the reader of its domain
    customers: Sequence[CustomerId]
    now: dt.datetime
    statements: Callable[[], int] | None = None
    hiding: Hiding | None = None
    empty: frozenset[str] = frozenset()
