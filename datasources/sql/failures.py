"""What an error of a driver means: the failure of a source that leaves this package."""

import sqlite3

import asyncpg

from datasources.errors import SourceCrowded, SourceError, SourceRefused, SourceTimedOut, SourceUnavailable
from datasources.sql.connections import NoneFree

POSTGRES_ERRORS = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, NoneFree)
"""All that asyncpg raises, and what waiting for a connection does."""
POSTGRES_REFUSED = (asyncpg.DataError, asyncpg.SyntaxOrAccessError, ValueError)
"""The last is what asyncpg makes of a value that it can't send. Its InternalClientError is about a connection that was cut
off in the middle of something."""
SQLITE_ERRORS = (sqlite3.Error, ValueError, OverflowError)
SQLITE_REFUSED = {
    sqlite3.SQLITE_ERROR,
    sqlite3.SQLITE_MISMATCH,
    sqlite3.SQLITE_RANGE,
    sqlite3.SQLITE_TOOBIG,
    sqlite3.SQLITE_CONSTRAINT,
}
"""A statement that it can't make sense of, or a value."""


def of_postgres(error: Exception, source: str, doing: str) -> SourceError:
    """The failure that an error of asyncpg is."""
    if isinstance(error, NoneFree):
        return SourceCrowded(source, doing)
    if isinstance(error, (TimeoutError, asyncpg.QueryCanceledError)):
        return SourceTimedOut(source, doing)
    return SourceRefused(source, doing) if isinstance(error, POSTGRES_REFUSED) else SourceUnavailable(source, doing)


def of_sqlite(error: Exception, source: str, doing: str) -> SourceError:
    """The failure that an error of sqlite3 is; those without a code are about values."""
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_RANGE) & 0xFF
    return SourceRefused(source, doing) if code in SQLITE_REFUSED else SourceUnavailable(source, doing)
