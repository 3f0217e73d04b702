"""Loading real data: the Complete Journey data set as the demo program."""

import datetime as dt
from pathlib import Path

import msgspec

from .process import run
from .report import ImportBroken, ImportProgress, ImportReport, ProgressCallback, ignore_progress

__all__ = ["ImportBroken", "ImportProgress", "ImportReport", "ProgressCallback", "load_completejourney"]

COMPLETEJOURNEY = "datasources.importing.completejourney"


def load_completejourney(
    url: str,
    *,
    as_of: dt.date,
    master_key: bytes,
    households: int | None = None,
    shift: bool = True,
    progress: ProgressCallback = ignore_progress,
    folder: Path | None = None,
) -> ImportReport:
    """Loads the first `households` (None: all) that are not there yet, in one transaction and a process of its own.

    `url` is an async SQLAlchemy URL of a database that has its schema; `folder` holds the parquet files, those of the
    installed package when left out. Where the database was loaded before, its own shift stands. Raises ImportBroken.
    """
    request = _Request(
        url=url,
        as_of=as_of,
        master_key=master_key,
        households=households,
        shift=shift,
        folder=None if folder is None else str(folder),
    )
    return run(COMPLETEJOURNEY, request, progress)


class _Request(msgspec.Struct, frozen=True):
    """The child's `LoadRequest`, without importing what the child needs."""

    url: str
    as_of: dt.date
    master_key: bytes
    households: int | None
    shift: bool
    folder: str | None
