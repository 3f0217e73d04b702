"""What an import tells: how far it is, what it did, and where its input is broken."""

import datetime as dt
from collections.abc import Callable

import msgspec


class ImportBroken(Exception):
    """Input that can't be imported; nothing of it was stored. The message names the file, and the row where one is at fault."""


class ImportProgress(msgspec.Struct, frozen=True):
    """How far an import is: `done` of `total` households."""

    stage: str
    done: int
    total: int


class ImportReport(msgspec.Struct, frozen=True):
    """What an import did: rows added by table; nothing at all when everything was there already."""

    households_added: int
    households_present: int
    shift_weeks: int
    anchored_at: dt.datetime
    rows: dict[str, int]


ProgressCallback = Callable[[ImportProgress], None]


def ignore_progress(progress: ImportProgress) -> None:
    """For callers that show no progress."""
