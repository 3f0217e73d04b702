"""A transaction on either driver: the statements that a generator yields, run one after another, kept or rolled back."""

import asyncio
import random
import sqlite3
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar
from urllib.parse import quote

import asyncpg

from datasources.errors import OutcomeUnknown, SourceUnavailable
from datasources.sql.connections import Connections
from datasources.sql.failures import POSTGRES_ERRORS, SQLITE_ERRORS, of_postgres, of_sqlite

Made = TypeVar("Made")
Rows = Sequence[Sequence[Any]]
Steps = Generator[tuple[str, Sequence[Any]], Rows, Made]
"""Yields text and values of a statement and is sent its rows; returns what was made, or raises to have nothing done."""

DOING = "writing"
TRIES = 4
SHORTEST_PAUSE_S, LONGEST_PAUSE_S = 0.01, 0.2
BUSY_S = 5.0
BYTES = "bytes_of"
"""SQLite's JSON has no bytes, and `unhex` only from 3.41 on: the same under a name of our own."""
RACED = (asyncpg.SerializationError, asyncpg.DeadlockDetectedError, asyncpg.UniqueViolationError)
"""Another transaction came first: the next try sees what it did. Of a unique index too, which is how the first row of
something can be made twice at once."""
CUT_OFF = (OSError, asyncpg.InterfaceError, asyncpg.PostgresConnectionError)
"""The answer to a COMMIT never came."""


async def on_postgres(connections: Connections, begin: Callable[[], Steps[Made]], *, keep: bool, source: str) -> Made:
    """Run the steps on one connection, READ COMMITTED; anew, up to three times, where another transaction came first.

    Raises SourceUnavailable, SourceTimedOut, SourceRefused, OutcomeUnknown, and what the steps raise.
    """
    for number in range(1, TRIES + 1):
        try:
            return await _on_one(connections, begin(), keep=keep, source=source)
        except RACED as error:
            if number == TRIES:
                raise SourceUnavailable(source, DOING) from error
        except POSTGRES_ERRORS as error:
            raise of_postgres(error, source, DOING) from error
        await asyncio.sleep(random.uniform(SHORTEST_PAUSE_S, LONGEST_PAUSE_S))  # noqa: S311  # no secret
    raise SourceUnavailable(source, DOING)


async def _on_one(connections: Connections, steps: Steps[Made], *, keep: bool, source: str) -> Made:
    connection, is_sound = await connections.take(), True
    try:
        return await _on_connection(connection, steps, keep=keep, source=source)
    except (*POSTGRES_ERRORS, asyncio.CancelledError):
        is_sound = False
        raise
    finally:
        connections.give(connection, is_sound=is_sound)


async def _on_connection(connection: Any, steps: Steps[Made], *, keep: bool, source: str) -> Made:
    transaction = connection.transaction()
    await transaction.start()
    try:
        made = await _stepped(connection, steps)
    except BaseException:
        await _undone(connection, transaction)
        raise
    if not keep:
        await transaction.rollback()
        return made
    try:
        await transaction.commit()
    except CUT_OFF as error:
        connection.terminate()
        raise OutcomeUnknown(source, DOING) from error
    return made


async def _stepped(connection: Any, steps: Steps[Made]) -> Made:
    try:
        sql, values = next(steps)
        while True:
            sql, values = steps.send(await connection.fetch(sql, *values))
    except StopIteration as done:
        made: Made = done.value
        return made


async def _undone(connection: Any, transaction: Any) -> None:
    """Roll back; a connection that can't even do that is given up, and the server rolls back."""
    try:
        await transaction.rollback()
    except POSTGRES_ERRORS:
        connection.terminate()


class SqliteWriter:
    """The one thread that writes to a file, with its own connection: a transaction is one hop to it.

    BEGIN IMMEDIATE takes the lock before anything is read, so nothing that was read can be stale.
    """

    def __init__(self, path: str, source: str) -> None:
        self._path, self._source = path, source
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="sqlite-writer")
        self._connection: sqlite3.Connection | None = None

    async def run(self, begin: Callable[[], Steps[Made]], *, keep: bool) -> Made:
        """Run the steps in the thread. Raises SourceUnavailable, SourceRefused, and what the steps raise."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._run, begin, keep)

    async def close(self) -> None:
        """Finish what was begun, then close the file."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._drop)
        self._thread.shutdown()

    def _run(self, begin: Callable[[], Steps[Made]], keep: bool) -> Made:
        try:
            connection = self._connection = self._connection or self._connected()
            return _in_thread(connection, begin(), keep=keep)
        except SQLITE_ERRORS as error:
            failure = of_sqlite(error, self._source, DOING)
            if isinstance(failure, SourceUnavailable):
                # It may hold a file that is no longer there.
                self._drop()
            raise failure from error

    def _connected(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            f"file:{quote(self._path)}?mode=rw", uri=True, isolation_level=None, timeout=BUSY_S
        )
        # What was acknowledged survives a loss of power, and what was deleted is overwritten.
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA secure_delete = ON")
        connection.create_function(BYTES, 1, _bytes_of, deterministic=True)
        return connection

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _bytes_of(digits: str | None) -> bytes | None:
    return None if digits is None else bytes.fromhex(digits)


def _in_thread(connection: sqlite3.Connection, steps: Steps[Made], *, keep: bool) -> Made:
    connection.execute("BEGIN IMMEDIATE")
    try:
        made = _driven(connection, steps)
        connection.execute("COMMIT" if keep else "ROLLBACK")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    return made


def _driven(connection: sqlite3.Connection, steps: Steps[Made]) -> Made:
    try:
        sql, values = next(steps)
        while True:
            sql, values = steps.send(connection.execute(sql, values).fetchall())
    except StopIteration as done:
        made: Made = done.value
        return made
